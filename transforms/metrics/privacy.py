"""What may be said of a group of people, and when it says too much of one of them (METHODS §6).

How many people stand behind a figure is counted here; which figures are withheld is said by each table.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from transforms.metrics.slots import stretches_in_periods
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


def whole_team_sizes(person_intervals: pl.DataFrame) -> pl.DataFrame:
    """The same over the whole history: one row per value_stream with anybody; column team_size."""
    return _counted(person_intervals.filter(_WORKED), ["value_stream"])


def is_team_large_enough() -> pl.Expr:
    """Whether a row's team_size, empty for none, reaches the minimum group."""
    return pl.col.team_size.fill_null(0) >= MINIMUM_GROUP


def shown_slices(persons: pl.DataFrame, whole: Sequence[str], parts: Sequence[str]) -> pl.DataFrame:
    """Slices that may be shown beside the total over them: rows of ``whole`` and ``parts``.

    ``persons``: one row per slice and person (column person). A slice with fewer than k persons is hidden. So that
    subtracting what is shown from the total tells of k persons too, the smallest of the others are hidden with it
    until that many stand behind what is hidden (complementary suppression).
    """
    key, distinct = [*whole, *parts], persons.unique()
    slices = distinct.group_by(key).agg(pl.col.person.sort()).sort(pl.col.person.list.len(), *key)
    shown = []
    for _, group in slices.group_by(list(whole), maintain_order=True):
        members = [frozenset(people) for people in group["person"]]
        shown.append(group[_hidden_count(members) :].select(key))
    return pl.concat(shown) if shown else slices.select(key)


def _hidden_count(members: Sequence[frozenset[int]]) -> int:
    """How many of the slices, smallest first, have to be hidden."""
    behind: set[int] = set()
    for place, people in enumerate(members):
        is_enough = not place or len(behind) >= MINIMUM_GROUP
        if len(people) >= MINIMUM_GROUP and is_enough:
            return place
        behind |= people
    return len(members)


def _counted(placed: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    return placed.group_by(by).agg(team_size=pl.col.assignee.n_unique().cast(pl.Int64))
