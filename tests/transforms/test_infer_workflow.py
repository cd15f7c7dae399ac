"""The whole model: streams and scopes, assignment, resolutions, golden and real data,
and that row order does not matter."""

import json
from datetime import datetime, time, timedelta
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.workflow_frames import (
    CALENDAR,
    SiteBuilder,
    commitment,
    decisions,
    kinds,
    order,
    read_recorded,
    stages,
    tables_of_recorded,
)
from transforms.calendar import WorkingCalendar
from transforms.infer_workflow import WorkflowError, infer_workflow
from transforms.stream_scopes import told_without_issues
from transforms.workflow import STATUS_MODEL_SCHEMA
from transforms.workflow_rules import StageRules, StreamRules, WorkflowRules

NAMES = {"Open": (1, "new"), "Work": (3, "indeterminate"), "Review": (4, "indeterminate"), "Done": (5, "done")}

PATH = "Open > Work > Review > Done"

THREE = {"APP": (100, "The App"), "WEB": (101, "The Web"), "OPS": (102, "Operations")}


def site(projects=THREE):
    return SiteBuilder(NAMES, projects)


def streams_of(model):
    return [stream.name for stream in model.streams]


def test_each_project_is_a_stream_of_its_own_named_like_it():
    model = (
        site()
        .walk(PATH, project="WEB")
        .walk(PATH, project="APP")
        .walk(PATH, project="APP", issue_type="Bug")
        .workflow()
    )
    assert streams_of(model) == ["The App", "The Web"]
    assert model.scopes.rows() == [(100, 10, "The App"), (100, 13, "The App"), (101, 10, "The Web")]
    assert model.stream_codes() == {"The App": 0, "The Web": 1}


def test_projects_of_the_same_name_are_told_apart_by_their_keys():
    projects = {"APP": (100, "App"), "APP2": (101, "App")}
    model = site(projects).walk(PATH, project="APP").walk(PATH, project="APP2").workflow()
    assert streams_of(model) == ["App (APP)", "App (APP2)"]


def test_a_project_called_like_a_configured_stream_gets_its_key_too():
    model = site().walk(PATH, project="APP").walk(PATH, project="WEB").workflow(StreamRules("The Web", ("APP",)))
    assert streams_of(model) == ["The Web", "The Web (WEB)"]


APP, BUGS, REST = (
    StreamRules("App", ("APP",)),
    StreamRules("Bugs", issue_types=("bug",)),
    StreamRules("Rest"),
)


def scopes_of(*configured):
    walked = site().walk(PATH, project="APP").walk(PATH, project="APP", issue_type="Bug")
    walked = walked.walk(PATH, project="WEB", issue_type="Bug").walk(PATH, project="OPS")
    return walked.workflow(*configured)


def test_of_streams_that_name_the_same_project_the_first_takes_an_issue():
    stories = StreamRules("App stories", ("APP",), ("story",))
    assert scopes_of(stories, APP).scopes.filter(project_id=100).rows() == [(100, 10, "App stories"), (100, 13, "App")]
    assert scopes_of(APP, stories).scopes.filter(project_id=100)["value_stream"].to_list() == ["App", "App"]


def test_what_no_configured_stream_takes_belongs_to_its_project():
    model = scopes_of(BUGS, APP)
    assert model.scopes.rows() == [(100, 10, "App"), (100, 13, "Bugs"), (101, 13, "Bugs"), (102, 10, "Operations")]
    assert streams_of(model) == ["Bugs", "App", "Operations"]


@pytest.mark.parametrize("configured", list(permutations((APP, BUGS, REST))))
def test_a_stream_that_names_nothing_takes_what_no_other_takes_wherever_it_stands(configured):
    model = scopes_of(*configured)
    bug_of_app = next(stream.name for stream in configured if stream is not REST)
    assert model.scopes.rows() == [(100, 10, "App"), (100, 13, bug_of_app), (101, 13, "Bugs"), (102, 10, "Rest")]
    assert streams_of(model) == [stream.name for stream in configured]


def test_a_configured_stream_that_takes_nothing_is_none_unless_it_names_its_stages():
    new = StreamRules("New", ("OPS",))
    model = site().walk(PATH, project="APP").workflow(APP, new)
    assert streams_of(model) == ["App"]
    [note] = told_without_issues((APP, new), model.scopes)
    assert note.startswith("flow.toml: no issue flows through value stream 'New'") and "'projects'" in note
    ready = StreamRules("New", ("OPS",), stages=(StageRules("Work", touch=("Work",), done=("Done",)),))
    assert streams_of(site().walk(PATH, project="APP").workflow(APP, ready)) == ["App", "New"]


