"""Stays of issues in stages, before and after the commitment, and what they consist of.

A stay is an uninterrupted time in one stage that is not terminal. Counting and summing stays belongs to the tables.
"""

from __future__ import annotations

import polars as pl

from transforms.order import same_issue
from transforms.schema import LABEL
from transforms.workflow import TERMINAL_KINDS, Workflow

STAY_KINDS = ("touch", "wait", "blocked", "unassigned")
"""Kinds of time in a stay; upstream of the commitment by the work kind of the status alone."""

STAY_COLUMNS = ("issue_id", "value_stream", "pass_number", "stage_name", "step_kind")
"""What does not change within a stay."""

UPSTREAM_KINDS = {"active": "touch", "queue": "wait", "blocked": "blocked"}


def stage_pieces(work_intervals: pl.DataFrame, status_visits: pl.DataFrame, issue_ids: pl.Series) -> pl.DataFrame:
    """Every stretch of the issues in stages that are not terminal, in order, each with the stay it is part of.

    Columns: stay (a number of its own), issue_id, value_stream, pass_number, stage_name, kind (one of STAY_KINDS),
    is_upstream (before the commitment), is_gap (wait before the stay's first touch), entered_at, left_at (empty while
    it lasts), elapsed_ms, working_ms.
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
    nothing.
    """
    orders = workflow.statuses.filter(pl.col.status_order.is_not_null()).select(
        pl.col.value_stream.cast(LABEL), "status_id", "status_order"
    )
    walk = (
        status_visits.join(journeys.select("issue_id", "finished_at"), on="issue_id")
        .filter(pl.col.finished_at.is_null() | (pl.col.entered_at <= pl.col.finished_at), pl.col.elapsed_ms > 0)
        .join(orders, on=["value_stream", "status_id"])
        .sort("issue_id", "visit_number")
    )
    begins = ~same_issue(1) | (pl.col.stage_name != pl.col.stage_name.shift(1))
    runs = (
        walk.with_columns(run=begins.cum_sum())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("issue_id", "value_stream", "stage_name").first(),
            first_order=pl.col.status_order.first(),
            last_order=pl.col.status_order.last(),
            is_terminal=pl.col.work_kind.is_in(TERMINAL_KINDS).all(),
        )
    )
    is_sent_back = same_issue(-1) & (pl.col.first_order.shift(-1) < pl.col.last_order)
    return runs.with_columns(is_sent_back=is_sent_back.fill_null(False)).drop("run", "first_order", "last_order")


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
