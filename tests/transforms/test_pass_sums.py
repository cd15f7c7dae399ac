"""Clocks and sums of every pass, from its intervals."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from transforms import pass_sums
from transforms.pass_sums import SUM_COLUMNS, sum_passes
from transforms.schema import TIMESTAMP
from transforms.workflow import INTERVAL_KIND, SPAN_KINDS

START = datetime(2026, 3, 2, tzinfo=UTC)

SCHEMA = {
    "issue_id": pl.Int64, "pass_number": pl.Int32, "kind": INTERVAL_KIND, "kind_alternative": INTERVAL_KIND,
    "is_rework": pl.Boolean, "entered_at": TIMESTAMP, "left_at": TIMESTAMP,
    "elapsed_ms": pl.Int64, "working_ms": pl.Int64,
}  # fmt: skip


def intervals(*lives: list[tuple], unit: int = 1) -> pl.DataFrame:
    """One issue per life; a stretch is (kind, hours) or (kind, hours, what else holds: pass, other, rework)."""
    rows, at = [], START
    for issue, life in enumerate(lives):
        for kind, hours, *more in life:
            how = {"pass": 1, "other": None, "rework": False} | (more[0] if more else {})
            rows.append(
                (issue, how["pass"], kind, how["other"], how["rework"], at, None, hours * unit, hours * unit // 2)
            )
            at += timedelta(hours=hours)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def clocks(*lives: list[tuple]) -> list[tuple]:
    """Started, first finished, finished: hours since the first interval; and the last kind."""
    found = sum_passes(intervals(*lives)).select("started_at", "first_finished_at", "finished_at", "last_kind")
    return [(*((at - START) // timedelta(hours=1) if at else None for at in row[:3]), row[3]) for row in found.rows()]


def test_every_kind_is_summed_on_both_clocks():
    life = [("not_started", 5), ("touch", 10), ("wait", 20), ("touch", 30), ("blocked", 40), ("unassigned", 50),
            ("done_gap", 60), ("done", 70)]  # fmt: skip
    (row,) = sum_passes(intervals(life)).to_dicts()
    assert [row[f"{kind}_ms"] for kind in SPAN_KINDS] == [40, 20, 40, 50, 60]
    assert row["touch_working_ms"] == 20
    assert (row["span_ms"], row["span_working_ms"]) == (210, 105)
    assert set(SUM_COLUMNS) <= set(row)


def test_the_clocks_of_delivered_work():
    assert clocks([("not_started", 1), ("touch", 2), ("done", 9)]) == [(1, 3, 3, "done")]


def test_the_clocks_of_reopened_work():
    assert clocks([("touch", 2), ("done_gap", 3), ("touch", 4), ("done", 9)]) == [(0, 2, 9, "done")]


def test_the_clocks_of_work_under_way():
    assert clocks([("not_started", 1), ("touch", 2)]) == [(1, None, None, "touch")]
    assert clocks([("not_started", 1), ("touch", 2), ("done_gap", 1), ("wait", 1)]) == [(1, 3, None, "wait")]


def test_the_clocks_of_work_that_never_began():
    assert clocks([("not_started", 7)]) == [(None, None, None, "not_started")]


def test_retroactive_work_starts_when_it_finishes():
    assert clocks([("not_started", 7), ("done", 1)]) == [(7, 7, 7, "done")]
    assert clocks([("discarded", 1)]) == [(0, 0, 0, "discarded")]


def test_an_end_told_in_several_intervals_is_its_first():
    assert clocks([("touch", 1), ("done", 2), ("discarded", 3)]) == [(0, 1, 1, "discarded")]


def test_issues_and_passes_are_kept_apart():
    second = {"pass": 2}
    lives = [("touch", 1), ("done", 2), ("not_started", 3, second), ("touch", 4, second)], [("not_started", 1)]
    assert clocks(*lives) == [(0, 1, 1, "done"), (6, None, None, "touch"), (None, None, None, "not_started")]
    found = sum_passes(intervals(*lives))
    assert found.select("issue_id", "pass_number").rows() == [(0, 1), (0, 2), (1, 1)]
    assert found["touch_ms"].to_list() == [1, 4, 0]


@pytest.mark.parametrize("rows_at_once", range(1, 12))
def test_however_few_rows_are_taken_at_once_no_pass_is_split(monkeypatch, rows_at_once):
    again = {"pass": 2}
    lives = [("not_started", 1), ("touch", 2), ("done", 3), ("touch", 4, again), ("done", 5, again)], [("wait", 6)], [
        ("touch", 7), ("wait", 8), ("done_gap", 9), ("touch", 10),
    ]  # fmt: skip
    whole = sum_passes(intervals(*lives))
    monkeypatch.setattr(pass_sums, "ROWS_AT_ONCE", rows_at_once)
    assert whole.select("issue_id", "pass_number").rows() == [(0, 1), (0, 2), (1, 1), (2, 1)]
    assert sum_passes(intervals(*lives)).equals(whole)


def test_a_doubt_bounds_the_touch_from_both_sides():
    life = [("touch", 1), ("touch", 10, {"other": "wait"}), ("wait", 100, {"other": "touch"}),
            ("blocked", 1000, {"other": "wait"}), ("touch", 10_000, {"other": "done"})]  # fmt: skip
    (row,) = sum_passes(intervals(life)).to_dicts()
    assert (row["touch_ms_low"], row["touch_ms"], row["touch_ms_high"]) == (1, 10_011, 10_111)


def test_only_touch_is_rework():
    rework = {"rework": True}
    life = [("touch", 1), ("wait", 10, rework), ("touch", 100, rework), ("blocked", 1000, rework)]
    assert sum_passes(intervals(life))["rework_touch_ms"].to_list() == [100]


def test_sums_of_centuries_do_not_overflow():
    (row,) = sum_passes(intervals([("touch", 900_000), ("wait", 900_000)], unit=3_600_000)).to_dicts()
    assert row["span_ms"] == 1_800_000 * 3_600_000 > 2**42


def test_nothing_sums_to_nothing():
    found = sum_passes(intervals())
    assert found.is_empty()
    assert set(SUM_COLUMNS) <= set(found.columns)
