"""How work is committed: how long ideas wait for it, and whether commitments come in batches (METHODS §4.11).

What happens after the commitment does not belong here.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl
from scipy.stats import chi2

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
from transforms.metrics.slots import events_in_periods, events_in_slots, working_between
from transforms.metrics.weekly_flow import weeks_since
from transforms.schema import Column
from transforms.statistics.rates import MINIMUM_EVENTS, MINIMUM_WEEKS
from transforms.wording import lacking, one_or_many
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

PERCENTS = (50, 85)

PLANNED_SHARE = 0.8
"""The fewest days that hold this share of a period's commitments are its planning days."""

MINIMUM_PLANNING_DAYS = 3
"""Planning days below which no interval between them is published."""

KEY = list(PERIOD_KEY)


class CommitmentCadence(PeriodTable, layer="metrics", key=PERIOD_KEY):
    """One row per value stream and period. Answers: how long do ideas wait to be taken, and for the next planning?

    Work counts in the period in which it was committed. Planning days are the fewest days that together hold 80 % of
    its commitments; an idea that comes at any time waits cadence_wait_days for the next of them: half the interval
    where planning is regular, longer where it is not. The dispersion index is the variance of the weekly commitments
    by their mean: about 1 where work is taken one by one, far above it where it is taken in batches.
    """

    committed_count = Column(pl.Int64(), "Issues committed in the period.", minimum=0)
    locals().update(
        percentile_columns("time_to_commit_days", "of them had waited at most this since creation, days.", PERCENTS)
    )
    locals().update(
        percentile_columns(
            "time_to_commit_working_days", "of them had waited at most this since creation, working days.", PERCENTS
        )
    )
    week_count = Column(
        pl.Int64(),
        "Complete weeks that begin in the period, from the stream's first issue on: the n of the index.",
        minimum=0,
    )
    locals().update(estimate_columns("dispersion_index", "Variance of weekly commitments by their mean."))
    commitment_day_count = Column(pl.Int64(), "Days with any commitment.", minimum=0)
    planning_day_count = Column(pl.Int64(), "Planning days.", minimum=0)
    planning_interval_days = Column(
        pl.Float64(),
        "Mean days from planning day to planning day. Empty when too few (note).",
        nullable=True,
        minimum=0,
    )
    cadence_wait_days = Column(
        pl.Float64(), "Mean days until the next planning day. Empty when too few (note).", nullable=True, minimum=0
    )
    definition_version = definition_version_column()
    note = note_column()


def measure_commitment_cadence(issue_journeys: pl.LazyFrame, workflow: Workflow, as_of: datetime) -> pl.LazyFrame:
    """Measure the wait for commitment and its rhythm; CommitmentCadence."""
    journeys = issue_journeys.filter("is_counted").collect()
    if journeys.is_empty():
        return CommitmentCadence.empty().lazy()
    first = covered_stretch([journeys["created_at"]], as_of)[0]
    rows = cells(workflow, periods(workflow, first, as_of))
    committed = _committed(journeys, rows, workflow, as_of)
    placed = events_in_periods(committed, "started_at", periods(workflow, first, as_of))
    times = {name: name for name in ("time_to_commit_days", "time_to_commit_working_days")}
    weekly = _dispersion(committed, weeks_since(journeys, "created_at", workflow, as_of), rows)
    counts = placed.group_by(KEY).agg(committed_count=pl.len())
    for part in (counts, percentiles_by(placed, KEY, times, PERCENTS), weekly, _planning_days(placed)):
        rows = rows.join(part, on=KEY, how="left", maintain_order="left")
    return CommitmentCadence.select(_noted(rows).lazy())


