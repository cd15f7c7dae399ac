"""Large sites are consistent, answer like any other, and weigh nothing until asked."""

import tracemalloc
from itertools import pairwise

import pytest

from pipelines.sandbox import changes
from pipelines.sandbox.big import FIRST_ID, big_site
from pipelines.sandbox.cloud import fetch_issues, search_by_post
from pipelines.sandbox.cloud_changelogs import fetch_changelogs
from pipelines.sandbox.exchange import ServedSite
from pipelines.sandbox.index import SiteIndex
from tests.pipelines.sandbox.sites import post, served


def chain(issue, field):
    histories = sorted(issue["changelog"]["histories"], key=lambda history: history["created"])
    return [item for history in histories for item in history["items"] if item["field"] == field]


@pytest.mark.parametrize("histories", [0, 1, 5, 8, 33])
def test_every_chain_is_whole_and_ends_where_the_issue_is(histories):
    site = big_site(20, histories)
    for issue in site.issues.values():
        moves, hands = chain(issue, "status"), chain(issue, "assignee")
        assert len(moves) + len(hands) == histories
        assert all(one["to"] == other["from"] for one, other in pairwise(moves))
        assert all(one["to"] == other["from"] for one, other in pairwise(hands))
        assert issue["fields"]["status"]["id"] == (moves[-1]["to"] if moves else "1")
        assert (issue["fields"]["assignee"] or {}).get("accountId") == (hands[-1]["to"] if hands else None)
        dates = [issue["fields"]["created"], *(history["created"] for history in issue["changelog"]["histories"])]
        assert dates[-1] == issue["fields"]["updated"]
        assert dates == sorted(set(dates))


def test_ids_keys_and_histories_are_each_ones_own():
    issues = list(big_site(500, 8).issues.values())
    assert len({issue["id"] for issue in issues}) == len({issue["key"] for issue in issues}) == 500
    assert len({history["id"] for issue in issues for history in issue["changelog"]["histories"]}) == 4000


def test_a_head_is_the_issue_without_its_changelog():
    site = big_site(9)
    for issue_id, issue in site.issues.items():
        assert issue == site.head(issue_id) | {"changelog": issue["changelog"]}
        assert "changelog" not in site.head(issue_id)


def test_a_large_site_weighs_little_until_it_is_asked():
    tracemalloc.start()
    site = served(big_site(20_000, 8))
    assert site.index.id.tolist() == list(range(FIRST_ID, FIRST_ID + 20_000))
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 15e6
    assert peak < 40e6


def test_its_routes_answer_as_those_of_any_site():
    site = ServedSite(big_site(50, 8), "http://sandbox", served(big_site(1)).caps, 1)
    found = search_by_post(site, post({"jql": "project = BIG2 AND id > 10020 ORDER BY id", "maxResults": 5000}))
    ids = [issue["id"] for issue in found["issues"]]
    assert ids == [str(n) for n in range(10_021, 10_050, 4)]
    bodies = fetch_issues(site, post({"issueIdsOrKeys": ids, "fields": ["status"]}))
    assert [issue["id"] for issue in bodies["issues"]] == ids
    logs = fetch_changelogs(site, post({"issueIdsOrKeys": ids, "maxResults": 10_000}))["issueChangeLogs"]
    assert sum(len(log["changeHistories"]) for log in logs) == 8 * len(ids)


def test_changes_to_a_large_site_stay():
    site = big_site(10, 3)
    changes.transition(site, FIRST_ID, "Done")
    changes.delete(site, FIRST_ID + 1)
    created = changes.create(site, "BIG1")
    assert site.issues[FIRST_ID]["fields"]["status"]["name"] == "Done"
    assert len(site.issues[FIRST_ID]["changelog"]["histories"]) == 4
    assert sorted(site.issues) == [FIRST_ID, *range(FIRST_ID + 2, FIRST_ID + 10), created]
    assert len(site.issues) == 10
    assert SiteIndex(site).id.tolist() == sorted(site.issues)
    changes.delete(site, created)
    assert created not in site.issues
    assert len(site.issues) == 9
    with pytest.raises(KeyError):
        site.issues[FIRST_ID + 1]
    with pytest.raises(KeyError):
        site.head(FIRST_ID + 1)
    with pytest.raises(KeyError):
        del site.issues[FIRST_ID + 1]
