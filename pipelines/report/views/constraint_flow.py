"""Arrivals, departures and the queue of the one stage worth a closer look. From metrics.stage_flow_weekly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.verdicts import Verdicts
from pipelines.report.words import counted, day, days, joined, number, span


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period: its constraint, or the stage with the most waiting where none is named."""
    doubts, verdicts = Doubts(published), Verdicts(published)
    rows = published.rows("metrics.stage_flow_weekly", pl.col("is_complete_week"))
    weeks = grouped(rows, "stream", "stage_name")
    for stream, period, start, end in published.periods:
        stage = verdicts.watched_stage(stream, period)
        found = [row for row in weeks.get((stream, stage), []) if start <= row["week_start_date"] <= end]
        if stage is None or not found:
            yield Entry(stream, period, reason="No stage of this stream held any waiting work in the period.")
            continue
        yield Entry(
            stream,
            period,
            finding=_finding(stage, found, is_named=bool(verdicts.marked_stages(stream, period))),
            caveat=joined(doubts.of(stream, period, (stage,))),
            charts={"constraint_flow": _lines(found), "constraint_queue": _queue(found)},
        )


def _finding(stage: str, weeks: list[Row], *, is_named: bool) -> str:
    came, left = (sum(row[f"{kind}_count"] for row in weeks) for kind in ("arrival", "departure"))
    last = weeks[-1]
    why = "" if is_named else " (no constraint is named; it holds the most waiting)"
    text = f"{stage}{why}: {number(came)} came and {number(left)} left in {_weeks(weeks)};"
    text += f" its queue went from {number(weeks[0]['queue_mean'])} to {number(last['queue_mean'])}."
    if last["drain_weeks"] is not None and last["queue_end"]:
        text += f" If nothing more came it would be empty in {days(last['drain_weeks'], 'week')}."
    if last["load_ratio"] is not None:
        bounds = span(last["capacity_per_week_low"], last["capacity_per_week_high"])
        text += f" While work waits, {number(last['capacity_per_week'])} leave a week{bounds}:"
        text += f" what arrives is {last['load_ratio']:.2f} times that."
    return text


def _weeks(weeks: list[Row]) -> str:
    """How many weeks are counted, and which: those that begin in a period reach over its end."""
    first, last = weeks[0]["week_start_date"], weeks[-1]["week_start_date"] + timedelta(days=6)
    return f"{counted(len(weeks), 'week')} ({day(first)} to {day(last)})"


def _lines(weeks: list[Row]) -> list[Row]:
    return [
        {"date": row["week_start_date"], "flow": name, "count": row[column]}
        for row in weeks
        for name, column in (("arrivals", "arrival_count"), ("departures", "departure_count"))
    ]


def _queue(weeks: list[Row]) -> list[Row]:
    return [{"date": row["week_start_date"], "queue": round(row["queue_mean"], 1)} for row in weeks]


VIEW = View(
    name="constraint_flow",
    title="Arrivals and departures there",
    question="Does more arrive at the constraint than leaves it?",
    tables=("metrics.stage_flow_weekly", "metrics.constraint_verdicts"),
    build=build,
    charts=("constraint_flow", "constraint_queue"),
    note="Complete weeks: what came and what left in each, and how many issues waited, on average.",
)
