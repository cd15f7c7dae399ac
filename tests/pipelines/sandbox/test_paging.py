"""Whatever the page, the cap and the order of the recording: a pull sees the same site."""

import random

from hypothesis import given
from hypothesis import strategies as st

from pipelines.sandbox import cloud, datacenter
from pipelines.sandbox.cloud_changelogs import fetch_changelogs
from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.sites import get, history, issue, moved, post, served


def made_up(n):
    """An issue of one of two projects with none to three histories, not in order of time."""
    histories = [history(10 * n + k, (n * 7 + k * 5) % 40, moved("To Do", "Doing")) for k in range(n % 4)]
    return issue(n, f"{'ABC' if n % 3 else 'XYZ'}-{n}", *histories)


ISSUES = [made_up(n) for n in range(1, 24)]
IDS = [int(made["id"]) for made in ISSUES]
SITE = site_from_issues(ISSUES)
SIZES = st.integers(1, 30)


def cloud_ids(site, size, jql="id > 0 ORDER BY id"):
    """Every id of a search by token, and how many pages it took."""
    body, seen, pages = {"jql": jql, "maxResults": size}, [], 0
    while True:
        answer = cloud.search_by_post(site, post(body))
        seen += [int(found["id"]) for found in answer["issues"]]
        pages += 1
        assert answer["isLast"] == ("nextPageToken" not in answer)
        if answer["isLast"]:
            return seen, pages
        body["nextPageToken"] = answer["nextPageToken"]


@given(size=SIZES, cap=SIZES)
def test_pages_by_token_hold_every_issue_once(size, cap):
    seen, pages = cloud_ids(served(SITE, PageCaps(search_ids=cap)), size)
    assert seen == IDS
    assert pages == -(-len(IDS) // min(size, cap))


@given(size=SIZES, cap=SIZES)
def test_pages_by_position_hold_every_issue_once(size, cap):
    site, seen = served(SITE, PageCaps(search_startat=cap)), []
    while True:
        page = datacenter.search_by_post(site, post({"jql": "ORDER BY id", "startAt": len(seen), "maxResults": size}))
        seen += [int(found["id"]) for found in page["issues"]]
        if len(seen) == page["total"]:
            break
    assert seen == IDS


@given(size=SIZES)
def test_seeking_by_id_sees_what_paging_sees(size):
    site, seen, last = served(SITE), [], 0
    while True:
        body = {"jql": f"project in (ABC, XYZ) AND id > {last} ORDER BY id ASC", "maxResults": size}
        page = datacenter.search_by_post(site, post(body))
        if not page["issues"]:
            break
        assert page["total"] == len(IDS) - len(seen)
        seen += [int(found["id"]) for found in page["issues"]]
        last = seen[-1]
    assert seen == IDS


@given(seed=st.integers(0, 1000), size=SIZES)
def test_the_order_of_the_recording_makes_no_difference(seed, size):
    shuffled = random.Random(seed).sample(ISSUES, len(ISSUES))
    assert cloud_ids(served(site_from_issues(shuffled)), size)[0] == IDS
    body = {"issueIdsOrKeys": [str(n) for n in IDS], "maxResults": size}
    one, other = (fetch_changelogs(served(site), post(body)) for site in (SITE, site_from_issues(shuffled)))
    assert one == other


@given(cut=st.integers(1, 23))
def test_a_project_and_the_rest_make_the_whole(cut):
    site = served(SITE)
    below, _ = cloud_ids(site, 5, f"id <= {cut} ORDER BY id")
    above, _ = cloud_ids(site, 5, f"NOT id <= {cut} ORDER BY id")
    assert below + above == IDS
    abc, _ = cloud_ids(site, 5, "project = ABC")
    xyz, _ = cloud_ids(site, 5, "project != ABC")
    assert sorted(abc + xyz) == IDS


def test_the_three_routes_to_a_changelog_agree():
    site, dc = served(SITE), served(SITE)
    bulk = fetch_changelogs(site, post({"issueIdsOrKeys": [str(n) for n in IDS], "maxResults": 10_000}))
    by_issue = {
        log["issueId"]: [recorded["id"] for recorded in log["changeHistories"]] for log in bulk["issueChangeLogs"]
    }
    for made in ISSUES:
        paged = [recorded["id"] for recorded in cloud.page_changelog(site, get(issue=made["key"]))["values"]]
        embedded = cloud.get_issue(site, get("expand=changelog", issue=made["id"]))["changelog"]["histories"]
        whole = datacenter.get_issue(dc, get("expand=changelog", issue=made["id"]))["changelog"]["histories"]
        assert paged == by_issue.get(made["id"], []) == [recorded["id"] for recorded in whole]
        assert paged[::-1] == [recorded["id"] for recorded in embedded]
