"""The partition of every issue's life: what held, in which stage, from when to when (METHODS §1.1).

The central table. Sums per issue are ``issue_journeys``; causes and shares of touch are metrics.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from transforms.definitions import definition_timeline, ended_before
from transforms.dependencies import dependency_timeline
from transforms.families import rolled_up_ids
from transforms.gone import gone_from, while_there
from transforms.kinds import add_kinds
from transforms.order import ORDER, number_in_issue, places_of, same_issue
from transforms.parts import in_parts
from transforms.row_rules import WORKING_WITHIN_ELAPSED, elapsed_between
from transforms.schema import LABEL, TIMESTAMP, Column, RowRule, Table
from transforms.states import (
    NOBODY,
    Timeline,
    assignee_timeline,
    flag_timeline,
    release_timeline,
    resolution_timeline,
)
from transforms.stretches import add_working_time, close_stretches
from transforms.sweep import holds, sweep
from transforms.workflow import INTERVAL_KIND, Workflow
from transforms.workflow_index import WorkflowIndex, assign_streams, covered_stretch

RUN_KEYS = ("stage_name", "kind", "kind_alternative", "assignee", "is_rework", "pass_number")
"""Neighbouring stretches alike in all of these are one interval."""


VISIT_COLUMNS = ("issue_id", "visit_number", "status_id", "doubtful_status_id", "is_revisit", "entered_at", "left_at")

LAID_FIELDS = ("assignee", "flagged", "resolution")
"""Fields whose changes are laid over the visits; links and releases come by themselves."""


class WorkIntervals(Table, layer="core", key=("issue_id", "interval_number")):
    """One row per stretch in which stage and kind of an issue hold. Answers: where does it wait, and how long?

    The five kinds touch, wait, blocked, unassigned and done_gap partition the span from start to finish; not_started
    lies before, done and discarded after. An epic measured through its children has no rows of its own.
    """

    issue_id = Column(pl.Int64(), "Jira's immutable id of the issue.", references="issues.issue_id")
    interval_number = Column(pl.Int32(), "1, 2, … in the order of the issue's intervals.", minimum=1)
    issue_key = Column(pl.String(), "Current key.")
    value_stream = Column(LABEL, "Value stream the issue belongs to now.")
    pass_number = Column(pl.Int32(), "1 for the journey; 2, 3, … for second lives (core.return_passes).", minimum=1)
    stage_name = Column(LABEL, "Stage.", references="stages.stage_name")
    kind = Column(INTERVAL_KIND, "What held, by the precedence done_gap > blocked > unassigned > touch or wait.")
    kind_alternative = Column(
        INTERVAL_KIND,
        "What held by the other reading of a doubtful log (continuity break, blocker outside the extract). Empty where"
        " nothing is in doubt or both readings agree.",
        nullable=True,
    )
    is_rework = Column(pl.Boolean(), "In a status the issue had been in before.")
    entered_at = Column(TIMESTAMP, "Beginning.")
    left_at = Column(
        TIMESTAMP,
        "End, or when the issue was found gone; the stretch is [entered_at, left_at). Empty while it lasts.",
        nullable=True,
    )
    elapsed_ms = Column(pl.Int64(), "Milliseconds, up to as_of while it lasts.", minimum=0)
    working_ms = Column(pl.Int64(), "Those within the value stream's calendar.", minimum=0)

    elapsed_from_ends = elapsed_between("entered_at", "left_at", "elapsed_ms", "elapsed time is end less beginning")
    working_within_elapsed = WORKING_WITHIN_ELAPSED
    alternative_differs = RowRule("the other reading of a doubtful log is another", "kind_alternative <> kind")


class PersonIntervals(WorkIntervals, layer="private", key=("issue_id", "interval_number")):
    """One row per work interval, with who was assigned. Private: never published.

    Same rows as ``work_intervals``; the metrics derive shares of touch and parallel work from it and drop the person.
    """

    assignee = Column(pl.Int64(), f"Keyed hash of who was assigned; {NOBODY} for nobody.")


def build_person_intervals(
    issues: pl.LazyFrame,
    changes: pl.LazyFrame,
    status_visits: pl.LazyFrame,
    blocks: pl.LazyFrame,
    versions: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Lay flags, links and assignment over the status visits; PersonIntervals."""
    everything = assign_streams(issues.collect(), workflow)
    placed = everything.filter(~pl.col.issue_id.is_in(rolled_up_ids(everything, workflow, as_of).implode()))
    ids = placed["issue_id"].implode()
    visits = status_visits.select(VISIT_COLUMNS).filter(pl.col.issue_id.is_in(ids)).collect(engine="in-memory")
    laid = changes.filter(pl.col.field.is_in(LAID_FIELDS)).select(*ORDER, "field", "from_id", "to_id")
    states = _timelines(placed, laid.collect(), blocks.collect(), versions.collect(), workflow, as_of)
    changed = [timeline.changes["entered_at"] for timeline in states.values()]
    index = WorkflowIndex(workflow, *covered_stretch([visits["entered_at"], *changed], as_of))
    initials, moves = zip(*states.values(), strict=True)
    parts = []
    for some, held, *rest in in_parts(placed, visits, *initials, *moves):
        pairs = zip(rest[: len(states)], rest[len(states) :], strict=True)
        own = {name: Timeline(*pair) for name, pair in zip(states, pairs, strict=True)}
        parts.append(intervals_of(some, held, own, index, as_of))
    return pl.concat(parts, rechunk=False).lazy()


