"""What flow.toml says is meant otherwise from a day on, held against a site."""

from dataclasses import replace
from datetime import date

import pytest

from tests.transforms.workflow_frames import SiteBuilder
from transforms.definitions import every_definition
from transforms.walk import WorkflowError
from transforms.workflow_rules import ChangeRules, StageRules, StreamRules

NAMES = {
    "Open": (1, "new"), "Ready": (2, "new"), "Work": (3, "indeterminate"), "Review": (4, "indeterminate"),
    "Test": (6, "indeterminate"), "Done": (5, "done"),
}  # fmt: skip
STAGES = (
    StageRules("Backlog", wait=("Open", "Ready")),
    StageRules("Development", touch=("Work", "Review")),
    StageRules("Review"),
    StageRules("Testing", touch=("Test",)),
    StageRules("Done", done=("Done",)),
)
SPRING, SUMMER = date(2026, 4, 1), date(2026, 7, 1)


def model(*changes, stages=STAGES, commitment="Development"):
    path = "Open > Ready > Work > Review > Test > Done"
    rules = StreamRules("App", stages=stages, changes=changes, commitment=commitment)
    return SiteBuilder(NAMES).walk(path).workflow(rules)


def told(workflow, column):
    """A column of every definition by status, oldest first."""
    rows = every_definition(workflow).sort("definition", "status_order", nulls_last=True)
    return [
        dict(part.select("status_id", column).iter_rows())
        for part in rows.partition_by("definition", maintain_order=True)
    ]


def walks(workflow):
    """The statuses of every definition in their order, oldest first."""
    return [list(orders) for orders in told(workflow, "status_order")]


def points(workflow):
    """The status at which work was committed by every definition, oldest first."""
    orders = [*(order for _, order in workflow.streams[0].earlier), workflow.streams[0].commitment_order]
    return [walk[order] for walk, order in zip(walks(workflow), orders, strict=True)]


def test_a_status_is_what_the_last_change_says_and_was_what_came_before():
    workflow = model(ChangeRules(SPRING, wait=("review",)), ChangeRules(SUMMER, blocked=("4",), wait=("Work",)))
    assert [(kinds[3], kinds[4]) for kinds in told(workflow, "work_kind")] == [
        ("active", "active"), ("active", "queue"), ("queue", "blocked"),
    ]  # fmt: skip
    assert [until for until, _ in workflow.streams[0].earlier] == [SPRING, SUMMER]
    assert dict(workflow.statuses.select("status_id", "work_kind").iter_rows())[4] == "blocked"


def test_another_kind_moves_neither_place_nor_commitment():
    workflow = model(ChangeRules(SPRING, wait=("Work",), blocked=("Review",)), commitment="")
    for column in ("stage_name", "status_order", "stage_order", "commitment_order"):
        before, after = told(workflow, column)
        assert before == after


def test_an_inferred_walk_can_change_too():
    workflow = model(ChangeRules(SPRING, wait=("Work",)), stages=(), commitment="")
    assert [kinds[3] for kinds in told(workflow, "work_kind")] == ["active", "queue"]


def test_a_status_joins_a_stage_that_begins_on_the_day_and_keeps_its_place():
    workflow = model(ChangeRules(SPRING, stages=(StageRules("review", touch=("Review",)),)))
    assert [stages[4] for stages in told(workflow, "stage_name")] == ["Development", "Review"]
    assert [orders[4] for orders in told(workflow, "stage_order")] == [1, 2]
    assert walks(workflow) == [[1, 2, 3, 4, 6, 5]] * 2


@pytest.mark.parametrize(
    ("stage", "status", "walk"),
    [
        ("Testing", "Review", [1, 2, 3, 4, 6, 5]),
        ("Testing", "Work", [1, 2, 4, 3, 6, 5]),
        ("Testing", "Open", [2, 3, 4, 1, 6, 5]),
        ("Backlog", "Work", [1, 2, 3, 4, 6, 5]),
        ("Backlog", "Test", [1, 2, 6, 3, 4, 5]),
        ("Development", "Test", [1, 2, 3, 4, 6, 5]),
        ("Review", "Open", [2, 3, 4, 1, 6, 5]),
        ("Review", "Test", [1, 2, 3, 4, 6, 5]),
        ("Done", "Ready", [1, 3, 4, 6, 2, 5]),
    ],
)
def test_a_status_stands_at_the_nearer_end_of_the_stage_it_joins(stage, status, walk):
    workflow = model(ChangeRules(SPRING, stages=(StageRules(stage, wait=(status,)),)), commitment="Done")
    assert walks(workflow) == [[1, 2, 3, 4, 6, 5], walk]


