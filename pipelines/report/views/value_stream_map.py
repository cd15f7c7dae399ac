"""The value stream map: every step and the gap before it, drawn to scale of time. From metrics.value_stream_map."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.verdicts import Verdicts
from pipelines.report.words import counted, days, joined, listed, percent, percent_span

KINDS = ("wait", "touch", "blocked", "unassigned")
KIND_WORDS = {
    "wait": "waiting",
    "touch": "in touch",
    "blocked": "blocked",
    "unassigned": "with nobody assigned",
}
ALWAYS = ("waiting", "in touch")
"""What is said even where it is nothing."""

SMALL = 0.05
"""Days that would be written as nothing."""

LEAST_DELIVERED = 6
"""Deliveries below which the table leaves its means empty."""


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period."""
    doubts, verdicts = Doubts(published), Verdicts(published)
    touched = {(row["stream"], row["period"]): row for row in published.rows("metrics.touch_shares")}
    rows = published.rows("metrics.value_stream_map", pl.col("visit_count") > 0)
    for (stream, period), steps in grouped(rows, "stream", "period").items():
        steps.sort(key=lambda row: row["stage_order"])
        delivered = steps[0]["delivered_count"]
        if delivered < LEAST_DELIVERED:
            yield Entry(stream, period, reason=_too_few(delivered))
            continue
        marked = verdicts.marked_stages(stream, period)
        yield Entry(
            stream,
            period,
            finding=joined(_finding(steps), _efficiency(touched.get((stream, period)))),
            caveat=doubts.of(stream, period),
            extra={"steps": [_step(row, marked) for row in steps], "mark": verdicts.mark_word(stream, period)},
        )


def _step(row: Row, marked: list[str]) -> Row:
    """One step as the picture needs it: days per delivered issue, by the clock and within working hours."""
    step: Row = {
        "stage": row["stage_name"],
        "where": row["step_kind"],
        "queue": row["has_queue"],
        "active": row["has_active"],
        "marked": row["stage_name"] in marked,
        "issues": row["passed_count"],
        "wip": round(row["wip_mean"], 1),
    }
    for name in (*KINDS, "gap"):
        step[name] = _rounded(row[f"{name}_days_per_delivered"])
        step[f"{name}_working"] = _rounded(row[f"{name}_working_days_per_delivered"])
    return step


def _rounded(value: float | None) -> float:
    return round(value or 0.0, 3)


def _finding(steps: list[Row]) -> str:
    """The journey from the start on, its longest wait, and what lies before and after it; a sentence each."""
    own = [row for row in steps if row["step_kind"] != "downstream"]
    before = _sum(own, "stage") - _sum(own, "cycle")
    released = _sum([row for row in steps if row["step_kind"] == "downstream"], "wait")
    return joined(
        _journey(own),
        _longest_wait(steps),
        f"Before its start {days(before)} passed." if before >= SMALL else "",
        f"Done work waited {days(released)} for its release." if released >= SMALL else "",
    )


def _journey(own: list[Row]) -> str:
    """How long work took from its start on, wherever that was spent, and what the time consists of."""
    spent = {words: _sum(own, f"cycle_{kind}") for kind, words in KIND_WORDS.items()}
    spent["done before it was reopened"] = gap = own[0]["done_gap_days_per_delivered"] or 0.0
    parts = [f"{days(time)} {words}" for words, time in spent.items() if time >= SMALL or words in ALWAYS]
    return f"From its start a delivered issue took {days(_sum(own, 'cycle') + gap)} on average: {listed(parts)}."


def _longest_wait(steps: list[Row]) -> str:
    """The step most waited for since the start; in it, where most of its wait came after somebody had begun."""
    longest = max(steps, key=_wait)
    if _wait(longest) < SMALL:
        return ""
    is_before = longest["has_active"] and 2 * (longest["gap_days_per_delivered"] or 0) >= _rounded(
        longest["wait_days_per_delivered"]
    )
    return f"The longest wait is {'before' if is_before else 'in'} {longest['stage_name']}: {days(_wait(longest))}."


def _wait(row: Row) -> float:
    kind = "wait" if row["step_kind"] == "downstream" else "cycle_wait"
    return row[f"{kind}_days_per_delivered"] or 0.0


def _sum(rows: list[Row], time: str) -> float:
    return sum(row[f"{time}_days_per_delivered"] or 0.0 for row in rows)


def _efficiency(row: Row | None) -> str:
    """How much of the time somebody really worked, as the interval it is."""
    if row is None or row["flow_efficiency_shared"] is None:
        return ""
    low, high = row["flow_efficiency_from_evidence"], row["flow_efficiency_by_status"]
    text = f"Of its working time, {percent(row['flow_efficiency_shared'])} was worked on"
    if low is None:
        return f"{text}, at most {percent(high)} by status."
    return f"{text}{percent_span(low, high)} (evidence to status)."


def _too_few(delivered: int) -> str:
    said = f"{counted(delivered, 'issue')} delivered in this period"
    return f"{said}; from {LEAST_DELIVERED} on an average journey can be drawn."


VIEW = View(
    name="value_stream_map",
    title="The value stream map",
    question="How long does every step take, and how long does work sit in the gap before it?",
    tables=("metrics.value_stream_map", "metrics.touch_shares"),
    build=build,
    note=(
        "The average journey of the issues delivered in the period, drawn to scale from left to right. Returns to a"
        " step are added to it, also to one before the start."
        " Steps without a status to wait in hide their waiting in touch: they are hatched."
    ),
)
