"""Exits from the statuses in which committed work waits for somebody: when, after how long, by whom."""

from __future__ import annotations

import polars as pl

from transforms.definitions import ONE_STATUS, definition_at, places
from transforms.metrics.waiting_visits import exit_authors
from transforms.workflow import Workflow


def waiting_exits(
    status_visits: pl.DataFrame, issue_ids: pl.Series, changes: pl.DataFrame, workflow: Workflow
) -> pl.DataFrame:
    """One row per finished visit of a queue status at or after the commitment whose end somebody is known to have made.

    ``status_visits`` are those of ``cut_where_ended``. Stage, kind and commitment are those of the entry.

    Columns issue_id, visit_number, value_stream, stage_name, author (the automation's where is_automation), entered_at,
    left_at, latency_ms, latency_working_ms, and of the entry in the stream's zone: day, is_working_day.
    """
    begun = places(workflow).filter("is_committed").select(ONE_STATUS)
    is_over = pl.col.issue_id.is_in(issue_ids.implode()) & pl.col.left_at.is_not_null()
    queued = status_visits.filter(is_over & (pl.col.work_kind == "queue"))
    visits = queued.with_columns(definition_at(workflow)).join(begun, on=ONE_STATUS, how="semi")
    exits = visits.select(
        "issue_id", "visit_number", "value_stream", "stage_name", "entered_at", "left_at",
        latency_ms="elapsed_ms", latency_working_ms="working_ms",
    )  # fmt: skip
    exits = exits.join(exit_authors(changes), on=["issue_id", "left_at"]).filter(
        pl.col.is_automation | pl.col.author.is_not_null()
    )
    return pl.concat([_with_days(exits, stream.name, workflow) for stream in workflow.streams])


def _with_days(exits: pl.DataFrame, name: str, workflow: Workflow) -> pl.DataFrame:
    """Local day of the entries into one stream's queues, and whether anybody works on it."""
    calendar = workflow.streams[workflow.stream_codes()[name]].calendar
    own = exits.filter(pl.col.value_stream.cast(pl.String) == name)
    day = pl.col.entered_at.dt.convert_time_zone(calendar.zone).dt.date()
    return own.with_columns(day=day, is_working_day=calendar.is_working_day(day))
