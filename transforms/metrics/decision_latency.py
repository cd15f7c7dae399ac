"""How long a decision takes, from arriving at an approval to leaving it, by the hour of the week (METHODS §4.10).

On how few people it depends is ``approver_concentration``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from transforms.definitions import cut_where_ended
from transforms.metrics.exits import waiting_exits
from transforms.metrics.period_tables import (
    MS_PER_DAY,
    MS_PER_HOUR,
    as_note,
    definition_version_column,
    estimate_columns,
    note_column,
    percentile_columns,
    percentiles_by,
    too_few,
)
from transforms.metrics.privacy import MINIMUM_GROUP, SUPPRESSED, shown_slices, whole_team_sizes
from transforms.metrics.slots import working_between
from transforms.schema import LABEL, Column, Table
from transforms.statistics.order_statistics import MINIMUM_SAMPLE
from transforms.statistics.proportions import wilson
from transforms.wording import lacking, one_or_many
from transforms.workflow import Workflow

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

ALL = "All"
"""Stands for every weekday and hour."""

HOURS = tuple(f"{hour:02}" for hour in range(24))

LATE_HOURS = 2
"""An exit with fewer working hours than that left in its week is a late one."""

STAGE, CELL = ("value_stream", "stage_name"), ("value_stream", "stage_name", "weekday_name", "hour_name")

PERCENTS = (50, 85)

MEASURES = {"latency_working_days": "latency_working_days", "latency_days": "latency_days"}
FOLLOWING = {"late_wait_days": "late_week_following_wait_days", "other_wait_days": "other_following_wait_days"}


def _columns() -> dict[str, Column]:
    """Percentiles of the latency by both clocks, and medians of what follows."""
    latency = "of the exits came after at most so many"
    columns = percentile_columns("latency_working_days", f"{latency} working days of waiting.", PERCENTS)
    columns |= percentile_columns("latency_days", f"{latency} elapsed days of waiting.", PERCENTS)
    columns |= estimate_columns("late_week_exit_share", "Share of the exits that are late ones.")
    following = "of the {} exits were followed by at most so many elapsed days until the next work or the end."
    columns |= percentile_columns("late_week_following_wait_days", following.format("late"), (50,))
    return columns | percentile_columns("other_following_wait_days", following.format("other"), (50,))


class DecisionLatency(Table, layer="metrics", key=CELL):
    """One row per waiting stage, weekday and hour of exit. Answers: how long do decisions take, and when do they come?

    Over the whole history, so that enough people stand behind an hour. Weekday and hour "All" hold the whole stage. A
    late exit leaves fewer than two working hours of its week: what follows waits over the weekend. Hours with fewer
    than five people behind them, or that would give such hours away, have no row.
    """

    value_stream = Column(LABEL, "Value stream.")
    stage_name = Column(LABEL, "Stage in which it waited.", references="stages.stage_name")
    weekday_name = Column(pl.String(), "Weekday of the exit, in the stream's zone.", values=(ALL, *WEEKDAYS))
    hour_name = Column(pl.String(), "Hour of the exit, in the stream's zone.", values=(ALL, *HOURS))
    exit_count = Column(
        pl.Int64(), "Exits by people: the n. Empty for a team too small (note).", nullable=True, minimum=0
    )
    withheld_exit_count = Column(
        pl.Int64(), "Of the exits of the whole stage, those in hours without a row. Empty likewise, or for an hour.",
        nullable=True, minimum=0,
    )  # fmt: skip
    late_week_exit_count = Column(pl.Int64(), "Late ones. Empty likewise.", nullable=True, minimum=0)
    locals().update(_columns())
    definition_version = definition_version_column()
    note = note_column()


def decision_latency(status_visits: pl.LazyFrame, approval_status_ids: Iterable[int]) -> pl.LazyFrame:
    """Latency of every decision taken: one row per finished visit of an approval status.

    issue_id, visit_number, left_at, latency_ms and latency_working_ms (int64 milliseconds).
    """
    is_decision = pl.col.status_id.is_in(list(approval_status_ids)) & pl.col.left_at.is_not_null()
    return status_visits.filter(is_decision).select(
        "issue_id", "visit_number", "left_at", latency_ms="elapsed_ms", latency_working_ms="working_ms"
    )


def profile_decisions(
    person_intervals: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    status_visits: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Measure the latency of every waiting stage by hour of the week; DecisionLatency."""
    journeys, persons = issue_journeys.filter("is_counted").collect(), person_intervals.collect()
    ids = journeys["issue_id"]
    visits = cut_where_ended(status_visits.collect(), workflow, as_of)
    exits = waiting_exits(visits, ids, raw_changes.collect(), workflow).filter(~pl.col.is_automation)
    if exits.is_empty():
        return DecisionLatency.empty().lazy()
    decisions = describe_exits(exits, persons.filter(pl.col.issue_id.is_in(ids.implode())), workflow, as_of)
    whole = decisions.with_columns(weekday_name=pl.lit(ALL), hour_name=pl.lit(ALL))
    team = whole_team_sizes(persons)
    large = decisions.join(team.filter(pl.col.team_size >= MINIMUM_GROUP), on="value_stream", how="semi")
    shown = shown_slices(large.select(*CELL, person="author"), STAGE, CELL[2:])
    rows = _measured(pl.concat([whole, decisions.join(shown, on=CELL, how="semi")]))
    apart = rows.filter(pl.col.hour_name != ALL).group_by(STAGE).agg(apart=pl.col.exit_count.sum())
    rows = rows.join(apart, on=STAGE, how="left").join(team, on="value_stream", how="left")
    versions = {stream.name: workflow.definition_version(stream.name) for stream in workflow.streams}
    withheld = pl.when(pl.col.hour_name == ALL).then(pl.col.exit_count - pl.col.apart.fill_null(0))
    rows = rows.with_columns(
        withheld_exit_count=withheld, definition_version=pl.col.value_stream.cast(pl.String).replace_strict(versions)
    )
    return DecisionLatency.select(_noted(rows).sort(CELL).lazy())


