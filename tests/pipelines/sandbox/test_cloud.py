import pytest

from pipelines.sandbox import cloud
from pipelines.sandbox.cloud import REMOVED, UNBOUNDED
from pipelines.sandbox.exchange import PageCaps, RefusedError
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.sites import at, get, history, issue, item, moved, post, served, small_site


def search(site, **body):
    return cloud.search_by_post(site, post({"jql": "id > 0 ORDER BY id"} | body))


def ids(answer):
    return [int(found["id"]) for found in answer["issues"]]


def refused(status, call):
    with pytest.raises(RefusedError) as error:
        call()
    assert error.value.status == status
    return str(error.value)


def test_a_search_gives_ids_only_unless_fields_are_named():
    assert search(served(small_site()))["issues"][0] == {"id": "101"}


def test_a_search_gives_the_fields_named():
    found = search(served(small_site()), fields=["status", "created"])["issues"][0]
    assert (found["key"], set(found["fields"])) == ("ABC-1", {"status", "created"})


def test_pages_follow_by_token_and_the_last_one_has_none():
    site = served(small_site())
    first = search(site, maxResults=4)
    second = search(site, maxResults=4, nextPageToken=first["nextPageToken"])
    assert (ids(first), first["isLast"]) == ([101, 102, 105, 110], False)
    assert (ids(second), second["isLast"]) == ([120, 121], True)
    assert "nextPageToken" not in second
    assert "total" not in first


def test_a_page_that_is_just_full_is_the_last():
    answer = search(served(small_site()), maxResults=6)
    assert answer["isLast"]
    assert "nextPageToken" not in answer


def test_ids_come_by_the_thousands_and_fields_by_the_hundred():
    site = site_from_issues([issue(n, f"ABC-{n}") for n in range(1, 202)])
    assert len(ids(search(served(site), maxResults=5000))) == 201
    assert len(ids(search(served(site), maxResults=5000, fields=["key"]))) == 201
    assert len(ids(search(served(site), maxResults=5000, fields=["id", "status"]))) == 100
    assert len(ids(search(served(site)))) == 50


def test_caps_can_be_made_small():
    answer = search(served(small_site(), PageCaps(search_ids=2)), maxResults=5000)
    assert ids(answer) == [101, 102]


def test_a_search_embeds_the_newest_histories_if_asked():
    found = search(served(small_site()), expand="names,changelog")["issues"][0]
    assert [recorded["id"] for recorded in found["changelog"]["histories"]] == ["2", "1"]
    assert found["key"] == "ABC-1"


def test_the_same_search_can_be_asked_by_query_string():
    site = served(small_site())
    answer = cloud.search_by_get(site, get("jql=id>0 order by id&maxResults=2&fields=status&fields=created,summary"))
    assert ids(answer) == [101, 102]
    assert set(answer["issues"][0]["fields"]) == {"status", "created", "summary"}
    following = cloud.search_by_get(site, get(f"jql=id>0 order by id&nextPageToken={answer['nextPageToken']}"))
    assert ids(following) == [105, 110, 120, 121]


@pytest.mark.parametrize("jql", ["", "ORDER BY id"])
def test_a_query_that_restricts_nothing_is_refused(jql):
    site = served(small_site())
    assert refused(400, lambda: search(site, jql=jql)) == UNBOUNDED
    assert refused(400, lambda: cloud.count(site, post({"jql": jql}))) == UNBOUNDED


@pytest.mark.parametrize(
    "body",
    [
        {"jql": "nonsense"}, {"maxResults": 0}, {"maxResults": "5"}, {"nextPageToken": "made up"}, {"startAt": 0},
        {"reconcileIssues": list(range(51))},
    ],
)  # fmt: skip
def test_what_a_search_cannot_be_asked_is_refused(body):
    refused(400, lambda: search(served(small_site()), **body))


def test_the_removed_search_is_gone_for_good():
    assert refused(410, lambda: cloud.refuse_removed_search(served(small_site()), get())) == REMOVED


def test_the_count_is_of_what_a_query_matches():
    assert cloud.count(served(small_site()), post({"jql": "project = ABC"})) == {"count": 4}


def test_a_bulk_fetch_comes_by_id_and_follows_former_keys():
    answer = cloud.fetch_issues(
        served(small_site()), post({"issueIdsOrKeys": ["XYZ-9", "ABC-1", "101"], "fields": ["status"]})
    )
    assert [(found["key"], set(found["fields"])) for found in answer["issues"]] == [
        ("ABC-1", {"status"}),
        ("ABC-3", {"status"}),
    ]
    assert answer["issueErrors"] == []


