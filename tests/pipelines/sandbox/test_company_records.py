"""What makes real records difficult is in those of the simulated company: renamed, moved, late, by apps, by nobody."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from pipelines.sandbox.company import upheavals
from pipelines.sandbox.company.clocks import from_ms
from tests.pipelines.sandbox.company_views import (
    TRUTH,
    company,
    former_keys,
    issues,
    items,
    moves,
)


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
    came = [issue for issue in issues(0) if any(k.startswith("LAB-") for k in former_keys(issue))]
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
