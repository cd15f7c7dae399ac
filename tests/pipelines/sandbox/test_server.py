import socket
import threading
import time
from datetime import timedelta

import pytest
import requests
from starlette.responses import PlainTextResponse

from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.sites import history, issue, moved, small_site

CLOUD_CREDENTIALS = ("sandbox@example.com", "sandbox-token")
BEARER = {"Authorization": "Bearer sandbox-token"}


@pytest.fixture
def cloud():
    with start(small_site(), "cloud") as sandbox:
        yield sandbox


@pytest.fixture
def datacenter():
    with start(small_site(), "dc") as sandbox:
        yield sandbox


def test_a_sandbox_starts_within_a_second_and_leaves_nothing_behind():
    before = set(threading.enumerate())
    begin = time.perf_counter()
    with start(small_site(), "cloud") as sandbox:
        assert time.perf_counter() - begin < 1
        assert requests.get(f"{sandbox.url}/rest/api/3/myself", auth=CLOUD_CREDENTIALS, timeout=5).ok
    assert set(threading.enumerate()) == before
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{sandbox.url}/rest/api/3/myself", auth=CLOUD_CREDENTIALS, timeout=5)


def test_small_answers_do_not_wait_for_acknowledgements(cloud):
    with requests.Session() as session:
        session.auth, times = CLOUD_CREDENTIALS, []
        for _ in range(40):
            begin = time.perf_counter()
            session.get(f"{cloud.url}/rest/api/3/myself", timeout=5)
            times.append(time.perf_counter() - begin)
    assert min(times) < 0.03


def test_stopping_twice_does_no_harm(cloud):
    cloud.stop()
    cloud.stop()
    cloud.join()


def test_a_sandbox_stops_while_a_client_keeps_its_connection():
    with requests.Session() as session:
        sandbox = start(small_site(), "cloud")
        session.get(f"{sandbox.url}/rest/api/3/myself", auth=CLOUD_CREDENTIALS, timeout=5)
        begin = time.perf_counter()
        sandbox.stop()
    assert time.perf_counter() - begin < 1.5


def test_a_port_can_be_asked_for_and_a_taken_one_is_an_error(cloud):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        start(small_site(), "cloud", taken.getsockname()[1])
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    with start(small_site(), "cloud", port) as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic bm9ib2R5Ondyb25n"},
        {"Authorization": "Basic \xff"},
    ],
)
def test_cloud_lets_nobody_in_without_its_credentials(cloud, headers):
    answer = requests.get(f"{cloud.url}/rest/api/3/serverInfo", headers=headers, timeout=5)
    assert answer.status_code == 401
    assert answer.json()["errorMessages"] == ["Client must be authenticated to access this resource."]


def test_cloud_takes_a_bearer_token_as_oauth_sends_it(cloud):
    answer = requests.get(f"{cloud.url}/rest/api/3/myself", headers=BEARER, timeout=5)
    assert (answer.status_code, answer.headers["X-AACCOUNTID"]) == (200, "sandbox-user")


def test_data_center_wants_a_bearer_token_and_says_who_it_is(datacenter):
    url = f"{datacenter.url}/rest/api/2/myself"
    assert requests.get(url, auth=CLOUD_CREDENTIALS, timeout=5).status_code == 401
    answer = requests.get(url, headers=BEARER, timeout=5)
    assert (answer.status_code, answer.headers["X-AUSERNAME"]) == (200, "sandbox")


def test_credentials_can_be_chosen():
    with start(small_site(), "cloud", email="a@b.example", token="t") as sandbox:
        url = f"{sandbox.url}/rest/api/3/myself"
        assert requests.get(url, auth=("a@b.example", "t"), timeout=5).ok
        assert requests.get(url, auth=CLOUD_CREDENTIALS, timeout=5).status_code == 401


def test_every_answer_is_dated_by_the_sites_clock(cloud):
    url = f"{cloud.url}/rest/api/3/serverInfo"
    assert requests.get(url, auth=CLOUD_CREDENTIALS, timeout=5).headers["Date"] == "Wed, 04 Mar 2026 08:01:00 GMT"
    cloud.site.now += timedelta(days=1)
    assert requests.get(url, timeout=5).headers["Date"] == "Thu, 05 Mar 2026 08:01:00 GMT"
    info = requests.get(url, auth=CLOUD_CREDENTIALS, timeout=5).json()
    assert info["serverTime"] == "2026-03-05T08:01:00.000+0000"


