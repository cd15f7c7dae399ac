"""When work was sent back, until when that was repaired, and how much of the repair was touch.

A backward move is the one that ``core.issue_journeys`` counts: to a lower status_order, both ends not terminal. What
it adds up to per stage and period is ``rework_edges``.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.metrics.slots import working_between
from transforms.order import same_issue
from transforms.schema import LABEL
from transforms.workflow import TERMINAL_KINDS, Workflow

CLOCKS = ("_ms", "_working_ms")
"""Elapsed, and within the calendar."""

OUTSIDE = -1
"""Order that nothing lies before: of a terminal status, or of a beginning outside the walk."""


def backward_moves(
    status_visits: pl.DataFrame, work_intervals: pl.DataFrame, journeys: pl.DataFrame, workflow: Workflow
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every move back in the first lives of ``journeys``, and every exit from a stage.

    Moves: issue_id, value_stream, from_stage_name, to_stage_name, moved_at, repaired_at (first later entry beyond the
    from stage or into a terminal status; empty while there is none). Exits: issue_id, value_stream, from_stage_name,
    left_at. Statuses outside the walk (on hold, unmapped) interrupt nothing.
    """
    walk = _walk(status_visits, work_intervals, journeys, workflow)
    moved = walk.filter("is_backward").select(
        "issue_id", "value_stream", "from_stage_name", to_stage_name="stage_name", moved_at="entered_at",
        last_order="from_last_order",
    )  # fmt: skip
    ahead = walk.select(
        "issue_id", repaired_at="entered_at", reached=pl.col.status_order.fill_null(OUTSIDE), is_end="is_terminal"
    )
    repaired = moved.join(ahead, on="issue_id").filter(
        (pl.col.repaired_at >= pl.col.moved_at) & (pl.col.is_end | (pl.col.reached > pl.col.last_order))
    )
    edge = ["issue_id", "moved_at", "from_stage_name", "to_stage_name"]
    first = repaired.group_by(edge).agg(pl.col.repaired_at.min())
    exits = walk.filter(
        same_issue(1) & ~pl.col.was_terminal & (pl.col.from_stage_name != pl.col.stage_name)
        & (pl.col.is_terminal | pl.col.status_order.is_not_null())
    )  # fmt: skip
    exits = exits.select("issue_id", "value_stream", "from_stage_name", left_at="entered_at")
    return moved.join(first, on=edge, how="left", maintain_order="left").drop("last_order"), exits


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
    visits = visits.join(returns, on="issue_id", how="left").join(
        _places(workflow), on=["value_stream", "status_id"], how="left"
    )
    visits = visits.sort("issue_id", "visit_number").with_columns(is_terminal=pl.col.work_kind.is_in(TERMINAL_KINDS))
    is_place = pl.col.is_terminal | ~same_issue(1) | pl.col.status_order.is_not_null()
    order = pl.when(pl.col.is_terminal | pl.col.status_order.is_null()).then(OUTSIDE).otherwise("status_order")
    known = pl.when(is_place)
    visits = visits.with_columns(
        before=known.then(order).forward_fill().shift(1),
        from_stage_name=known.then("stage_name").forward_fill().shift(1),
        from_last_order=known.then("last_order").forward_fill().shift(1),
        was_terminal=known.then("is_terminal").forward_fill().shift(1),
    )
    is_backward = same_issue(1) & ~pl.col.is_terminal & (pl.col.status_order < pl.col.before)
    visits = visits.with_columns(is_backward=is_backward.fill_null(False))
    return visits.filter(pl.col.returned_at.is_null() | (pl.col.entered_at < pl.col.returned_at))


def _places(workflow: Workflow) -> pl.DataFrame:
    """Order of every status, and of the last status of its stage."""
    model = workflow.statuses.filter(pl.col.status_order.is_not_null())
    last = pl.col.status_order.max().over("value_stream", "stage_name")
    return model.select(pl.col.value_stream.cast(LABEL), "status_id", "status_order", last_order=last)
