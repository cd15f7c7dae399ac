"""Visits to a queue, from entry until service starts: when, what was in the way, who took the work up, in which batch.

What the time of a visit is made of is ``wait_causes``.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from transforms.metrics.bursts import number_bursts
from transforms.order import same_issue
from transforms.states import NOBODY

BATCH_WINDOW = timedelta(minutes=15)
"""Issues that leave a stage within it, by one author or with one release, are a batch (METHODS §1.4)."""

RELEASE = -1
"""Stands for the author of an exit that no change of status caused: the release date passed."""


def waiting_pieces(person_intervals: pl.DataFrame) -> pl.DataFrame:
    """Intervals of every waiting visit: wait, and what was blocked before service started, in one stage without a gap.

    Columns of PersonIntervals and: visit (a number of its own), follower (kind of what came next that was not
    unassigned) and worker (who took it up; empty where nobody did or nobody knows). Visits that still last are in it.
    """
    ordered = person_intervals.sort("issue_id", "entered_at").with_columns(stage_since=_stage_since())
    serving = pl.when(pl.col.kind != "unassigned")
    ordered = ordered.with_columns(
        follower=serving.then("kind").backward_fill().shift(-1).over("issue_id"),
        next_person=serving.then("assignee").backward_fill().shift(-1).over("issue_id"),
    )
    waiting = ordered.filter(pl.col.kind.is_in(("wait", "blocked")))
    visits = waiting.with_columns(visit=(~continues()).cum_sum())
    visits = visits.filter((pl.col.kind == "wait").any().over("visit"))
    is_taken_up = (pl.col.follower == "touch") & (pl.col.next_person != NOBODY)
    last = pl.when(is_taken_up).then("next_person").last().over("visit")
    return visits.with_columns(worker=last, follower=pl.col.follower.last().over("visit")).drop("next_person")


def visits_of(pieces: pl.DataFrame) -> pl.DataFrame:
    """One row per waiting visit.

    Columns visit, issue_id, value_stream, stage_name, worker, follower, stage_since (when the issue came to the stage),
    entered_at, left_at (empty while it waits), elapsed_ms, working_ms, blocked_ms, blocked_working_ms.
    """
    is_blocked = pl.col.kind == "blocked"
    return pieces.group_by("visit", maintain_order=True).agg(
        pl.col("issue_id", "value_stream", "stage_name", "worker", "follower", "stage_since", "entered_at").first(),
        pl.col.left_at.last(),
        pl.col("elapsed_ms", "working_ms").sum(),
        blocked_ms=pl.col.elapsed_ms.filter(is_blocked).sum(),
        blocked_working_ms=pl.col.working_ms.filter(is_blocked).sum(),
    )


def add_batches(visits: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Add batch_at: when the first of the batch left that the visit's exit belongs to; empty outside batches.

    ``changes`` are RawChanges. An exit by nobody knows whom belongs to no batch.
    """
    authors = exit_authors(changes).with_columns(has_change=pl.lit(True))
    exits = visits.filter(pl.col.left_at.is_not_null()).join(authors, on=["issue_id", "left_at"], how="left")
    leaver = pl.when("has_change").then("author").when(pl.col.follower == "done").then(RELEASE)
    by = ["value_stream", "stage_name", "leaver"]
    numbered = number_bursts(exits.with_columns(leaver=leaver), by, "left_at", BATCH_WINDOW)
    batches = numbered.filter(pl.col.burst.is_not_null()).select("visit", batch_at=pl.col.left_at.min().over("burst"))
    return visits.join(batches, on="visit", how="left", maintain_order="left")


def exit_authors(changes: pl.DataFrame) -> pl.DataFrame:
    """Who moved an issue to another status at an instant: issue_id, left_at, author (may be empty), is_automation."""
    moves = changes.filter(pl.col.field == "status").sort("issue_id", "changed_at", "history_id", "item_index")
    return moves.unique(["issue_id", "changed_at"], keep="last", maintain_order=True).select(
        "issue_id", "author", "is_automation", left_at="changed_at"
    )


def continues() -> pl.Expr:
    """Whether an interval goes on where the one before it left off: same issue, same stage, no gap."""
    is_next = same_issue(1) & (pl.col.entered_at == pl.col.left_at.shift(1))
    return (is_next & (pl.col.stage_name == pl.col.stage_name.shift(1))).fill_null(False)


def _stage_since() -> pl.Expr:
    """When the issue came to the stage it is in."""
    return pl.when(~continues()).then("entered_at").forward_fill()
