"""Trouble with pages and chains, over HTTP. The site has issues 101, 102, 105, 110, 120, 121."""

import pytest

from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.faults.paging import (
    EarlyEnd,
    IdsAsKeys,
    IgnoredSeek,
    LastWithToken,
    LostEntries,
    NotLastWithoutToken,
    RepeatedToken,
    ShortPage,
    SmallerPage,
    SpreadHistories,
    Warnings,
    WrongTotal,
)
from tests.pipelines.sandbox.troubled import SEEK, troubled

ALL = [101, 102, 105, 110, 120, 121]
CAPS = PageCaps(search_ids=2, changelog_bulk=2)


def sweep(client, pages=20):
    """Ids by token until the chain ends, a page a list."""
    body, seen = {"fields": ["id"], "maxResults": 5000}, []
    for _ in range(pages):
        page = client.search(**body)
        seen.append([int(issue["id"]) for issue in page["issues"]])
        if "nextPageToken" not in page:
            return seen
        body["nextPageToken"] = page["nextPageToken"]
    return seen


def changelog_pages(client, *ids):
    """Histories by token until the chain ends: (issue id, history id) of each piece, a page a list."""
    body, seen = {}, []
    while True:
        page = client.changelogs(*ids, **body).json()
        seen.append(
            [
                (int(log["issueId"]), [int(history["id"]) for history in log["changeHistories"]])
                for log in page["issueChangeLogs"]
            ]
        )
        if "nextPageToken" not in page:
            return seen
        body["nextPageToken"] = page["nextPageToken"]


def test_a_short_page_holds_less_and_loses_nothing():
    with troubled(ShortPage(1).on("search/jql", nth=2)) as client:
        client.search()
        assert sweep(client) == [[101], ALL[1:]]


def test_a_short_page_of_data_center_echoes_what_was_asked():
    with troubled(ShortPage(2), flavour="dc") as client:
        page = client.search(maxResults=100, startAt=1)
        assert [issue["id"] for issue in page["issues"]] == ["102", "105"]
        assert (page["maxResults"], page["total"], page["startAt"]) == (100, 6, 1)


def test_a_short_page_of_a_listing_goes_on_by_position():
    with troubled(ShortPage(1)) as client:
        pages = [client.get("project/search", startAt=start).json() for start in (0, 1)]
        assert [[project["key"] for project in page["values"]] for page in pages] == [["ABC"], ["XYZ"]]
        assert [page["isLast"] for page in pages] == [False, True]


def test_a_smaller_page_is_echoed():
    with troubled(SmallerPage(2), flavour="dc") as client:
        page = client.search(maxResults=100)
        assert (len(page["issues"]), page["maxResults"], page["total"]) == (2, 2, 6)


def test_the_histories_of_an_issue_spread_over_pages_and_pieces():
    with troubled(SpreadHistories(2)) as client:
        assert changelog_pages(client, *ALL) == [[(101, [1]), (105, [3])], [(101, [2]), (110, [4])]]
    with troubled(SpreadHistories(9)) as client:
        assert [log for page in changelog_pages(client, *ALL) for log in page].count((101, [1])) == 1


def test_lost_entries_leave_no_trace_in_the_chain():
    with troubled(LostEntries(1).on("search/jql", nth=2), caps=CAPS) as client:
        assert sweep(client) == [[101, 102], [105], [120, 121]]


@pytest.mark.parametrize("route", ["search/jql", "changelog/bulkfetch"])
def test_a_repeated_token_leads_round_and_round(route):
    with troubled(RepeatedToken(), caps=CAPS) as client:
        body = {"jql": SEEK} if route == "search/jql" else {"issueIdsOrKeys": ["101", "105", "110"]}
        first = client.post(route, **body).json()
        second = client.post(route, **body, nextPageToken=first["nextPageToken"]).json()
        third = client.post(route, **body, nextPageToken=second["nextPageToken"]).json()
        assert first["nextPageToken"] == second["nextPageToken"] == third["nextPageToken"]
        assert second == third != first
        assert second.get("isLast") is (False if route == "search/jql" else None)


def test_a_chain_ends_early_as_if_all_had_come():
    with troubled(EarlyEnd().on("search/jql", nth=2), caps=CAPS) as client:
        assert sweep(client) == [ALL[:2], ALL[2:4]]
        assert sweep(client) == [ALL[:2], ALL[2:4], ALL[4:]]
    with troubled(EarlyEnd().on("changelog", nth=1), caps=CAPS) as client:
        assert len(changelog_pages(client, *ALL)) == 1
        assert len(changelog_pages(client, *ALL)) == 2


def test_a_chain_that_ends_early_says_it_is_the_last_page():
    with troubled(EarlyEnd(), caps=CAPS) as client:
        page = client.search()
        assert page["isLast"] is True
        assert "nextPageToken" not in page
    with troubled(EarlyEnd(), caps=PageCaps(listing=1)) as client:
        assert client.get("project/search").json()["isLast"] is True


def test_data_center_ends_early_with_an_empty_page_and_the_right_total():
    with troubled(EarlyEnd().on(nth=2), flavour="dc") as client:
        assert client.ids() == ALL
        page = client.search("id > 105 ORDER BY id")
        assert (page["issues"], page["total"]) == ([], 3)


def test_a_page_that_is_not_the_last_may_give_no_token():
    with troubled(NotLastWithoutToken(), caps=CAPS) as client:
        page = client.search()
        assert page["isLast"] is False
        assert "nextPageToken" not in page


def test_a_page_that_is_the_last_may_give_a_token():
    with troubled(LastWithToken(), caps=CAPS) as client:
        page = client.search()
        assert page["isLast"] is True
        follow = client.search(nextPageToken=page["nextPageToken"])
        assert [issue["id"] for issue in follow["issues"]] == ["105", "110"]
    with troubled(LastWithToken()) as client:
        assert client.post("search/jql", jql=SEEK, nextPageToken=client.search()["nextPageToken"]).status_code == 400


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_a_search_may_warn(flavour):
    with troubled(Warnings(), flavour=flavour) as client:
        (warning,) = client.search()["warnings"]
        assert warning["type"] == "CLAUSE_RESULT_TRUNCATED"
        assert client.ids() == ALL


def test_totals_are_off():
    with troubled(WrongTotal(by=-2), flavour="dc") as client:
        page = client.search()
        assert (page["total"], len(page["issues"])) == (4, 6)
    with troubled(WrongTotal(by=7)) as client:
        assert client.post("search/approximate-count", jql="id > 0").json() == {"count": 13}
        assert client.get("project/search").json()["total"] == 9


def test_a_seek_is_ignored():
    with troubled(IgnoredSeek().on(nth=1), flavour="dc") as client:
        assert client.ids("project = ABC AND id > 102 ORDER BY id") == [101, 102, 110, 120]
        assert client.ids("project = ABC AND id > 102 ORDER BY id") == [110, 120]
        assert client.ids("project = ABC") == [120, 110, 102, 101]
        assert client.fired == ["ignored_seek"]
    with troubled(IgnoredSeek()) as client:
        assert client.ids("id > 110 ORDER BY id") == ALL


def test_ids_are_compared_as_keys_of_the_issues_own_project():
    with troubled(IdsAsKeys(), flavour="dc") as client:
        assert client.ids("id > 102 ORDER BY id") == [110, 120], "others are in another project"
        assert client.ids("id >= 110 AND id <= 110") == [110]
        refused = client.post("search", jql="id > 0")
        assert (refused.status_code, "does not exist" in refused.text) == (400, True)
    with troubled(IdsAsKeys()) as client:
        assert client.ids("id > 0 ORDER BY id") == []
