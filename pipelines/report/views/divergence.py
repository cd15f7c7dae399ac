"""Output held against flow: is more started while no more ships? From metrics.divergence_verdicts, flow_weekly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.words import NOTHING, counted, days, joined, number, span

PROXIES = {"starts": "Issues started", "code_done": "Issues out of their first active stage"}


def shared(published: Published) -> Mapping[str, Mapping[str, Sequence[Row]]]:
    """What was started and what delivered, week by week."""
    weeks = published.rows("metrics.flow_weekly", pl.col("is_complete_week"))
    return {
        stream: {
            "divergence": [
                {"date": row["week_start_date"], "flow": name, "count": row[column]}
                for row in rows
                for name, column in (("started", "started_count"), ("delivered", "delivered_count"))
            ]
        }
        for (stream,), rows in grouped(weeks, "stream").items()
    }


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period."""
    doubts = Doubts(published)
    for row in published.rows("metrics.divergence_verdicts"):
        yield Entry(
            row["stream"],
            row["period"],
            finding=row["sentence"],
            facts=_facts(row),
            caveat=joined(doubts.of(row["stream"])),
        )


def _facts(row: Row) -> list[tuple[str, str]]:
    """Before and after of the last two quarters of a year; nothing where they cannot be compared."""
    if row["later_start_date"] is None:
        return []
    proxy = PROXIES.get(row["output_proxy"] or "", "Output")
    delivered = counted(row["delivered_after_count"], "issue") if row["delivered_after_count"] is not None else NOTHING
    before, after = row["cycle_days_p50_before"], row["cycle_days_p50_after"]
    output = f"{number(row['output_before_count'])} → {number(row['output_after_count'])}"
    return [
        (f"{proxy}, 13 weeks against the 13 before", output),
        ("Delivered", f"{number(row['delivered_before_count'])} → {delivered}"),
        ("Median cycle time, open work counted", f"{days(before)} → {days(after)}"),
        ("Work in progress, change per week", _slope(row)),
    ]


def _slope(row: Row) -> str:
    slope = row["wip_slope_per_week"]
    bounds = span(row["wip_slope_per_week_low"], row["wip_slope_per_week_high"])
    return NOTHING if slope is None else f"{'+' if slope > 0 else ''}{number(slope)}{bounds}"


VIEW = View(
    name="divergence",
    title="Output against flow",
    question="Does the dashboard go up while delivery does not?",
    tables=("metrics.divergence_verdicts", "metrics.flow_weekly"),
    build=build,
    shared=shared,
    charts=("divergence",),
    note="Started and delivered issues in complete weeks. The verdict is one on the system, never on people.",
)
