"""Work that is sent back: from which stage to which, how often, and what that costs.

What comes back after it was delivered is ``failure_demand``; the yield of every step is also in ``value_stream_map``.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from transforms.definitions import cut_where_ended
from transforms.metrics.backward_moves import CLOCKS, backward_moves, repairs_of, touch_within
from transforms.metrics.period_tables import (
    MS_PER_DAY,
    MS_PER_HOUR,
    PERIOD_KEY,
    PeriodTable,
    as_note,
    cells,
    definition_version_column,
    estimate_columns,
    note_column,
    percentile_columns,
    percentiles_by,
    too_few,
)
from transforms.metrics.periods import periods
from transforms.metrics.slots import events_in_periods
from transforms.metrics.stage_passages import MINIMUM_YIELD_SAMPLE
from transforms.metrics.stage_stays import stage_runs, visits_then
from transforms.row_rules import all_of
from transforms.schema import LABEL, Column, RowRule
from transforms.statistics.proportions import wilson
from transforms.wording import lacking
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

EDGE = (*PERIOD_KEY, "from_stage_name", "to_stage_name")

FROM = (*PERIOD_KEY, "from_stage_name")

PERCENTS = (50, 85)


class ReworkEdges(PeriodTable, layer="metrics", key=EDGE):
    """One row per backward move from → to and period. Answers: how often is work sent back, at what cost?

    A move counts in the period in which it happens, if it lies in the journey's first life; every move that ever
    happened in a stream has a row in each period. A repair lasts from the move back until the issue stands beyond the
    stage it was sent back from, or ends; while it does not, up to as_of. The days lost count every instant once, for
    the move back that began the repair, so that they add up over edges; percentiles speak of whole repairs.
    """

    from_stage_name = Column(LABEL, "Stage the issue was sent back from.", references="stages.stage_name")
    to_stage_name = Column(
        LABEL, "Stage it was sent back to; the same one for a move back within a stage.", references="stages.stage_name"
    )
    move_count = Column(pl.Int64(), "Moves back within the period.", minimum=0)
    issue_count = Column(pl.Int64(), "Different issues sent back this way within the period.", minimum=0)
    open_count = Column(pl.Int64(), "Moves whose repair still lasts at as_of.", minimum=0)
    lost_days_total = Column(pl.Float64(), "Elapsed days lost; disjoint, open ones up to as_of.", minimum=0)
    lost_working_days_total = Column(pl.Float64(), "The same in working days.", minimum=0)
    lost_touch_days_total = Column(pl.Float64(), "Elapsed days of touch among them: work done again.", minimum=0)
    lost_touch_working_days_total = Column(pl.Float64(), "The same in working days.", minimum=0)
    repaired_count = Column(pl.Int64(), "Moves whose repair has ended: the n of the percentiles.", minimum=0)
    locals().update(percentile_columns("repair_days", "of the ended repairs took at most this, in days.", PERCENTS))
    locals().update(
        percentile_columns("repair_working_days", "of the ended repairs took at most this, in working days.", PERCENTS)
    )
    passed_count = Column(pl.Int64(), "Issues that left the from stage within the period, any way.", minimum=0)
    locals().update(estimate_columns("sent_back_share", "Share of those that were sent back this way."))
    delivered_count = Column(
        pl.Int64(), "Journeys delivered in the period that had been in the from stage: the n of its yield.", minimum=0
    )
    locals().update(
        estimate_columns("first_pass_yield_share", "Share of those that neither came back to it nor were sent back.")
    )
    definition_version = definition_version_column()
    note = note_column()

    moves_as_counted = RowRule(
        "every move back is repaired or open",
        "repaired_count + open_count = move_count AND issue_count <= move_count",
    )
    touch_within_the_lost = RowRule(
        "touch done again is part of the time lost",
        all_of(
            "lost_touch_days_total <= lost_days_total + 1e-6",
            "lost_touch_working_days_total <= lost_working_days_total + 1e-6",
        ),
    )


def trace_rework_edges(
    status_visits: pl.LazyFrame,
    work_intervals: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Count every backward move and what it cost; ReworkEdges."""
    journeys = issue_journeys.filter("is_counted").collect()
    if journeys.is_empty():
        return ReworkEdges.empty().lazy()
    visits, intervals = status_visits.collect(), work_intervals.collect()
    moves, exits = backward_moves(cut_where_ended(visits, workflow, as_of), intervals, journeys, workflow)
    repairs = touch_within(repairs_of(moves, workflow, as_of), intervals, workflow, as_of)
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    edges = repairs.select("value_stream", "from_stage_name", "to_stage_name").unique()
    rows = cells(workflow, grid).join(edges, on="value_stream", maintain_order="left")
    rows = _add_repairs(rows, events_in_periods(repairs, "moved_at", grid))
    rows = _add_share(rows, events_in_periods(repairs, "moved_at", grid), events_in_periods(exits, "left_at", grid))
    return ReworkEdges.select(
        _noted(_add_yield(rows, visits_then(visits, workflow, as_of), journeys, grid, workflow)).lazy()
    )


