"""Visits of issues to stages: when they came, were taken up and left, by whom, with how much attention (METHODS §3.3).

All value streams at once. What a period makes of them is ``observed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from transforms.constraint.doors import Limits, find_limits, with_doors
from transforms.metrics.slots import working_between
from transforms.metrics.stage_stays import STAY_KINDS
from transforms.metrics.touch_estimates import INTERVAL_KEY, shared_touch
from transforms.metrics.waiting_visits import exit_authors
from transforms.order import same_issue
from transforms.states import NOBODY
from transforms.workflow import Workflow

RUN = ("issue_id", "pass_number")


def stage_visits(
    person_intervals: pl.DataFrame, changes: pl.DataFrame, stations: pl.DataFrame, said: Mapping[tuple[str, str], int],
    workflow: Workflow, as_of: datetime,
) -> tuple[pl.DataFrame, Limits]:  # fmt: skip
    """One row per uninterrupted visit of an issue to a station, in order; and the limits that are kept to.

    ``stations`` (``stations_of``) says which stages are one, ``said`` how many issues boards let into them.
    Columns: visit, issue_id, value_stream, station,
    entered_at, taken_up_at (empty until somebody works on it), left_at (empty while it stays), worker (NOBODY where
    nobody knows), author (of the exit), shared_ms (attention, 1/n of parallel work), high_ms (working time between
    being taken up and done_at, not blocked), done_at (when the work ended: before left_at where the issue waited for
    room), is_work_known, blocked_ms and blocked_before_ms (working; before being taken up),
    chain (the issue's uninterrupted walk it is part
    of), is_return (it had been there before), fate (what ended the chain with it: delivered, left; empty otherwise).
    """
    pieces = _numbered(_pieces(person_intervals, stations))
    visits = _visits(pieces, exit_authors(changes))
    visits = _taken_up(visits, pieces)
    limits = find_limits(visits, said)
    visits = with_doors(visits, _next_touches(visits, pieces), limits)
    touched = _attention(visits, pieces, workflow, as_of)
    made = _with_chains(visits.join(touched, on="visit", how="left", maintain_order="left"), person_intervals)
    return made, limits


def _pieces(person_intervals: pl.DataFrame, stations: pl.DataFrame) -> pl.DataFrame:
    """Stretches of committed work with the station they lie in; what is on hold stays where it was."""
    kept = person_intervals.filter(pl.col.kind.is_in(STAY_KINDS)).sort("issue_id", "entered_at")
    placed = kept.join(stations, on=["value_stream", "stage_name"], how="left", maintain_order="left")
    is_next = same_issue(1) & (pl.col.entered_at == pl.col.left_at.shift(1))
    placed = placed.with_columns(break_=(~is_next.fill_null(False)).cum_sum())
    station = pl.col.station.forward_fill().over("break_")
    later = pl.col.station.backward_fill().over("break_")
    return placed.with_columns(
        station=pl.coalesce("station", station, later),
        has_queue=pl.coalesce("has_queue", pl.col.has_queue.forward_fill().over("break_"), pl.lit(False)),
    ).filter(pl.col.station.is_not_null())


def _numbered(pieces: pl.DataFrame) -> pl.DataFrame:
    continues = (
        same_issue(1)
        & (pl.col.station == pl.col.station.shift(1))
        & (pl.col.entered_at == pl.col.left_at.shift(1))
        & (pl.col.pass_number == pl.col.pass_number.shift(1))
    )
    return pieces.with_columns(visit=(~continues.fill_null(False)).cum_sum())


def _visits(pieces: pl.DataFrame, authors: pl.DataFrame) -> pl.DataFrame:
    """Who the visits belong to: the last assignee of their touch; where nobody is assigned, whoever moved them on."""
    is_held = (pl.col.kind == "touch") & (pl.col.assignee != NOBODY)
    visits = pieces.group_by("visit", maintain_order=True).agg(
        pl.col("issue_id", "value_stream", "pass_number", "station", "has_queue", "entered_at").first(),
        pl.col.left_at.last(),
        worker=pl.col.assignee.filter(is_held).last(),
        blocked_ms=pl.col.working_ms.filter(pl.col.kind == "blocked").sum(),
        wait_ms=pl.col.working_ms.filter(pl.col.kind == "wait").sum(),
        touch_ms=pl.col.working_ms.filter(pl.col.kind == "touch").sum(),
    )
    found = visits.join(authors, on=["issue_id", "left_at"], how="left", maintain_order="left")
    by_hand = pl.when(~pl.col.is_automation.fill_null(True)).then("author")
    found = found.with_columns(author=by_hand, worker=pl.coalesce("worker", by_hand, pl.lit(NOBODY)))
    entries = authors.select("issue_id", entered_at="left_at", mover="author")
    found = found.join(entries, on=["issue_id", "entered_at"], how="left", maintain_order="left")
    came_from_them = same_issue(1) & (pl.col.worker == pl.col.worker.shift(1))
    is_own_start = (pl.col.mover == pl.col.worker) & ~came_from_them.fill_null(False)
    return found.with_columns(is_own_start=is_own_start.fill_null(False)).drop("mover")


def _taken_up(visits: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """Add taken_up_at: the first touch; without a column to wait in, not before its worker had it and was free.

    A worker is taken to be free when what they finished before had left (effective process time, METHODS §3.2). Who
    moves an issue to themselves, and did not have it before, takes it up then.
    """
    touch = pieces.filter(pl.col.kind == "touch").join(visits.select("visit", "worker"), on="visit")
    is_theirs = (pl.col.assignee == pl.col.worker) | (pl.col.assignee == NOBODY)
    firsts = touch.group_by("visit").agg(
        touched_at=pl.col.entered_at.min(), theirs_at=pl.col.entered_at.filter(is_theirs).min()
    )
    found = visits.join(firsts, on="visit", how="left", maintain_order="left")
    known = found.filter(pl.col.left_at.is_not_null() & (pl.col.worker != NOBODY)).sort("worker", "left_at", "visit")
    free = known.select("visit", free_at=pl.col.left_at.shift(1).over("worker"))
    found = found.join(free, on="visit", how="left", maintain_order="left")
    inferred = pl.when("is_own_start").then("theirs_at").otherwise(pl.max_horizontal("theirs_at", "free_at"))
    inferred = pl.when(pl.col.left_at.is_null()).then(None).otherwise(inferred)
    found = found.with_columns(taken_up_at=pl.when("has_queue").then("touched_at").otherwise(inferred))
    return _with_blocked_before(found.drop("touched_at", "theirs_at", "free_at"), pieces)


def _next_touches(visits: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """When the worker of a visit, after they last came back to it, first turned to which other one.

    Columns: visit, next_at, next_visit.
    """
    touch = pieces.filter(pl.col.kind == "touch").join(visits.select("visit", "worker"), on="visit")
    touch = touch.filter(pl.col.worker != NOBODY).sort("worker", "entered_at", "visit")
    is_other = pl.col.visit.shift(-1) != pl.col.visit
    following = touch.select(
        "visit",
        next_at=pl.when(is_other).then(pl.col.entered_at.shift(-1)).over("worker"),
        next_visit=pl.when(is_other).then(pl.col.visit.shift(-1)).over("worker"),
    )
    return following.group_by("visit", maintain_order=True).agg(pl.col("next_at", "next_visit").last())


def _with_blocked_before(visits: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """Add blocked_before_ms: the blocked time before somebody took the issue up."""
    blocked = pieces.filter(pl.col.kind == "blocked").join(visits.select("visit", "taken_up_at"), on="visit")
    early = blocked.filter(pl.col.taken_up_at.is_null() | (pl.col.entered_at < pl.col.taken_up_at))
    found = early.group_by("visit").agg(blocked_before_ms=pl.col.working_ms.sum())
    return visits.join(found, on="visit", how="left", maintain_order="left").with_columns(
        pl.col.blocked_before_ms.fill_null(0)
    )


def _attention(visits: pl.DataFrame, pieces: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Attention and its upper bound by visit: shared_ms, high_ms."""
    about = visits.select("visit", "worker", "taken_up_at", "done_at", "has_queue")
    touch = pieces.filter(pl.col.kind == "touch").drop("has_queue").join(about, on="visit", maintain_order="left")
    until = pl.min_horizontal(pl.col.left_at.fill_null(as_of), "done_at")
    touch = touch.filter(pl.col.taken_up_at.is_not_null()).with_columns(
        entered_at=pl.max_horizontal("entered_at", "taken_up_at"), until=until
    )
    touch = touch.filter(pl.col.entered_at < pl.col.until)
    touch = touch.with_columns(
        assignee=pl.when(pl.col.has_queue & (pl.col.assignee != NOBODY)).then("assignee").otherwise("worker"),
        working_ms=working_between(touch, "entered_at", "until", workflow, as_of),
    )
    shared = shared_touch(touch, workflow, as_of)
    joined = touch.select(*INTERVAL_KEY, "visit", "working_ms").join(shared, on=INTERVAL_KEY, how="left")
    return joined.group_by("visit").agg(shared_ms=pl.col.shared_touch_working_ms.sum(), high_ms=pl.col.working_ms.sum())


def _with_chains(visits: pl.DataFrame, person_intervals: pl.DataFrame) -> pl.DataFrame:
    """Number the uninterrupted walks, mark returns, and say how each walk ended."""
    continues = same_issue(1) & (pl.col.entered_at == pl.col.left_at.shift(1))
    visits = visits.with_columns(chain=(~continues.fill_null(False)).cum_sum())
    visits = visits.with_columns(
        is_return=pl.col.station.is_first_distinct().over("chain").not_(),
        is_last=(pl.col.chain != pl.col.chain.shift(-1)).fill_null(True),
    )
    finals = person_intervals.filter(pl.col.kind.is_in(("done", "discarded"))).select(
        "issue_id", left_at="entered_at", end=pl.col.kind.cast(pl.String)
    )
    ended = visits.join(finals, on=["issue_id", "left_at"], how="left", maintain_order="left")
    delivered = pl.when(pl.col.end == "done").then(pl.lit("delivered")).otherwise(pl.lit("left"))
    return ended.with_columns(
        pl.col("shared_ms", "high_ms").fill_null(0),
        fate=pl.when(pl.col.is_last & pl.col.left_at.is_not_null()).then(delivered),
    ).drop("end", "is_last")