def test_statuses_that_join_together_keep_their_order():
    change = ChangeRules(SPRING, stages=(StageRules("Testing", wait=("Review",), touch=("Work",)),))
    assert walks(model(change, commitment="Testing")) == [[1, 2, 3, 4, 6, 5]] * 2


def test_a_commitment_that_names_a_stage_is_where_that_stage_begins_by_each_definition():
    workflow = model(ChangeRules(SPRING, stages=(StageRules("Development", wait=("Ready",)),)))
    assert points(workflow) == [3, 2]


def test_a_commitment_that_names_a_status_stays_with_it():
    workflow = model(ChangeRules(SPRING, stages=(StageRules("Testing", touch=("Review",)),)), commitment="Review")
    assert points(workflow) == [4, 4]


def test_an_inferred_commitment_stays_where_it_was_found():
    workflow = model(ChangeRules(SPRING, stages=(StageRules("Development", wait=("Open",)),)), commitment="")
    assert walks(workflow)[1] == [2, 1, 3, 4, 6, 5]
    assert points(workflow)[0] == points(workflow)[1]


def test_a_change_says_where_work_counts_as_started_from_then_on():
    workflow = model(ChangeRules(SPRING, commitment="Ready"), ChangeRules(SUMMER, wait=("Work",)))
    assert points(workflow) == [3, 2, 2]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ChangeRules(SPRING, wait=("Reveiw",)),
            "the change of 2026-04-01 in value stream 'App' names the status 'Reveiw'",
        ),
        (ChangeRules(SPRING, touch=("Review",)), "leaves 'Review' as it was"),
        (
            ChangeRules(SPRING, stages=(StageRules("Development", touch=("Review",)),)),
            "leaves 'Review' as it was. List under",
        ),
        (
            ChangeRules(SPRING, wait=("Review",), stages=(StageRules("Testing", touch=("4",)),)),
            "names 'Review' twice. Give it one stage and one list.",
        ),
        (
            ChangeRules(SPRING, stages=(StageRules("Revue", touch=("Review",)),)),
            "names the stage 'Revue', which is none of the stream's. Did you mean 'Review'? Its stages are: 'Backlog',",
        ),
        (
            ChangeRules(SPRING, commitment="Deploy"),
            "commitment of the change of 2026-04-01 in value stream 'App' names",
        ),
        (ChangeRules(SPRING, commitment="Work"), "leaves the commitment where it was, at 'Work'. Say under"),
        (
            ChangeRules(SPRING, stages=(StageRules("Testing", touch=("Work", "Review")),)),
            "takes the last status out of 'Development', at which work counts as started. Give the change a",
        ),
    ],
)
def test_a_change_that_cannot_be_meant_is_an_error(change, says):
    with pytest.raises(WorkflowError) as told_error:
        model(change)
    assert says in str(told_error.value)


def test_another_status_ends_work_from_a_day_on():
    stages = tuple(replace(stage, done=("Test", "Done")) if stage.name == "Done" else stage for stage in STAGES)
    stages = tuple(replace(stage, touch=()) if stage.name == "Testing" else stage for stage in stages)
    workflow = model(ChangeRules(SPRING, stages=(StageRules("Testing", touch=("Test",)),)), stages=stages)
    assert [(kinds[6], kinds[5]) for kinds in told(workflow, "work_kind")] == [("done", "done"), ("active", "done")]
    assert [names[6] for names in told(workflow, "stage_name")] == ["Done", "Testing"]
    assert walks(workflow) == [[1, 2, 3, 4, 6, 5]] * 2
    given_up = model(ChangeRules(SPRING, discarded=("Review",)))
    assert [kinds[4] for kinds in told(given_up, "work_kind")] == ["active", "discarded"]


def test_a_status_without_a_place_in_the_walk_comes_to_end_no_work():
    stages = tuple(
        replace(stage, touch=(), blocked=stage.touch) if stage.touch == ("Test",) else stage for stage in STAGES
    )
    with pytest.raises(WorkflowError, match="lets 'Test' end work, but it lies outside the walk"):
        model(ChangeRules(SPRING, done=("Test",)), stages=stages)


def test_a_status_without_a_place_in_the_walk_joins_no_stage():
    stages = tuple(stage for stage in STAGES if stage.name != "Testing")
    with pytest.raises(WorkflowError, match="puts 'Test' into the stage 'Review', but no stage had it before"):
        model(ChangeRules(SPRING, stages=(StageRules("Review", touch=("Test",)),)), stages=stages)
