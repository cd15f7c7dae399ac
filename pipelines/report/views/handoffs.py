"""Through how many hands work goes, and how often straight back. From metrics.handoffs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row
from pipelines.report.views.by_period import entry_per_row, share_of
from pipelines.report.words import counted, number, span


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period."""
    return entry_per_row(published, "metrics.handoffs", _nothing, _told)


def _told(row: Row) -> dict[str, Any]:
    return {"finding": _finding(row), "facts": _facts(row)}


def _finding(row: Row) -> str:
    bounds = span(row["handoffs_per_delivered_low"], row["handoffs_per_delivered_high"])
    mean = number(row["handoffs_per_delivered"])
    times = "time" if mean == "1" else "times"
    text = f"A delivered issue was handed from one person to another {mean}{bounds} {times} on average"
    if row["handoffs_most"] is not None:
        text += f", at most {counted(row['handoffs_most'], 'time')}"
    return f"{text} ({counted(row['delivered_count'], 'issue')})."


def _facts(row: Row) -> list[tuple[str, str]]:
    return [
        ("Handed off at least once", share_of(row, "handed_off_share")),
        ("Handed off three times or more", share_of(row, "often_handed_off_share")),
        ("To somebody and straight back", share_of(row, "ping_pong_share")),
    ]


def _nothing(row: Row) -> str:
    if row["handoffs_per_delivered"] is not None:
        return ""
    if row["handoff_count"] is None:
        return "The team is too small: figures on hand-offs would tell about persons."
    return f"{counted(row['delivered_count'], 'issue')} delivered: too few to say how often work changes hands."


VIEW = View(
    name="handoffs",
    title="Hand-offs",
    question="Through how many hands does work go, and how often straight back?",
    tables=("metrics.handoffs",),
    build=build,
    note="Changes of the assignment from one person to another between start and delivery. Nobody is named.",
)
