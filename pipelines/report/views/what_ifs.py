"""What would follow from halving a wait, and from coding faster. From metrics.relief_estimates."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.verdicts import Verdicts, shown, stages_of
from pipelines.report.words import TOO_SMALL, days, deliveries, joined, span

SHOWN = ("wait_halved", "coding_40_percent_faster")

REPLAYED = "Replayed, with the same arrivals, people and work; intervals hold 95 % of the replays."


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period: the constraint's wait halved first, coding faster last."""
    doubts, verdicts = Doubts(published), Verdicts(published)
    found = grouped(published.rows("metrics.relief_estimates", pl.col("relief").is_in(SHOWN)), "stream", "period")
    for stream, period, _, _ in published.periods:
        rows = found.get((stream, period), [])
        if not rows:
            yield Entry(stream, period, reason=_why_not(verdicts.of(stream, period)))
            continue
        marked = set(verdicts.marked_stages(stream, period))
        rows.sort(key=lambda row: (row["relief"] != "wait_halved", -row["delivered_per_month_change"]))
        yield Entry(
            stream,
            period,
            finding=" ".join(_sentence(row) for row in rows if _is_told(row, marked)),
            caveat=joined(REPLAYED, doubts.of(stream, period)),
            charts={
                "what_if_deliveries": [_bar(row, "delivered_per_month_change", marked) for row in rows],
                "what_if_cycle": [
                    _bar(row, "cycle_working_days_p50_change", marked)
                    for row in rows
                    if row["cycle_working_days_p50_change"] is not None
                ],
            },
        )


def _is_told(row: Row, marked: set[str]) -> bool:
    """The wait at what is marked, and coding: the rest is drawn."""
    return row["relief"] != "wait_halved" or _is_marked(row, marked)


def _is_marked(row: Row, marked: set[str]) -> bool:
    """The target is the constraint itself: people who share stages are one target, each of the stages another."""
    return row["relief"] == "wait_halved" and set(stages_of(row["stage_name"])) == marked


def _why_not(verdict: Row | None) -> str:
    why = verdict and verdict["reasons"]
    return (
        f"No what-if is told, because the replay does not hold here: {why}."
        if why
        else (
            "These tables hold no what-ifs for the period: they are told only where a replay meets what was observed."
        )
    )


def name_of(row: Row) -> str:
    """What is done to whom."""
    target = shown(row["stage_name"])
    return f"Halve the wait at {target}" if row["relief"] == "wait_halved" else f"{target} 40 % faster"


def _sentence(row: Row) -> str:
    change, cycle = row["delivered_per_month_change"], row["cycle_working_days_p50_change"]
    more = "nothing more ships" if abs(change) < TOO_SMALL else deliveries(change)
    bounds = span(row["delivered_per_month_change_low"], row["delivered_per_month_change_high"])
    text = f"{name_of(row)}: {more}{bounds}"
    if cycle is None:
        return f"{text}."
    told = "as long as before" if abs(cycle) < TOO_SMALL else f"{days(abs(cycle), 'working day')} {_slower(cycle)}"
    return f"{text}, work takes {told}."


def _slower(change: float) -> str:
    return "longer" if change > 0 else "less"


def _bar(row: Row, column: str, marked: set[str]) -> Row:
    is_marked = _is_marked(row, marked)
    what = "wait halved" if row["relief"] == "wait_halved" else "40 % faster"
    return {
        "what": f"{shown(row['stage_name'])}: {what}",
        "change": round(row[column], 2),
        "low": row[f"{column}_low"],
        "high": row[f"{column}_high"],
        "kind": "constraint" if is_marked else "coding" if row["relief"] != "wait_halved" else "other",
    }


VIEW = View(
    name="what_ifs",
    title="What if",
    question="What would halving a wait bring, and what would coding faster bring?",
    tables=("metrics.relief_estimates",),
    build=build,
    charts=("what_if_deliveries", "what_if_cycle"),
    note="Points are replayed changes against the same half year with nothing changed, with 95 % intervals.",
)
