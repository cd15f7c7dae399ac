"""What the state of an issue means, instant by instant: stage, kind, and the other reading of a doubt."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tests.builders import BOARD, RESOLUTIONS
from transforms.kinds import RELEASE_STAGE, add_kinds
from transforms.schema import TIMESTAMP
from transforms.states import NOBODY, UNRESOLVED
from transforms.workflow_index import WorkflowIndex

START = datetime(2026, 3, 2, tzinfo=UTC)

WONT_DO = RESOLUTIONS["Won't do"]

QUIET = {
    "assignee": 7, "flag": 0, "resolution": UNRESOLVED, "dependency": 0, "known_dependency": 0, "released": 1,
    "doubt": None, "is_revisit": False,
}  # fmt: skip
"""Nothing but the status."""

Step = tuple[str, dict]


def explained(*life: str | Step, days: float = 1, **workflow: object) -> pl.DataFrame:
    """Kinds of one issue that changes its state every so many days: a status, or a status and what else holds."""
    index = WorkflowIndex(BOARD.workflow(**workflow), START, START)
    steps = [step if isinstance(step, tuple) else (step, {}) for step in life]
    places = {status_id: place for place, status_id in enumerate(index.statuses["status_id"])}
    rows = []
    for number, (status, more) in enumerate(steps):
        state = QUIET | more
        doubt = state.pop("doubt")
        other = -1 if doubt is None else places[BOARD[doubt].status_id]
        at = START + timedelta(days=number * days)
        rows.append({"issue_id": 1, "entered_at": at, "visit_number": number,
                     "status_row": places[BOARD[status].status_id], "doubtful_row": other} | state)  # fmt: skip
    frame = pl.DataFrame(rows, schema_overrides={"entered_at": TIMESTAMP})
    return add_kinds(frame, index, np.zeros(len(rows), dtype=np.int64))


def kinds(*life: str | Step, **workflow: object) -> list[str]:
    return explained(*life, **workflow)["kind"].to_list()


def under(status: str, **state: object) -> str:
    """Kind of a status under a state, in work that has started."""
    return kinds("Selected", (status, state))[-1]


def other(status: str, **state: object) -> str | None:
    return explained("Selected", (status, state), "In QA")["kind_alternative"][1]


def test_the_status_alone_says_wait_touch_or_blocked():
    found = [under(status) for status in ("Selected", "In Progress", "On Hold", "Done", "Cancelled")]
    assert found == ["wait", "touch", "blocked", "done", "discarded"]


def test_a_status_no_rule_covers_waits():
    assert under("Strange") == "wait"


@pytest.mark.parametrize("state", [{"flag": 1}, {"dependency": 1}, {"flag": 1, "assignee": NOBODY}])
@pytest.mark.parametrize("status", ["Ready for QA", "In Progress", "On Hold", "Strange"])
def test_a_flag_or_a_blocker_overrides_queue_and_touch(status, state):
    assert under(status, **state) == "blocked"


def test_only_an_active_status_can_be_unassigned():
    found = [under(status, assignee=NOBODY) for status in ("In Progress", "Ready for QA", "On Hold", "Done")]
    assert found == ["unassigned", "wait", "blocked", "done"]


def test_a_team_that_never_assigns_touches_all_the_same():
    life = ("Selected", ("In Progress", {"assignee": NOBODY}))
    assert kinds(*life, is_assignment_used=False)[-1] == "touch"
    assert kinds(*life, is_assignment_used=True)[-1] == "unassigned"


def test_before_the_commitment_point_nothing_counts():
    assert kinds(("Backlog", {"flag": 1}), "Selected") == ["not_started", "wait"]
    assert kinds("Selected", "In Progress", commitment="In Progress") == ["not_started", "touch"]


def test_statuses_outside_the_walk_do_not_commit():
    assert kinds("On Hold", "Strange", "Selected", "On Hold") == ["not_started", "not_started", "wait", "blocked"]


def test_going_back_before_the_commitment_point_does_not_undo_the_start():
    assert kinds("Selected", "Backlog") == ["wait", "wait"]


def test_neither_flag_nor_blocker_reaches_beyond_the_end():
    assert under("Done", flag=1, dependency=1) == "done"
    assert kinds("Selected", ("Done", {"flag": 1}), "In QA")[1] == "done_gap"


def test_a_terminal_status_left_again_is_a_gap_and_a_late_return_is_not():
    assert kinds("In QA", "Done", "In QA") == ["touch", "done_gap", "touch"]
    late = explained("In QA", "Done", "In QA", days=31)
    assert late.select("kind", "pass_number").rows() == [("touch", 1), ("done", 1), ("touch", 2)]


def test_a_resolution_can_discard_what_is_done():
    assert under("Done", resolution=WONT_DO) == "discarded"
    assert under("Done", resolution=RESOLUTIONS["Done"]) == "done"
    assert under("In Progress", resolution=WONT_DO) == "touch"


def test_what_a_resolution_discarded_goes_on_when_it_comes_back_late():
    found = explained("In QA", ("Done", {"resolution": WONT_DO}), "In QA", days=60)
    assert found.select("kind", "pass_number").rows() == [("touch", 1), ("done_gap", 1), ("touch", 1)]


def test_finished_work_waits_for_its_release_in_a_stage_of_its_own():
    found = explained("In QA", ("Done", {"released": 0}), "Done", delivery="release")
    assert found.select("stage_name", "kind").rows() == [("QA", "touch"), (RELEASE_STAGE, "wait"), ("Done", "done")]


def test_waiting_for_a_release_can_be_blocked_and_discarded_work_does_not_wait():
    assert under("Done", released=0, flag=1) == "blocked"
    assert under("Done", released=0, resolution=WONT_DO) == "discarded"
    assert under("Cancelled", released=0) == "discarded"


def test_the_other_reading_of_a_break_is_the_status_the_next_change_left():
    assert other("In Progress", doubt="Ready for QA") == "wait"
    assert other("In Progress", doubt="On Hold") == "blocked"
    assert other("In Progress", doubt="Done") == "done_gap"
    assert other("Ready for QA", doubt="In Progress", assignee=NOBODY) == "unassigned"


def test_a_doubtful_end_would_have_been_for_good_if_nothing_or_only_an_end_follows():
    def reading(*life: str | Step) -> str | None:
        return explained("Selected", *life)["kind_alternative"][1]

    assert reading(("In Progress", {"doubt": "Done"})) == "done"
    assert reading(("In Progress", {"doubt": "Done"}), "Closed") == "done"
    assert reading(("In Progress", {"doubt": "Cancelled"}), "Closed") == "discarded"
    assert reading(("In Progress", {"doubt": "Done", "resolution": WONT_DO})) == "discarded"
    assert reading(("In Progress", {"doubt": "Done"}), "Closed", "In QA") == "done_gap"


def test_a_doubt_that_changes_nothing_is_none():
    assert other("In Progress", doubt="In Review") is None
    assert other("In Progress", doubt="Ready for QA", flag=1) is None
    assert other("In Progress") is None


def test_without_a_blocker_nobody_knows_the_status_holds():
    assert other("In Progress", dependency=1) == "touch"
    assert other("Ready for QA", dependency=1) == "wait"
    assert other("In Progress", dependency=1, known_dependency=1) is None
    assert other("On Hold", dependency=1) is None
    assert other("Done", dependency=1) is None


def test_a_doubt_before_the_start_counts_only_if_work_may_have_started():
    found = explained(("Backlog", {"doubt": "In Progress"}), ("Backlog", {"doubt": "On Hold"}), "Selected")
    assert found["kind_alternative"].to_list() == ["touch", None, None]


def test_a_return_to_a_status_is_rework_whatever_its_kind():
    found = explained("Selected", ("In Progress", {"is_revisit": True}))
    assert found["is_rework"].to_list() == [False, True]