def test_streams_do_not_see_each_others_statuses_and_order():
    names = NAMES | {"Only here": (9, "indeterminate")}
    model = SiteBuilder(names, THREE).walk(PATH, project="APP").walk(
        "Open > Review > Only here > Work > Done", project="WEB"
    ).workflow()  # fmt: skip
    walks = {s: d.sort("status_order")["status_id"].to_list() for (s,), d in model.statuses.group_by("value_stream")}
    assert walks == {"The App": [1, 3, 4, 5], "The Web": [1, 4, 9, 3, 5]}


def test_a_site_without_issues_has_no_stream_but_those_whose_stages_are_told():
    assert site().workflow().streams == ()
    model = site().workflow(StreamRules("All", issue_types=("Story",)))
    assert (streams_of(model), model.statuses.schema, model.flow_level) == ([], STATUS_MODEL_SCHEMA, 0)


def test_a_stream_keeps_what_the_team_says_and_the_site_gives_the_rest():
    own = WorkingCalendar.weekdays("America/New_York", time(8), time(16))
    model = site().walk(PATH, project="APP").walk(PATH, project="WEB").workflow(
        StreamRules("App", ("APP",), calendar=own, delivery="release"), reopen_horizon=timedelta(days=5)
    )  # fmt: skip
    app, web = model.streams
    assert (app.calendar, app.delivery) == (own, "release")
    assert (web.calendar, web.delivery) == (CALENDAR, "status")
    assert {app.reopen_horizon, web.reopen_horizon} == {timedelta(days=5)}


@pytest.mark.parametrize(
    ("stream", "what", "near"),
    [
        (StreamRules("A", ("AAP",)), "project 'AAP'", "'APP'"),
        (StreamRules("A", ("APP",), ("Stroy",)), "issue type 'Stroy'", "'Story'"),
    ],
)
def test_an_unknown_project_or_type_is_an_error_that_names_the_nearest(stream, what, near):
    with pytest.raises(WorkflowError, match=f"the {what}, which this site does not have. Did you mean {near}"):
        site().walk(PATH).workflow(stream)


def test_two_streams_of_one_name_are_an_error():
    with pytest.raises(WorkflowError, match="two value streams are named 'A'"):
        site().walk(PATH).workflow(StreamRules("A", ("APP",)), StreamRules("A", ("WEB",)))


def assignment(unassigned, assigned, **rules):
    told = site().walk(PATH, unassigned, assignee=None).walk(PATH, assigned)
    return told.workflow(StreamRules("All", **rules)).streams[0].is_assignment_used


def test_assignment_is_off_where_more_than_sixty_percent_of_delivered_issues_never_had_an_assignee():
    assert assignment(7, 3) is False
    assert assignment(6, 4) is True


def test_somebody_assigned_in_the_past_counts_as_assigned():
    told = site().walk(PATH, 9, assignee=None, was_assigned=True)
    assert told.workflow().streams[0].is_assignment_used


def test_only_what_was_delivered_tells_whether_a_stream_assigns():
    told = site().walk("Open > Work", 90, assignee=None).walk(PATH, 90, assignee=None, resolution=2)
    told.walk(PATH, 90, assignee=None, issue_type="Sub-task", level=-1)
    assert told.workflow().streams[0].is_assignment_used
    assert not told.walk(PATH, assignee=None).workflow().streams[0].is_assignment_used


@pytest.mark.parametrize("said", [True, False])
def test_what_the_team_says_of_assignment_wins(said):
    assert assignment(9, 0, is_assignment_used=said) is said
    assert assignment(0, 9, is_assignment_used=said) is said


def test_resolutions_that_discard_are_known_by_name_unless_the_team_names_them():
    assert site().workflow().discarding_resolution_ids == {2, 3}
    assert site().workflow(discarding_resolutions=("won't do", "1")).discarding_resolution_ids == {1, 2}


def test_an_unknown_resolution_is_an_error():
    with pytest.raises(WorkflowError, match=r"the resolution 'Wont Do', which .* Did you mean 'Won't Do'"):
        site().workflow(discarding_resolutions=("Wont Do",))


def test_work_is_counted_at_standard_level_unless_there_are_only_sub_tasks():
    told = site().walk(PATH, issue_type="Sub-task", level=-1)
    assert told.workflow().flow_level == -1
    assert told.walk(PATH, issue_type="Epic", level=1).workflow().flow_level == 0


def test_a_status_that_raw_statuses_lack_is_called_by_its_id_and_unmapped():
    issues, changes, statuses, *rest = site().walk(PATH).tables()
    known = statuses.filter(pl.col("status_id") != 4)
    model = infer_workflow(WorkflowRules(CALENDAR), issues, changes, known, *rest)
    assert decisions(model, NAMES)["Review"] == "unmapped"


def test_a_status_that_only_few_of_many_issues_had_is_still_in_the_model():
    told = site().walk("Open > Done", 2_500).walk("Open > Review > Done").walk("Open > Work > Done", 2)
    assert order(told.workflow(), NAMES)[0] == "Open"
    assert set(kinds(told.workflow(), NAMES)) == set(NAMES)


