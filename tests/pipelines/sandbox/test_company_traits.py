"""What befalls work on real sites befalls it in the simulated company: it returns, is given up, waits for others."""

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import pairwise

from pipelines.sandbox.company import simulate_company
from tests.pipelines.sandbox.company_views import (
    TRUTH,
    company,
    former_keys,
    histories,
    is_delivered,
    issues,
    items,
    kind,
    moves,
    order,
)

THIRTY_DAYS = timedelta(days=30)

LATEST_STANDUP = timedelta(days=3)
"""A finish on Friday may be recorded on Monday only, when who waited for it has long gone on."""


def own_moves(issue: dict) -> list[tuple]:
    """Moves within the statuses of the issue's present project."""
    known = {str(status.status_id) for status in TRUTH[issue["fields"]["project"]["key"]].statuses}
    return [move for move in moves(issue) if {move[2]["from"], move[2]["to"]} <= known]


def returns(project: str) -> list[timedelta]:
    """How long after each delivery issues came back."""
    found = []
    for issue in issues(0, project):
        for (left_at, _, earlier), (back_at, _, later) in pairwise(own_moves(issue)):
            if kind(project, earlier["to"]) == "done" and later["from"] == earlier["to"]:
                found.append(back_at - left_at)
    return found


def test_work_is_sent_back_in_review_and_test():
    for project in ("MOB", "WEB", "PLAT", "CORE", "LAB"):
        back = [
            item
            for issue in issues(0, project)
            for _, _, item in own_moves(issue)
            if 0 < order(project, item["to"]) < order(project, item["from"])
            and kind(project, item["from"]) not in ("done", "discarded")
        ]
        assert len(back) >= 30, project


def test_some_work_comes_back_within_thirty_days_and_some_later():
    waits = [wait for project in TRUTH for wait in returns(project)]
    assert sum(wait <= THIRTY_DAYS for wait in waits) >= 60
    assert sum(wait > THIRTY_DAYS for wait in waits) >= 20


def test_reopened_work_is_mostly_delivered_again():
    again = [
        issue for issue in issues(0, "MOB") if sum(kind("MOB", m[2]["to"]) == "done" for m in own_moves(issue)) > 1
    ]
    assert len(again) >= 15
    assert sum(is_delivered(issue) for issue in again) >= len(again) * 0.9


def test_cancelled_work_has_a_status_of_its_own_or_only_a_resolution():
    by_status = [i for i in issues(0) if i["fields"]["status"]["name"] == "Cancelled"]
    by_resolution = [
        issue
        for issue in issues(0)
        if issue["fields"]["status"]["name"] == "Done" and issue["fields"]["resolution"]["name"] != "Done"
    ]
    assert len(by_status) >= 100
    assert len(by_resolution) >= 60
    assert {issue["fields"]["project"]["key"] for issue in by_resolution} == {"PLAT", "LAB"}
    assert {issue["fields"]["resolution"]["name"] for issue in by_resolution} == {"Won't Do", "Duplicate"}


def test_work_is_cancelled_before_and_after_it_was_begun():
    cancelled = [i for i in issues(0, "CORE") if i["fields"]["status"]["name"] == "Cancelled"]
    commitment = str(TRUTH["CORE"].commitment_status_id)
    begun = [issue for issue in cancelled if any(item["to"] == commitment for _, _, item in moves(issue))]
    assert 10 <= len(begun) <= len(cancelled) - 10


def test_impediments_are_flagged_but_where_a_status_says_so():
    flagged = Counter(issue["fields"]["project"]["key"] for issue in issues(0) if items(issue, "Flagged"))
    on_hold = [issue for issue in issues(0, "PLAT") if any(i["toString"] == "On Hold" for _, _, i in moves(issue))]
    assert set(flagged) == {"PAY", "MOB", "WEB", "CORE", "LAB"}
    assert min(flagged.values()) >= 20
    assert len(on_hold) >= 40
    assert any(issue["fields"]["customfield_10021"] for issue in issues(0))


def test_the_flag_field_is_known_by_its_schema_not_by_its_display_name():
    plain, localised = company(), simulate_company(weeks=6, flag_name="Markiert")
    for site, name in ((plain, "Flagged"), (localised, "Markiert")):
        field = next(field for field in site.fields if field["id"] == "customfield_10021")
        assert field["name"] == name
        assert field["schema"]["custom"].endswith(":multicheckboxes")
    changes = [item for issue in localised.issues.values() for _, _, item in items(issue, "Flagged")]
    assert changes and {item["fieldId"] for item in changes} == {"customfield_10021"}


def test_issues_are_blocked_by_issues_of_other_streams():
    pairs = set()
    for issue in issues(0):
        for link in issue["fields"]["issuelinks"]:
            if link["type"]["name"] == "Blocks" and "inwardIssue" in link:
                other = company().issues[int(link["inwardIssue"]["id"])]
                assert any(
                    back.get("outwardIssue", {}).get("id") == issue["id"] for back in other["fields"]["issuelinks"]
                )
                pairs.add((issue["fields"]["project"]["key"], other["fields"]["project"]["key"]))
    assert len(pairs) >= 8
    assert all(blocked != blocker for blocked, blocker in pairs)


def test_links_are_recorded_on_both_ends_and_some_are_removed():
    made = [item["toString"] for issue in issues(0) for _, _, item in items(issue, "Link") if item["to"]]
    removed = [item["fromString"] for issue in issues(0) for _, _, item in items(issue, "Link") if not item["to"]]
    phrases = Counter(" ".join(text.split()[2:-1]) for text in made)
    assert phrases["is blocked by"] == phrases["blocks"] >= 60
    assert len(removed) >= 20


def test_work_resumes_after_its_blocker_is_finished():
    checked = 0
    for issue in issues(0, "PLAT"):
        for at, _, item in items(issue, "Link"):
            if item["toString"] and "is blocked by" in item["toString"]:
                blocker = next(i for i in issues(0) if item["to"] in (i["key"], *former_keys(i)))
                following = [moved for moved, _, _ in moves(issue) if moved > at]
                if following:
                    done = min(
                        (at2 for at2, _, i in items(blocker, "resolution") if i["to"] and at2 > at), default=None
                    )
                    assert done is None or following[0] > done - LATEST_STANDUP
                    checked += 1
    assert checked >= 5


def test_epics_lag_behind_their_children():
    children = defaultdict(list)
    for issue in issues(0):
        if "parent" in issue["fields"]:
            children[int(issue["fields"]["parent"]["id"])].append(issue)
    late_start, late_end, never_closed = 0, 0, 0
    for number, own in children.items():
        epic = moves(company().issues[number])
        begun = min((moves(child)[0][0] for child in own if moves(child)), default=None)
        late_start += bool(epic and begun and epic[0][0] > begun)
        all_done = all(child["fields"]["status"]["statusCategory"]["key"] == "done" for child in own)
        if all_done and len(epic) == 2:
            late_end += epic[1][0] > max(moves(child)[-1][0] for child in own)
        never_closed += all_done and len(epic) == 1
    assert len(children) >= 150
    assert late_start >= 100
    assert late_end >= 60
    assert never_closed >= 10


def test_parents_are_recorded_in_both_of_jiras_ways():
    counts = Counter(
        item["field"]
        for issue in issues(0)
        for history in histories(issue)
        for item in history["items"]
        if item["field"] in ("Epic Link", "IssueParentAssociation")
    )
    assert counts["Epic Link"] >= 50
    assert counts["IssueParentAssociation"] >= 200
    assert all("fieldId" not in i for issue in issues(0) for _, _, i in items(issue, "IssueParentAssociation"))
