"""The stages of a value stream in the order of the walk from idea to user."""

import polars as pl

from tests.builders import BOARD, Board, Status, board_column, board_columns, history
from tests.transforms.core.statuses_told import raw_statuses
from tests.transforms.told import checked, tell
from transforms.core.stages import Stages, order_stages
from transforms.core.statuses import explain_statuses
from transforms.raw import RawBoardColumns


def stages(board: Board = BOARD, statuses: pl.DataFrame | None = None, columns=None, **workflow) -> list[dict]:
    found = tell(history("G-1", board).created("2026-03-02 08:00"), board=board, **workflow)
    raw = raw_statuses(board=board) if statuses is None else statuses
    explained = explain_statuses(raw.lazy(), found.tables["status_visits"].lazy(), found.workflow)
    columns = RawBoardColumns.empty() if columns is None else columns
    return checked(Stages, order_stages(explained, columns.lazy(), found.workflow)).to_dicts()


def by_name(**how) -> dict[str, dict]:
    return {row["stage_name"]: row for row in stages(**how)}


def test_stages_come_in_order_and_are_numbered_from_nought():
    rows = stages()
    assert [row["stage_order"] for row in rows] == list(range(len(rows)))
    assert [row["stage_name"] for row in rows] == [
        "Backlog", "Selected", "Development", "Review", "QA", "Approval", "Release", "Unmapped", "Done",
    ]  # fmt: skip


def test_a_stage_gathers_its_statuses_in_order():
    rows = by_name()
    assert rows["Review"]["status_names"] == "Ready for Review, In Review"
    assert rows["Development"]["status_names"] == "In Progress, On Hold"
    assert rows["Done"]["status_names"] == "Done, Closed, Cancelled"


def test_a_stage_says_whether_work_waits_in_it_and_whether_it_is_done_there():
    found = {name: (row["has_queue"], row["has_active"]) for name, row in by_name().items()}
    assert (found["Review"], found["Development"], found["Approval"]) == ((True, True), (False, True), (True, False))
    assert found["Done"] == (False, False)


def test_work_is_committed_from_the_commitment_point_on():
    assert [name for name, row in by_name().items() if not row["is_committed"]] == ["Backlog", "Unmapped"]
    late = by_name(commitment="Ready for QA")
    assert [name for name, row in late.items() if row["is_committed"]] == ["QA", "Approval", "Release", "Done"]


def test_only_a_stage_without_living_statuses_is_terminal():
    assert [name for name, row in by_name().items() if row["is_terminal"]] == ["Done"]
    mixed = Board({**BOARD.statuses, "Shipped": Status(10012, "Release", "done", 11)})
    assert not by_name(board=mixed)["Release"]["is_terminal"]


WITHOUT_RELEASE = Board({name: s for name, s in BOARD.statuses.items() if s.stage != "Release"})


ENDS_IN_RELEASE = Board(
    {
        **{name: status for name, status in BOARD.statuses.items() if status.stage != "Done"},
        "Shipped": Status(10012, "Release", "done", 11),
        "Dropped": Status(10013, "Dropped", "discarded", 12),
    }
)
"""A board on which work waits and is delivered in one column."""


def test_delivered_work_has_a_stage_of_its_own_where_none_is_nothing_else():
    rows = stages(board=ENDS_IN_RELEASE)
    assert [row["stage_name"] for row in rows if row["is_terminal"]] == ["Delivered work", "Dropped"]
    assert "Delivered work" not in by_name()


def test_a_stage_of_the_name_in_which_done_work_waits_for_its_release_is_no_end():
    ends = Board({**WITHOUT_RELEASE.statuses, "Shipped": Status(10012, "Release", "done", 11)})
    assert by_name(board=ends)["Release"]["is_terminal"]
    assert not by_name(board=ends, delivery="release")["Release"]["is_terminal"]


def test_where_delivery_lies_comes_before_what_is_dropped():
    moved = {"Dropped": Status(10013, "Dropped", "discarded", 9), **BOARD.statuses}
    assert [row["stage_name"] for row in stages(board=Board(moved)) if row["is_terminal"]] == ["Done", "Dropped"]


def test_a_status_without_a_name_is_told_by_its_id():
    unnamed = raw_statuses().filter(pl.col.status_name != "In Review")
    assert by_name(statuses=unnamed)["Review"]["status_names"] == "Ready for Review, 10003"


def test_delivery_by_release_adds_a_stage_for_the_wait_before_done():
    rows = stages(board=WITHOUT_RELEASE, delivery="release")
    assert [row["stage_name"] for row in rows][-2:] == ["Release", "Done"]
    release = rows[-2]
    assert (release["has_queue"], release["is_committed"], release["is_terminal"]) == (True, True, False)
    assert [row["stage_order"] for row in rows] == list(range(len(rows)))


def test_a_stream_that_has_a_release_stage_of_its_own_gets_no_second_one():
    assert [row["stage_name"] for row in stages(delivery="release")].count("Release") == 1


def test_delivery_by_status_adds_no_stage():
    assert "Release" not in {row["stage_name"] for row in stages(board=WITHOUT_RELEASE)}


def test_the_limit_of_a_stage_and_the_board_it_comes_from_stand_beside_it():
    limited = board_columns(board_column("Review", ["Ready for Review", "In Review"], 4, board_id=7))
    rows = by_name(columns=limited)
    assert (rows["Review"]["wip_limit"], rows["Review"]["wip_limit_board_ids"]) == (4, "7")
    assert rows["Review"]["wip_limit_note"] is None
    assert (rows["QA"]["wip_limit"], rows["QA"]["wip_limit_note"]) == (None, "no board shows it")
    assert rows["Done"]["wip_limit_note"] is None


def test_the_wait_for_a_release_has_no_limit():
    rows = by_name(board=WITHOUT_RELEASE, delivery="release")
    assert (rows["Release"]["wip_limit"], rows["Release"]["wip_limit_note"]) == (None, "no board shows it")
