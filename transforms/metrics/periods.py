"""The stretches of time a metric speaks of: calendar quarters, one rolling window of 26 weeks, and weeks.

In each value stream's own zone. What is measured over them does not belong here.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from transforms.local_days import midnight_of
from transforms.schema import LABEL, TIMESTAMP
from transforms.workflow import ValueStream, Workflow

PERIOD_KINDS = ("quarter", "rolling_26_weeks")

ROLLING_WEEKS = 26

PERIOD_SCHEMA = pl.Schema(
    {
        "value_stream": LABEL,
        "period_kind": pl.String(),
        "period_start_date": pl.Date(),
        "period_end_date": pl.Date(),
        "starts_at": TIMESTAMP,
        "ends_at": TIMESTAMP,
        "is_complete": pl.Boolean(),
    }
)
"""One row per value stream and period. ``period_end_date`` is the period's last day; [starts_at, ends_at) are its
instants, cut at as_of while it runs (``is_complete`` false)."""


def periods(workflow: Workflow, first_at: datetime, as_of: datetime) -> pl.DataFrame:
    """Every quarter from the one that holds ``first_at`` on, and the 26 weeks up to the last complete one."""
    rows = [row for stream in workflow.streams for row in _stream_periods(stream, first_at, as_of)]
    return pl.DataFrame(rows, schema=PERIOD_SCHEMA, orient="row")


def weeks(workflow: Workflow, first_at: datetime, as_of: datetime) -> pl.DataFrame:
    """Every week of every stream: value_stream, week_start_date (a Monday), starts_at, ends_at, is_complete."""
    rows = []
    for stream in workflow.streams:
        zone = ZoneInfo(stream.calendar.zone)
        monday, last = _monday(first_at.astimezone(zone).date()), as_of.astimezone(zone).date()
        for number in range((last - monday).days // 7 + 1):
            start = monday + timedelta(weeks=number)
            end = midnight_of(start + timedelta(weeks=1), zone)
            rows.append((stream.name, start, midnight_of(start, zone), min(end, as_of), end <= as_of))
    names = ("value_stream", "week_start_date", "starts_at", "ends_at", "is_complete")
    return pl.DataFrame(
        rows, dict(zip(names, (LABEL, pl.Date, TIMESTAMP, TIMESTAMP, pl.Boolean), strict=True)), orient="row"
    )


def _stream_periods(stream: ValueStream, first_at: datetime, as_of: datetime) -> list[tuple[object, ...]]:
    zone = ZoneInfo(stream.calendar.zone)
    start, today = _quarter(first_at.astimezone(zone).date()), as_of.astimezone(zone).date()
    spans = []
    while start <= today:
        following = _quarter(start + timedelta(days=100))
        spans.append(("quarter", start, following))
        start = following
    this_week = _monday(today)
    spans.append(("rolling_26_weeks", this_week - timedelta(weeks=ROLLING_WEEKS), this_week))
    return [
        (stream.name, kind, begin, end - timedelta(days=1), midnight_of(begin, zone),
         min(midnight_of(end, zone), as_of), midnight_of(end, zone) <= as_of)
        for kind, begin, end in spans
    ]  # fmt: skip


def _quarter(day: date) -> date:
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
