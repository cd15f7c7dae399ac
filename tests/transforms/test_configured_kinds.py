"""What flow.toml says of statuses that changed their meaning, held against a site."""

from datetime import date

import pytest

from tests.transforms.workflow_frames import SiteBuilder
from transforms.walk import WorkflowError
from transforms.workflow import KindChange
from transforms.workflow_rules import KindRules, StageRules, StreamRules

NAMES = {"Open": (1, "new"), "Work": (3, "indeterminate"), "Review": (4, "indeterminate"), "Done": (5, "done")}
STAGES = (
    StageRules("Backlog", wait=("Open",)),
    StageRules("Development", touch=("Work",)),
    StageRules("Review", touch=("Review",)),
    StageRules("Done", done=("Done",)),
)
SPRING, SUMMER = date(2026, 4, 1), date(2026, 7, 1)


def model(*changes, stages=STAGES):
    path = "Open > Work > Review > Done"
    return SiteBuilder(NAMES).walk(path).workflow(StreamRules("App", stages=stages, changes=changes))


def kinds(workflow):
    return dict(workflow.statuses.select("status_id", "work_kind").iter_rows())


def test_a_status_is_what_the_last_change_says_and_was_what_came_before():
    workflow = model(KindRules(SPRING, wait=("review",)), KindRules(SUMMER, blocked=("4",), wait=("Work",)))
    assert kinds(workflow) == {1: "queue", 3: "queue", 4: "blocked", 5: "done"}
    assert workflow.streams[0].kind_changes == (
        KindChange(SPRING, 4, "active"), KindChange(SUMMER, 3, "active"), KindChange(SUMMER, 4, "queue"),
    )  # fmt: skip


def test_neither_place_nor_commitment_moves():
    before, after = model(), model(KindRules(SPRING, wait=("Work",), blocked=("Review",)))
    places = ["status_id", "stage_name", "stage_order", "status_order"]
    assert after.statuses.select(places).equals(before.statuses.select(places))
    assert after.streams[0].commitment_order == before.streams[0].commitment_order


def test_an_inferred_walk_can_change_too():
    workflow = model(KindRules(SPRING, wait=("Work",)), stages=())
    assert (kinds(workflow)[3], kinds(model(stages=()))[3]) == ("queue", "active")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            KindRules(SPRING, wait=("Reveiw",)),
            "the change of 2026-04-01 in value stream 'App' names the status 'Reveiw'",
        ),
        (KindRules(SPRING, wait=("Done",)), "names 'Done', which ends work"),
        (KindRules(SPRING, touch=("Review",)), "leaves 'Review' as it was"),
    ],
)
def test_a_change_that_cannot_be_meant_is_an_error(change, says):
    with pytest.raises(WorkflowError, match=says):
        model(change)
