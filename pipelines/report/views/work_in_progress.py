"""Work in progress held against what keeps the slowest stage just busy. From metrics.flow_weekly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.words import day, figure_of, joined, number, span


def shared(published: Published) -> Mapping[str, Mapping[str, Sequence[Row]]]:
    """Work in progress and critical WIP, week by week."""
    weeks = published.rows("metrics.flow_weekly", pl.col("is_complete_week"))
    return {
        stream: {"work_in_progress": [point for row in rows for point in _points(row)]}
        for (stream,), rows in grouped(weeks, "stream").items()
    }


def _points(row: Row) -> list[Row]:
    """The week's work in progress; and critical WIP with its interval, where that is known."""
    wip = round(row["wip_mean"], 1)
    points = [{"date": row["week_start_date"], "line": "in progress", "issues": wip, "low": wip, "high": wip}]
    if (critical := row["critical_wip"]) is not None:
        low, high = (row[f"critical_wip_{end}"] for end in ("low", "high"))
        known = {
            "low": round(critical if low is None else low, 1),
            "high": round(critical if high is None else high, 1),
        }
        points.append({"date": row["week_start_date"], "line": "critical WIP", "issues": round(critical, 1)} | known)
    return points


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period."""
    doubts = Doubts(published)
    weeks = grouped(published.rows("metrics.flow_weekly", pl.col("is_complete_week")), "stream")
    for stream, period, start, end in published.periods:
        rows = [row for row in weeks.get((stream,), []) if start <= row["week_start_date"] <= end]
        if not rows:
            yield Entry(stream, period, reason="No complete week begins in this period.")
            continue
        known = [row for row in rows if row["wip_to_critical_ratio"] is not None]
        finding = _finding(known[-1]) if known else _unknown(rows[-1])
        yield Entry(stream, period, finding=finding, caveat=joined(doubts.of(stream)))


def _finding(row: Row) -> str:
    bounds = span(row["wip_to_critical_ratio_low"], row["wip_to_critical_ratio_high"])
    ratio = row["wip_to_critical_ratio"]
    times = "" if number(ratio) == "1" else f"{number(ratio)} times "
    text = f"{_held(row)} in progress; {number(row['critical_wip'])} would keep the slowest stage busy:"
    text += f" {times}as much{bounds}."
    return text + (" Starting more makes everything later, not more." if ratio > 2 else "")


def _unknown(row: Row) -> str:
    why = row["note"] or "too little is known"
    return f"{_held(row)} in progress. How many would be enough cannot be told: {why}."


def _held(row: Row) -> str:
    text = figure_of(row["wip_mean"], "issue")
    return f"In the week from {day(row['week_start_date'])} on {text} {'was' if text == '1 issue' else 'were'}"


VIEW = View(
    name="work_in_progress",
    title="Work in progress against critical WIP",
    question="How many times too much has been started?",
    tables=("metrics.flow_weekly",),
    build=build,
    shared=shared,
    charts=("work_in_progress",),
    note="Critical WIP: capacity of the slowest stage times the touch an issue needs, with its 95 % interval.",
)
