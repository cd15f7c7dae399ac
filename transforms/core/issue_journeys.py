"""The journey of every issue: clocks, outcome, and how the time between start and finish was spent (METHODS §2.1).

Second lives are ``return_passes``; parents measured through their children come from ``epics``; statistics are metrics.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from transforms.core.epics import roll_up
from transforms.definitions import NOWHERE, cut_visits
from transforms.families import name_parents
from transforms.order import places_of, same_issue
from transforms.pass_sums import sum_passes
from transforms.row_rules import all_of, elapsed_between, partition_rules
from transforms.schema import LABEL, TIMESTAMP, Column, RowRule, Table
from transforms.workflow import TERMINAL_KINDS, Workflow
from transforms.workflow_index import NO_ORDER, WorkflowIndex, assign_streams, covered_stretch

ENDED = ("delivered", "discarded", "gone")

OUTCOMES = (*ENDED, "in_progress", "not_started")


class IssueJourneys(Table, layer="core", key=("issue_id",)):
    """One row per issue. Answers: when did work start and finish, and how was the time between spent?

    Holds every issue that existed at as_of. Parents above the level at which work is counted are measured through
    their children (is_rolled_up); never add them, or sub-tasks, to the issues that are counted (is_counted).
    """

    issue_id = Column(pl.Int64(), "Jira's immutable id of the issue.", references="issues.issue_id")
    issue_key = Column(pl.String(), "Current key.")
    value_stream = Column(LABEL, "Value stream the issue belongs to now.")
    issue_type = Column(pl.String(), "Current type.")
    hierarchy_level = Column(pl.Int8(), "-1 sub-task, 0 standard, 1 epic, 2 and more above epics.")
    parent_id = Column(
        pl.Int64(), "Parent issue, which may lie outside the extract. Empty for an issue without one.", nullable=True
    )
    is_rolled_up = Column(pl.Boolean(), "Measured through its children.")
    is_counted = Column(
        pl.Boolean(),
        "Counts as a piece of work in every metric: at the level at which the site counts work (standard issues, or"
        " sub-tasks where there is nothing else) and measured by its own statuses.",
    )
    outcome = Column(
        pl.String(), "What became of it, up to as_of; gone: no search found it any more (core.issues).", values=OUTCOMES
    )
    is_never_started = Column(pl.Boolean(), "Ended without ever having been in a committed status before.")
    is_migrated = Column(
        pl.Boolean(), "Its history is older than its creation: it was brought here from elsewhere, and has no lead."
    )
    created_at = Column(TIMESTAMP, "Creation by Jira's clock.")
    started_at = Column(
        TIMESTAMP,
        "First instant in a status at or after the commitment point: its entry, or when that counts so by flow.toml."
        " Empty before.",
        nullable=True,
    )
    first_finished_at = Column(
        TIMESTAMP,
        "First entry into a terminal status; where delivery is by release, from when on it first was in users' hands or"
        " discarded. Empty before.",
        nullable=True,
    )
    finished_at = Column(
        TIMESTAMP,
        "Beginning of the terminal stretch that ended the journey; of open work that is gone, when it was missed. Empty"
        " while it is open.",
        nullable=True,
    )
    lead_ms = Column(
        pl.Int64(),
        "Creation to delivery of really started work that was not migrated. Else empty.",
        nullable=True,
        minimum=0,
    )
    lead_working_ms = Column(pl.Int64(), "Working time of lead_ms. Empty likewise.", nullable=True, minimum=0)
    cycle_ms = Column(pl.Int64(), "Start to delivery of really started work. Else empty.", nullable=True, minimum=0)
    cycle_working_ms = Column(pl.Int64(), "Working time of cycle_ms. Empty likewise.", nullable=True, minimum=0)
    span_ms = Column(pl.Int64(), "Start to finish, or to as_of while open; 0 before the start.", minimum=0)
    span_working_ms = Column(pl.Int64(), "Working time of span_ms.", minimum=0)
    touch_ms = Column(pl.Int64(), "Milliseconds of the span in which somebody was meant to work on it.", minimum=0)
    touch_working_ms = Column(pl.Int64(), "Working time of touch_ms.", minimum=0)
    wait_ms = Column(pl.Int64(), "Milliseconds of the span waiting for a next person.", minimum=0)
    wait_working_ms = Column(pl.Int64(), "Working time of wait_ms.", minimum=0)
    blocked_ms = Column(pl.Int64(), "Milliseconds of the span on hold, flagged or blocked by another issue.", minimum=0)
    blocked_working_ms = Column(pl.Int64(), "Working time of blocked_ms.", minimum=0)
    unassigned_ms = Column(pl.Int64(), "Milliseconds of the span in an active status with nobody assigned.", minimum=0)
    unassigned_working_ms = Column(pl.Int64(), "Working time of unassigned_ms.", minimum=0)
    done_gap_ms = Column(pl.Int64(), "Milliseconds of the span in terminal statuses that were left again.", minimum=0)
    done_gap_working_ms = Column(pl.Int64(), "Working time of done_gap_ms.", minimum=0)
    touch_ms_low = Column(pl.Int64(), "Least touch over both readings of a doubtful log.", minimum=0)
    touch_ms_high = Column(pl.Int64(), "Most touch over both readings of a doubtful log.", minimum=0)
    child_touch_ms = Column(
        pl.Int64(),
        "Sum of the children's touch, person-time. Empty if not rolled up.",
        nullable=True,
        minimum=0,
    )
    rework_touch_ms = Column(
        pl.Int64(), "Touch in second and later visits of a status; of a parent the sum of its children's.", minimum=0
    )
    backward_move_count = Column(pl.Int32(), "Moves to an earlier status, both ends not terminal.", minimum=0)
    reopen_count = Column(pl.Int32(), "Moves from a terminal status back, within the horizon.", minimum=0)
    handoff_count = Column(pl.Int32(), "Changes between two different people from start to finish.", minimum=0)
    continuity_break_count = Column(pl.Int32(), "Places where the log does not chain.", minimum=0)

    locals().update(partition_rules())
    finished_as_told = RowRule(
        "a journey has a finish exactly if it was delivered or discarded, or is gone",
        "(finished_at IS NOT NULL) = (outcome IN ('delivered', 'discarded', 'gone'))",
    )
    not_started_has_no_start = RowRule(
        "what was not started has neither start nor span",
        "outcome <> 'not_started' OR (started_at IS NULL AND span_ms = 0)",
    )
    cycle_of_delivered_only = RowRule(
        "cycle and lead are told of delivered, really started work and of nothing else, no lead of migrated work",
        all_of(
            "(cycle_ms IS NOT NULL) = (outcome = 'delivered' AND NOT is_never_started)",
            "(lead_ms IS NULL) = (cycle_ms IS NULL OR is_migrated)",
            "(cycle_working_ms IS NULL) = (cycle_ms IS NULL)",
            "(lead_working_ms IS NULL) = (lead_ms IS NULL)",
        ),
    )
    cycle_is_the_span = RowRule(
        "cycle is the span, elapsed and working",
        "cycle_ms = span_ms AND cycle_working_ms = span_working_ms",
    )
    span_from_ends = elapsed_between("started_at", "finished_at", "span_ms", "the span is finish less start")
    lead_from_ends = elapsed_between("created_at", "finished_at", "lead_ms", "lead is finish less creation")
    rework_within_touch = RowRule(
        "touch done again is part of the touch, of a parent of its children's",
        "rework_touch_ms <= coalesce(child_touch_ms, touch_ms)",
    )


INTERVAL_COLUMNS = (
    "issue_id", "pass_number", "kind", "kind_alternative", "is_rework", "entered_at", "left_at", "elapsed_ms",
    "working_ms",
)  # fmt: skip

VISIT_COLUMNS = (
    "issue_id", "visit_number", "value_stream", "status_id", "work_kind", "doubtful_status_id", "entered_at", "left_at",
)  # fmt: skip


def trace_issue_journeys(
    issues: pl.LazyFrame,
    changes: pl.LazyFrame,
    status_visits: pl.LazyFrame,
    person_intervals: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Measure the journey of every issue; IssueJourneys."""
    placed = assign_streams(issues.collect(), workflow)
    intervals = person_intervals.select(INTERVAL_COLUMNS).collect(engine="in-memory")
    visits = status_visits.select(VISIT_COLUMNS).collect(engine="in-memory")
    journeys = sum_passes(intervals).filter(pl.col.pass_number == 1)
    moves = _moves(cut_visits(visits, workflow, as_of), _returns(intervals), placed, workflow, as_of)
    journeys = journeys.join(moves, on="issue_id", how="left")
    journeys = journeys.join(_handoffs(changes, journeys, as_of), on="issue_id", how="left")
    journeys = journeys.with_columns(
        pl.col.handoff_count.fill_null(0),
        outcome=outcome(),
        is_never_started=~pl.col.was_worked & finished(),
        first_finished_at=pl.coalesce("first_ended_at", "first_finished_at"),
    )
    journeys = journeys.drop("pass_number", "last_kind", "was_worked", "first_ended_at")
    rolled = roll_up(placed, intervals, journeys, workflow, as_of).with_columns(is_rolled_up=pl.lit(True))
    journeys = pl.concat([journeys.with_columns(is_rolled_up=pl.lit(False)), rolled], how="diagonal")
    placed = _with_migrated(name_parents(placed), visits, rolled)
    return _with_clocks(placed, journeys, workflow, as_of).lazy()


