"""Trouble with what pages hold, over HTTP; the site itself stays as it was."""

import copy

import pytest

from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.faults.contents import (
    CreatedForm,
    CutChangelog,
    Duplicates,
    HeavyIssue,
    IssueErrors,
    LeftOut,
    Shuffled,
)
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.sites import at, history, issue, moved, ms, small_site
from tests.pipelines.sandbox.troubled import SEEK, troubled

ALL = [101, 102, 105, 110, 120, 121]
THREE = [history(7, 1, moved("To Do", "Doing")), history(8, 2, moved("Doing", "To Do")), history(9, 3)]
EIGHT = list(range(1, 9))


def with_three_histories():
    return site_from_issues([issue(1, "ABC-1", *THREE), issue(2, "ABC-2", *THREE)])


def logs(answer):
    return {
        int(log["issueId"]): [int(history["id"]) for history in log["changeHistories"]]
        for log in answer.json()["issueChangeLogs"]
    }


def embedded(client, **body):
    page = client.search(expand=["changelog"], fields=["status"], **body)
    return [
        (int(one["id"]), one["changelog"]["total"], [int(step["id"]) for step in one["changelog"]["histories"]])
        for one in page["issues"]
    ]


def test_the_last_issues_of_a_page_come_twice():
    with troubled(Duplicates(2).on(nth=1)) as client:
        assert client.ids() == [*ALL, 120, 121]
        assert client.ids() == ALL


def test_the_last_issues_of_a_page_come_again_on_the_next():
    with troubled(Duplicates(1, where="next page"), caps=PageCaps(search_ids=3)) as client:
        first = client.search()
        second = client.search(nextPageToken=first["nextPageToken"])
        ids = [[int(one["id"]) for one in page["issues"]] for page in (first, second)]
        assert ids == [ALL[:3], ALL[2:]]
        assert client.ids("project = XYZ ORDER BY id") == [105, 121]


def test_histories_come_again_on_the_next_page_of_their_own_chain_only():
    with troubled(Duplicates(1, where="next page").on("changelog"), caps=PageCaps(changelog_bulk=1)) as client:
        body = {}
        other = client.changelogs(105, 110)
        first = client.changelogs(101, **body)
        second = client.changelogs(101, nextPageToken=first.json()["nextPageToken"]).json()
        assert logs(other) == {105: [3]}
        assert [log["changeHistories"][0]["id"] for log in second["issueChangeLogs"]] == ["1", "2"]


def test_a_page_by_seek_repeats_the_last_of_the_page_before():
    with troubled(Duplicates(1, where="next page"), flavour="dc") as client:
        assert client.ids("id > 0 ORDER BY id", maxResults=3) == ALL[:3]
        assert client.ids("id > 105 ORDER BY id", maxResults=3) == ALL[2:]


def test_issues_and_histories_come_in_any_order():
    site = site_from_issues([issue(n, f"ABC-{n}", *[history(10 * n + k, k) for k in EIGHT]) for n in EIGHT])
    before = copy.deepcopy(site.issues)
    with troubled(Shuffled(), flavour="dc", site=site, seed=3) as client:
        seen = embedded(client)
        assert [one for one, *_ in seen] != EIGHT
        assert sorted(one for one, *_ in seen) == EIGHT
        assert all(sorted(steps) == [10 * one + k for k in EIGHT] for one, _, steps in seen)
        assert any(steps != sorted(steps) for *_, steps in seen)
        steps = client.get("issue/1", expand="changelog").json()["changelog"]["histories"]
        assert sorted(int(step["id"]) for step in steps) == [10 + k for k in EIGHT]
    assert site.issues == before


def test_bulk_changelogs_can_be_shuffled_within_issues_alone():
    site = site_from_issues([issue(n, f"ABC-{n}", *[history(10 * n + k, n) for k in EIGHT]) for n in EIGHT])
    with troubled(Shuffled(has_entries_shuffled=False).on("changelog"), site=site) as client:
        seen = logs(client.changelogs(*EIGHT))
        assert list(seen) == EIGHT
        assert any(steps != sorted(steps) for steps in seen.values())
        assert {one: sorted(steps) for one, steps in seen.items()} == {n: [10 * n + k for k in EIGHT] for n in EIGHT}


def test_bulk_answers_leave_issues_out_without_a_word():
    with troubled(LeftOut(issues=(102, 105))) as client:
        answer = client.issues(*ALL).json()
        assert [int(one["id"]) for one in answer["issues"]] == [101, 110, 120, 121]
        assert answer["issueErrors"] == []
        assert logs(client.changelogs(*ALL)) == {101: [1, 2], 110: [4]}