def build_work_intervals(person_intervals: pl.LazyFrame) -> pl.LazyFrame:
    """The same intervals without the person; WorkIntervals."""
    return WorkIntervals.select(person_intervals)


def intervals_of(
    placed: pl.DataFrame, visits: pl.DataFrame, states: dict[str, Timeline], index: WorkflowIndex, as_of: datetime
) -> pl.DataFrame:
    """Partition the lives of issues whose visits and timelines are known."""
    gone = gone_from(visits)
    rows = while_there(sweep(_with_model_rows(placed, visits, index), states, as_of), gone)
    issue = places_of(rows["issue_id"], placed["issue_id"])
    stream = placed["stream"].to_numpy()[issue]
    rows = add_kinds(_by_definition(rows, index, stream), index, stream).filter(holds())
    intervals = close_stretches(rows.filter(_begins_run()), as_of, gone)
    issue = places_of(intervals["issue_id"], placed["issue_id"])
    stream = placed["stream"].to_numpy()[issue]
    intervals = add_working_time(intervals, index.calendar[stream], index.clock, as_of)
    return PersonIntervals.select(
        intervals.lazy().with_columns(
            issue_key=pl.lit(placed["issue_key"].gather(issue)),
            value_stream=pl.lit(placed["value_stream"].gather(issue).cast(LABEL)),
            interval_number=number_in_issue(intervals),
        )
    ).collect(engine="in-memory")


def _timelines(
    placed: pl.DataFrame,
    changes: pl.DataFrame,
    blocks: pl.DataFrame,
    versions: pl.DataFrame,
    workflow: Workflow,
    as_of: datetime,
) -> dict[str, Timeline]:
    known = blocks.filter(~pl.col.is_blocker_unknown)
    changes = changes.join(placed.select("issue_id"), on="issue_id", how="semi", maintain_order="left")
    timelines = {
        "assignee": assignee_timeline(placed, changes),
        "flag": flag_timeline(placed, changes),
        "resolution": resolution_timeline(placed, changes),
        "dependency": dependency_timeline(placed, blocks),
        "known_dependency": dependency_timeline(placed, known),
        "released": release_timeline(placed, versions, workflow, as_of),
    }
    if not workflow.is_redefined:
        return timelines
    return timelines | {"definition": definition_timeline(placed, workflow, as_of)}


def _with_model_rows(placed: pl.DataFrame, visits: pl.DataFrame, index: WorkflowIndex) -> pl.DataFrame:
    """Name the rows of the workflow index that a visit's status, and its doubtful status, stand in."""
    stream = placed["stream"].to_numpy()[places_of(visits["issue_id"], placed["issue_id"])]
    is_doubtful = visits["doubtful_status_id"].is_not_null().to_numpy()
    doubtful = np.full(len(visits), -1, dtype=np.int64)
    statuses = visits["doubtful_status_id"].drop_nulls().to_numpy()
    doubtful[is_doubtful] = index.locate(stream[is_doubtful], statuses)
    return visits.with_columns(
        status_row=pl.Series(index.locate(stream, visits["status_id"].to_numpy()), dtype=pl.Int64),
        doubtful_row=pl.Series(doubtful),
    )


def _by_definition(rows: pl.DataFrame, index: WorkflowIndex, stream: np.ndarray) -> pl.DataFrame:
    """Name the rows of the index by the definition that holds at each instant; -1 stays for what is not in doubt.

    One by which a status ends work holds for the rest of the visit.
    """
    at, doubtful = rows["entered_at"], rows["doubtful_row"].to_numpy()
    told = rows.with_columns(
        status_row=pl.Series(index.held(rows["status_row"].to_numpy(), stream, at)),
        doubtful_row=pl.Series(np.where(doubtful < 0, doubtful, index.held(doubtful, stream, at))),
    )
    return told.with_columns(_once_ended(told, name, index) for name in ("status_row", "doubtful_row"))


def _once_ended(rows: pl.DataFrame, name: str, index: WorkflowIndex) -> pl.Series:
    """Rows of the index in ``name``: of each visit the first that ends work in place of all behind it."""
    if not index.workflow.is_redefined:
        return rows[name]
    is_end = (pl.col(name) >= 0) & index.statuses["is_terminal"].gather(rows[name].clip(0))
    ended = rows.select("issue_id", "visit_number", name, is_end=is_end)
    return ended.select(pl.when(~ended_before()).then(name).forward_fill()).to_series()


def _begins_run() -> pl.Expr:
    differs = [pl.col(key).ne_missing(pl.col(key).shift(1)) for key in RUN_KEYS]
    return ~same_issue(1) | pl.any_horizontal(differs)
