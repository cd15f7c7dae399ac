"""How the simulated company plans, releases and approves, as far as its records show."""

from collections import Counter
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from tests.pipelines.sandbox.company_views import (
    TRUTH,
    company,
    delivered_at,
    histories,
    instant,
    is_delivered,
    issues,
    items,
    moves,
    order,
)


def test_bugs_point_to_issues_delivered_before_they_were_found():
    related = 0
    for issue in issues(0):
        for link in issue["fields"]["issuelinks"]:
            if link["type"]["name"] == "Relates" and "inwardIssue" in link:
                other = company().issues[int(link["inwardIssue"]["id"])]
                assert issue["fields"]["issuetype"]["name"] == "Bug"
                assert moves(other)[0][0] < instant(issue["fields"]["created"])
                related += 1
    assert related >= 50


def test_texts_and_estimates_are_edited_before_and_after_commitment():
    before, after = Counter(), Counter()
    for issue in issues(0):
        truth = TRUTH[issue["fields"]["project"]["key"]]
        begun = next((at for at, _, i in moves(issue) if i["to"] == str(truth.commitment_status_id)), None)
        for field in ("summary", "description", "Story point estimate", "timeoriginalestimate"):
            for at, _, _ in items(issue, field):
                (after if begun and at >= begun else before)[field] += 1
    assert min(before.values()) >= 20 and len(before) == 4
    assert min(after.values()) >= 20 and len(after) == 4


def test_sprints_are_planned_every_fortnight_and_unfinished_work_is_carried_over():
    starts = Counter(
        at.date() for issue in issues(0, "MOB") for at, _, item in items(issue, "Sprint") if not item["from"]
    )
    carried = [item for issue in issues(0, "MOB") for _, _, item in items(issue, "Sprint") if "," in item["to"]]
    planning = sorted(day for day, count in starts.items() if count >= 5)
    assert len(carried) >= 100
    assert {(later - earlier).days for earlier, later in pairwise(planning)} <= {13, 14, 15, 28}
    sprints = next(board["sprints"] for board in company().boards if board["name"] == "MOB board")
    assert [sprint["state"] for sprint in sprints].count("active") == 1


def test_commitment_comes_in_batches_where_it_is_planned():
    def busiest_day_share(project: str) -> float:
        commitment = str(TRUTH[project].commitment_status_id)
        days = Counter(at.date() for i in issues(0, project) for at, _, item in moves(i) if item["to"] == commitment)
        return sum(sorted(days.values())[-40:]) / sum(days.values())

    assert busiest_day_share("MOB") > 0.9
    assert busiest_day_share("PLAT") < 0.5


def test_some_issues_are_created_in_progress():
    for project in ("MOB", "WEB", "PLAT", "CORE", "LAB"):
        actives = {str(s.status_id) for s in TRUTH[project].statuses if s.kind == "active"}
        direct = [i for i in issues(0, project) if moves(i) and moves(i)[0][2]["from"] in actives]
        assert len(direct) >= 5, project


def test_some_issues_go_straight_from_the_backlog_to_done():
    for project, truth in TRUTH.items():
        ends = {str(status.status_id) for status in truth.statuses if status.kind == "done"}
        straight = [
            issue
            for issue in issues(0, project)
            if len(moves(issue)) == 1
            and moves(issue)[0][2]["to"] in ends
            and order(project, moves(issue)[0][2]["from"]) == 0
            and is_delivered(issue)
        ]
        assert len(straight) >= 5, project


def test_releases_leave_every_second_week_with_all_that_is_ready():
    versions = {version["id"]: version for version in company().versions[10002]}
    trains = sorted(v["releaseDate"] for v in versions.values() if "hotfix" not in v["name"])
    days = [datetime.fromisoformat(day) for day in trains]
    assert {(later - earlier).days for earlier, later in pairwise(days)} == {14}
    assert any(not version["released"] for version in versions.values())
    on_the_day = 0
    delivered = [issue for issue in issues(0, "WEB") if is_delivered(issue) and issue["fields"]["fixVersions"]]
    for issue in delivered:
        on_the_day += f"{delivered_at(issue):%Y-%m-%d}" in trains
    assert on_the_day / len(delivered) > 0.75


def test_hotfixes_do_not_wait_for_the_train():
    fast = [issue for issue in issues(0, "WEB") if issue["fields"]["labels"] == ["hotfix"]]
    assert len(fast) >= 40
    assert all(issue["fields"]["issuetype"]["name"] == "Bug" for issue in fast)


def test_one_architect_signs_nearly_everything_off_often_late_on_friday():
    zone = ZoneInfo("America/New_York")
    approvers, late, friday = Counter(), 0, 0
    for issue in issues(0, "PLAT"):
        for at, history, item in moves(issue):
            if (
                item["fromString"] == "Security Review"
                and item["toString"] == "Ready to Deploy"
                and "author" in history
            ):
                approvers[history["author"]["accountId"]] += 1
                local = at.astimezone(zone)
                friday += local.weekday() == 4
                late += local.weekday() == 4 and (local.hour, local.minute) >= (16, 30)
    ((_, top), *others) = approvers.most_common()
    assert top / (top + sum(count for _, count in others)) > 0.8
    assert others, "somebody stands in while the architect is away"
    assert late / friday > 0.2


def test_the_same_people_code_and_review_core_services_but_never_their_own():
    coders, reviewers, own = Counter(), Counter(), 0
    for issue in issues(0, "CORE"):
        stages = {}
        for _, history, item in moves(issue):
            holder = next((i["to"] for i in history["items"] if i["field"] == "assignee" and i["to"]), None)
            stages.setdefault(item["toString"], holder)
        coders[stages.get("In Development")] += 1
        reviewers[stages.get("In Review")] += 1
        own += bool(stages.get("In Review")) and stages.get("In Review") == stages.get("In Development")
    busy = {person for person, count in coders.items() if person and count >= 20}
    assert len(busy) >= 6
    assert busy <= {person for person, count in reviewers.items() if person and count >= 20}
    assert own == 0


def test_some_histories_have_no_author():
    nameless = [history for issue in issues(0) for history in histories(issue) if "author" not in history]
    assert 15 <= len(nameless) <= 40
