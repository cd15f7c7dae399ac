"""The chapters and sections of the report, in the order they are read. What each says is in its module of ``views``."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.report.entries import View
from pipelines.report.views import (
    ageing_work,
    approvals,
    commitment_cadence,
    constraint_flow,
    context_switching,
    cumulative_flow,
    cycle_times,
    decisions,
    divergence,
    evidence,
    feedback_loops,
    forecasts,
    handoffs,
    late_changes,
    quality,
    releases,
    review_depth,
    rework,
    value_stream_map,
    verdict,
    wait_causes,
    what_ifs,
    work_in_progress,
)


@dataclass(frozen=True)
class Chapter:
    """Sections that are read together."""

    name: str
    short: str
    title: str
    lead: str
    views: tuple[View, ...]


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        "proof", "Proof", "Why, and what if",
        "What halving the wait would bring, what coding faster would bring, and what the verdict rests on.",
        (what_ifs.VIEW, evidence.VIEW),
    ),
    Chapter(
        "journey", "Journey", "The journey of an issue",
        "From idea to user: how long every step takes, and how long work sits between steps.",
        (value_stream_map.VIEW, constraint_flow.VIEW, wait_causes.VIEW),
    ),
    Chapter(
        "flow", "Flow", "How work flows",
        "What comes in, what gets out, how long that takes, and what has piled up on the way.",
        (cumulative_flow.VIEW, work_in_progress.VIEW, divergence.VIEW, cycle_times.VIEW, ageing_work.VIEW),
    ),
    Chapter(
        "habits", "Habits", "Habits that make work wait",
        "Waving through, sending back, batching, single points of approval, late decisions, and too much at once.",
        (
            review_depth.VIEW, rework.VIEW, releases.VIEW, approvals.VIEW, decisions.VIEW, context_switching.VIEW,
            handoffs.VIEW,
        ),
    ),
    Chapter(
        "learning", "Learning", "What to build, and whether it worked",
        "Ideas that wait for a plan, outcomes nobody looked at, and work that changes after it began.",
        (commitment_cadence.VIEW, feedback_loops.VIEW, late_changes.VIEW),
    ),
    Chapter(
        "ahead", "Ahead", "Looking ahead",
        "What can be promised, and how such promises were kept so far.",
        (forecasts.VIEW,),
    ),
    Chapter(
        "trust", "Trust", "How far to trust this",
        "A wrong number is worse than a missing one: what is missing, and how fine the logs may be read.",
        (quality.VIEW,),
    ),
)  # fmt: skip

VERDICT = verdict.VIEW
"""Stands before all chapters."""

SECTIONS: tuple[View, ...] = (VERDICT, *(view for chapter in CHAPTERS for view in chapter.views))

WIDE = {
    "evidence", "what_ifs", "value_stream_map", "constraint_flow", "wait_causes", "cumulative_flow", "forecasts",
    "quality", "review_depth", "late_changes",
}  # fmt: skip
"""Sections as wide as the page; others stand two abreast where there is room."""
