"""Work in progress by stage and age. From metrics.ageing_work and metrics.service_levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.views.cycle_times import drawn_per_stream
from pipelines.report.words import counted, days, percent

OLDEST = 15

STATES = {"done_gap": "done for now"}
"""Kinds that are no word for people."""


def shared(published: Published) -> Mapping[str, Mapping[str, Sequence[Row]]]:
    """Points by stream, the oldest first where there are too many."""
    limit = drawn_per_stream(len(published.streams))
    orders = {(row["stream"], row["stage_name"]): row["stage_order"] for row in published.rows("core.stages")}
    return {
        stream: {"ageing_work": [_point(row, orders) for row in rows[:limit]]}
        for (stream,), rows in grouped(_oldest_first(published), "stream").items()
    }


def _oldest_first(published: Published) -> list[Row]:
    return sorted(published.rows("metrics.ageing_work"), key=lambda row: (-row["age_days"], row["issue_key"]))


def _point(row: Row, orders: Mapping[tuple[str, str], int]) -> Row:
    return {
        "key": row["issue_key"],
        "site": row["site_name"],
        "issue_type": row["issue_type"],
        "stage": row["stage_name"],
        "order": orders.get((row["stream"], row["stage_name"]), 0),
        "state": "blocked" if row["is_blocked"] else STATES.get(row["kind"], row["kind"]),
        "age": round(row["age_days"], 1),
        "stage_age": round(row["stage_age_days"], 1),
    }


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream, for all types and for each: work in progress knows no period but now."""
    doubts = Doubts(published)
    ageing = grouped(_oldest_first(published), "stream")
    types = published.types
    levels = {
        (row["stream"], row["issue_type"]): row
        for row in published.rows("metrics.service_levels", pl.col("period_kind") == "rolling_26_weeks")
    }
    for stream in published.streams:
        for kind in ("", *types.get(stream, ())):
            rows = [row for row in ageing.get((stream,), []) if kind in ("", row["issue_type"])]
            if not rows:
                yield Entry(stream, issue_type=kind, reason="Nothing is in progress.")
                continue
            yield Entry(
                stream,
                issue_type=kind,
                finding=_finding(rows, levels.get((stream, kind or "All"))),
                caveat=doubts.of(stream),
                extra={"links": [_link(row) for row in rows[:OLDEST]]},
            )


def _finding(rows: list[Row], level: Row | None) -> str:
    late = [row for row in rows if row["is_over_service_level"]]
    blocked = sum(row["is_blocked"] for row in rows)
    text = f"{counted(len(rows), 'issue')} in progress, {_age(rows)}"
    text += f", {blocked:,} blocked." if blocked else "."
    if level is None or level["expectation_days"] is None:
        return text + " Too little was delivered to say what to expect."
    promise = f"{percent(level['expected_share'])} are delivered within {days(level['expectation_days'])}"
    return f"{text} Going by the last half year {promise}; older than what holds for their type: {len(late):,}."


def _age(rows: list[Row]) -> str:
    """How old the one issue is; of several, an age that at least half of them have reached."""
    ages = sorted(row["age_days"] for row in rows)
    middle = days(ages[(len(ages) - 1) // 2])
    return f"at least half of them {middle} old or older" if len(rows) > 1 else f"{middle} old"


def _link(row: Row) -> Row:
    text = f"{days(row['age_days'])}, {days(row['stage_age_days'])} of it in {row['stage_name']}"
    return {
        "site": row["site_name"],
        "key": row["issue_key"],
        "text": text + (" – blocked" if row["is_blocked"] else ""),
    }


VIEW = View(
    name="ageing_work",
    title="Ageing work in progress",
    question="What is growing old, and where does it stand?",
    tables=("metrics.ageing_work", "metrics.service_levels"),
    build=build,
    shared=shared,
    charts=("ageing_work",),
    follows=("type",),
    note="Every point is an issue in progress at the moment the report speaks of, whichever period is chosen.",
)