def _with_migrated(placed: pl.DataFrame, visits: pl.DataFrame, rolled: pl.DataFrame) -> pl.DataFrame:
    """Add is_migrated: created after its own history began, or, of a parent, after the last of its children ended."""
    began = visits.group_by("issue_id").agg(began_at=pl.col.entered_at.min())
    ended = rolled.select("issue_id", ended_at="finished_at")
    placed = placed.join(began, on="issue_id", how="left").join(ended, on="issue_id", how="left")
    is_older = pl.col.created_at > pl.min_horizontal("began_at", "ended_at")
    return placed.with_columns(is_migrated=is_older.fill_null(False)).sort("issue_id")


def finished() -> pl.Expr:
    """Whether a pass has ended, if only by its issue being gone."""
    return pl.col.finished_at.is_not_null()


def outcome() -> pl.Expr:
    """Outcome of a pass, from its clocks and the last kind of its intervals; one of OUTCOMES."""
    return (
        pl.when(finished() & (pl.col.last_kind == "discarded"))
        .then(pl.lit("discarded"))
        .when(finished() & (pl.col.last_kind == "done"))
        .then(pl.lit("delivered"))
        .when(finished())
        .then(pl.lit("gone"))
        .when(pl.col.started_at.is_not_null())
        .then(pl.lit("in_progress"))
        .otherwise(pl.lit("not_started"))
    )


