"""Output held against flow: is more started while no more ships? From metrics.divergence_verdicts, flow_weekly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.words import joined


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
            caveat=joined(doubts.of(row["stream"])),
        )


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
