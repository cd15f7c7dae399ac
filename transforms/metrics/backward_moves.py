"""When work was sent back, until when that was repaired, and how much of the repair was touch.

A backward move is the one that ``core.issue_journeys`` counts: to a lower status_order, both ends not terminal. What
it adds up to per stage and period is ``rework_edges``.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.definitions import ONE_STATUS, definition_at, every_definition, places
from transforms.metrics.slots import working_between
from transforms.order import same_issue
from transforms.schema import LABEL
from transforms.workflow import TERMINAL_KINDS, Workflow

CLOCKS = ("_ms", "_working_ms")
"""Elapsed, and within the calendar."""

OUTSIDE = -1
"""Order that nothing lies beyond: of a status outside the walk."""


def backward_moves(
    status_visits: pl.DataFrame, work_intervals: pl.DataFrame, journeys: pl.DataFrame, workflow: Workflow
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every move back in the first lives of ``journeys``, and every exit from a stage.

    Moves: issue_id, value_stream, from_stage_name, to_stage_name, moved_at, repaired_at (first later entry beyond the
    from stage or into a terminal status; empty while there is none). Exits: issue_id, value_stream, from_stage_name,
    left_at. ``status_visits`` are those of ``cut_where_ended``. Statuses outside the walk (on hold, unmapped) interrupt
    nothing. Stages and order are those of the definition that held at each entry.
    """
    walk = _walk(status_visits, work_intervals, journeys, workflow)
    moved = walk.filter("is_backward").select(
        "issue_id", "value_stream", "from_stage_name", to_stage_name="stage_name", moved_at="entered_at",
        from_status_id="status_before",
    )  # fmt: skip
    ahead = walk.select(
        "issue_id", "definition", repaired_at="entered_at", reached=pl.col.status_order.fill_null(OUTSIDE),
        is_end="is_terminal",
    )  # fmt: skip
    stages = places(workflow).select(*ONE_STATUS[:2], "last_order", from_status_id="status_id")
    repaired = (
        moved.join(ahead, on="issue_id")
        .join(stages, on=["value_stream", "definition", "from_status_id"], how="left")
        .filter((pl.col.repaired_at >= pl.col.moved_at) & (pl.col.is_end | (pl.col.reached > pl.col.last_order)))
    )
    edge = ["issue_id", "moved_at", "from_stage_name", "to_stage_name"]
    first = repaired.group_by(edge).agg(pl.col.repaired_at.min())
    exits = walk.filter(
        same_issue(1) & ~pl.col.was_terminal & (pl.col.from_stage_name != pl.col.stage_name)
        & (pl.col.is_terminal | pl.col.status_order.is_not_null())
    )  # fmt: skip
    exits = exits.select("issue_id", "value_stream", "from_stage_name", left_at="entered_at")
    return moved.join(first, on=edge, how="left", maintain_order="left").drop("from_status_id"), exits


def repairs_of(moves: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Add is_open, repair_ms (the whole repair) and lost_ms (what no earlier repair of the issue covers), both clocks.

    The lost stretch is [lost_from, lost_until); open repairs last up to ``as_of``.
    """
    ordered = moves.sort("issue_id", "moved_at", maintain_order=True).with_columns(
        is_open=pl.col.repaired_at.is_null(), lost_until=pl.col.repaired_at.fill_null(as_of)
    )
    covered = pl.col.lost_until.cum_max().shift(1).over("issue_id")
    resumed = pl.when(covered.is_not_null()).then(pl.min_horizontal(covered, "lost_until"))
    ordered = ordered.with_columns(lost_from=pl.max_horizontal("moved_at", resumed))
    for name, begin in (("repair", "moved_at"), ("lost", "lost_from")):
        elapsed = (pl.col.lost_until - pl.col(begin)).dt.total_milliseconds().alias(f"{name}_ms")
        working = working_between(ordered, begin, "lost_until", workflow, as_of).alias(f"{name}_working_ms")
        ordered = ordered.with_columns(elapsed, working)
    return ordered


def touch_within(
    repairs: pl.DataFrame, work_intervals: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """Add lost_touch_ms and lost_touch_working_ms: how much of every lost stretch was touch."""
    repairs = repairs.with_row_index("repair")
    touch = work_intervals.filter((pl.col.kind == "touch") & (pl.col.pass_number == 1))
    stretches = repairs.select("repair", "issue_id", "value_stream", "lost_from", "lost_until")
    clipped = stretches.join(touch.select("issue_id", "entered_at", "left_at"), on="issue_id").with_columns(
        begin=pl.max_horizontal("lost_from", "entered_at"),
        end=pl.min_horizontal("lost_until", pl.col.left_at.fill_null(as_of)),
    )
    clipped = clipped.filter(pl.col.begin < pl.col.end)
    clipped = clipped.with_columns(
        lost_touch_ms=(pl.col.end - pl.col.begin).dt.total_milliseconds(),
        lost_touch_working_ms=working_between(clipped, "begin", "end", workflow, as_of),
    )
    sums = clipped.group_by("repair").agg(pl.col("lost_touch_ms", "lost_touch_working_ms").sum())
    return repairs.join(sums, on="repair", how="left", maintain_order="left").with_columns(
        pl.col("lost_touch_ms", "lost_touch_working_ms").fill_null(0)
    )


def _walk(
    status_visits: pl.DataFrame, work_intervals: pl.DataFrame, journeys: pl.DataFrame, workflow: Workflow
) -> pl.DataFrame:
    """First lives visit by visit, each with the last place in the walk before it."""
    second = work_intervals.filter(pl.col.pass_number == 2).group_by("issue_id")
    returns = second.agg(returned_at=pl.col.entered_at.min())
    visits = status_visits.join(journeys.select("issue_id"), on="issue_id", how="semi")
    visits = visits.join(returns, on="issue_id", how="left").with_columns(definition_at(workflow))
    known = places(workflow).select(*ONE_STATUS, "status_order")
    visits = visits.join(known, on=ONE_STATUS, how="left").sort("issue_id", "visit_number", "entered_at")
    visits = visits.with_columns(is_terminal=pl.col.work_kind.is_in(TERMINAL_KINDS))
    is_place = pl.col.is_terminal | ~same_issue(1) | pl.col.status_order.is_not_null()
    visits = visits.with_columns(
        status_before=pl.when(is_place).then("status_id").forward_fill().shift(1),
        was_terminal=pl.when(is_place).then("is_terminal").forward_fill().shift(1),
    )
    before = every_definition(workflow).select(
        pl.col.value_stream.cast(LABEL), "definition", pl.col.stage_name.cast(LABEL).alias("from_stage_name"),
        status_before="status_id", before="status_order",
    )  # fmt: skip
    visits = visits.join(before, on=["value_stream", "definition", "status_before"], how="left", maintain_order="left")
    is_backward = same_issue(1) & ~pl.col.is_terminal & ~pl.col.was_terminal & (pl.col.status_order < pl.col.before)
    visits = visits.with_columns(is_backward=is_backward.fill_null(False))
    return visits.filter(pl.col.returned_at.is_null() | (pl.col.entered_at < pl.col.returned_at))