def describe_exits(
    exits: pl.DataFrame, person_intervals: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """Add to every exit its weekday_name and hour_name, is_late, its latency in days, and the days until what follows.

    late_wait_days and other_wait_days: elapsed days to the next touch or the end, of late and of other exits; empty for
    the others, and while nothing has followed.
    """
    serving = person_intervals.filter(pl.col.kind.is_in(["touch", "done", "discarded", "done_gap"]))
    next_at = serving.select("issue_id", next_at="entered_at").sort("next_at")
    exits = exits.sort("left_at").join_asof(
        next_at, left_on="left_at", right_on="next_at", by="issue_id", strategy="forward", check_sortedness=False
    )
    parts = [_in_zone(exits, stream.name, workflow) for stream in workflow.streams]
    placed = pl.concat(parts)
    left = working_between(placed, "left_at", "week_ends_at", workflow, as_of)
    placed = placed.with_columns(is_late=left < LATE_HOURS * MS_PER_HOUR)
    follows = (pl.col.next_at - pl.col.left_at).dt.total_milliseconds() / MS_PER_DAY
    return placed.with_columns(
        latency_days=pl.col.latency_ms / MS_PER_DAY,
        latency_working_days=pl.col.latency_working_ms / (MS_PER_HOUR * pl.col.hours_per_day),
        late_wait_days=pl.when("is_late").then(follows),
        other_wait_days=pl.when(~pl.col.is_late).then(follows),
    )


def _in_zone(exits: pl.DataFrame, name: str, workflow: Workflow) -> pl.DataFrame:
    """Weekday, hour and end of the week of one stream's exits, by its own clocks on the wall."""
    calendar = workflow.streams[workflow.stream_codes()[name]].calendar
    own = exits.filter(pl.col.value_stream.cast(pl.String) == name)
    local = pl.col.left_at.dt.convert_time_zone(calendar.zone)
    monday = local.dt.replace_time_zone(None).dt.truncate("1w") + timedelta(weeks=1)
    ends = monday.dt.replace_time_zone(calendar.zone, ambiguous="earliest", non_existent="null")
    ends = ends.dt.convert_time_zone("UTC")
    return own.with_columns(
        weekday_name=(local.dt.weekday() - 1).replace_strict(dict(enumerate(WEEKDAYS)), return_dtype=pl.String),
        hour_name=local.dt.strftime("%H"),
        week_ends_at=ends.fill_null(pl.col.left_at),
        hours_per_day=pl.lit(float(calendar.hours_per_day)),
    )


def _measured(decisions: pl.DataFrame) -> pl.DataFrame:
    """Counts, percentiles and the share of late exits of every CELL."""
    counts = {"exit_count": pl.len(), "late_week_exit_count": pl.col.is_late.sum()}
    rows = decisions.group_by(CELL).agg(**{name: count.cast(pl.Int64) for name, count in counts.items()})
    rows = rows.join(percentiles_by(decisions, CELL, MEASURES, PERCENTS), on=CELL)
    rows = rows.join(percentiles_by(decisions, CELL, FOLLOWING, (50,)), on=CELL)
    n = rows["exit_count"].to_numpy()
    n = np.where(n >= MINIMUM_SAMPLE[0.5], n, 0)
    found = wilson(np.where(n, rows["late_week_exit_count"].to_numpy(), 0), n)
    names = [f"late_week_exit_share{end}" for end in ("", "_low", "_high")]
    return rows.with_columns(pl.Series(c, v).fill_nan(None) for c, v in zip(names, found, strict=True))


def _noted(rows: pl.DataFrame) -> pl.DataFrame:
    """Empty the rows of small teams, and say which figures are missing."""
    is_team = pl.col.team_size.fill_null(0) >= MINIMUM_GROUP
    said = (*CELL, "definition_version", "note")
    hidden = [name for name in DecisionLatency.columns if name not in said]
    late = pl.when(pl.col.late_week_following_wait_days_p50.is_null()).then(
        lacking(f"what follows late exits needs {MINIMUM_SAMPLE[0.5]}", "late_week_exit_count")
    )
    some = pl.when(pl.col.withheld_exit_count > 0).then(
        one_or_many(
            "withheld_exit_count",
            "{} exit lies in hours without a row, where fewer people stand",
            "{} exits lie in hours without a row, where fewer people stand",
        )
    )
    note = as_note([*too_few(PERCENTS, "exit_count", "exits"), late, some])
    small = pl.lit(f"everything is {SUPPRESSED}")
    return rows.with_columns(pl.when(is_team).then(pl.col(hidden)), note=pl.when(is_team).then(note).otherwise(small))
