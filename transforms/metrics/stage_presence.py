"""What lies in the steps of a value stream during a period, of whatever becomes of it: WIP, flow and time spent."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.metrics.period_tables import MS_PER_DAY, MS_PER_HOUR, PERIOD_KEY
from transforms.metrics.slots import events_in_periods, stretches_in_periods, working_between
from transforms.metrics.stage_stays import STAY_KINDS, stays_of
from transforms.workflow import Workflow

STEP = ("value_stream", "stage_name", "step_kind")

CELL = (*PERIOD_KEY, "stage_name", "step_kind")
"""One step in one period."""

TIMES = (*STAY_KINDS, "gap", "stage")
"""What time in a step can be: one of the kinds of a stay, the wait before its first touch, all of it together."""


def spent(time: str, clock: str) -> pl.Expr:
    """Sum of ``clock`` (a column of milliseconds) over the pieces that are ``time``, one of TIMES; an aggregate."""
    of = {"stage": pl.lit(True), "gap": pl.col.is_gap}.get(time, pl.col.kind == time)
    return pl.col(clock).filter(of).sum()


def add_presence(
    steps: pl.DataFrame, pieces: pl.DataFrame, periods: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """Add WIP, arrivals, departures, visits, issues and total times to every step of every period.

    ``steps``: CELL, starts_at, ends_at, hours_per_day; ``pieces`` those of ``stage_pieces`` with step_kind. Every
    number counts on its own, so that wip_end = wip_start + arrival_count − departure_count proves something.
    """
    stays = stays_of(pieces)
    for name, at in (("arrival_count", "entered_at"), ("departure_count", "left_at")):
        events = events_in_periods(stays.select(*STEP, at), at, periods)
        steps = steps.join(events.group_by(CELL).agg(pl.len().cast(pl.Int64).alias(name)), on=CELL, how="left")
    steps = steps.with_columns(
        wip_start=standing_at(stays, steps, "starts_at"), wip_end=standing_at(stays, steps, "ends_at")
    )
    steps = steps.join(_time_spent(pieces, periods, workflow, as_of), on=CELL, how="left")
    working_day = MS_PER_HOUR * pl.col.hours_per_day
    length = (pl.col.ends_at - pl.col.starts_at).dt.total_milliseconds()
    totals = [(pl.col(f"{time}_ms") / MS_PER_DAY).fill_null(0.0).alias(f"{time}_days_total") for time in TIMES]
    totals += [
        (pl.col(f"{time}_working_ms") / working_day).fill_null(0.0).alias(f"{time}_working_days_total")
        for time in TIMES
    ]
    counts = pl.col("arrival_count", "departure_count", "visit_count", "issue_count").fill_null(0)
    return steps.with_columns(
        counts, *totals, wip_mean=pl.when(length > 0).then(pl.col.stage_ms / length).fill_null(0.0)
    )


def standing_at(stays: pl.DataFrame, cells: pl.DataFrame, at: str) -> pl.Series:
    """How many stays in each cell's STEP had begun and not ended just before its instant ``at``."""
    begins = stays.select(*STEP, at="entered_at", step=pl.lit(1, pl.Int64))
    ends = stays.filter(pl.col.left_at.is_not_null()).select(*STEP, at="left_at", step=pl.lit(-1, pl.Int64))
    moves = pl.concat([begins, ends]).sort("at").with_columns(standing=pl.col.step.cum_sum().over(STEP))
    asked = cells.select(*STEP, at=at).with_row_index("row").sort("at")
    found = asked.join_asof(moves, on="at", by=list(STEP), allow_exact_matches=False, check_sortedness=False)
    return found.sort("row")["standing"].fill_null(0)


def _time_spent(pieces: pl.DataFrame, periods: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Per cell: milliseconds of each of TIMES on both clocks, clipped to the period, and who was there."""
    columns = ("stay", "issue_id", "kind", "is_gap", "entered_at", "left_at")
    clipped = stretches_in_periods(pieces.select(*STEP, *columns), "entered_at", "left_at", periods, as_of)
    clipped = clipped.with_columns(working=working_between(clipped, "begins_at", "ends_before", workflow, as_of))
    sums = {f"{time}_ms": spent(time, "slot_ms") for time in TIMES}
    sums |= {f"{time}_working_ms": spent(time, "working") for time in TIMES}
    who = {"visit_count": pl.col.stay.n_unique(), "issue_count": pl.col.issue_id.n_unique()}
    return clipped.group_by(CELL).agg(**sums, **{name: count.cast(pl.Int64) for name, count in who.items()})
