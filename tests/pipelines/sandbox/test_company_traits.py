"""Everything that makes real sites difficult is really present in the simulated company."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from pipelines.sandbox.company import simulate_company, upheavals
from pipelines.sandbox.company.clocks import from_ms
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
)

THIRTY_DAYS = timedelta(days=30)

LATEST_STANDUP = timedelta(days=3)
"""A finish on Friday may be recorded on Monday only, when who waited for it has long gone on."""


def order(project: str, status_id: str) -> int:
    return TRUTH[project].status(int(status_id)).order


def kind(project: str, status_id: str) -> str:
    return TRUTH[project].status(int(status_id)).kind


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
                blocker = next(i for i in issues(0) if item["to"] in (i["key"], *_former_keys(i)))
                following = [moved for moved, _, _ in moves(issue) if moved > at]
                if following:
                    done = min(
                        (at2 for at2, _, i in items(blocker, "resolution") if i["to"] and at2 > at), default=None
                    )
                    assert done is None or following[0] > done - LATEST_STANDUP
                    checked += 1
    assert checked >= 5


def _former_keys(issue: dict) -> list[str]:
    return [item["fromString"] for _, _, item in items(issue, "Key")]


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


def test_the_renamed_status_keeps_its_id_and_has_its_old_name_in_older_histories():
    names = defaultdict(list)
    for issue in issues(0):
        for at, _, item in moves(issue):
            if item["to"] == "10007":
                names[item["toString"]].append(at)
    renamed = from_ms(upheavals.RENAMED_AT)
    assert set(names) == {"QA Testing", "In QA"}
    assert max(names["QA Testing"]) < renamed <= min(names["In QA"])
    assert next(status["name"] for status in company().statuses if status["id"] == "10007") == "In QA"


def test_deleted_statuses_occur_in_old_histories_only():
    listed = {status["id"] for status in company().statuses}
    unlisted = defaultdict(list)
    for issue in issues(0):
        for at, _, item in moves(issue):
            if item["to"] not in listed:
                unlisted[item["toString"]].append(at)
    assert {name: len(found) >= 50 for name, found in unlisted.items()} == {"Ready for Staging": True, "Coding": True}
    assert max(max(found) for found in unlisted.values()) < datetime(2025, 5, 2, tzinfo=UTC)


def test_moved_issues_change_key_project_and_status_in_one_history():
    moved = [issue for issue in issues(0) if items(issue, "Key")]
    assert len(moved) == len(company().old_keys) >= 20
    in_progress = 0
    for issue in moved:
        ((_, history, item),) = items(issue, "Key")
        fields = {other["field"]: other for other in history["items"]}
        assert {"Key", "project"} <= set(fields)
        assert (item["toString"], fields["project"]["to"]) == (issue["key"], issue["fields"]["project"]["id"])
        assert company().old_keys[item["fromString"]] == int(issue["id"])
        in_progress += "status" in fields and fields["status"]["toString"] == "In Development"
    assert in_progress >= 5
    assert any("issuetype" in {item["field"] for item in items(i, "Key")[0][1]["items"]} for i in moved)


def test_moved_issues_were_in_the_other_projects_statuses_before():
    team_managed = {str(status.status_id) for status in TRUTH["LAB"].statuses}
    came = [issue for issue in issues(0) if any(k.startswith("LAB-") for k in _former_keys(issue))]
    assert len(came) >= 10
    for issue in came:
        moved_at = items(issue, "Key")[0][0]
        assert all({item["from"], item["to"]} <= team_managed for at, _, item in moves(issue) if at < moved_at)


def test_some_moves_are_recorded_at_stand_ups_by_one_person():
    for project in ("WEB", "CORE"):
        zone = ZoneInfo(TRUTH[project].zone)
        at_standup, everything = Counter(), 0
        for issue in issues(0, project):
            for at, history, _ in moves(issue):
                local = at.astimezone(zone)
                everything += 1
                if local.hour == 9 and 15 <= local.minute <= 17 and "author" in history:
                    at_standup[history["author"]["accountId"]] += 1
        ((_, top), *_) = at_standup.most_common(1)
        assert 0.08 < top / everything < 0.45, project
        assert top / sum(at_standup.values()) > 0.8


def test_bulk_moves_leave_visits_of_no_length_and_several_moves_at_one_instant():
    same = sum(earlier[0] == later[0] for issue in issues(0, "CORE") for earlier, later in pairwise(moves(issue)))
    assert same >= 30


def test_an_app_closes_issues_and_another_one_comments():
    movers = Counter(
        history["author"]["displayName"]
        for issue in issues(0, "MOB")
        for _, history, item in moves(issue)
        if "author" in history and history["author"]["accountType"] == "app" and item["toString"] == "Done"
    )
    speakers = Counter(
        said["author"]["displayName"]
        for issue in issues(0)
        for said in issue["fields"]["comment"]["comments"]
        if said["author"]["accountType"] == "app"
    )
    assert movers["Automation for Jira"] >= 500
    assert speakers["Build Reporter"] >= 100
    assert "Build Reporter" not in movers


def test_some_transitions_lead_from_a_status_to_itself():
    loops = [item for issue in issues(0) for _, _, item in moves(issue) if item["from"] == item["to"]]
    assert len(loops) >= 20


def test_some_active_stretches_have_nobody_assigned_at_first():
    for project in ("PAY", "MOB", "CORE"):
        actives = {str(s.status_id) for s in TRUTH[project].statuses if s.kind == "active"}
        late = 0
        for issue in issues(0, project):
            entries = {at for at, _, item in moves(issue) if item["to"] in actives}
            assigned = {at for at, _, item in items(issue, "assignee") if item["to"]}
            taken_away = {at for at, _, item in items(issue, "assignee") if not item["to"]}
            late += bool(entries & taken_away) or bool(entries and assigned and min(assigned) > min(entries))
        assert late >= 15, project


def test_nobody_assigns_in_the_team_managed_project():
    native = [issue for issue in issues(0, "LAB") if not items(issue, "Key")]
    assert not any(items(issue, "assignee") or issue["fields"]["assignee"] for issue in native)
    assert TRUTH["LAB"].is_assignment_used is False


def test_the_team_managed_projects_statuses_have_the_usual_names_and_other_ids():
    by_name = defaultdict(set)
    for status in company().statuses:
        by_name[status["name"]].add(status["id"])
    assert {name for name, ids in by_name.items() if len(ids) == 2} == {"To Do", "In Progress", "In Review", "Done"}


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
