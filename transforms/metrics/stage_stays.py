"""Stays of issues in stages, before and after the commitment, and what they consist of.

A stay is an uninterrupted time in one stage that is not terminal. Counting and summing stays belongs to the tables.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.definitions import ONE_STATUS, cut_visits, definition_at, places
from transforms.metrics.slots import working_between
from transforms.order import same_issue
from transforms.workflow import TERMINAL_KINDS, Workflow

STAY_KINDS = ("touch", "wait", "blocked", "unassigned")
"""Kinds of time in a stay; upstream of the commitment by the work kind of the status alone."""

STAY_COLUMNS = ("issue_id", "value_stream", "pass_number", "stage_name", "step_kind")
"""What does not change within a stay."""

UPSTREAM_KINDS = {"active": "touch", "queue": "wait", "blocked": "blocked"}


def visits_then(status_visits: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """StatusVisits cut where another definition begins, each piece with the stage, kind and times it had then."""
    cut = cut_visits(status_visits, workflow, as_of)
    if len(cut) == len(status_visits):
        return status_visits
    told = cut.with_columns(until=pl.col.left_at.fill_null(as_of))
    told = told.with_columns(
        elapsed_ms=(pl.col.until - pl.col.entered_at).dt.total_milliseconds(),
        working_ms=working_between(told, "entered_at", "until", workflow, as_of),
    )
    return told.select(status_visits.columns)


def stage_pieces(work_intervals: pl.DataFrame, status_visits: pl.DataFrame, issue_ids: pl.Series) -> pl.DataFrame:
    """Every stretch of the issues in stages that are not terminal, in order, each with the stay it is part of.

    Columns: stay (a number of its own), issue_id, value_stream, pass_number, stage_name, kind (one of STAY_KINDS),
    is_upstream (before the commitment), is_gap (wait before the stay's first touch), entered_at, left_at (empty while
    it lasts), elapsed_ms, working_ms. ``status_visits`` are those of ``visits_then``.
    """
    ids = issue_ids.implode()
    intervals = work_intervals.filter(pl.col.issue_id.is_in(ids))
    columns = ("issue_id", "value_stream", "pass_number", "stage_name", "kind", "entered_at", "left_at",
               "elapsed_ms", "working_ms")  # fmt: skip
    committed = intervals.filter(pl.col.kind.is_in(STAY_KINDS)).select(*columns, is_upstream=pl.lit(False))
    pieces = pl.concat([committed, _upstream(intervals, status_visits.filter(pl.col.issue_id.is_in(ids)), columns)])
    return _with_stays(pieces.with_columns(pl.col.kind.cast(pl.String)).sort("issue_id", "entered_at"))


def stays_of(pieces: pl.DataFrame) -> pl.DataFrame:
    """One row per stay: its entered_at and left_at (empty while it lasts), and all else that is the same throughout."""
    throughout = pl.col([name for name in pieces.columns if name in STAY_COLUMNS])
    return pieces.group_by("stay", maintain_order=True).agg(
        throughout.first(), pl.col.entered_at.first(), pl.col.left_at.last()
    )


def stage_runs(status_visits: pl.DataFrame, journeys: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """The walk of each journey up to its finish: one row per run of visits in one stage, in order.

    ``journeys`` hold issue_id and finished_at. Columns: issue_id, value_stream, stage_name, is_terminal, is_sent_back
    (left to another stage, to a status earlier in the walk). Statuses outside the walk (on hold, unmapped) interrupt
    nothing. ``status_visits`` are those of ``visits_then``.
    """
    orders = places(workflow).select(*ONE_STATUS, "status_order")
    walk = (
        status_visits.join(journeys.select("issue_id", "finished_at"), on="issue_id")
        .filter(pl.col.finished_at.is_null() | (pl.col.entered_at <= pl.col.finished_at), pl.col.elapsed_ms > 0)
        .with_columns(definition_at(workflow))
        .join(orders, on=ONE_STATUS)
        .sort("issue_id", "visit_number", "entered_at")
    )
    walk = walk.with_columns(status_before=pl.col.status_id.shift(1)).join(
        orders.rename({"status_id": "status_before", "status_order": "order_before"}),
        on=["value_stream", "definition", "status_before"], how="left", maintain_order="left",
    )  # fmt: skip
    is_back = same_issue(1) & (pl.col.status_order < pl.col.order_before)
    begins = ~same_issue(1) | (pl.col.stage_name != pl.col.stage_name.shift(1))
    return (
        walk.with_columns(run=begins.cum_sum(), is_left_back=is_back.shift(-1).fill_null(False))
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("issue_id", "value_stream", "stage_name").first(),
            is_terminal=pl.col.work_kind.is_in(TERMINAL_KINDS).all(),
            is_sent_back=pl.col.is_left_back.last(),
        )
        .drop("run")
    )


def _upstream(intervals: pl.DataFrame, visits: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Visits of statuses before the commitment: an interval there only says that work has not started."""
    held = intervals.select("issue_id", "pass_number", "entered_at", held="kind").sort("entered_at")
    visits = visits.filter(pl.col.elapsed_ms > 0).drop("kind", strict=False).sort("entered_at")
    placed = visits.join_asof(held, on="entered_at", by="issue_id", check_sortedness=False)
    before = placed.filter(pl.col.held == "not_started").with_columns(
        kind=pl.col.work_kind.cast(pl.String).replace_strict(UPSTREAM_KINDS, default="wait"), is_upstream=pl.lit(True)
    )
    kind = intervals.schema["kind"]
    return before.with_columns(pl.col.kind.cast(kind)).select(*columns, "is_upstream")


def _with_stays(pieces: pl.DataFrame) -> pl.DataFrame:
    """Number the stays and mark the wait before each one's first touch."""
    continues = (
        same_issue(1)
        & (pl.col.stage_name == pl.col.stage_name.shift(1))
        & (pl.col.entered_at == pl.col.left_at.shift(1))
    )
    pieces = pieces.with_columns(stay=(~continues.fill_null(False)).cum_sum())
    touched = (pl.col.kind == "touch").cast(pl.Int32).cum_sum().over("stay") > 0
    return pieces.with_columns(is_gap=(pl.col.kind == "wait") & ~touched)
