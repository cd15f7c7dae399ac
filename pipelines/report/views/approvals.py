"""Single points of approval. From metrics.approver_concentration, which knows roles and never persons."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.words import figure_of, joined, listed, number, percent

SINGLE = 1.5
"""Effective approvers up to which one speaks of a single point of approval."""


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period with exits from waiting stages."""
    doubts = Doubts(published)
    for (stream, period), rows in grouped(published.rows("metrics.approver_concentration"), "stream", "period").items():
        shown = [row for row in rows if row["state"] == "published"]
        if not shown:
            yield Entry(stream, period, reason=_nothing(rows))
            continue
        shown.sort(key=lambda row: row["effective_approver_number"])
        yield Entry(
            stream,
            period,
            finding=_finding(shown),
            caveat=joined(doubts.of(stream), _hidden(rows)),
            charts={"approvals": [_bar(row) for row in shown]},
        )


def _finding(rows: list[Row]) -> str:
    single = [row for row in rows if row["effective_approver_number"] <= SINGLE]
    if not single:
        least = rows[0]
        return f"No single point of approval: fewest decide in {least['stage_name']}, as if {_people(least)} shared it."
    names = listed([row["stage_name"] for row in single])
    text = f"Single point of approval: {names}. In {single[0]['stage_name']} decisions are spread as if over"
    text += f" {_people(single[0])}: delegate, do not hurry."
    if (penalty := single[0]["absence_penalty_ratio"]) and penalty > 1:
        text += f" On days without a trace of the busiest role, waits begun take {number(penalty)} times as long."
    return text


def _people(row: Row) -> str:
    return figure_of(row["effective_approver_number"], "person", "people")


def _bar(row: Row) -> Row:
    return {
        "stage": row["stage_name"],
        "approvers": round(row["effective_approver_number"], 2),
        "low": row["effective_approver_number_low"],
        "high": row["effective_approver_number_high"],
        "kind": "single" if row["effective_approver_number"] <= SINGLE else "several",
        "busiest": percent(row["top_approver_share"]),
        "exits": row["exit_count"],
    }


def _hidden(rows: list[Row]) -> str:
    hidden = [row["stage_name"] for row in rows if row["state"] != "published"]
    return f"Not shown, for want of exits or because the team is too small: {listed(hidden)}." if hidden else ""


def _nothing(rows: list[Row]) -> str:
    if all(row["state"] == "suppressed" for row in rows):
        return "The teams of these stages are too small: figures would tell about single persons."
    return "Fewer than 30 exits by people from every waiting stage: too few to speak of concentration."


VIEW = View(
    name="approvals",
    title="Approvals",
    question="Does everything have to pass one person?",
    tables=("metrics.approver_concentration",),
    build=build,
    charts=("approvals",),
    note="As if so many people shared the exits from a waiting stage evenly, with 95 % intervals. Roles, not names.",
)
