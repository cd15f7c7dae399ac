"""When every issue was in which status. Kinds and overlays belong to ``work_intervals``."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.gone import gone_by, while_there
from transforms.order import ORDER, number_in_issue, places_of, same_issue
from transforms.parts import in_parts
from transforms.raw import RawTombstones
from transforms.row_rules import WORKING_WITHIN_ELAPSED, elapsed_between
from transforms.schema import LABEL, TIMESTAMP, Column, RowRule, Table
from transforms.status_events import status_events
from transforms.stretches import add_working_time, close_stretches
from transforms.workflow import WORK_KIND, Workflow
from transforms.workflow_index import WorkflowIndex, assign_streams, covered_stretch

MOVE_FIELDS = ("status", "project", "issue_type")
"""Fields whose changes take an issue to another status, or may do so silently."""


class StatusVisits(Table, layer="core", key=("issue_id", "visit_number")):
    """One row per uninterrupted stay of an issue in a status. Answers: when was it where, and for how long?

    A transition from a status to itself starts a new visit. Initial status: what the first change left.
    """

    issue_id = Column(pl.Int64(), "Jira's immutable id of the issue.", references="issues.issue_id")
    visit_number = Column(pl.Int32(), "1, 2, … in the order of the issue's visits, over all statuses.", minimum=1)
    issue_key = Column(pl.String(), "Current key.")
    value_stream = Column(LABEL, "Value stream the issue belongs to now.")
    status_id = Column(pl.Int64(), "Status.", references="statuses.status_id")
    stage_name = Column(LABEL, "Stage of the status when the visit began.", references="stages.stage_name")
    work_kind = Column(
        WORK_KIND, "Work kind of the status when the visit began: queue, active, blocked, done or discarded."
    )
    is_revisit = Column(pl.Boolean(), "The issue had been in this status before.")
    is_bridged = Column(pl.Boolean(), "Entered without a recorded change; dated by the move that caused it.")
    doubtful_status_id = Column(
        pl.Int64(),
        "Continuity break: the other status the issue may have been in, by the change that ended the visit or by what"
        " Jira shows now. Empty where the log is whole.",
        nullable=True,
    )
    entered_at = Column(TIMESTAMP, "Entry.")
    left_at = Column(
        TIMESTAMP,
        "Exit, or when the issue was found gone; the visit is [entered_at, left_at). Empty while it stays.",
        nullable=True,
    )
    elapsed_ms = Column(pl.Int64(), "Milliseconds from entry to exit, or to as_of while it stays.", minimum=0)
    working_ms = Column(pl.Int64(), "Those within the value stream's calendar.", minimum=0)

    elapsed_from_ends = elapsed_between("entered_at", "left_at", "elapsed_ms", "elapsed time is exit less entry")
    working_within_elapsed = WORKING_WITHIN_ELAPSED
    first_is_no_revisit = RowRule("the first visit is no revisit", "visit_number > 1 OR NOT is_revisit")


def build_status_visits(
    issues: pl.LazyFrame,
    changes: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
    tombstones: pl.LazyFrame | None = None,
) -> pl.LazyFrame:
    """Trace every issue through its statuses up to ``as_of``, or until it was gone.

    StatusVisits, from RawIssues, RawChanges and RawTombstones.
    """
    placed = assign_streams(issues.collect(), workflow)
    moves = changes.filter(pl.col.field.is_in(MOVE_FIELDS)).select(*ORDER, "field", "from_id", "to_id")
    gone = gone_by(RawTombstones.empty().lazy() if tombstones is None else tombstones, as_of)
    events = while_there(_known_by(status_events(placed, moves.collect()), as_of), gone)
    index = WorkflowIndex(workflow, *covered_stretch([events["entered_at"]], as_of))
    parts = [visits_of(some, own, gone, index, as_of) for some, own in in_parts(placed, events)]
    return pl.concat(parts, rechunk=False).lazy()


def visits_of(
    placed: pl.DataFrame, events: pl.DataFrame, gone: pl.DataFrame, index: WorkflowIndex, as_of: datetime
) -> pl.DataFrame:
    """Close the ordered status events, up to ``as_of``, of issues whose value streams are known."""
    issue = places_of(events["issue_id"], placed["issue_id"])
    stream = placed["stream"].to_numpy()[issue]
    visits = close_stretches(events, as_of, gone)
    visits = add_working_time(visits, index.calendar[stream], index.clock, as_of)
    row = index.locate(stream, events["status_id"].to_numpy())
    model = index.statuses.select(pl.col("value_stream", "stage_name").cast(LABEL), "work_kind")
    visits = visits.with_columns(model[index.held(row, stream, events["entered_at"])].get_columns())
    return StatusVisits.select(
        visits.lazy().with_columns(
            issue_key=pl.lit(placed["issue_key"].gather(issue)),
            visit_number=number_in_issue(events),
            is_revisit=~pl.Series(issue * len(index.statuses) + row).is_first_distinct(),
        )
    ).collect(engine="in-memory")


def _known_by(events: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Events up to ``as_of``, without the doubts that only later ones cast."""
    is_doubted_later = same_issue(-1) & (pl.col.entered_at.shift(-1) > as_of)
    doubts = pl.when(~is_doubted_later).then("doubtful_status_id")
    return events.with_columns(doubtful_status_id=doubts).filter(pl.col.entered_at <= as_of)
