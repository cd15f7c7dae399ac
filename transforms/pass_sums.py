"""Clocks and sums of every pass of every issue, from its intervals, with integer sums that cannot overflow.

Names of outcomes and the shape of the published tables do not belong here.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from transforms.order import same_issue
from transforms.workflow import INTERVAL_KINDS, SPAN_KINDS, TERMINAL_KINDS

ROWS_AT_ONCE = 500_000
"""Intervals whose sums are made together: what is laid out for that stays in the processor's cache."""

SUM_COLUMNS = tuple(f"{kind}{unit}" for kind in SPAN_KINDS for unit in ("_ms", "_working_ms"))


def sum_passes(intervals: pl.DataFrame) -> pl.DataFrame:
    """One row per issue and pass, from work intervals in order.

    Columns: issue_id, pass_number, started_at, first_finished_at, finished_at (empty where it has not happened),
    last_kind, SUM_COLUMNS, span_ms, span_working_ms, touch_ms_low, touch_ms_high, rework_touch_ms. Milliseconds, int64.
    """
    starts = _starts(intervals)
    inner = starts.take(np.searchsorted(starts, np.arange(ROWS_AT_ONCE, len(intervals), ROWS_AT_ONCE)), mode="clip")
    return pl.concat([_sum_some(intervals[begin:end]) for begin, end in pairwise([0, *inner, len(intervals)])])


def _starts(intervals: pl.DataFrame) -> np.ndarray:
    """Where passes begin."""
    begins = ~same_issue(1) | (pl.col.pass_number != pl.col.pass_number.shift(1))
    return intervals.select(begins.arg_true()).to_series().to_numpy().astype(np.int64)


def _sum_some(intervals: pl.DataFrame) -> pl.DataFrame:
    starts = _starts(intervals)
    kind = intervals["kind"].to_physical().to_numpy()
    other = intervals["kind_alternative"].fill_null(intervals["kind"]).to_physical().to_numpy()
    elapsed, working = intervals["elapsed_ms"].to_numpy(), intervals["working_ms"].to_numpy()
    touch, other_touch = kind == _code("touch"), other == _code("touch")
    sums = {f"{name}_ms": _sum(elapsed, kind == _code(name), starts) for name in SPAN_KINDS}
    sums |= {f"{name}_working_ms": _sum(working, kind == _code(name), starts) for name in SPAN_KINDS}
    sums |= {
        "span_ms": np.sum([sums[f"{name}_ms"] for name in SPAN_KINDS], axis=0),
        "span_working_ms": np.sum([sums[f"{name}_working_ms"] for name in SPAN_KINDS], axis=0),
        "touch_ms_low": _sum(elapsed, touch & other_touch, starts),
        "touch_ms_high": _sum(elapsed, touch | other_touch, starts),
        "rework_touch_ms": _sum(elapsed, touch & intervals["is_rework"].to_numpy(), starts),
    }
    heads = intervals.select("issue_id", "pass_number")[starts]
    return heads.with_columns(**_clocks(intervals, kind, starts), **{name: pl.Series(sums[name]) for name in sums})


def _clocks(intervals: pl.DataFrame, kind: np.ndarray, starts: np.ndarray) -> dict[str, pl.Series]:
    """Within a pass, rows before the start come first and rows after the finish last, so counts give the places."""
    entered = intervals["entered_at"]
    ends = np.append(starts, len(intervals))[1:]
    is_end = np.isin(kind, [_code(name) for name in TERMINAL_KINDS])
    before, after = (
        _sum(np.ones(len(kind), np.int64), rows, starts) for rows in (kind == _code("not_started"), is_end)
    )
    has_ended = is_end | (kind == _code("done_gap"))
    first_end = _first(has_ended, starts, len(intervals))
    return {
        "started_at": _gather(entered, starts + before, starts + before < ends),
        "first_finished_at": _gather(entered, first_end, first_end < ends),
        "finished_at": _gather(entered, ends - after, after > 0),
        "last_kind": intervals["kind"].gather(ends - 1),
    }


def _code(kind: str) -> int:
    return INTERVAL_KINDS.index(kind)


def _sum(values: np.ndarray, rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return np.add.reduceat(np.where(rows, values, 0), starts) if len(starts) else np.zeros(0, np.int64)


def _first(rows: np.ndarray, starts: np.ndarray, none: int) -> np.ndarray:
    places = np.where(rows, np.arange(len(rows)), none)
    return np.minimum.reduceat(places, starts) if len(starts) else places


def _gather(values: pl.Series, places: np.ndarray, exists: np.ndarray) -> pl.Series:
    return values.gather(pl.Series(places).set(pl.Series(~exists), None).cast(pl.UInt32))