def _add_repairs(rows: pl.DataFrame, repairs: pl.DataFrame) -> pl.DataFrame:
    """Counts, days lost and percentiles of every edge and period."""
    hours = rows.select("value_stream", "hours_per_day").unique()
    day = {"_ms": pl.lit(MS_PER_DAY), "_working_ms": MS_PER_HOUR * pl.col.hours_per_day}
    days = {
        f"{name}{clock.replace('ms', 'days')}": pl.col(f"{name}{clock}") / day[clock]
        for name in ("repair", "lost", "lost_touch")
        for clock in CLOCKS
    }
    repairs = repairs.join(hours, on="value_stream").with_columns(**days)
    totals = [f"{name}{unit}" for name in ("lost", "lost_touch") for unit in ("_days", "_working_days")]
    counts = repairs.group_by(EDGE).agg(
        *(pl.col(name).sum().alias(f"{name}_total") for name in totals),
        move_count=pl.len(),
        issue_count=pl.col.issue_id.n_unique(),
        open_count=pl.col.is_open.sum(),
        repaired_count=(~pl.col.is_open).sum(),
    )
    ended = repairs.filter(~pl.col.is_open)
    names = {f"repair{unit}": f"repair{unit}" for unit in ("_days", "_working_days")}
    rows = rows.join(counts, on=EDGE, how="left", maintain_order="left")
    rows = rows.join(percentiles_by(ended, EDGE, names, PERCENTS), on=EDGE, how="left", maintain_order="left")
    whole = pl.col("move_count", "issue_count", "open_count", "repaired_count").fill_null(0).cast(pl.Int64)
    return rows.with_columns(whole, pl.col([f"{name}_total" for name in totals]).fill_null(0.0))


def _add_share(rows: pl.DataFrame, moves: pl.DataFrame, exits: pl.DataFrame) -> pl.DataFrame:
    """Share of the issues that left the from stage; who was sent back by a detour left it, too."""
    left = pl.concat([frame.select(*FROM, "issue_id") for frame in (moves, exits)])
    passed = left.group_by(FROM).agg(passed_count=pl.col.issue_id.n_unique().cast(pl.Int64))
    rows = rows.join(passed, on=list(FROM), how="left", maintain_order="left")
    return _with_share(
        rows.with_columns(pl.col.passed_count.fill_null(0)), "sent_back_share", "issue_count", "passed_count"
    )


def _add_yield(
    rows: pl.DataFrame, visits: pl.DataFrame, journeys: pl.DataFrame, grid: pl.DataFrame, workflow: Workflow
) -> pl.DataFrame:
    """First-pass yield of the from stage, over what was delivered in the period."""
    delivered = journeys.filter(pl.col.cycle_ms.is_not_null()).select("issue_id", "value_stream", "finished_at")
    runs = stage_runs(visits, delivered, workflow).group_by("issue_id", from_stage_name="stage_name")
    is_first = (pl.len() == 1) & ~pl.col.is_sent_back.any()
    passed = events_in_periods(delivered, "finished_at", grid).join(runs.agg(is_first=is_first), on="issue_id")
    counts = passed.group_by(FROM).agg(delivered_count=pl.len().cast(pl.Int64), first_count=pl.col.is_first.sum())
    rows = rows.join(counts, on=list(FROM), how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("delivered_count", "first_count").fill_null(0))
    return _with_share(rows, "first_pass_yield_share", "first_count", "delivered_count")


def _with_share(rows: pl.DataFrame, name: str, count: str, of: str) -> pl.DataFrame:
    n = rows[of].to_numpy()
    n = np.where(n >= MINIMUM_YIELD_SAMPLE, n, 0)
    found = wilson(np.where(n > 0, rows[count].to_numpy(), 0), n)
    return rows.with_columns(
        pl.Series(f"{name}{end}", values).fill_nan(None)
        for end, values in zip(("", "_low", "_high"), found, strict=True)
    )


def _noted(rows: pl.DataFrame) -> pl.DataFrame:
    few = [
        pl.when(pl.col(count) < MINIMUM_YIELD_SAMPLE).then(lacking(f"{name} needs {MINIMUM_YIELD_SAMPLE} {of}", count))
        for name, count, of in (
            ("sent_back_share", "passed_count", "passing issues"),
            ("first_pass_yield_share", "delivered_count", "deliveries"),
        )
    ]
    rows = rows.with_columns(note=as_note([*too_few(PERCENTS, "repaired_count", "ended repairs"), *few]))
    return rows.sort("value_stream", "period_kind", "period_start_date", "from_stage_name", "to_stage_name")