def _moves(
    visits: pl.DataFrame, returns: pl.DataFrame, placed: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """What the first pass of every issue went through, visit by visit; ``returns`` says when a second one began.

    Backward moves, reopenings, continuity breaks, the first terminal entry, and whether it was ever worked on.
    ``visits`` are those of ``cut_visits``.
    """
    visits = _with_orders(visits, placed, workflow, as_of).join(
        returns, on="issue_id", how="left", maintain_order="left"
    )
    is_entry = ~same_issue(1) | (pl.col.visit_number != pl.col.visit_number.shift(1))
    visits = visits.with_columns(was_terminal=pl.col.is_terminal.shift(1)).with_columns(
        is_break=is_entry & pl.col.doubtful_status_id.is_not_null(),
        is_backward=same_issue(1) & ~pl.col.is_terminal & pl.col.status_order.is_between(0, pl.col.order_before - 1),
        is_reopening=same_issue(1) & pl.col.was_terminal & ~pl.col.is_terminal,
    )
    waits_for_release = pl.col.value_stream.cast(pl.String).is_in(workflow.by_release)
    return (
        visits.filter(pl.col.returned_at.is_null() | (pl.col.entered_at < pl.col.returned_at))
        .group_by("issue_id")
        .agg(
            backward_move_count=pl.col.is_backward.sum().cast(pl.Int32),
            reopen_count=pl.col.is_reopening.sum().cast(pl.Int32),
            continuity_break_count=pl.col.is_break.sum().cast(pl.Int32),
            was_worked=pl.col.is_worked.any(),
            first_ended_at=pl.col.entered_at.filter(pl.col.is_terminal & ~waits_for_release).min(),
        )
    )


def _with_orders(visits: pl.DataFrame, placed: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Add is_terminal, is_worked, status_order, and order_before of the last place before; all as of the entry."""
    index = WorkflowIndex(workflow, *covered_stretch([visits["entered_at"]], as_of))
    stream = placed["stream"].to_numpy()[places_of(visits["issue_id"], placed["issue_id"])]
    orders, is_committed = (index.statuses[name].to_numpy() for name in ("status_order", "is_committed"))
    row = index.locate(stream, visits["status_id"].to_numpy())
    held = index.held(row, stream, visits["entered_at"])
    visits = visits.with_columns(
        row=pl.Series(row),
        status_order=pl.Series(orders[held]),
        is_terminal=pl.col.work_kind.is_in(TERMINAL_KINDS),
        is_worked=pl.Series(is_committed[held]) & ~pl.col.work_kind.is_in(TERMINAL_KINDS),
    )
    place = pl.when(pl.col.status_order != NO_ORDER).then("row")
    is_unknown = pl.col.is_terminal | (~same_issue(1) & (pl.col.status_order == NO_ORDER))
    last = visits.select(pl.when(is_unknown).then(NOWHERE).otherwise(place).forward_fill().shift(1).fill_null(NOWHERE))
    before = last.to_series().to_numpy()
    order_before = orders[index.held(np.maximum(before, 0), stream, visits["entered_at"])]
    return visits.with_columns(order_before=pl.Series(np.where(before < 0, NO_ORDER, order_before))).drop("row")


def _returns(intervals: pl.DataFrame) -> pl.DataFrame:
    """When the second pass of an issue began, for those that have one: issue_id, returned_at."""
    second = intervals.filter(pl.col.pass_number == 2)
    return second.group_by("issue_id").agg(returned_at=pl.col.entered_at.min())


def _handoffs(changes: pl.LazyFrame, journeys: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Changes of assignee between two different people, from start to before finish."""
    is_handoff = (pl.col.field == "assignee") & (pl.col.from_id != pl.col.to_id) & (pl.col.changed_at <= as_of)
    moves = changes.filter(is_handoff).select("issue_id", "changed_at").collect()
    moves = moves.join(journeys.select("issue_id", "started_at", "finished_at"), on="issue_id")
    is_open = pl.col.finished_at.is_null() | (pl.col.changed_at < pl.col.finished_at)
    within = moves.filter((pl.col.changed_at >= pl.col.started_at) & is_open)
    return within.group_by("issue_id").agg(handoff_count=pl.len().cast(pl.Int32))


def _with_clocks(placed: pl.DataFrame, journeys: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Join what the issue is, and give cycle and lead to delivered work that was really started."""
    facts = placed.select(
        "issue_id", "issue_key", "issue_type", "hierarchy_level", "parent_id", "created_at", "is_migrated", "stream",
        value_stream=pl.col.value_stream.cast(LABEL),
    )  # fmt: skip
    journeys = facts.join(journeys, on="issue_id", maintain_order="left")
    lead = (pl.col.finished_at - pl.col.created_at).dt.total_milliseconds()
    is_cycle = (pl.col.outcome == "delivered") & ~pl.col.is_never_started
    is_lead = is_cycle & ~pl.col.is_migrated
    journeys = journeys.with_columns(lead_working_ms=_working_between(journeys, workflow, as_of)).with_columns(
        cycle_ms=pl.when(is_cycle).then("span_ms"),
        cycle_working_ms=pl.when(is_cycle).then("span_working_ms"),
        lead_ms=pl.when(is_lead).then(lead),
        lead_working_ms=pl.when(is_lead).then("lead_working_ms"),
        is_counted=(pl.col.hierarchy_level == workflow.flow_level) & ~pl.col.is_rolled_up,
    )
    return journeys.select(*IssueJourneys.columns)


def _working_between(journeys: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.Series:
    """Working milliseconds from creation to finish (or to as_of, for journeys without one)."""
    ends = journeys.select("created_at", end=pl.col.finished_at.fill_null(as_of))
    index = WorkflowIndex(workflow, *covered_stretch(ends.get_columns(), as_of))
    calendar = index.calendar[journeys["stream"].to_numpy()]
    created, end = (index.clock.readings(at.to_physical().to_numpy(), calendar) for at in ends.get_columns())
    return pl.Series(np.maximum(end - created, 0))
