"""Journeys of many issues at once, for series of weeks no story could tell. What is made of them is not said here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from tests.builders import BOARD, OFFICE_HOURS
from transforms.schema import LABEL, TIMESTAMP
from transforms.workflow import Workflow

WORKFLOW = BOARD.workflow()

MONDAY = datetime(2025, 1, 6, 8, tzinfo=UTC)
"""Monday morning, 9:00 in Berlin, where the stream lives."""

Row = tuple[datetime, datetime | None, str]
"""Start, finish and outcome of a journey; never started where both are the same instant and it is delivered."""

SCHEMA = {
    "issue_id": pl.Int64, "value_stream": LABEL, "issue_type": pl.String, "hierarchy_level": pl.Int8,
    "is_rolled_up": pl.Boolean, "is_counted": pl.Boolean, "outcome": pl.String, "is_never_started": pl.Boolean,
    "created_at": TIMESTAMP, "started_at": TIMESTAMP, "finished_at": TIMESTAMP, "cycle_ms": pl.Int64,
    "parent_id": pl.Int64,
}  # fmt: skip


def journeys(rows: Iterable[Row], stream: str = "Golden") -> pl.DataFrame:
    """The columns of IssueJourneys that series are made of."""
    made = []
    for number, (start, finish, outcome) in enumerate(rows):
        is_never_started = start == finish
        has_cycle = outcome == "delivered" and not is_never_started
        cycle = (finish - start) // timedelta(milliseconds=1) if has_cycle and finish else None
        made.append(
            (number, stream, "Story", 0, False, True, outcome, is_never_started, start - timedelta(days=1), start,
             finish, cycle, None)
        )  # fmt: skip
    return pl.DataFrame(made, schema=SCHEMA, orient="row")


def delivered_weekly(counts: Sequence[int], cycle_days: Sequence[float] | float = 3.0) -> list[Row]:
    """As many deliveries in each week from MONDAY on, spread over its days; each was started ``cycle_days`` before."""
    days = np.broadcast_to(cycle_days, len(counts))
    return [
        (end - timedelta(days=float(days[week])), end, "delivered")
        for week, count in enumerate(counts)
        for end in (MONDAY + timedelta(weeks=week, hours=14 + 90 * place / count) for place in range(count))
    ]


def redefined_from(day: date) -> Workflow:
    """The workflow with other working hours from that day on."""
    calendar = replace(OFFICE_HOURS, earlier=((day, OFFICE_HOURS.openings[:4]),))
    return BOARD.workflow(calendar=calendar)