def _committed(journeys: pl.DataFrame, rows: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Committed journeys with the time since their creation, and the local day of the commitment."""
    taken = journeys.filter(pl.col.started_at.is_not_null() & ~pl.col.is_never_started)
    taken = taken.select("value_stream", "started_at", since=pl.min_horizontal("created_at", "started_at"))
    taken = taken.with_columns(working_ms=working_between(taken, "since", "started_at", workflow, as_of))
    taken = taken.join(rows.select("value_stream", "hours_per_day").unique(), on="value_stream")
    zones = pl.concat(
        taken.filter(pl.col.value_stream.cast(pl.String) == stream.name).with_columns(
            day=pl.col.started_at.dt.convert_time_zone(stream.calendar.zone).dt.date()
        )
        for stream in workflow.streams
    )
    return zones.select(
        "value_stream", "started_at", "day",
        time_to_commit_days=(pl.col.started_at - pl.col.since).dt.total_milliseconds() / MS_PER_DAY,
        time_to_commit_working_days=pl.col.working_ms / (MS_PER_HOUR * pl.col.hours_per_day),
    )  # fmt: skip


def _dispersion(committed: pl.DataFrame, grid: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Index of dispersion of the complete weeks that begin in each period, with its χ² interval."""
    on = ["value_stream", "week_start_date"]
    counts = events_in_slots(committed, "started_at", grid).group_by(on).agg(count=pl.len())
    filled = grid.filter("is_complete").join(counts, on=on, how="left").with_columns(pl.col("count").fill_null(0))
    held = (
        rows.select(*KEY, "period_end_date")
        .join(filled, on="value_stream")
        .filter(
            (pl.col.week_start_date >= pl.col.period_start_date) & (pl.col.week_start_date <= pl.col.period_end_date)
        )
    )
    found = held.group_by(KEY).agg(
        week_count=pl.len().cast(pl.Int64), weekly_total=pl.col("count").sum(),
        index=pl.col("count").var() / pl.col("count").mean(),
    )  # fmt: skip
    enough = (pl.col.week_count >= MINIMUM_WEEKS) & (pl.col.weekly_total >= MINIMUM_EVENTS)
    degrees = found["week_count"].to_numpy() - 1
    ends = {end: pl.Series(degrees / chi2.ppf(q, degrees)) for end, q in (("_low", 0.975), ("_high", 0.025))}
    return found.with_columns(dispersion_index=pl.when(enough).then("index")).with_columns(
        **{f"dispersion_index{end}": pl.col.dispersion_index * factor for end, factor in ends.items()}
    )


def _planning_days(placed: pl.DataFrame) -> pl.DataFrame:
    """Planning days of each period, and the wait until the next of them for whoever comes at any time."""
    days = placed.group_by(*KEY, "day").agg(count=pl.len().cast(pl.Int64)).sort(*KEY, -pl.col("count"), "day")
    before = pl.col("count").cum_sum().over(KEY) - pl.col("count")
    days = days.with_columns(is_planning=before < PLANNED_SHARE * pl.col("count").sum().over(KEY))
    planning = days.filter("is_planning").sort(*KEY, "day")
    gaps = planning.with_columns(gap=(pl.col.day - pl.col.day.shift(1)).over(KEY).dt.total_days().cast(pl.Float64))
    rhythm = gaps.group_by(KEY).agg(
        planning_day_count=pl.len().cast(pl.Int64),
        planning_interval_days=pl.col.gap.mean(),
        cadence_wait_days=(pl.col.gap**2).sum() / (2 * pl.col.gap.sum()),
    )
    enough = pl.col.planning_day_count >= MINIMUM_PLANNING_DAYS
    rhythm = rhythm.with_columns(pl.when(enough).then(pl.col("planning_interval_days", "cadence_wait_days")))
    return days.group_by(KEY).agg(commitment_day_count=pl.len().cast(pl.Int64)).join(rhythm, on=KEY)


def _noted(rows: pl.DataFrame) -> pl.DataFrame:
    counts = ("committed_count", "week_count", "commitment_day_count", "planning_day_count")
    rows = rows.with_columns(pl.col(counts).fill_null(0).cast(pl.Int64))
    few = f"dispersion_index needs {MINIMUM_WEEKS} complete weeks and {MINIMUM_EVENTS} commitments in them"
    few_weeks = pl.when(pl.col.dispersion_index.is_null()).then(
        one_or_many("week_count", f"{few}, there is {{}} week", f"{few}, there are {{}} weeks")
    )
    few_days = pl.when(pl.col.planning_day_count < MINIMUM_PLANNING_DAYS).then(
        lacking(f"the interval needs {MINIMUM_PLANNING_DAYS} planning days", "planning_day_count")
    )
    note = as_note([*too_few(PERCENTS, "committed_count", "commitments"), few_weeks, few_days])
    return rows.with_columns(note=note).sort(KEY)
