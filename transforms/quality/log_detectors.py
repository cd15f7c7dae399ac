"""Signs that a status change was recorded otherwise than it happened, found in the changes themselves (METHODS §1.5).

What they add up to per stage and period is ``log_quality``; whether logs are whole is ``completeness``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from transforms.definitions import definition_at, every_definition
from transforms.schema import LABEL
from transforms.workflow import TERMINAL_KINDS, Workflow

BURST_ISSUES = 3
"""Different issues moved by one person within BURST_LENGTH that make a burst."""

BURST_LENGTH = timedelta(minutes=5)

STAND_UP_MINUTES = 30
"""Width of the window of the day: one time ± 15 minutes."""

INSTANT = timedelta(microseconds=1)


def status_moves(
    raw_issues: pl.DataFrame, raw_changes: pl.DataFrame, journeys: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """Every status change of the issues in ``journeys``, in order.

    Columns: issue_id, value_stream, from_id, changed_at, left_at (the same; what lies beyond as_of just before it),
    author, is_automation, is_batch, is_impossible (dated before its issue was created, or after as_of though Jira says
    the issue had changed last before).
    """
    moves = raw_changes.filter((pl.col.field == "status") & (pl.col.from_id != pl.col.to_id))
    known = raw_issues.select("issue_id", "created_at", "updated_at").join(
        journeys.select("issue_id", "value_stream"), on="issue_id"
    )
    moves = _with_bursts(moves.join(known, on="issue_id"))
    is_late = pl.col.changed_at > as_of
    is_impossible = (pl.col.changed_at < pl.col.created_at) | (is_late & (pl.col.updated_at <= as_of))
    moves = moves.with_columns(is_impossible=is_impossible.fill_null(False)).filter(~is_late | pl.col.is_impossible)
    return moves.select(
        "issue_id", "value_stream", "from_id", "changed_at", "author", "is_automation", "is_batch", "is_impossible",
        left_at=pl.min_horizontal("changed_at", pl.lit(as_of - INSTANT)),
    )  # fmt: skip


def exits_of(moves: pl.DataFrame, pieces: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Moves of ``status_moves`` with the stage_name each left, its local_date and minute (of the day, in the zone).

    ``pieces`` are those of ``cut_visits``: what had ended in a status leaves the stage in which it ended, everything
    else the one that its status had just before.
    """
    stages = every_definition(workflow).select(
        pl.col("value_stream", "stage_name").cast(LABEL), "definition", from_id="status_id"
    )
    exit_of = ["issue_id", "from_id", "changed_at"]
    ended = pieces.filter(pl.col.work_kind.is_in(TERMINAL_KINDS)).select(
        "issue_id", from_id="status_id", changed_at="left_at", ended_in="stage_name"
    )
    moves = moves.with_columns(before=pl.col.changed_at - INSTANT).with_columns(definition_at(workflow, "before"))
    moves = moves.join(stages, on=["value_stream", "definition", "from_id"])
    moves = moves.join(ended.unique(exit_of), on=exit_of, how="left")
    moves = moves.with_columns(stage_name=pl.coalesce("ended_in", "stage_name"))
    return pl.concat([_local(moves, stream.name, stream.calendar.zone) for stream in workflow.streams])


def stand_up_counts(exits: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Most changes of each group that lie within half an hour of the day, over all days: ``by``, stand_up_count."""
    ordered = exits.select(*by, minute=pl.col.minute.cast(pl.Int64)).sort(*by, "minute")
    window: dict[str, Any] = {"period": f"{STAND_UP_MINUTES}i", "offset": "0i", "closed": "left", "group_by": by}
    counted = ordered.rolling("minute", **window).agg(within=pl.len())
    return counted.group_by(by).agg(stand_up_count=pl.col.within.max().cast(pl.Int64))


def _with_bursts(moves: pl.DataFrame) -> pl.DataFrame:
    """Mark what lies in a stretch of five minutes in which one person moves three issues or more."""
    moves = moves.sort("changed_at", "issue_id", "history_id", "item_index").with_row_index("move")
    human = moves.filter(~pl.col.is_automation & pl.col.author.is_not_null()).sort("author", "changed_at")
    ahead = human.rolling("changed_at", period=BURST_LENGTH, offset=timedelta(), closed="both", group_by="author").agg(
        issue_count=pl.col.issue_id.n_unique()
    )
    human = human.with_columns(begins=ahead["issue_count"] >= BURST_ISSUES)
    begun_at = pl.when("begins").then("changed_at").forward_fill().over("author")
    human = human.with_columns(is_batch=(pl.col.changed_at - begun_at <= BURST_LENGTH).fill_null(False))
    marked = moves.join(human.select("move", "is_batch"), on="move", how="left", maintain_order="left")
    return marked.with_columns(pl.col.is_batch.fill_null(False))


def _local(moves: pl.DataFrame, stream: str, zone: str) -> pl.DataFrame:
    local = pl.col.left_at.dt.convert_time_zone(zone)
    return moves.filter(pl.col.value_stream.cast(pl.String) == stream).with_columns(
        local_date=local.dt.date(), minute=local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute()
    )
