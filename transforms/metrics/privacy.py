"""What may be said of a group of people, and when it says too much of one of them (METHODS §6).

How many people stand behind a figure is counted here; which figures are withheld is said by each table.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from transforms.metrics.slots import stretches_in_periods, stretches_in_slots
from transforms.states import NOBODY
from transforms.workflow import SPAN_KINDS

MINIMUM_GROUP = 5
"""k: persons below which no figure derived from persons is published."""

SUPPRESSED = f"withheld: fewer than {MINIMUM_GROUP} people stand behind it"

_WORKED = pl.col.kind.is_in(SPAN_KINDS) & (pl.col.kind != "done_gap") & (pl.col.assignee != NOBODY)


def team_sizes(person_intervals: pl.DataFrame, periods: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """People to whom work of a value stream was assigned in each period: the team that owns its stages.

    One row per value_stream, period_kind and period_start_date with anybody; column team_size.
    """
    columns = ("value_stream", "assignee", "entered_at", "left_at")
    worked = person_intervals.filter(_WORKED).select(columns)
    placed = stretches_in_periods(worked, "entered_at", "left_at", periods, as_of)
    return _counted(placed, ["value_stream", "period_kind", "period_start_date"])


def weekly_team_sizes(person_intervals: pl.DataFrame, weeks: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The same per value_stream and week_start_date, of people with work in touch; column team_size."""
    columns = ("value_stream", "assignee", "entered_at", "left_at")
    touched = person_intervals.filter(_WORKED & (pl.col.kind == "touch")).select(columns)
    placed = stretches_in_slots(touched, "entered_at", "left_at", weeks, as_of)
    return _counted(placed, ["value_stream", "week_start_date"])


def is_team_large_enough() -> pl.Expr:
    """Whether a row's team_size, empty for none, reaches the minimum group."""
    return pl.col.team_size.fill_null(0) >= MINIMUM_GROUP


def may_be_shown(person_count: str, rows: Sequence[str]) -> pl.Expr:
    """Whether a slice may be shown beside the total over its ``rows`` (the columns that name the total).

    Slices with fewer than k persons are hidden; where exactly one is hidden, subtracting the others from the total
    would give it away, so the smallest of the others is hidden too (complementary suppression).
    """
    group, persons = list(rows), pl.col(person_count)
    is_small = (persons > 0) & (persons < MINIMUM_GROUP)
    others = pl.when(~is_small & (persons > 0)).then(persons)
    is_companion = (is_small.sum().over(group) == 1) & (others.rank("ordinal").over(group) == 1)
    return ~is_small & (persons > 0) & ~is_companion.fill_null(False)


def _counted(placed: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    return placed.group_by(by).agg(team_size=pl.col.assignee.n_unique().cast(pl.Int64))
