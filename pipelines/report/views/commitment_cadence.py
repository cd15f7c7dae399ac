"""How long ideas wait to be taken, and for the next planning. From metrics.commitment_cadence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row
from pipelines.report.views.by_period import entry_per_row
from pipelines.report.words import NOTHING, counted, days, joined, number, span

EVEN = 1.0
"""Variance by mean of weekly commitments that come by chance, one independent of the other."""


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period."""
    return entry_per_row(published, "metrics.commitment_cadence", _nothing, _told)


def _told(row: Row) -> dict[str, Any]:
    return {"finding": joined(_waited(row), _batches(row)), "facts": _facts(row)}


def _waited(row: Row) -> str:
    taken = counted(row["committed_count"], "idea")
    if row["time_to_commit_days_p50"] is None:
        return f"{taken} taken: too few to say how long {'it' if row['committed_count'] == 1 else 'they'} had waited."
    text = f"Of {taken} taken, half had waited at most {_days(row, 'time_to_commit_days_p50')} since they were written"
    if row["time_to_commit_days_p85"] is not None:
        text += f" down, 85 % at most {_days(row, 'time_to_commit_days_p85')}."
        return text
    return f"{text} down."


def _batches(row: Row) -> str:
    """Whether commitments come in batches, as far as the interval of their index tells."""
    low, high = row["dispersion_index_low"], row["dispersion_index_high"]
    if low is None or high is None:
        return "Whether they are taken in batches cannot be told."
    if low > EVEN:
        return "They are taken in batches, as a planning calendar makes them."
    if high < EVEN:
        return "They are taken evenly, week by week."
    return "Nothing tells whether they are taken in batches or evenly."


def _facts(row: Row) -> list[tuple[str, str]]:
    index = row["dispersion_index"]
    bounds = span(row["dispersion_index_low"], row["dispersion_index_high"])
    planning = f"{counted(row['planning_day_count'], 'day')} of {row['commitment_day_count']:,} with any"
    return [
        ("80 % of the commitments fall on", planning),
        ("An idea waits for the next such day", _or_nothing(row["cadence_wait_days"])),
        ("Weekly variance by mean (1 is by chance)", NOTHING if index is None else f"{number(index)}{bounds}"),
    ]


def _or_nothing(value: float | None) -> str:
    return NOTHING if value is None else f"{days(value)} on average"


def _days(row: Row, name: str) -> str:
    return days(row[name]) + span(row[f"{name}_low"], row[f"{name}_high"])


def _nothing(row: Row) -> str:
    return "" if row["committed_count"] else "Nothing was committed to in this period."


VIEW = View(
    name="commitment_cadence",
    title="Waiting for the plan",
    question="How long do ideas wait to be taken, and for the next planning?",
    tables=("metrics.commitment_cadence",),
    build=build,
    note="Work counts in the period in which it was committed; elapsed days, weekends included.",
)
