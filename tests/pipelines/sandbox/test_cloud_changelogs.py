import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sandbox.cloud_changelogs import fetch_changelogs, page_changelog
from pipelines.sandbox.exchange import PageCaps, RefusedError
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.sites import get, history, issue, item, moved, ms, post, served, small_site


def fetch(site, *names, **more):
    return fetch_changelogs(site, post({"issueIdsOrKeys": list(names)} | more))


def listed(answer):
    return {
        log["issueId"]: [int(recorded["id"]) for recorded in log["changeHistories"]]
        for log in answer["issueChangeLogs"]
    }


def weaving_site():
    """Two issues whose histories alternate in time."""
    return site_from_issues(
        [
            issue(1, "ABC-1", *(history(10 + n, 2 * n, moved("To Do", "Doing")) for n in range(4))),
            issue(2, "ABC-2", *(history(20 + n, 2 * n + 1, moved("To Do", "Doing")) for n in range(4))),
        ]
    )


def test_histories_come_by_date_so_that_an_issue_is_spread_over_pages():
    site = served(weaving_site())
    first = fetch(site, "1", "2", maxResults=3)
    assert listed(first) == {"1": [10, 11], "2": [20]}
    second = fetch(site, "1", "2", maxResults=3, nextPageToken=first["nextPageToken"])
    assert listed(second) == {"2": [21, 22], "1": [12]}
    third = fetch(site, "1", "2", maxResults=3, nextPageToken=second["nextPageToken"])
    assert listed(third) == {"1": [13], "2": [23]}
    assert "nextPageToken" not in third


def test_histories_of_one_instant_come_by_issue_then_by_id():
    site = site_from_issues(
        [
            issue(n, f"ABC-{n}", history(9, 1, moved("To Do", "Done")), history(8, 1, moved("To Do", "Done")))
            for n in (2, 1)
        ]
    )
    assert listed(fetch(served(site), "2", "1")) == {"1": [8, 9], "2": [8, 9]}


def test_dates_are_milliseconds_and_empty_sides_are_left_out():
    first = fetch(served(small_site()), "110")["issueChangeLogs"][0]["changeHistories"][0]
    assert first["created"] == ms(30)
    assert first["items"] == [
        {"field": "Key", "fieldtype": "jira", "fieldId": "issuekey", "fromString": "XYZ-9", "toString": "ABC-3"}
    ]


def test_unknown_issues_are_left_out_silently_and_former_keys_found():
    assert listed(fetch(served(small_site()), "999", "ABC-77", "XYZ-9", "101")) == {"101": [1, 2], "110": [4]}


def test_an_issue_named_twice_comes_once():
    assert listed(fetch(served(small_site()), "101", "ABC-1")) == {"101": [1, 2]}


def test_an_issue_without_histories_is_left_out():
    assert fetch(served(small_site()), "102") == {"issueChangeLogs": []}


def test_field_ids_choose_items_and_leave_out_what_has_none_of_them():
    changes = [moved("To Do", "Done"), item("resolution", None, "1"), item("Workflow", "1", "2")]
    site = site_from_issues([issue(1, "ABC-1", history(1, 1, *changes), history(2, 2, item("summary", "a", "b")))])
    chosen = fetch(served(site), "1", fieldIds=["status", "resolution"])["issueChangeLogs"][0]["changeHistories"]
    assert [[part["fieldId"] for part in recorded["items"]] for recorded in chosen] == [["status", "resolution"]]
    assert len(fetch(served(site), "1")["issueChangeLogs"][0]["changeHistories"][0]["items"]) == 3


@pytest.mark.parametrize(
    "body",
    [
        {"issueIdsOrKeys": []},
        {"issueIdsOrKeys": [str(n) for n in range(1001)]},
        {"issueIdsOrKeys": ["101"], "maxResults": 0},
        {"issueIdsOrKeys": ["101"], "maxResults": 10_001},
        {"issueIdsOrKeys": ["101"], "fieldIds": [f"customfield_{n}" for n in range(11)]},
        {"issueIdsOrKeys": ["101"], "fieldIds": ["status", "status"]},
        {"issueIdsOrKeys": ["101"], "nextPageToken": "made up"},
        {"issueIdsOrKeys": ["101"], "startAt": 3},
        {"issueIdsOrKeys": [101]},
        {},
    ],
)
def test_what_is_out_of_bounds_is_refused(body):
    with pytest.raises(RefusedError) as refused:
        fetch_changelogs(served(small_site()), post(body))
    assert refused.value.status == 400


def test_a_token_belongs_to_its_issues_and_fields():
    site = served(weaving_site())
    token = fetch(site, "1", "2", maxResults=3)["nextPageToken"]
    with pytest.raises(RefusedError, match="invalid or expired"):
        fetch(site, "1", maxResults=3, nextPageToken=token)
    with pytest.raises(RefusedError, match="invalid or expired"):
        fetch(site, "1", "2", fieldIds=["status"], maxResults=3, nextPageToken=token)


def test_a_thousand_issues_and_ten_thousand_histories_are_let_in():
    answer = fetch(served(small_site()), *(str(n) for n in range(1000)), maxResults=10_000)
    assert sum(len(recorded) for recorded in listed(answer).values()) == 4


@given(size=st.integers(1, 9), cap=st.integers(1, 9))
def test_pages_of_any_size_hold_every_history_once(size, cap):
    site, token, seen = served(weaving_site(), PageCaps(changelog_bulk=cap)), {}, []
    while token is not None:
        answer = fetch(site, "1", "2", maxResults=size, **token)
        page = [history_id for of_issue in listed(answer).values() for history_id in of_issue]
        assert 0 < len(page) <= min(size, cap)
        seen += page
        token = {"nextPageToken": answer["nextPageToken"]} if "nextPageToken" in answer else None
    assert sorted(seen) == [10, 11, 12, 13, 20, 21, 22, 23]


def test_one_issues_changelog_comes_in_pages_oldest_first():
    site = served(weaving_site())
    first = page_changelog(site, get("maxResults=3", issue="ABC-1"))
    assert [recorded["id"] for recorded in first["values"]] == ["10", "11", "12"]
    assert (first["total"], first["isLast"], first["startAt"]) == (4, False, 0)
    assert first["nextPage"].endswith("/issue/1/changelog?maxResults=3&startAt=3")
    last = page_changelog(site, get("maxResults=3&startAt=3", issue="ABC-1"))
    assert [recorded["id"] for recorded in last["values"]] == ["13"]
    assert last["isLast"]
    assert "nextPage" not in last


def test_a_page_of_one_issues_changelog_holds_a_hundred_at_most():
    long = issue(1, "ABC-1", *(history(n, n, moved("To Do", "Doing")) for n in range(1, 151)))
    answer = page_changelog(served(site_from_issues([long])), get("maxResults=1000", issue="1"))
    assert (len(answer["values"]), answer["maxResults"], answer["isLast"]) == (100, 100, False)


def test_dates_in_one_issues_changelog_are_as_recorded():
    recorded = page_changelog(served(weaving_site()), get(issue="1"))["values"][0]
    assert recorded["created"] == "2026-03-02T08:00:00.000+0000"
    assert recorded["items"][0]["fieldId"] == "status"
