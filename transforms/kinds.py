"""What the state of an issue means: stage and kind by the precedence of METHODS §1.1, and both readings of a doubt.

Boundaries, durations and sums do not belong here.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.definitions import since_entry
from transforms.order import same_issue
from transforms.passes import mark_passes
from transforms.schema import LABEL
from transforms.states import NOBODY
from transforms.workflow import INTERVAL_KIND, TERMINAL_KINDS, WORK_KIND
from transforms.workflow_index import WorkflowIndex

RELEASE_STAGE = "Release"
"""Stage in which finished work waits for its release, where a stream delivers by release."""

_QUEUE = pl.lit("queue", dtype=WORK_KIND)


def add_kinds(rows: pl.DataFrame, index: WorkflowIndex, stream: np.ndarray) -> pl.DataFrame:
    """Add stage_name, kind, kind_alternative, is_rework and pass_number to rows of ``sweep``.

    ``stream`` is the stream code of every row.
    """
    discarding = list(index.workflow.discarding_resolution_ids)
    rows = mark_passes(_with_model(rows, index, stream), _horizons(index)[stream])
    other = index.statuses.select(other_kind="work_kind", other_committed="is_committed")
    rows = pl.concat([rows, other[np.maximum(rows["doubtful_row"].to_numpy(), 0)]], how="horizontal")
    rows = rows.with_columns(other_committed=since_entry("other_committed"))
    rows = rows.with_columns(kind=_kind(), stage_name=_stage(), is_rework=pl.col.is_revisit)
    rows = rows.with_columns(other_would_last=_would_last()).with_columns(other=_other_kind(discarding))
    return rows.with_columns(kind_alternative=pl.when(pl.col.other != pl.col.kind).then("other"))


def _horizons(index: WorkflowIndex) -> np.ndarray:
    return np.array([s.reopen_horizon.total_seconds() * 1e6 for s in index.workflow.streams], dtype=np.int64)


def _with_model(rows: pl.DataFrame, index: WorkflowIndex, stream: np.ndarray) -> pl.DataFrame:
    """What the model says of each row's status, and whether the row is terminal, discarded, or awaits its release."""
    streams = index.workflow.streams
    assigns = np.array([s.is_assignment_used for s in streams], dtype=bool)
    discarding = list(index.workflow.discarding_resolution_ids)
    model = index.statuses.select(pl.col.stage_name.cast(LABEL), "work_kind", "is_committed")
    rows = pl.concat([rows, model[rows["status_row"].to_numpy()]], how="horizontal").with_columns(
        is_assignment_used=pl.lit(pl.Series(assigns[stream])),
        is_discarded=_is_discarded(pl.col.work_kind, discarding),
    )
    awaits_release = _awaits_release(pl.col.work_kind, discarding)
    return rows.with_columns(
        awaits_release=awaits_release,
        is_terminal=pl.col.work_kind.is_in(TERMINAL_KINDS) & ~awaits_release,
    )


def _is_discarded(work_kind: pl.Expr, discarding: list[int]) -> pl.Expr:
    """Cancelled by its status, or by its resolution in a done one."""
    by_resolution = (work_kind == "done") & pl.col.resolution.is_in(discarding)
    return (work_kind == "discarded") | by_resolution


def _awaits_release(work_kind: pl.Expr, discarding: list[int]) -> pl.Expr:
    """Done, and not yet in users' hands."""
    return (work_kind == "done") & ~_is_discarded(work_kind, discarding) & (pl.col.released == 0)


def _stage() -> pl.Expr:
    return pl.when("awaits_release").then(pl.lit(RELEASE_STAGE, dtype=LABEL)).otherwise("stage_name")


def _kind() -> pl.Expr:
    work_kind = pl.when("awaits_release").then(_QUEUE).otherwise("work_kind")
    return (
        pl.when("is_final")
        .then(_ended(pl.col.is_discarded))
        .when(~pl.col.has_started)
        .then(_lit("not_started"))
        .when("is_gap")
        .then(_lit("done_gap"))
        .otherwise(_overlaid(work_kind, pl.col.dependency == 1))
    )


def _other_kind(discarding: list[int]) -> pl.Expr:
    """The kind under the other reading: the doubtful status where there is one, and no unknown blocker."""
    in_doubt = pl.col.doubtful_row >= 0
    work_kind = pl.when(in_doubt).then("other_kind").otherwise("work_kind")
    awaits_release = _awaits_release(work_kind, discarding)
    work_kind = pl.when(awaits_release).then(_QUEUE).otherwise(work_kind)
    stands = ~in_doubt & (pl.col.is_final | pl.col.is_gap | ~pl.col.has_started)
    uncommitted = in_doubt & ~pl.col.has_started & ~pl.col.other_committed
    return (
        pl.when(stands | uncommitted)
        .then("kind")
        .when(work_kind.is_in(TERMINAL_KINDS) & pl.col.other_would_last)
        .then(_ended(_is_discarded(pl.col.other_kind, discarding)))
        .when(work_kind.is_in(TERMINAL_KINDS))
        .then(_lit("done_gap"))
        .otherwise(_overlaid(work_kind, pl.col.known_dependency == 1))
    )


def _ended(is_discarded: pl.Expr) -> pl.Expr:
    return pl.when(is_discarded).then(_lit("discarded")).otherwise(_lit("done"))


def _would_last() -> pl.Expr:
    """Whether a terminal status in this row's stead would have been for good: no visit follows, or a final one does."""
    is_next_visit = pl.col.visit_number.shift(-1) != pl.col.visit_number
    following = pl.when(~same_issue(-1)).then(True).when(is_next_visit).then(pl.col.is_final.shift(-1))
    return following.backward_fill()


def _overlaid(work_kind: pl.Expr, is_dependent: pl.Expr) -> pl.Expr:
    """Precedence of the overlays over a status that is not terminal: blocked > unassigned > class."""
    nobody = pl.col.is_assignment_used & (pl.col.assignee == NOBODY)
    return (
        pl.when((work_kind == "blocked") | (pl.col.flag == 1) | is_dependent)
        .then(_lit("blocked"))
        .when(work_kind == "queue")
        .then(_lit("wait"))
        .when(nobody)
        .then(_lit("unassigned"))
        .otherwise(_lit("touch"))
    )


def _lit(kind: str) -> pl.Expr:
    return pl.lit(kind, dtype=INTERVAL_KIND)
