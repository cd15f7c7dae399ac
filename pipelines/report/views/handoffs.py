"""Through how many hands work goes, and how often straight back. From metrics.handoffs."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row
from pipelines.report.views.cycle_times import withheld
from pipelines.report.words import counted, joined, number, percent, percent_span, span


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period."""
    doubts = Doubts(published)
    for row in published.rows("metrics.handoffs"):
        stream, period = row["stream"], row["period"]
        if row["handoffs_per_delivered"] is None:
            yield Entry(stream, period, reason=_nothing(row))
            continue
        yield Entry(
            stream,
            period,
            finding=_finding(row),
            facts=_facts(row),
            caveat=joined(doubts.of(stream), withheld(row)),
        )


def _finding(row: Row) -> str:
    bounds = span(row["handoffs_per_delivered_low"], row["handoffs_per_delivered_high"])
    mean = number(row["handoffs_per_delivered"])
    text = f"A delivered issue was handed from one person to another {mean}{bounds} times on average"
    if row["handoffs_most"] is not None:
        text += f", at most {counted(row['handoffs_most'], 'time')}"
    return f"{text} ({counted(row['delivered_count'], 'issue')})."


def _facts(row: Row) -> list[tuple[str, str]]:
    return [
        ("Handed off at least once", _share(row, "handed_off_share")),
        ("Handed off three times or more", _share(row, "often_handed_off_share")),
        ("To somebody and straight back", _share(row, "ping_pong_share")),
    ]


def _share(row: Row, name: str) -> str:
    return percent(row[name]) + percent_span(row[f"{name}_low"], row[f"{name}_high"])


def _nothing(row: Row) -> str:
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
