"""What boards say of limits, brought onto the steps of the streams."""

import polars as pl

from tests.builders import BOARD, board_column, board_columns
from transforms.constraint.intake import board_limits

STATIONS = pl.DataFrame(
    {"value_stream": ["Golden"] * 3, "stage_name": ["Development", "Review", "QA"],
     "station": ["Development", "Review", "QA"], "has_queue": [False, True, True]}
)  # fmt: skip


def limits(*columns, stations=STATIONS):
    return board_limits(board_columns(*columns), stations, BOARD.workflow())


def test_a_columns_limit_is_that_of_the_step_its_statuses_belong_to():
    review = board_column("Review", ["Ready for Review", "In Review"], 4)
    assert limits(board_column("Doing", ["In Progress"]), review) == {("Golden", "Review"): 4}


def test_of_several_boards_the_strictest_counts():
    columns = [board_column("Review", ["In Review"], limit, board_id=limit) for limit in (6, 3, 5)]
    assert limits(*columns) == {("Golden", "Review"): 3}


def test_a_limit_of_none_or_on_a_board_of_others_is_none():
    assert limits(board_column("Review", ["In Review"], 0)) == {}
    assert limits(board_column("Review", ["In Review"], 3, project_id=999)) == {}


def test_a_queue_that_belongs_to_the_next_step_has_that_steps_limit():
    joined = STATIONS.with_columns(station=pl.lit("QA"))
    assert limits(board_column("Review", ["In Review"], 3), stations=joined) == {("Golden", "QA"): 3}
