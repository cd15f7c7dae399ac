"""Which moves back happen, and how many days they cost. From metrics.rework_edges and metrics.failure_demand."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.words import counted, days, joined, number, percent, percent_span

DRAWN = 8


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period: its costliest moves back, and how much of what comes in is failure demand."""
    doubts = Doubts(published)
    edges = grouped(published.rows("metrics.rework_edges"), "stream", "period")
    failures = {(row["stream"], row["period"]): row for row in published.rows("metrics.failure_demand")}
    for stream, period, _, _ in published.periods:
        rows = sorted(edges.get((stream, period), []), key=lambda row: -row["lost_days_total"])
        rows = [row for row in rows if row["move_count"]]
        failure = _failure_demand(failures.get((stream, period)))
        if not rows:
            yield Entry(stream, period, finding=joined("No issue was sent back in this period.", failure))
            continue
        yield Entry(
            stream,
            period,
            finding=joined(_finding(rows), failure),
            caveat=doubts.of(stream),
            charts={"rework": [_bar(row) for row in rows[:DRAWN]]},
        )


def _finding(rows: list[Row]) -> str:
    top = rows[0]
    moves, lost = sum(row["move_count"] for row in rows), sum(row["lost_days_total"] for row in rows)
    text = f"{counted(moves, 'move')} back cost {days(lost)} in sum; the costliest way is {_way(top)}:"
    text += f" {counted(top['move_count'], 'time')}, {days(top['lost_days_total'])}"
    if top["sent_back_share"] is not None:
        bounds = percent_span(top["sent_back_share_low"], top["sent_back_share_high"])
        text += f", {percent(top['sent_back_share'])}{bounds} of what passed {top['from_stage_name']}"
    return f"{text}."


def _way(row: Row) -> str:
    back = row["to_stage_name"]
    return f"{row['from_stage_name']} → {back}" if back != row["from_stage_name"] else f"back within {back}"


def _bar(row: Row) -> Row:
    return {
        "way": _way(row),
        "days": round(row["lost_days_total"], 1),
        "moves": row["move_count"],
        "share": row["sent_back_share"] and round(row["sent_back_share"], 3),
    }


def _failure_demand(row: Row | None) -> str:
    """Between the traced and all bugs lies what came in only because something had failed."""
    if row is None or row["failure_demand_share"] is None:
        return ""
    low, high = percent(row["failure_demand_share"]), percent(row["failure_demand_upper_share"])
    arrivals = number(row["created_count"] + row["reopened_count"])
    return f"Of {arrivals} arrivals at least {low} and at most {high} were there only because something had failed."


VIEW = View(
    name="rework",
    title="Rework",
    question="How often is work sent back, and what does it cost?",
    tables=("metrics.rework_edges", "metrics.failure_demand"),
    build=build,
    charts=("rework",),
    note="Days from a move back until the work stands beyond where it was sent back from, every day counted once.",
)
