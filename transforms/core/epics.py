"""Parents measured through their children (METHODS §2.1): earliest start, latest finish, the union of the touch.

At each instant of a parent's span holds what comes first of: a child is touched, blocked, unassigned, waits, sits in a
gap; a hole between children is wait. Which issues are parents is said in ``transforms.families``.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.families import name_parents, rolled_up_ids
from transforms.order import places_of
from transforms.stretches import add_working_time, close_stretches
from transforms.workflow import INTERVAL_KIND, SPAN_KINDS, Workflow
from transforms.workflow_index import WorkflowIndex, covered_stretch

PRECEDENCE = ("touch", "blocked", "unassigned", "wait", "done_gap")
"""What a parent's instant counts as, given what its children are in."""

READINGS = ("touch_low", "touch_high")
"""Touch by both readings of a doubtful log, and by either."""

COUNTS = ("rework_touch_ms", "backward_move_count", "reopen_count", "handoff_count", "continuity_break_count")
"""What adds up over children."""


def roll_up(
    placed: pl.DataFrame, intervals: pl.DataFrame, journeys: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """Journeys of the parents above ``workflow.flow_level``, in the columns of ``journeys`` plus child_touch_ms.

    ``journeys`` are the first passes of all other issues. Level by level upwards, so that an initiative is measured
    through epics that are measured through stories. A parent none of whose children exists yet stands for itself.
    """
    family = name_parents(placed).select("issue_id", "parent_id", "hierarchy_level")
    levels = family.filter(pl.col.issue_id.is_in(rolled_up_ids(placed, workflow, as_of).to_list()))
    stretches, known = _child_stretches(intervals, as_of), journeys.with_columns(child_touch_ms=pl.col.touch_ms)
    for level in levels["hierarchy_level"].unique().sort():
        parents = levels.filter(pl.col.hierarchy_level == level)["issue_id"].to_list()
        children = family.filter(pl.col.parent_id.is_in(parents)).drop("hierarchy_level")
        spans = _parent_spans(children.join(known, on="issue_id"))
        union = _union(stretches.join(children, on="issue_id"), spans, as_of)
        union = _measured(union, placed, workflow, as_of)
        known = pl.concat([known, spans.join(_sums(union), on="issue_id", how="left")], how="diagonal")
        stretches = pl.concat([stretches, union.select(stretches.columns)])
    rolled = known.filter(pl.col.issue_id.is_in(levels["issue_id"].to_list()))
    return rolled.with_columns(pl.col(pl.Int64).exclude("issue_id").fill_null(0))


def _child_stretches(intervals: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Span stretches of first passes: issue_id, entered_at, end_at and a 0/1 column per kind and reading."""
    spans = intervals.filter((pl.col.pass_number == 1) & pl.col.kind.is_in(SPAN_KINDS))
    other = pl.coalesce("kind_alternative", "kind")
    is_touch = pl.col.kind == "touch"
    return spans.select(
        "issue_id",
        "entered_at",
        *((pl.col.kind == kind).cast(pl.Int32).alias(kind) for kind in PRECEDENCE),
        end_at=pl.col.left_at.fill_null(as_of),
        touch_low=(is_touch & (other == "touch")).cast(pl.Int32),
        touch_high=(is_touch | (other == "touch")).cast(pl.Int32),
    )


def _parent_spans(children: pl.DataFrame) -> pl.DataFrame:
    """Clocks, outcome and added-up counts: one row per parent, from its children's journeys."""
    finished_at = pl.when(pl.col.finished_at.is_not_null().all()).then(pl.col.finished_at.max())
    outcome = (
        pl.when(pl.col.finished_at.is_null().any() & pl.col.started_at.is_not_null().any())
        .then(pl.lit("in_progress"))
        .when(pl.col.finished_at.is_null().any())
        .then(pl.lit("not_started"))
        .when((pl.col.outcome == "discarded").all())
        .then(pl.lit("discarded"))
        .when((pl.col.outcome == "delivered").any())
        .then(pl.lit("delivered"))
        .otherwise(pl.lit("gone"))
    )
    return children.group_by(issue_id="parent_id").agg(
        pl.col("started_at").min(),
        pl.col("child_touch_ms", *COUNTS).sum(),
        finished_at=finished_at,
        first_finished_at=finished_at,
        is_never_started=pl.col.is_never_started.all(),
        outcome=outcome,
    )


def _union(stretches: pl.DataFrame, spans: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Rows (issue_id = parent, entered_at, kind and readings) from the start of each parent to its end."""
    counted = [*PRECEDENCE, *READINGS]
    begins = stretches.select(*counted, issue_id="parent_id", at="entered_at")
    ends = stretches.select(*(-pl.col(column) for column in counted), issue_id="parent_id", at="end_at")
    edges = [spans.select("issue_id", at=edge) for edge in (pl.col.started_at, pl.col.finished_at.fill_null(as_of))]
    changes = pl.concat([begins, ends, *edges], how="diagonal").filter(pl.col.at.is_not_null())
    started = spans.filter(pl.col.started_at.is_not_null())["issue_id"].to_list()
    changes = changes.filter(pl.col.issue_id.is_in(started))
    states = changes.group_by("issue_id", "at").agg(pl.col(counted).sum()).sort("issue_id", "at")
    states = states.with_columns((pl.col(counted).cum_sum() > 0).cast(pl.Int32)).rename({"at": "entered_at"})
    first_of = pl.coalesce(pl.when(pl.col(kind) > 0).then(pl.lit(kind)) for kind in PRECEDENCE)
    return states.with_columns(kind=first_of.fill_null("wait").cast(INTERVAL_KIND))


def _measured(union: pl.DataFrame, placed: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Close the rows; each parent's last one only marks its end and falls away."""
    index = WorkflowIndex(workflow, *covered_stretch([union["entered_at"]], as_of))
    stream = placed["stream"].to_numpy()[places_of(union["issue_id"], placed["issue_id"])]
    closed = add_working_time(close_stretches(union, as_of), index.calendar[stream], index.clock, as_of)
    closed = closed.filter(pl.col.left_at.is_not_null()).rename({"left_at": "end_at"})
    return closed.with_columns((pl.col.kind == kind).cast(pl.Int32).alias(kind) for kind in PRECEDENCE)


def _sums(union: pl.DataFrame) -> pl.DataFrame:
    """Elapsed and working sums per kind, and touch by both readings."""
    elapsed, working = pl.col("elapsed_ms"), pl.col("working_ms")
    return union.group_by("issue_id").agg(
        *(elapsed.filter(pl.col.kind == kind).sum().alias(f"{kind}_ms") for kind in SPAN_KINDS),
        *(working.filter(pl.col.kind == kind).sum().alias(f"{kind}_working_ms") for kind in SPAN_KINDS),
        span_ms=elapsed.sum(),
        span_working_ms=working.sum(),
        touch_ms_low=elapsed.filter(pl.col.touch_low > 0).sum(),
        touch_ms_high=elapsed.filter(pl.col.touch_high > 0).sum(),
    )
