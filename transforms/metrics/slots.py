"""Laying events and stretches into periods or weeks without ever spreading issues over days.

A grid holds disjoint slots per value stream: the quarters of ``periods``, its rolling window, or ``weeks``; each with
value_stream, starts_at, ends_at and whatever columns name the slot.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.metrics.periods import PERIOD_KINDS
from transforms.workflow import Workflow
from transforms.workflow_index import WorkflowIndex, covered_stretch

SLOT_COLUMNS = ("period_kind", "period_start_date", "period_end_date", "starts_at", "ends_at", "is_complete")


def events_in_periods(events: pl.DataFrame, at: str, periods: pl.DataFrame) -> pl.DataFrame:
    """Every event once per period that holds it: ``events`` with the columns of ``periods``."""
    return pl.concat(events_in_slots(events, at, grid) for grid in _grids(periods))


def stretches_in_periods(
    stretches: pl.DataFrame, begin: str, end: str, periods: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """Every stretch once per period it touches, with begins_at and ends_before clipped to the period."""
    return pl.concat(stretches_in_slots(stretches, begin, end, grid, as_of) for grid in _grids(periods))


def events_in_slots(events: pl.DataFrame, at: str, grid: pl.DataFrame) -> pl.DataFrame:
    """Every event with the slot that holds it; events outside the grid fall away. Order is not kept."""
    placed = events.filter(pl.col(at).is_not_null()).sort(at)
    slots = grid.sort("starts_at")
    found = placed.join_asof(
        slots, left_on=at, right_on="starts_at", by="value_stream", coalesce=False, check_sortedness=False
    )
    return found.filter(pl.col(at) < pl.col.ends_at)


def stretches_in_slots(
    stretches: pl.DataFrame, begin: str, end: str, grid: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """Every stretch ``[begin, end)`` (an empty end: to as_of) once per slot it touches, clipped to it.

    Adds begins_at, ends_before (the clipped ends) and slot_ms (their elapsed milliseconds). Stretches of no length
    count in the slot that holds them.
    """
    slots = grid.sort("value_stream", "starts_at").with_columns(slot=pl.int_range(pl.len()).over("value_stream"))
    lasting = stretches.with_columns(until=pl.col(end).fill_null(as_of))
    first, last = (_slot_of(lasting, at, slots).alias(name) for at, name in ((begin, "first"), ("until", "last")))
    spread = lasting.with_columns(first.fill_null(0), last).filter(pl.col.last.is_not_null())
    spread = spread.with_columns(slot=pl.int_ranges("first", pl.col.last + 1)).drop("first", "last").explode("slot")
    placed = spread.join(slots, on=["value_stream", "slot"]).with_columns(
        begins_at=pl.max_horizontal(begin, "starts_at"), ends_before=pl.min_horizontal("until", "ends_at")
    )
    inside = (pl.col.begins_at < pl.col.ends_before) | (
        (pl.col(begin) == pl.col.until) & (pl.col(begin) >= pl.col.starts_at) & (pl.col(begin) < pl.col.ends_at)
    )
    elapsed = (pl.col.ends_before - pl.col.begins_at).dt.total_milliseconds()
    return placed.filter(inside).with_columns(slot_ms=elapsed).drop("until", "slot")


def working_between(frame: pl.DataFrame, begin: str, end: str, workflow: Workflow, as_of: datetime) -> pl.Series:
    """Working milliseconds between two instants of every row, on the calendar of its value_stream."""
    index = WorkflowIndex(workflow, *covered_stretch([frame[begin], frame[end]], as_of))
    stream = frame["value_stream"].cast(pl.String).replace_strict(workflow.stream_codes(), return_dtype=pl.Int64)
    calendar = index.calendar[stream.to_numpy()]
    first, last = (index.clock.readings(frame[at].to_physical().to_numpy(), calendar) for at in (begin, end))
    return pl.Series("working_ms", last - first, dtype=pl.Int64)


def _grids(periods: pl.DataFrame) -> list[pl.DataFrame]:
    return [periods.filter(pl.col.period_kind == kind) for kind in PERIOD_KINDS]


def _slot_of(frame: pl.DataFrame, at: str, slots: pl.DataFrame) -> pl.Series:
    """Number of the last slot that has begun by each row's instant; empty before the grid."""
    rows = frame.select("value_stream", at=at).with_row_index("row").sort("at")
    found = rows.join_asof(
        slots.select("value_stream", "starts_at", "slot").sort("starts_at"),
        left_on="at", right_on="starts_at", by="value_stream", check_sortedness=False,
    )  # fmt: skip
    return found.sort("row")["slot"]
