"""Every finished visit of a stage in which work is judged: how long it was looked at, under what load, what came of it.

Private: a visit has its reviewer's load. What visits under high and low load differ in is ``review_depth``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from transforms.definitions import cut_where_ended, every_definition
from transforms.metrics.backward_moves import backward_moves
from transforms.metrics.issue_links import is_failure, linked_pairs
from transforms.metrics.occupancy import Occupancy, epoch_ms
from transforms.metrics.touch_estimates import INTERVAL_KEY, shared_touch
from transforms.metrics.waiting_visits import continues
from transforms.stage_names import stage_topic
from transforms.states import NOBODY
from transforms.workflow import Workflow

JUDGING = ("Review", "Testing", "QA", "UAT", "Approval")
"""Topics of stages in which somebody judges another's work, whether or not anything was ever sent back."""

GLANCE = timedelta(minutes=1)
"""A visit touched for less was moved through in a batch, not reviewed (METHODS §4.9)."""

FOLLOW_UP = timedelta(days=30)
"""How long after it passed a bug linked to an issue counts as escaped."""

VISIT = ("issue_id", "visit")

STAGE = ("value_stream", "stage_name")


def review_visits(
    person_intervals: pl.DataFrame,
    status_visits: pl.DataFrame,
    journeys: pl.DataFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.DataFrame:
    """One row per finished, touched visit of a judging stage in the first lives of ``journeys``.

    Columns: issue_id, visit, value_stream, stage_name, begins_at (its first touch), left_at, minutes (working minutes
    of touch, shared among what its person had in touch at once), load (issues waiting in the stage plus what else its
    person had in touch, when it began), is_returned (left to an earlier status).
    """
    persons = person_intervals.join(journeys.select("issue_id"), on="issue_id", how="semi")
    pieces = persons.filter(pl.col.pass_number == 1).sort("issue_id", "entered_at")
    pieces = pieces.with_columns(visit=(~continues()).cum_sum())
    moves, _ = backward_moves(cut_where_ended(status_visits, workflow, as_of), pieces, journeys, workflow)
    judging = _judging_stages(pieces, moves, workflow)
    shares = shared_touch(person_intervals, workflow, as_of)
    touched = pieces.join(judging, on=STAGE, how="semi").join(shares, on=INTERVAL_KEY, how="left")
    visits = _visits(touched.sort("issue_id", "entered_at"))
    loads = _loads(visits, person_intervals, as_of)
    return _with_returns(visits.with_columns(load=loads).drop("assignee"), moves)


def add_sizes(visits: pl.DataFrame, journeys: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Add size: the issue's type, and whether its estimate when the visit began was above the median of its type.

    Estimates the changelog does not show are unknown and a size of their own. ``changes`` are RawChanges.
    """
    known = changes.filter((pl.col.field == "estimate") & pl.col.to_id.is_not_null())
    known = known.sort("changed_at", "history_id", "item_index").select("issue_id", "changed_at", estimate="to_id")
    sized = visits.sort("begins_at").join_asof(
        known, left_on="begins_at", right_on="changed_at", by="issue_id", check_sortedness=False
    )
    sized = sized.join(journeys.select("issue_id", "issue_type"), on="issue_id", how="left")
    median = pl.col.estimate.median().over("value_stream", "issue_type")
    band = pl.when(pl.col.estimate.is_null()).then(pl.lit("?")).when(pl.col.estimate > median).then(pl.lit("large"))
    size = pl.format("{} {}", pl.col.issue_type.cast(pl.String), band.otherwise(pl.lit("small")))
    return sized.with_columns(size=size).drop("estimate", "issue_type", "changed_at", strict=False)


def add_escapes(
    visits: pl.DataFrame, raw_issues: pl.DataFrame, changes: pl.DataFrame, journeys: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """Add escaped_bugs: bugs linked to the issue and created in the 30 days after the visit; empty before those passed.

    ``journeys`` are those of the whole site: a bug may belong to another stream.
    """
    bugs = journeys.filter(is_failure()).select(other_id="issue_id", bug_at="created_at")
    linked = linked_pairs(raw_issues, changes, as_of).join(bugs, on="other_id")
    found = visits.select(*VISIT, "left_at").join(linked, on="issue_id")
    found = found.filter((pl.col.bug_at >= pl.col.left_at) & (pl.col.bug_at < pl.col.left_at + FOLLOW_UP))
    counts = found.group_by(VISIT).agg(escaped_bugs=pl.col.other_id.n_unique().cast(pl.Float64))
    visits = visits.join(counts, on=VISIT, how="left", maintain_order="left")
    is_followed = pl.col.left_at + FOLLOW_UP <= as_of
    return visits.with_columns(escaped_bugs=pl.when(is_followed).then(pl.col.escaped_bugs.fill_null(0.0)))


def _judging_stages(pieces: pl.DataFrame, moves: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Committed stages after the first one with active work that bear a judging name or have sent work back; STAGE.

    Of every definition there was.
    """
    active = every_definition(workflow).filter(pl.col.is_committed & (pl.col.work_kind == "active"))
    begins = active.group_by(*STAGE, "definition").agg(pl.col.status_order.min())
    later = begins.filter(pl.col.status_order > pl.col.status_order.min().over("value_stream", "definition"))
    later = later.select(STAGE).unique()
    labels = [pl.col(name).cast(pieces.schema[name]) for name in STAGE]
    is_named = pl.Series("is_named", [stage_topic(name) in JUDGING for name in later["stage_name"]], pl.Boolean)
    later = later.with_columns(is_named).with_columns(labels)
    returning = moves.select("value_stream", stage_name="from_stage_name", has_returned=pl.lit(True)).unique()
    known = later.join(returning, on=STAGE, how="left")
    return known.filter(pl.col.is_named | pl.col.has_returned.fill_null(False)).select(STAGE)


def _visits(pieces: pl.DataFrame) -> pl.DataFrame:
    """Visits that have ended and were touched for more than a glance, with who touched them first."""
    touch = pl.col.kind == "touch"
    visits = pieces.group_by("visit", maintain_order=True).agg(
        pl.col("issue_id", *STAGE).first(),
        assignee=pl.col.assignee.filter(touch).first(),
        begins_at=pl.col.entered_at.filter(touch).first(),
        left_at=pl.col.left_at.last(),
        minutes=pl.col.shared_touch_working_ms.fill_null(0.0).sum() / 60_000,
        touched=pl.duration(milliseconds=pl.col.elapsed_ms.filter(touch).sum()),
        has_waited=((pl.col.kind == "wait") & (pl.col.left_at == pl.col.entered_at.filter(touch).first())).any(),
    )
    kept = pl.col.left_at.is_not_null() & (pl.col.touched >= GLANCE)
    return visits.filter(kept).drop("touched")


def _loads(visits: pl.DataFrame, person_intervals: pl.DataFrame, as_of: datetime) -> pl.Series:
    """Issues waiting in the visit's stage and others its person had in touch, just before its first touch."""
    at = epoch_ms(visits["begins_at"])
    load = _in_touch(visits["assignee"].to_numpy(), at, person_intervals, as_of) - visits["has_waited"].to_numpy()
    waits = person_intervals.filter(pl.col.kind == "wait").with_columns(pl.col.left_at.fill_null(as_of))
    by_stage = dict(iter(waits.group_by(STAGE)))
    for key, own in visits.with_row_index("place").group_by(STAGE):
        if key in by_stage:
            held = Occupancy(epoch_ms(by_stage[key]["entered_at"]), epoch_ms(by_stage[key]["left_at"]))
            places = own["place"].to_numpy()
            load[places] += held.standing(at[places])
    return pl.Series("load", np.maximum(load, 0), pl.Int64)


def _in_touch(persons: np.ndarray, at: np.ndarray, person_intervals: pl.DataFrame, as_of: datetime) -> np.ndarray:
    """How many issues each person had in touch just before an instant; none for nobody."""
    touch = person_intervals.filter((pl.col.kind == "touch") & (pl.col.assignee != NOBODY))
    own = touch["assignee"].to_numpy()
    people = np.unique(np.concatenate([own, persons]))
    begin, end = epoch_ms(touch["entered_at"]), epoch_ms(touch["left_at"].fill_null(as_of))
    origin, reach = int(begin.min(initial=0)), int(max(end.max(initial=0), at.max(initial=0))) + 1
    lane = np.searchsorted(people, own) * (reach - origin)
    begins, ends = np.sort(lane + begin - origin), np.sort(lane + end - origin)
    asked = np.searchsorted(people, persons) * (reach - origin) + at - origin
    held: np.ndarray = np.searchsorted(begins, asked, "left") - np.searchsorted(ends, asked, "right")
    return held


def _with_returns(visits: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Add is_returned: sent back before the issue came to the stage again, even by way of a status outside the walk."""
    back = moves.select("issue_id", "moved_at", stage_name="from_stage_name").sort("moved_at")
    visits = visits.sort("left_at").join_asof(
        back, left_on="left_at", right_on="moved_at", by=["issue_id", "stage_name"], strategy="forward",
        check_sortedness=False,
    )  # fmt: skip
    again = pl.col.begins_at.shift(-1).over("issue_id", "stage_name")
    is_returned = pl.col.moved_at.is_not_null() & (again.is_null() | (pl.col.moved_at <= again))
    return visits.with_columns(is_returned=is_returned).drop("moved_at", "has_waited")
