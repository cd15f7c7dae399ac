"""Limits of stages from the columns of boards: told small, each reason why there is none once."""

import polars as pl

from tests.builders import BOARD, PROJECT_ID, STORY, board_column, board_columns
from transforms.wip_limits import find_stage_limits
from transforms.workflow import Workflow

WORKFLOW = BOARD.workflow()

REVIEW = ["Ready for Review", "In Review"]


def limit_of(stage, *columns, workflow=WORKFLOW):
    found = find_stage_limits(board_columns(*columns).lazy(), workflow)
    [row] = found.filter(pl.col.stage_name.cast(pl.String) == stage).to_dicts()
    return row["wip_limit"], row["wip_limit_board_ids"], row["wip_limit_note"]


def with_scopes(*scopes):
    """The workflow with other (project, type, stream) in scope."""
    schema = WORKFLOW.scopes.schema
    return Workflow(WORKFLOW.streams, WORKFLOW.statuses, pl.DataFrame(list(scopes), schema=schema, orient="row"))


def test_a_column_that_shows_one_stage_limits_it():
    assert limit_of("Review", board_column("Review", REVIEW, 5, board_id=3)) == (5, "3", None)


def test_a_stage_in_two_columns_may_hold_what_both_hold():
    columns = [board_column("To review", REVIEW[:1], 4), board_column("Review", REVIEW[1:], 2)]
    assert limit_of("Review", *columns) == (6, "1", None)


def test_a_stage_with_one_free_column_is_free():
    columns = [board_column("To review", REVIEW[:1]), board_column("Review", REVIEW[1:], 2)]
    assert limit_of("Review", *columns) == (None, None, "the board's column 'To review' has no WIP limit")


def test_a_limit_of_two_stages_together_is_nobodys_own():
    both = board_column("Checks", [*REVIEW, "In QA"], 6)
    said = "the board's column 'Checks' limits QA, Review together"
    assert limit_of("Review", both) == limit_of("QA", both) == (None, None, said)


def test_a_column_that_also_keeps_what_is_done_limits_more_than_the_stage():
    assert limit_of("Approval", board_column("End", ["Awaiting Approval", "Done"], 6))[0] is None


def test_a_stage_no_board_shows_has_no_limit():
    assert limit_of("QA", board_column("Review", REVIEW, 5)) == (None, None, "no board shows it")
    assert limit_of("QA") == (None, None, "no board shows it")


def test_of_several_boards_the_tightest_limit_counts():
    columns = [board_column("R", REVIEW, 9, board_id=1), board_column("R", REVIEW, 4, board_id=2)]
    assert limit_of("Review", *columns) == (4, "2", None)
    free = board_column("R", REVIEW, None, board_id=0)
    assert limit_of("Review", free, *columns) == (4, "2", None)


def test_a_stream_through_two_projects_is_limited_where_both_are():
    workflow = with_scopes((PROJECT_ID, STORY, "Golden"), (PROJECT_ID + 1, STORY, "Golden"))
    here = board_column("R", REVIEW, 3, board_id=5)
    there = board_column("R", REVIEW, 4, board_id=2, project_id=PROJECT_ID + 1)
    assert limit_of("Review", here, workflow=workflow) == (None, None, "no board shows it")
    assert limit_of("Review", here, there, workflow=workflow) == (7, "2, 5", None)


def test_a_board_of_a_project_that_two_streams_share_limits_neither_alone():
    workflow = with_scopes((PROJECT_ID, STORY, "Golden"), (PROJECT_ID, STORY + 1, "Other"))
    said = "its board also shows issues of another value stream"
    assert limit_of("Review", board_column("R", REVIEW, 3), workflow=workflow) == (None, None, said)


def test_a_board_of_another_project_says_nothing():
    assert limit_of("Review", board_column("R", REVIEW, 3, project_id=999)) == (None, None, "no board shows it")


def test_every_stage_where_work_lives_has_a_row_and_no_other():
    found = find_stage_limits(board_columns().lazy(), WORKFLOW)["stage_name"].cast(pl.String).to_list()
    assert found == ["Backlog", "Selected", "Development", "Review", "QA", "Approval", "Release", "Unmapped"]
