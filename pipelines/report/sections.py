"""The chapters and sections of the report, in the order they are read. What each says is in its module of ``views``."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.report.entries import View
from pipelines.report.views import (
    ageing_work,
    approvals,
    constraint_flow,
    cumulative_flow,
    cycle_times,
    decisions,
    divergence,
    evidence,
    forecasts,
    quality,
    releases,
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
        "Sending back, batching, single points of approval, and decisions that come too late in the week.",
        (rework.VIEW, releases.VIEW, approvals.VIEW, decisions.VIEW),
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
    "quality",
}  # fmt: skip
"""Sections as wide as the page; others stand two abreast where there is room."""
