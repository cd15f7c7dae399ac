"""Whatever faults meet in one script, the sandbox itself never fails, and the same seed makes the same trouble."""

import pytest
import requests
from hypothesis import HealthCheck, given, settings

from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.faults import FaultScript
from tests.pipelines.jira.fault_strategies import schedules
from tests.pipelines.sandbox.sites import small_site
from tests.pipelines.sandbox.troubled import SEEK, troubled

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
IDS = ["101", "105", "110"]
GETS = ("myself", "serverInfo", "field", "project", "project/search", "issue/101?expand=changelog", "board")
POSTS = {
    "cloud": [
        ("search/jql", {"jql": SEEK, "fields": ["id"], "maxResults": 3}),
        ("search/approximate-count", {"jql": SEEK}),
        ("issue/bulkfetch", {"issueIdsOrKeys": IDS, "fields": ["status"]}),
        ("changelog/bulkfetch", {"issueIdsOrKeys": IDS, "maxResults": 2}),
    ],
    "dc": [("search", {"jql": SEEK, "expand": ["changelog"], "fields": ["status"], "maxResults": 3})],
}


def asked(client):
    """What becomes of a few requests: status and body, or the error; a token is followed once."""
    seen = [_outcome(lambda route=route: client.get(route)) for route in GETS]
    for route, body in POSTS[client.flavour]:
        answer = _outcome(lambda route=route, body=body: client.post(route, **body))
        seen.append(answer)
        if '"nextPageToken":"' in answer[1]:
            token = answer[1].partition('"nextPageToken":"')[2].partition('"')[0]
            seen.append(_outcome(lambda r=route, b=body, t=token: client.post(r, **b, nextPageToken=t)))
    return seen


def _outcome(ask):
    try:
        answer = ask()
    except requests.RequestException as error:
        return (0, type(error).__name__)
    return (answer.status_code, answer.text)


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_faults_that_meet_never_break_the_sandbox_itself(flavour):
    with troubled(flavour=flavour, caps=PageCaps(search_ids=2, search_startat=2)) as client:

        @QUICK
        @given(script=schedules(flavour, is_harsh=True, max_faults=6))
        def hold(script):
            client.sandbox.site = small_site()
            client.sandbox.set_faults(script)
            for status, text in asked(client):
                assert (status, text) != (500, "Internal Server Error")

        hold()
        client.sandbox.set_faults(None)
        assert client.fired == []
        assert all(status in (200, 404) for status, _ in asked(client))


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_the_same_script_makes_the_same_trouble(flavour):
    with troubled(flavour=flavour) as client:

        @settings(QUICK, max_examples=15)
        @given(script=schedules(flavour, is_harsh=True))
        def hold(script):
            runs = []
            for _ in range(2):
                client.sandbox.site = small_site()
                client.sandbox.set_faults(script)
                runs.append((asked(client), client.fired))
            assert runs[0] == runs[1]

        hold()


def test_no_faults_change_nothing():
    with troubled() as plain, troubled(*FaultScript().faults, seed=5) as other:
        mine, theirs = ([text.replace(c.sandbox.url, "") for _, text in asked(c)] for c in (plain, other))
        assert mine == theirs
