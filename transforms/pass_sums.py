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

HAS_ENDED = np.isin(INTERVAL_KINDS, (*TERMINAL_KINDS, "done_gap"))
"""By code of the kind: whether the work has ended, if only for a while."""

SUM_COLUMNS = tuple(f"{kind}{unit}" for kind in SPAN_KINDS for unit in ("_ms", "_working_ms"))

OTHER_SUMS = ("span_ms", "span_working_ms", "touch_ms_low", "touch_ms_high", "rework_touch_ms")


def sum_passes(intervals: pl.DataFrame) -> pl.DataFrame:
    """One row per issue and pass, from work intervals in order.

    Columns: issue_id, pass_number, started_at, first_finished_at, finished_at (empty where it has not happened; of an
    open pass whose issue is gone, when that was), last_kind, SUM_COLUMNS, span_ms, span_working_ms,
    touch_ms_low, touch_ms_high, rework_touch_ms. Milliseconds, int64.
    """
    starts = _starts(intervals)
    cuts = [0, *np.searchsorted(starts, np.arange(ROWS_AT_ONCE, len(intervals), ROWS_AT_ONCE)), len(starts)]
    edges = np.append(starts, len(intervals))
    return pl.concat([_sum_some(intervals, edges[first : last + 1]) for first, last in pairwise(cuts)])


def _starts(intervals: pl.DataFrame) -> np.ndarray:
    """Where passes begin."""
    begins = ~same_issue(1) | (pl.col.pass_number != pl.col.pass_number.shift(1))
    return intervals.select(begins.arg_true()).to_series().to_numpy().astype(np.int64)


def _sum_some(intervals: pl.DataFrame, edges: np.ndarray) -> pl.DataFrame:
    """The sums of the passes between ``edges``: where each begins, and where the last of them ends."""
    intervals, starts = intervals[edges[0] : edges[-1]], edges[:-1] - edges[0]
    place = np.repeat(np.arange(len(starts)), np.diff(edges))
    kind = intervals["kind"].to_physical().to_numpy()
    cells = place * len(INTERVAL_KINDS) + kind
    counts = _by_kind(cells, None, len(starts))
    sums: dict[str, np.ndarray] = {}
    for unit, clock in (("_ms", "elapsed_ms"), ("_working_ms", "working_ms")):
        times = _by_kind(cells, intervals[clock].to_numpy(), len(starts))
        sums |= {f"{name}{unit}": times[:, _code(name)] for name in SPAN_KINDS}
        sums[f"span{unit}"] = np.sum([sums[f"{name}{unit}"] for name in SPAN_KINDS], axis=0)
    sums |= _touch_sums(intervals, kind, place, sums["touch_ms"])
    heads = intervals.select(pl.col("issue_id", "pass_number").gather(starts))
    clocks = _clocks(intervals, kind, place, starts, counts)
    return heads.with_columns(**clocks, **{name: pl.Series(sums[name]) for name in (*SUM_COLUMNS, *OTHER_SUMS)})


def _by_kind(cells: np.ndarray, values: np.ndarray | None, passes: int) -> np.ndarray:
    """Sums of ``values``, or counts, by pass and kind: (passes, kinds)."""
    size = passes * len(INTERVAL_KINDS)
    told = np.bincount(cells, minlength=size) if values is None else _sums(cells, values, size)
    return told.reshape(passes, len(INTERVAL_KINDS))


def _sums(places: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Sums of non-negative integers by place. Exact: doubles hold integers up to 2^53; larger ones come by halves."""
    if values.sum(dtype=np.float64) < 2**53:
        return np.bincount(places, values, minlength=size).astype(np.int64)
    high, low = (np.bincount(places, half, minlength=size) for half in (values >> 32, values & 0xFFFFFFFF))
    return (high.astype(np.int64) << 32) + low.astype(np.int64)


def _touch_sums(
    intervals: pl.DataFrame, kind: np.ndarray, place: np.ndarray, touch_ms: np.ndarray
) -> dict[str, np.ndarray]:
    """Touch under both readings of what is in doubt, and touch of rework."""
    elapsed, is_touch = intervals["elapsed_ms"].to_numpy(), kind == _code("touch")
    doubtful = intervals["kind_alternative"].is_not_null().arg_true().to_numpy()
    other = intervals["kind_alternative"].gather(doubtful).to_physical().to_numpy() == _code("touch")

    def summed(rows: np.ndarray) -> np.ndarray:
        return _sums(place[rows], elapsed[rows], len(touch_ms))

    return {
        "touch_ms_low": touch_ms - summed(doubtful[is_touch[doubtful] & ~other]),
        "touch_ms_high": touch_ms + summed(doubtful[~is_touch[doubtful] & other]),
        "rework_touch_ms": summed(np.flatnonzero(is_touch & intervals["is_rework"].to_numpy())),
    }


def _clocks(
    intervals: pl.DataFrame, kind: np.ndarray, place: np.ndarray, starts: np.ndarray, counts: np.ndarray
) -> dict[str, pl.Series]:
    """Within a pass, rows before the start come first and rows after the finish last, so counts give the places."""
    entered = intervals["entered_at"]
    ends = np.append(starts, len(intervals))[1:]
    before = counts[:, _code("not_started")]
    after = counts[:, [_code(name) for name in TERMINAL_KINDS]].sum(axis=1)
    ended = np.flatnonzero(HAS_ENDED[kind])
    firsts = ended[np.flatnonzero(np.diff(place[ended], prepend=-1))]
    first_end = ends.copy()
    first_end[place[firsts]] = firsts
    return {
        "started_at": _gather(entered, starts + before, starts + before < ends),
        "first_finished_at": _gather(entered, first_end, first_end < ends),
        "finished_at": _gather(entered, ends - after, after > 0).zip_with(
            pl.Series(after > 0), intervals["left_at"].gather(ends - 1)
        ),
        "last_kind": intervals["kind"].gather(ends - 1),
    }


def _code(kind: str) -> int:
    return INTERVAL_KINDS.index(kind)


def _gather(values: pl.Series, places: np.ndarray, exists: np.ndarray) -> pl.Series:
    return values.gather(pl.Series(places).set(pl.Series(~exists), None).cast(pl.UInt32))
