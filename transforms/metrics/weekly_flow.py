"""What starts and ends in each week of a value stream: the series that limits, regimes and forecasts are made of.

Counted work only; sums of log cycle times stand beside the counts. What the weeks mean is said by the tables.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import datetime

import polars as pl

from transforms.metrics.periods import weeks
from transforms.metrics.slots import events_in_slots
from transforms.schema import LABEL
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

WEEK = ("value_stream", "week_start_date")

COUNTS = {
    "started_count": ("started_at", pl.lit(True)),
    "delivered_count": ("finished_at", pl.col.outcome == "delivered"),
    "left_by_delivery_count": ("finished_at", pl.col.is_in_flow & (pl.col.outcome == "delivered")),
    "discarded_count": ("finished_at", pl.col.is_in_flow & (pl.col.outcome == "discarded")),
    "gone_count": ("finished_at", pl.col.is_in_flow & (pl.col.outcome == "gone")),
}
"""Column: the clock it counts by, and which journeys it counts. Work that ended without ever having been started is
delivered, but never was work in progress."""


def flow_journeys(issue_journeys: pl.LazyFrame) -> pl.DataFrame:
    """Counted journeys with is_in_flow: really started, so in progress from started_at to finished_at."""
    journeys = issue_journeys.filter("is_counted").collect()
    is_in_flow = pl.col.started_at.is_not_null() & ~pl.col.is_never_started
    return journeys.with_columns(is_in_flow=is_in_flow, started_at=pl.when(is_in_flow).then("started_at"))


def left_count() -> pl.Expr:
    """Issues of a week that are in progress no longer."""
    return pl.col.left_by_delivery_count + pl.col.discarded_count + pl.col.gone_count


def flow_weeks(journeys: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Weeks of each stream from the first one in which work starts or ends: ``periods.weeks``' columns, in order."""
    begun = journeys.with_columns(first=pl.min_horizontal("started_at", "finished_at"))
    return weeks_since(begun, "first", workflow, as_of)


def weeks_since(events: pl.DataFrame, at: str, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Weeks of each stream from the first of its events on: ``periods.weeks``' columns, in order."""
    firsts = events.drop_nulls(at).group_by("value_stream").agg(first=pl.col(at).min())
    grid = weeks(workflow, covered_stretch([firsts["first"]], as_of)[0], as_of).join(firsts, on="value_stream")
    lasting = grid.filter((pl.col.ends_at > pl.col.first) & (pl.col.ends_at > pl.col.starts_at)).drop("first")
    return lasting.sort(pl.col.value_stream.cast(pl.String), "week_start_date")


def weekly_flow(journeys: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    """``grid`` with COUNTS, and of work delivered with a cycle: cycle_count, cycle_log_sum (natural log of ms)."""
    for name, (at, counted) in COUNTS.items():
        events = events_in_slots(journeys.filter(counted).select("value_stream", at), at, grid)
        counts = events.group_by(WEEK).agg(pl.len().cast(pl.Int64).alias(name))
        grid = grid.join(counts, on=WEEK, how="left", maintain_order="left").with_columns(pl.col(name).fill_null(0))
    cycles = journeys.filter(pl.col.cycle_ms.is_not_null()).select("value_stream", "finished_at", "cycle_ms")
    sums = (
        events_in_slots(cycles, "finished_at", grid)
        .group_by(WEEK)
        .agg(cycle_count=pl.len().cast(pl.Int64), cycle_log_sum=log_cycle().sum(), cycle_ms_sum=pl.col.cycle_ms.sum())
    )
    grid = grid.join(sums, on=WEEK, how="left", maintain_order="left")
    return grid.with_columns(pl.col("cycle_count", "cycle_log_sum", "cycle_ms_sum").fill_null(0))


def add_change_note(flow: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Add change_note to the weeks in which statuses, stages or the commitment began to mean something else.

    Such a day starts, ends and moves work at its midnight, which nobody did in Jira.
    """
    days = [(stream.name, day) for stream in workflow.streams for day, _ in stream.earlier]
    changes = pl.DataFrame(days, schema={"value_stream": LABEL, "day": pl.Date()}, orient="row").sort("day")
    week = pl.col.day.dt.truncate("1w").alias("week_start_date")
    told = changes.group_by("value_stream", week).agg(days=pl.col.day.dt.to_string().str.join(", "))
    note = pl.format("definitions changed on {}: what that day itself started, ended or moved counts here", "days")
    return flow.join(told.select(*WEEK, change_note=note), on=WEEK, how="left", maintain_order="left")


def log_cycle() -> pl.Expr:
    """Natural logarithm of the cycle time in ms; one below a minute counts as a minute, for logs know no 0."""
    return pl.col.cycle_ms.clip(60_000).log()


def by_stream(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of each value stream, in the order of their names."""
    for name in sorted(frame["value_stream"].cast(pl.String).unique().to_list()):
        yield name, frame.filter(pl.col.value_stream.cast(pl.String) == name)


def seed_of(*names: object) -> int:
    """The same seed for the same names, on every machine and run."""
    return zlib.crc32("/".join(str(name) for name in names).encode())
