"""Sorting changes: by issue, instant, history and item, by whichever way is the fastest."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from transforms.order import (
    ORDER,
    _packed_keys,
    in_order,
    in_runs,
    is_ordered,
    number_in_issue,
    places_of,
    same_issue,
)
from transforms.schema import TIMESTAMP

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)

SCHEMA = {"issue_id": pl.Int64(), "changed_at": TIMESTAMP, "history_id": pl.Int64(), "item_index": pl.Int32()}


def changes(*rows: tuple[int, float, int, int]) -> pl.DataFrame:
    told = [(issue, NINE + timedelta(seconds=at), history_id, item) for issue, at, history_id, item in rows]
    return pl.DataFrame(told, schema=SCHEMA, orient="row")


MANY = changes(
    *((issue, at, history_id, item) for issue in (7, 9, 30) for at, history_id, item in [
        (0, 50, 0), (0, 50, 1), (0.25, 40, 0), (0.25, 41, 0), (0.999, 10, 0), (1, 9, 0), (60, 8, 0), (86_400, 7, 0),
    ])
)  # fmt: skip


def shuffled(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    return frame[np.random.default_rng(seed).permutation(len(frame))]


def in_turn(told: pl.DataFrame) -> pl.DataFrame:
    """The rows in the order ``in_runs`` says they have."""
    rows, runs = in_runs(told)
    places = [range(start, start + length) for start, length in zip(runs.starts, runs.lengths, strict=True)]
    return rows[[row for run in places for row in (reversed(run) if runs.is_newest_first else run)]]


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_changes_come_out_in_order(seed):
    assert_frame_equal(in_turn(shuffled(MANY, seed)), MANY)


def issue_by_issue(*runs: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(runs)


SEVEN, NINTH, THIRTY = (MANY.filter(issue_id=issue) for issue in (7, 9, 30))


@pytest.mark.parametrize(
    "told",
    [
        issue_by_issue(THIRTY, SEVEN, NINTH),
        issue_by_issue(SEVEN.reverse(), NINTH.reverse(), THIRTY.reverse()),
        issue_by_issue(THIRTY.reverse(), SEVEN.reverse(), NINTH.reverse()),
        issue_by_issue(NINTH, SEVEN.reverse(), THIRTY),
        issue_by_issue(NINTH.tail(3), SEVEN, NINTH.head(5), THIRTY),
        issue_by_issue(SEVEN.tail(1), THIRTY.reverse(), NINTH.reverse(), SEVEN.head(7).reverse()),
    ],
    ids=["oldest first", "newest first", "newest first in any order", "one the other way", "in two runs", "both"],
)
def test_issues_that_come_whole_are_put_in_order_whichever_way_they_are_told(told):
    assert_frame_equal(in_turn(told), MANY)


@pytest.mark.parametrize("told", [MANY, MANY.reverse(), issue_by_issue(THIRTY, SEVEN, NINTH)])
def test_changes_that_lie_issue_by_issue_in_order_are_not_moved(told):
    assert in_runs(told)[0] is told


def test_runs_say_where_each_issue_lies_and_which_rows_are_of_one_instant():
    _, runs = in_runs(issue_by_issue(NINTH.reverse(), SEVEN.tail(3).reverse(), THIRTY.head(3).reverse()))
    assert (runs.ids.tolist(), runs.starts.tolist(), runs.lengths.tolist()) == ([7, 9, 30], [8, 0, 11], [3, 8, 3])
    assert (runs.is_newest_first, runs.stalls.tolist()) == (True, [4, 6, 12])


def test_wide_ids_are_sorted_though_no_position_fits_beside_them():
    wide = [changes((issue, 0, 1, 0)) for issue in (2**62, -(2**62), 5)]
    assert in_turn(pl.concat(wide))["issue_id"].to_list() == [-(2**62), 5, 2**62]


@pytest.mark.parametrize("seed", range(3))
def test_ids_too_large_for_a_packed_key_are_sorted_all_the_same(seed):
    huge = MANY.with_columns(issue_id=pl.col.issue_id * (2**62 // 64))
    assert _packed_keys(huge) is None
    assert_frame_equal(in_turn(shuffled(huge, seed)), huge)


@pytest.mark.parametrize("seed", range(3))
def test_large_ids_that_lie_close_together_still_fit_a_packed_key(seed):
    close = MANY.with_columns(issue_id=pl.col.issue_id + 2**62)
    assert _packed_keys(close) is not None
    assert_frame_equal(in_turn(shuffled(close, seed)), close)


def test_a_long_history_with_wide_ids_falls_back_to_a_plain_sort():
    long = changes((1, 0, 5, 0), (2**30, -(2**32), 6, 0), (2**30, 2**32, 7, 0))
    assert _packed_keys(long) is None
    assert_frame_equal(in_turn(long[[2, 0, 1]]), long)


def test_both_ways_of_sorting_agree():
    mixed = shuffled(MANY, 11)
    assert_frame_equal(in_turn(mixed), mixed.sort(ORDER))


def test_changes_of_one_second_are_ordered_by_their_milliseconds_and_not_by_id():
    told = changes((1, 0.900, 1, 0), (1, 0.100, 2, 0), (1, 0.500, 3, 0))
    assert in_turn(told)["history_id"].to_list() == [2, 3, 1]


def test_history_ids_are_numbers_and_items_keep_their_place():
    told = changes((1, 0, 100, 1), (1, 0, 100, 0), (1, 0, 99, 0), (1, 0, 100, 10), (1, 0, 100, 2))
    assert in_turn(told).select("history_id", "item_index").rows() == [
        (99, 0), (100, 0), (100, 1), (100, 2), (100, 10),
    ]  # fmt: skip


def test_neighbouring_issues_that_change_in_the_same_second_stay_apart():
    told = changes((2, 0.2, 1, 0), (1, 0.9, 2, 0), (1, 0.1, 3, 0), (2, 0.1, 4, 0))
    assert in_turn(told).select("issue_id", "history_id").rows() == [(1, 3), (1, 2), (2, 4), (2, 1)]


def test_no_changes_and_one_change_are_in_order():
    for rows in ([], [(1, 0, 1, 0)]):
        assert in_turn(changes(*rows)).height == len(rows)


def test_equal_neighbours_are_in_order_and_a_step_back_in_the_last_key_is_not():
    assert is_ordered(changes((1, 0, 1, 0), (1, 0, 1, 0), (1, 0, 1, 1), (2, -9, 0, 0)), ORDER)
    assert not is_ordered(changes((1, 0, 1, 1), (1, 0, 1, 0)), ORDER)


@pytest.mark.parametrize("place", [0, 17, 198])
@pytest.mark.parametrize("key", [1, 2, 3])
def test_a_single_step_back_among_many_rows_is_seen(place, key):
    rows = [[1, n // 40, n // 4, n % 4] for n in range(200)]
    assert is_ordered(changes(*rows), ORDER)
    rows[place][key] += 1000
    assert not is_ordered(changes(*rows), ORDER)


def test_in_order_keeps_equals_as_they_were():
    told = changes((2, 0, 1, 0), (1, 0, 9, 0), (1, 0, 3, 0))
    assert in_order(told, ["issue_id"])["history_id"].to_list() == [9, 3, 1]


def test_same_issue_looks_back_and_ahead():
    rows = pl.DataFrame({"issue_id": [1, 1, 2]})
    assert rows.select(back=same_issue(1), ahead=same_issue(-1)).rows() == [
        (False, True), (True, False), (False, False),
    ]  # fmt: skip


def test_places_of_rows_among_ids():
    assert places_of(pl.Series([5, 5, 8, 20]), pl.Series([1, 5, 8, 9, 20])).tolist() == [1, 1, 2, 4]
    assert places_of(pl.Series([], dtype=pl.Int64), pl.Series([1])).tolist() == []


def test_rows_are_numbered_within_their_issue():
    assert number_in_issue(pl.DataFrame({"issue_id": [4, 4, 4, 7, 9, 9]})).to_list() == [1, 2, 3, 1, 1, 2]
    assert number_in_issue(pl.DataFrame(schema={"issue_id": pl.Int64})).to_list() == []