def test_the_dice_choose_what_is_left_out_alike_for_a_seed():
    def left(seed):
        with troubled(LeftOut(count=2).on("issue/bulkfetch"), seed=seed) as client:
            return [one["id"] for one in client.issues(*ALL).json()["issues"]]

    assert len(left(1)) == 4
    assert left(1) == left(1)
    assert len({tuple(left(seed)) for seed in range(4)}) > 1


def test_issues_fail_one_by_one_under_200():
    with troubled(IssueErrors(issues=(110,))) as client:
        answer = client.issues(101, 110, 999)
        assert answer.status_code == 200
        assert [one["id"] for one in answer.json()["issues"]] == ["101"]
        assert [one["id"] for one in answer.json()["issueErrors"]] == ["999", "110"]


@pytest.mark.parametrize(("end", "left"), [("oldest", [8, 9]), ("newest", [7, 8])])
@pytest.mark.parametrize(("is_total_right", "total"), [(True, 3), (False, 2)])
def test_embedded_changelogs_are_cut(end, left, is_total_right, total):
    with troubled(CutChangelog(1, end, is_total_right), flavour="dc", site=with_three_histories()) as client:
        assert embedded(client) == [(1, total, left), (2, total, left)]
        whole = client.get("issue/1", expand="changelog").json()["changelog"]
        assert (whole["total"], [int(step["id"]) for step in whole["histories"]]) == (total, left)


def test_only_some_bulk_changelogs_are_cut():
    with troubled(CutChangelog(2, "newest", issues=(2,)), site=with_three_histories()) as client:
        assert logs(client.changelogs(1, 2)) == {1: [7, 8, 9], 2: [7]}
        assert client.get("issue/2/changelog").json()["total"] == 3


@pytest.mark.parametrize(("is_sent_alone", "status"), [(True, 200), (False, 504)])
def test_an_answer_with_a_heavy_changelog_is_refused_and_without_it_passes(is_sent_alone, status):
    with troubled(HeavyIssue((2,), is_sent_alone=is_sent_alone), flavour="dc", site=with_three_histories()) as client:
        pages = [client.post("search", jql=SEEK, expand=["changelog"], maxResults=size) for size in (1, 2)]
        assert [page.status_code for page in [*pages, client.post("search", jql=SEEK)]] == [200, 504, 200]
        assert client.get("issue/2", expand="changelog").status_code == status
        assert client.get("issue/2").status_code == client.get("issue/1", expand="changelog").status_code == 200


def test_a_heavy_changelog_is_refused_in_bulk_and_by_its_own_route():
    with troubled(HeavyIssue((2,)), site=with_three_histories()) as client:
        answers = [client.changelogs(1), client.changelogs(1, 2), client.get("issue/2/changelog"), client.issues(1, 2)]
        assert [answer.status_code for answer in answers] == [200, 504, 504, 200]


@pytest.mark.parametrize(("part", "refused"), [("fields", "status"), ("details", "issuelinks")])
def test_heavy_fields_are_refused_where_an_answer_holds_them(part, refused):
    other = "summary" if part == "fields" else "status"
    with troubled(HeavyIssue((2,), part=part), site=with_three_histories()) as client:
        asked = [client.issues(1, 2, fields=[refused]), client.issues(1, fields=[refused]), client.changelogs(1, 2)]
        asked += [client.issues(1, 2, fields=[other]), client.get("issue/2/changelog")]
        assert [answer.status_code for answer in asked] == [504, 200, 200, 200, 200]


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("iso", at(1)), ("zulu", at(1).replace("+0000", "Z")), ("offset", "2026-03-02T14:30:00.000+0530"),
        ("digits", str(ms(1))),
    ],
)  # fmt: skip
def test_bulk_changelogs_date_their_histories_otherwise(form, written):
    with troubled(CreatedForm(form).on("changelog", times=1)) as client:
        dates = [client.changelogs(101).json()["issueChangeLogs"][0]["changeHistories"][0]["created"] for _ in range(2)]
        assert dates == [written, ms(1)]


def test_the_site_stays_as_it_is_whatever_its_answers_hold():
    site = small_site()
    before = copy.deepcopy(site.issues)
    effects = (Duplicates(), Shuffled(), CutChangelog(), CreatedForm(), LeftOut(), IssueErrors())
    with troubled(*effects, site=site) as client:
        client.search(SEEK, fields=["*all"], expand="changelog")
        client.issues(*ALL)
        client.changelogs(*ALL)
        assert set(client.fired) == {effect.kind() for effect in effects}
    assert site.issues == before