def test_issues_that_cannot_be_had_are_errors_beside_the_others():
    answer = cloud.fetch_issues(served(small_site()), post({"issueIdsOrKeys": ["999", "101", "ABC-77"]}))
    assert ids(answer) == [101]
    assert [error["id"] for error in answer["issueErrors"]] == ["999", "ABC-77"]
    assert "summary" in answer["issues"][0]["fields"]


@pytest.mark.parametrize(
    ("size", "more", "is_let_in"),
    [
        (100, {}, True),
        (101, {}, False),
        (1000, {"fields": ["status", "created"]}, True),
        (1001, {"fields": ["status"]}, False),
        (101, {"fields": ["*all"]}, False),
        (101, {"fields": ["-summary"]}, False),
        (101, {"fields": ["status", "comment"]}, False),
        (101, {"fields": [f"customfield_{n}" for n in range(101)]}, False),
        (101, {"fields": ["status"], "expand": ["changelog"]}, False),
        (100, {"fields": ["status"], "expand": ["changelog"]}, True),
        (0, {"fields": ["status"]}, False),
    ],
)
def test_a_thousand_issues_come_only_if_their_fields_are_named_and_light(size, more, is_let_in):
    body = post({"issueIdsOrKeys": [str(n) for n in range(1000, 1000 + size)]} | more)
    if is_let_in:
        assert len(cloud.fetch_issues(served(small_site()), body)["issueErrors"]) == size
    else:
        refused(400, lambda: cloud.fetch_issues(served(small_site()), body))


def test_an_embedded_changelog_keeps_the_forty_newest():
    long = issue(1, "ABC-1", *(history(n, n, moved("To Do", "Doing")) for n in range(1, 51)))
    site = served(site_from_issues([long]))
    for found in (
        cloud.get_issue(site, get("expand=changelog", issue="ABC-1")),
        cloud.fetch_issues(site, post({"issueIdsOrKeys": ["1"], "expand": ["changelog"]}))["issues"][0],
    ):
        assert [int(recorded["id"]) for recorded in found["changelog"]["histories"]] == list(range(50, 10, -1))
        assert (found["changelog"]["total"], found["changelog"]["maxResults"]) == (50, 40)


def test_one_issue_comes_with_all_its_fields_by_any_of_its_names():
    site = served(small_site())
    for name in ("110", "ABC-3", "XYZ-9"):
        found = cloud.get_issue(site, get(issue=name))
        assert (found["id"], found["key"]) == ("110", "ABC-3")
        assert "summary" in found["fields"]
        assert "changelog" not in found
    assert set(cloud.get_issue(site, get("fields=status", issue="110"))["fields"]) == {"status"}


def test_an_unknown_issue_is_404():
    refused(404, lambda: cloud.get_issue(served(small_site()), get(issue="ABC-77")))


def test_the_site_tells_its_kind_and_its_clock():
    info = cloud.get_server_info(served(small_site()), get())
    assert (info["deploymentType"], info["baseUrl"]) == ("Cloud", "http://sandbox")
    assert info["serverTime"] == at(48 + 1 / 60)


def test_the_caller_is_known_by_account_id_only():
    me = cloud.get_myself(served(small_site()), get())
    assert me["accountId"] == "sandbox-user"
    assert not {"name", "key"} & set(me)


def test_issues_served_are_counted():
    site = served(small_site())
    search(site, maxResults=4)
    cloud.get_issue(site, get(issue="101"))
    cloud.fetch_issues(site, post({"issueIdsOrKeys": ["101", "102", "999"]}))
    assert site.issues_served == 4 + 1 + 2


def test_cloud_answers_under_every_version_of_its_api():
    paths = {path for _, path, _ in cloud.CLOUD_ROUTES}
    for version in ("2", "3", "latest"):
        assert f"/rest/api/{version}/changelog/bulkfetch" in paths


def test_a_deleted_status_is_in_changelogs_only():
    gone = item("status", "77", "3", fromString="Gone", toString="Doing")
    site = served(site_from_issues([issue(1, "ABC-1", history(1, 1, gone), status="Doing")]))
    assert [status["id"] for status in site.site.statuses] == ["3"]
    assert (
        cloud.get_issue(site, get("expand=changelog", issue="1"))["changelog"]["histories"][0]["items"][0]["from"]
        == "77"
    )
