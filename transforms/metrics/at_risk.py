"""Journeys as a period sees them: at which age each came under observation, at which it left, and how (METHODS §2.4).

What is estimated from them belongs to the tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from transforms.metrics.period_tables import MS_PER_DAY, MS_PER_HOUR, PERIOD_KEY
from transforms.metrics.slots import stretches_in_periods, working_between
from transforms.schema import LABEL
from transforms.workflow import Workflow

ALL_TYPES = "All"
"""Stands for every type together where a table has a row per issue type."""

TYPE_CALLED_ALL = "All (issue type)"
"""What a site's own type of that name is called in such a table."""

STAYED, DELIVERED, DISCARDED = 0, 1, 2
"""How a journey left a period: open when last seen, or one of the two endings, which compete."""


ENDINGS = {"delivered": DELIVERED, "discarded": DISCARDED}


class AtRisk(NamedTuple):
    """Ages in days at which the journeys of a group came under observation and left, and how they left."""

    entry: np.ndarray
    leave: np.ndarray
    cause: np.ndarray

    @property
    def delivered(self) -> np.ndarray:
        """Which of them were delivered in the period; a cancelled one is censored for speed."""
        found: np.ndarray = self.cause == DELIVERED
        return found


def at_risk(journeys: pl.DataFrame, grid: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """One row per really started journey and period in which it was in progress, however briefly.

    Columns: issue_id, value_stream, issue_type, PERIOD_KEY, cause; ages since its start: entry_days, leave_days,
    entry_working_days, leave_working_days; is_gone: no search found it any more, so that it is
    censored at that age. One that was under way before counts as watched from just before the
    age it had then: what finishes in the period's first instant, or outside working hours, was at risk.
    """
    started = journeys.filter(pl.col.started_at.is_not_null() & ~pl.col.is_never_started)
    started = started.select(
        "issue_id", "value_stream", pl.col.issue_type.cast(LABEL), "started_at", "finished_at", "outcome",
        until=pl.col.finished_at + timedelta(milliseconds=1),
    )  # fmt: skip
    seen = stretches_in_periods(started, "started_at", "until", grid, as_of)
    has_ended = pl.col.finished_at.is_not_null() & (pl.col.finished_at < pl.col.ends_at)
    ending = pl.col.outcome.replace_strict(ENDINGS, default=STAYED, return_dtype=pl.Int8)
    seen = seen.with_columns(
        cause=pl.when(has_ended).then(ending).otherwise(pl.lit(STAYED, pl.Int8)),
        is_gone=has_ended & (pl.col.outcome == "gone"),
        leaves_at=pl.when(has_ended).then("finished_at").otherwise("ends_at"),
    )
    return seen.select(
        "issue_id", "value_stream", "issue_type", *PERIOD_KEY[1:], "cause", "is_gone", *_ages(seen, workflow, as_of)
    )


def own_type() -> pl.Expr:
    """Every issue's type as tables name it that have ALL_TYPES beside the types."""
    return pl.col.issue_type.cast(pl.String).replace(ALL_TYPES, TYPE_CALLED_ALL).cast(LABEL)


def with_all_types(frame: pl.DataFrame) -> pl.DataFrame:
    """Every row once under its issue_type and once under ALL_TYPES."""
    return pl.concat([frame, frame.with_columns(issue_type=pl.lit(ALL_TYPES, LABEL))])


def groups_of(seen: pl.DataFrame, by: tuple[str, ...], clock: str = "days") -> Iterator[tuple[tuple[Any, ...], AtRisk]]:
    """The journeys of each group of ``at_risk``'s rows, by one clock: ``days`` or ``working_days``."""
    columns = (f"entry_{clock}", f"leave_{clock}", "cause")
    grouped = seen.group_by(by, maintain_order=True).agg(columns)
    values = (grouped[column] for column in columns)
    for key, *arrays in zip(grouped.select(by).iter_rows(), *values, strict=True):
        yield key, AtRisk(*(array.to_numpy() for array in arrays))


def _ages(seen: pl.DataFrame, workflow: Workflow, as_of: datetime) -> list[pl.Series]:
    """Entry and leave by both clocks, in days."""
    hours = {stream.name: float(stream.calendar.hours_per_day) for stream in workflow.streams}
    working_day = MS_PER_HOUR * seen["value_stream"].cast(pl.String).replace_strict(hours, return_dtype=pl.Float64)
    ages = []
    for name, at in (("entry", "begins_at"), ("leave", "leaves_at")):
        elapsed = (seen[at] - seen["started_at"]).dt.total_milliseconds()
        working = working_between(seen, "started_at", at, workflow, as_of)
        back = int(name == "entry")
        ages.append(((elapsed - back).clip(0) / MS_PER_DAY).alias(f"{name}_days"))
        ages.append(((working - back).clip(0) / working_day).alias(f"{name}_working_days"))
    return ages