def test_lazy_frames_give_the_same_model():
    tables = site().walk(PATH, 3).tables()
    rules = WorkflowRules(CALENDAR)
    lazy = infer_workflow(rules, *(table.lazy() for table in tables))
    assert lazy.statuses.equals(infer_workflow(rules, *tables).statuses)
    assert lazy.statuses.schema == STATUS_MODEL_SCHEMA


PATHS = st.lists(st.sampled_from([*NAMES, "On Hold", "Ready for Review"]), min_size=1, max_size=7).map(" > ".join)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(PATHS, st.sampled_from(list(THREE))), min_size=1, max_size=12), st.integers(0, 99))
def test_the_order_of_rows_changes_nothing(paths, seed):
    told = SiteBuilder(NAMES | {"On Hold": (6, "indeterminate"), "Ready for Review": (7, "indeterminate")}, THREE)
    for path, project in paths:
        told.walk(path, project=project)
    tables = told.tables()
    shuffled = [table.sample(fraction=1, shuffle=True, seed=seed) for table in tables]
    rules = WorkflowRules(CALENDAR)
    one, two = infer_workflow(rules, *tables), infer_workflow(rules, *shuffled)
    assert one.streams == two.streams
    assert one.statuses.equals(two.statuses)
    assert one.scopes.equals(two.scopes)


GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "golden.json").read_text("utf-8"))

PLAIN_JIRA = {"queue": "indeterminate", "active": "indeterminate", "done": "done", "discarded": "done"}


def golden_names():
    """The golden statuses with the category a plain Jira would give them."""
    first = ("Backlog", "Selected")
    return {n: (int(s["id"]), "new" if n in first else PLAIN_JIRA[s["cls"]]) for n, s in GOLDEN["statuses"].items()}


def test_the_golden_statuses_are_inferred_from_names_and_stories():
    names = golden_names()
    by_id = {status_id: name for name, (status_id, _) in names.items()}
    told = SiteBuilder(names)
    stories = [issue for case in GOLDEN["cases"] for issue in case["issues"]]
    for story in stories:
        told_in_order = sorted(story["histories"], key=lambda h: (datetime.fromisoformat(h["created"]), int(h["id"])))
        moves = [item for h in told_in_order for item in h["items"] if item["field"] == "status"]
        if moves:
            told.walk(" > ".join(by_id[int(i)] for i in [moves[0]["from"], *(m["to"] for m in moves)]))
    model = told.workflow()
    assert kinds(model, names) == {name: status["cls"] for name, status in GOLDEN["statuses"].items()}
    assert order(model, names) == sorted(names, key=lambda name: GOLDEN["statuses"][name]["order"])
    assert model.streams[0].commitment_order == GOLDEN["commitment_order"]


def recorded(shared_data, name):
    tables = tables_of_recorded(read_recorded(shared_data / "real" / f"{name}.jsonl.gz"))
    model = infer_workflow(WorkflowRules(CALENDAR), *tables)
    return model, {n: (i, c) for i, n, c in tables[2].select("status_id", "status_name", "category").iter_rows()}


def test_aerogears_walk_is_found_and_its_pull_requests_wait(shared_data):
    model, names = recorded(shared_data, "aerogear")
    assert order(model, names) == ["Open", "Reopened", "Coding In Progress", "Pull Request Sent", "Resolved", "Closed"]
    assert commitment(model, names) == "Coding In Progress"
    assert kinds(model, names)["Pull Request Sent"] == "queue"
    assert decisions(model, names)["Coding In Progress"] == "name_pattern"
    assert model.streams[0].is_assignment_used


def test_aerogears_resolutions_out_of_date_and_the_like_discard(shared_data):
    tables = tables_of_recorded(read_recorded(shared_data / "real" / "aerogear.jsonl.gz"))
    names = dict(tables[4].iter_rows())
    discarding = infer_workflow(WorkflowRules(CALENDAR), *tables).discarding_resolution_ids
    assert {names[i] for i in names.keys() - discarding} == {"Done", "Partially Completed"}


def test_a_migrated_workflow_with_deleted_statuses_is_still_a_walk(shared_data):
    model, names = recorded(shared_data, "devlake_merico")
    assert [n for n in order(model, names) if n != "To Do"] == [
        "Inbox", "Open", "Ready for Dev", "In Development", "Resolved", "Closed", "已完成",
    ]  # fmt: skip
    assert commitment(model, names) == "Ready for Dev"
    assert "unmapped" not in decisions(model, names).values()


def test_selected_for_development_waits_for_development(shared_data):
    model, names = recorded(shared_data, "improvingflow")
    assert order(model, names) == ["Backlog", "Selected for Development", "In Progress", "Review", "Done"]
    assert stages(model, names)["Selected for Development"] == stages(model, names)["In Progress"] == "Development"
    assert commitment(model, names) == "Selected for Development"
    assert not model.streams[0].is_assignment_used