def test_requests_are_counted_by_route_and_issues_by_number(cloud):
    for path in ("issue/101", "issue/ABC-2?fields=status", "issue/101/changelog", "no/such/thing", "issue/999"):
        requests.get(f"{cloud.url}/rest/api/3/{path}", auth=CLOUD_CREDENTIALS, timeout=5)
    requests.get(f"{cloud.url}/rest/api/3/issue/101", timeout=5)
    assert cloud.requests == {
        "GET /rest/api/3/issue/{issue}": 4,
        "GET /rest/api/3/issue/{issue}/changelog": 1,
        "GET (no route)": 1,
    }
    assert cloud.issues_served == 3


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "issue/101/changelog"),
        ("POST", "search/jql"),
        ("POST", "changelog/bulkfetch"),
        ("POST", "issue/bulkfetch"),
    ],
)
def test_data_center_does_not_know_clouds_routes(datacenter, method, path):
    answer = requests.request(method, f"{datacenter.url}/rest/api/2/{path}", headers=BEARER, json={}, timeout=5)
    assert answer.status_code == 404


@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_clouds_removed_search_answers_410(cloud, version, method):
    url = f"{cloud.url}/rest/api/{version}/search"
    answer = requests.request(method, url, auth=CLOUD_CREDENTIALS, params={"jql": "id > 1"}, timeout=5)
    assert answer.status_code == 410
    assert "Please migrate to the /rest/api/3/search/jql API" in answer.json()["errorMessages"][0]


def test_page_caps_reach_the_routes():
    with start(small_site(), "cloud", page_caps=PageCaps(search_ids=2)) as sandbox:
        body = {"jql": "id > 0", "maxResults": 5000}
        url = f"{sandbox.url}/rest/api/3/search/jql"
        assert len(requests.post(url, json=body, auth=CLOUD_CREDENTIALS, timeout=5).json()["issues"]) == 2


def test_another_site_can_take_the_place_of_the_first(cloud):
    cloud.site = site_from_issues([issue(1, "ABC-1", history(1, 1, moved("To Do", "Done")), status="Done")])
    answer = requests.get(f"{cloud.url}/rest/api/3/issue/ABC-1", auth=CLOUD_CREDENTIALS, timeout=5)
    assert answer.json()["id"] == "1"
    assert requests.get(f"{cloud.url}/rest/api/3/issue/ABC-2", auth=CLOUD_CREDENTIALS, timeout=5).status_code == 404


def test_a_fault_answers_in_the_sites_place_or_lets_the_request_through():
    asked = []

    async def every_other(request):
        asked.append((request.url.path, await request.json()))
        return PlainTextResponse("slow down", 429, {"Retry-After": "1"}) if len(asked) % 2 else None

    with start(small_site(), "cloud", fault=every_other) as sandbox:
        url, body = f"{sandbox.url}/rest/api/3/search/approximate-count", {"jql": "project = ABC"}
        answers = [requests.post(url, json=body, auth=CLOUD_CREDENTIALS, timeout=5) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [429, 200]
        assert answers[1].json() == {"count": 4}
        assert "Date" in answers[0].headers
        assert sandbox.requests["POST /rest/api/3/search/approximate-count"] == 2
    assert asked[0] == ("/rest/api/3/search/approximate-count", body)


def test_ten_thousand_issues_with_changelogs_are_pulled_in_seconds():
    histories = [history(n, n, moved("To Do", "Doing")) for n in range(4)]
    site = site_from_issues([issue(n, f"ABC-{n}", *histories) for n in range(1, 10_001)])
    begin = time.process_time()
    with start(site, "cloud") as sandbox, requests.Session() as session:
        session.auth = CLOUD_CREDENTIALS
        api, ids, seen = f"{sandbox.url}/rest/api/3", [], 0
        body = {"jql": "project = ABC ORDER BY id", "maxResults": 5000}
        while True:
            page = session.post(f"{api}/search/jql", json=body, timeout=30).json()
            ids += [found["id"] for found in page["issues"]]
            if page["isLast"]:
                break
            body["nextPageToken"] = page["nextPageToken"]
        for first in range(0, len(ids), 1000):
            batch = {"issueIdsOrKeys": ids[first : first + 1000]}
            session.post(f"{api}/issue/bulkfetch", json=batch | {"fields": ["status", "created"]}, timeout=30)
            page = session.post(f"{api}/changelog/bulkfetch", json=batch | {"maxResults": 10_000}, timeout=30).json()
            seen += sum(len(log["changeHistories"]) for log in page["issueChangeLogs"])
            assert "nextPageToken" not in page
    assert (len(ids), seen) == (10_000, 40_000)
    assert sandbox.issues_served == 20_000
    assert time.process_time() - begin < 15
