"""What else than its status holds for an issue over time: flag, assignee, resolution, release. One small timeline each.

Every timeline is two frames: how an issue begins (issue_id, value) and what changes it (issue_id, entered_at, value).
Links between issues are ``dependencies``; the meaning of the states is ``work_intervals``.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import polars as pl

from transforms.local_days import noon_of
from transforms.order import ORDER, in_order
from transforms.schema import TIMESTAMP
from transforms.workflow import Workflow

NOBODY = 0
"""Assignee of an issue nobody is assigned to; no keyed hash is 0."""

UNRESOLVED = -1
"""Resolution of an unresolved issue."""


class Timeline(NamedTuple):
    """How issues begin (one row each: issue_id, value) and every later change (issue_id, entered_at, value)."""

    initial: pl.DataFrame
    changes: pl.DataFrame


def field_timeline(issues: pl.DataFrame, changes: pl.DataFrame, field: str, now: pl.Expr, empty: int) -> Timeline:
    """Timeline of a changelog field: it begins with what its first change left, or as it is now.

    ``now`` gives the current value from RawIssues; ``empty`` stands for none in both frames.
    """
    moves = in_order(changes.filter(pl.col.field == field).select(*ORDER, "from_id", "to_id"), list(ORDER))
    firsts = moves.unique("issue_id", keep="first").select("issue_id", first=pl.col.from_id.fill_null(empty))
    initial = issues.select("issue_id", now=now.cast(pl.Int64).fill_null(empty)).join(
        firsts, on="issue_id", how="left", maintain_order="left"
    )
    return Timeline(
        initial.select("issue_id", value=pl.coalesce("first", "now")),
        moves.select("issue_id", entered_at="changed_at", value=pl.col.to_id.fill_null(empty)),
    )


def assignee_timeline(issues: pl.DataFrame, changes: pl.DataFrame) -> Timeline:
    """Who is assigned, as a keyed hash; NOBODY for none."""
    return field_timeline(issues, changes, "assignee", pl.col.assignee, NOBODY)


def flag_timeline(issues: pl.DataFrame, changes: pl.DataFrame) -> Timeline:
    """Whether the issue is flagged as impeded, 0 or 1."""
    return field_timeline(issues, changes, "flagged", pl.col.is_flagged, 0)


def resolution_timeline(issues: pl.DataFrame, changes: pl.DataFrame) -> Timeline:
    """Resolution id; UNRESOLVED for none."""
    return field_timeline(issues, changes, "resolution", pl.col.resolution_id, UNRESOLVED)


def release_timeline(placed: pl.DataFrame, versions: pl.DataFrame, workflow: Workflow, as_of: datetime) -> Timeline:
    """Whether finished work is in users' hands, 0 or 1: from the release of its earliest released fix version on.

    Only streams that deliver by release wait for one; and only issues that have a fix version. A release date has no
    time of day: noon in the stream's zone stands for it. A version released without a date keeps nobody waiting.
    """
    waiting = placed.filter(pl.col.value_stream.is_in(workflow.by_release) & (pl.col.fix_version_ids.list.len() > 0))
    zones = {stream.name: stream.calendar.zone for stream in workflow.streams}
    released = (
        waiting.select("issue_id", "value_stream", version_id="fix_version_ids")
        .explode("version_id")
        .join(versions.filter("is_released").select("version_id", "release_date"), on="version_id")
    )
    dates = released.group_by("issue_id", "value_stream").agg(pl.col.release_date.min()).drop_nulls()
    at = [noon_of(day, zones[stream]) for stream, day in dates.select("value_stream", "release_date").iter_rows()]
    releases = dates.select("issue_id", entered_at=pl.Series(at, dtype=TIMESTAMP), value=pl.lit(1, pl.Int64))
    undated = released.filter(pl.col.release_date.is_null())["issue_id"]
    must_wait = pl.col.issue_id.is_in(waiting["issue_id"].to_list()) & ~pl.col.issue_id.is_in(undated.to_list())
    initial = placed.select("issue_id", value=(~must_wait).cast(pl.Int64))
    return Timeline(initial, releases.filter(pl.col.entered_at <= as_of).sort("issue_id"))
