"""Did anybody look at the outcome? From metrics.feedback_loops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row
from pipelines.report.views.by_period import entry_per_row
from pipelines.report.words import counted, days, percent, percent_span, span


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period."""
    return entry_per_row(published, "metrics.feedback_loops", _nothing, _told)


def _told(row: Row) -> dict[str, Any]:
    return {"finding": _finding(row), "facts": _facts(row)}


def _finding(row: Row) -> str:
    followed, traced = row["followed_count"], row["traced_count"]
    text = f"Of {counted(followed, 'feature')} delivered at least 60 days ago, "
    if row["traced_share"] is None:
        text += f"{traced:,} {'has' if traced == 1 else 'have'} a trace of what came of it: too few for a share."
        return text
    bounds = percent_span(row["traced_share_low"], row["traced_share_high"])
    text += f"{percent(row['traced_share'])}{bounds} have a trace of what came of them."
    if traced == followed:
        return text
    rest = followed - traced
    others, they = ("one", "it") if rest == 1 else (f"{rest:,}", "they")
    return f"{text} Of {'the other ' if traced else ''}{others} nobody recorded whether {they} worked."


def _facts(row: Row) -> list[tuple[str, str]]:
    facts = [
        ("Linked to later work", f"{row['linked_count']:,} of {row['followed_count']:,}"),
        ("Commented on from outside the team", f"{row['commented_count']:,} of {row['followed_count']:,}"),
    ]
    if row["trace_days_p50"] is not None:
        bounds = span(row["trace_days_p50_low"], row["trace_days_p50_high"])
        facts.append(("Half of the traces came within", f"{days(row['trace_days_p50'])}{bounds}"))
    return facts


def _nothing(row: Row) -> str:
    if row["followed_count"]:
        return ""
    if not row["delivered_count"]:
        return "No feature was delivered in this period."
    return (
        f"{counted(row['delivered_count'], 'feature')} delivered, none of them 60 days ago: too early to ask what came"
        " of them."
    )


VIEW = View(
    name="feedback_loops",
    title="Did it work?",
    question="Did anybody record what came of the work that was delivered?",
    tables=("metrics.feedback_loops",),
    build=build,
    note=(
        "Features are delivered issues that are no bugs or incidents; a trace is a later link to other work or a"
        " comment from outside the team, within 60 days. What is recorded elsewhere is not seen."
    ),
)
