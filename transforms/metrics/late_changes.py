"""What was only found out after work had been committed: edits, estimates, scope, cancellations (METHODS §4.13).

Only sizes of edits are known, never texts. Work sent back within the flow is ``rework_edges``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from transforms.definitions import NOWHERE, ONE_STATUS, cut_where_ended, definition_at, places
from transforms.metrics.at_risk import DISCARDED, at_risk, groups_of
from transforms.metrics.period_tables import (
    MS_PER_HOUR,
    PERIOD_KEY,
    PeriodTable,
    as_note,
    cells,
    definition_version_column,
    estimate_columns,
    note_column,
)
from transforms.metrics.periods import periods
from transforms.metrics.slots import events_in_periods, stretches_in_periods
from transforms.row_rules import all_of
from transforms.schema import Column, RowRule
from transforms.statistics.curves import is_known_at
from transforms.statistics.incidence import incidence_by
from transforms.statistics.order_statistics import Estimate
from transforms.statistics.proportions import wilson
from transforms.statistics.survival import period_kaplan_meier
from transforms.wording import lacking
from transforms.workflow import TERMINAL_KINDS, Workflow
from transforms.workflow_index import covered_stretch

TYPO_LENGTH = 20
"""Characters below which an edit of a text is no change of what is meant (METHODS §8)."""

MINIMUM_SAMPLE = 30
"""Ended or joined issues below which no share is published."""

CANCELLED_BY_DAYS = 90
"""Age at which the incidence of cancelling is read."""

INCIDENCE = f"cancelled_by_{CANCELLED_BY_DAYS}_days_share"

KEY = list(PERIOD_KEY)


class LateChanges(PeriodTable, layer="metrics", key=PERIOD_KEY, caveat="Writing while learning is healthy: no target."):
    """One row per value stream and period. Answers: how much did we only learn, or give up, after committing to it?

    Edits of summary and description count by how much longer or shorter the text became, from 20 characters on; what
    was rewritten at the same length is not seen. After start means from the commitment until the finish. Automation is
    left out. Read the trend, and the cancelled work.
    """

    in_progress_count = Column(pl.Int64(), "Issues in progress at any time of the period.", minimum=0)
    late_edit_count = Column(pl.Int64(), "Edits of texts after the start.", minimum=0)
    late_edited_issue_count = Column(pl.Int64(), "Different issues so edited.", minimum=0)
    late_edited_character_count = Column(pl.Int64(), "Characters by which those texts changed.", minimum=0)
    early_edit_count = Column(pl.Int64(), "Edits of texts before the start, for contrast.", minimum=0)
    early_edited_character_count = Column(pl.Int64(), "Characters by which those texts changed.", minimum=0)
    late_estimate_change_count = Column(pl.Int64(), "Changes of an estimate that stood, after the start.", minimum=0)
    late_estimate_raise_count = Column(pl.Int64(), "Of those, upwards.", minimum=0)
    back_to_backlog_count = Column(pl.Int64(), "Moves of started work back before the commitment.", minimum=0)
    joined_count = Column(pl.Int64(), "Issues that came under a parent in the period.", minimum=0)
    scope_added_count = Column(pl.Int64(), "Of those, after work under that parent had started.", minimum=0)
    locals().update(estimate_columns("scope_added_share", "Share of the joined issues that were added late."))
    cancelled_count = Column(pl.Int64(), "Started issues cancelled in the period.", minimum=0)
    ended_count = Column(pl.Int64(), "Started issues cancelled or delivered in the period.", minimum=0)
    locals().update(estimate_columns("cancelled_share", "Share of the ended issues that were cancelled."))
    locals().update(
        estimate_columns(
            INCIDENCE,
            f"Share of started work cancelled within {CANCELLED_BY_DAYS} days; delivery competes, open work counts.",
        )
    )
    wasted_touch_working_days = Column(
        pl.Float64(), "Touch by status in the work cancelled, in working days: at most so much was wasted.", minimum=0
    )
    wasted_span_working_days = Column(pl.Float64(), "Start to cancellation of that work, in working days.", minimum=0)
    definition_version = definition_version_column()
    note = note_column()

    parts_within_the_whole = RowRule(
        "cancelled work has ended, added scope has joined, no more issues were edited than edits made",
        all_of(
            "cancelled_count <= ended_count",
            "scope_added_count <= joined_count",
            "late_edited_issue_count <= late_edit_count",
            "late_estimate_raise_count <= late_estimate_change_count",
        ),
    )


def measure_late_changes(
    changes: pl.LazyFrame,
    status_visits: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Count what changed before and after the start; LateChanges, from core tables only."""
    every = issue_journeys.collect()
    journeys = every.filter("is_counted")
    if journeys.is_empty():
        return LateChanges.empty().lazy()
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    rows, moved = cells(workflow, grid), changes.collect()
    for part in (
        _in_progress(journeys, grid, as_of),
        _edits(moved, journeys, grid),
        _retreats(cut_where_ended(status_visits.collect(), workflow, as_of), journeys, grid, workflow),
        _scope(moved, every, journeys, grid),
        _endings(journeys, grid),
        _incidence(journeys, grid, workflow, as_of),
    ):
        rows = rows.join(part, on=KEY, how="left", maintain_order="left")
    return LateChanges.select(_finished(rows).lazy())


def _in_progress(journeys: pl.DataFrame, grid: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    started = journeys.filter(pl.col.started_at.is_not_null() & ~pl.col.is_never_started)
    spans = started.select("issue_id", "value_stream", "started_at", "finished_at")
    placed = stretches_in_periods(spans, "started_at", "finished_at", grid, as_of)
    return placed.group_by(KEY).agg(in_progress_count=pl.col.issue_id.n_unique())


def _edits(changes: pl.DataFrame, journeys: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    """Edits of texts and estimates by people, before and after the start, up to the finish."""
    kept = changes.filter(pl.col.field.is_in(["summary", "description", "estimate"]) & ~pl.col.is_automation)
    clocks = journeys.select("issue_id", "value_stream", "started_at", "finished_at", "is_never_started")
    edits = kept.join(clocks, on="issue_id").filter(
        pl.col.finished_at.is_null() | (pl.col.changed_at < pl.col.finished_at)
    )
    is_late = ((pl.col.changed_at >= pl.col.started_at) & ~pl.col.is_never_started).fill_null(False)
    length = (pl.col.to_value.fill_null(0) - pl.col.from_value.fill_null(0)).abs()
    edits = edits.with_columns(is_late=is_late, length=length, is_text=pl.col.field != "estimate")
    text = pl.col.is_text & (pl.col.length >= TYPO_LENGTH)
    late, early = text & pl.col.is_late, text & ~pl.col.is_late
    estimate = ~pl.col.is_text & pl.col.is_late & pl.col.from_value.is_not_null() & (pl.col.length > 0)
    return events_in_periods(edits, "changed_at", grid).group_by(KEY).agg(
        late_edit_count=late.sum(),
        late_edited_issue_count=pl.col.issue_id.filter(late).n_unique(),
        late_edited_character_count=pl.col.length.filter(late).sum(),
        early_edit_count=early.sum(),
        early_edited_character_count=pl.col.length.filter(early).sum(),
        late_estimate_change_count=estimate.sum(),
        late_estimate_raise_count=(estimate & (pl.col.to_value > pl.col.from_value)).sum(),
    )  # fmt: skip


def _retreats(visits: pl.DataFrame, journeys: pl.DataFrame, grid: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Moves from a committed status that is not terminal to one before the commitment, up to the finish.

    Both as the definition that held at the move has them.
    """
    is_terminal = pl.col.work_kind.is_in(TERMINAL_KINDS)
    model = places(workflow).select(*ONE_STATUS, "is_committed")
    walk = visits.join(journeys.select("issue_id", "finished_at"), on="issue_id").with_columns(definition_at(workflow))
    walk = walk.join(model, on=ONE_STATUS, how="left").sort("issue_id", "visit_number", "entered_at")
    place = pl.when(is_terminal).then(NOWHERE).when(pl.col.is_committed.is_not_null()).then("status_id")
    walk = walk.with_columns(status_before=place.forward_fill().shift(1).over("issue_id"))
    before = model.rename({"status_id": "status_before", "is_committed": "was_committed"})
    walk = walk.join(before, on=["value_stream", "definition", "status_before"], how="left")
    is_open = pl.col.finished_at.is_null() | (pl.col.entered_at < pl.col.finished_at)
    back = walk.filter(~is_terminal & ~pl.col.is_committed & pl.col.was_committed & is_open)
    return events_in_periods(back.select("value_stream", "entered_at"), "entered_at", grid).group_by(KEY).agg(
        back_to_backlog_count=pl.len()
    )  # fmt: skip


def _scope(changes: pl.DataFrame, every: pl.DataFrame, journeys: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    """Issues that came under their parent, and those that came after another child of it had started."""
    joined = changes.filter(pl.col.field == "parent").group_by("issue_id").agg(moved_at=pl.col.changed_at.max())
    children = journeys.filter(pl.col.parent_id.is_not_null()).join(joined, on="issue_id", how="left")
    children = children.with_columns(joined_at=pl.coalesce("moved_at", "created_at"))
    parents = every.select(parent_id="issue_id", parent_started_at="started_at")
    known = children.join(parents, on="parent_id")
    is_late = (pl.col.joined_at > pl.col.parent_started_at).fill_null(False)
    placed = events_in_periods(known.with_columns(is_late=is_late), "joined_at", grid)
    return placed.group_by(KEY).agg(joined_count=pl.len(), scope_added_count=pl.col.is_late.sum())


def _endings(journeys: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    ended = journeys.filter(
        pl.col.started_at.is_not_null() & ~pl.col.is_never_started & pl.col.outcome.is_in(["delivered", "discarded"])
    )
    is_cancelled = pl.col.outcome == "discarded"
    return events_in_periods(ended, "finished_at", grid).group_by(KEY).agg(
        ended_count=pl.len(),
        cancelled_count=is_cancelled.sum(),
        wasted_touch_ms=pl.col.touch_working_ms.filter(is_cancelled).sum(),
        wasted_span_ms=pl.col.span_working_ms.filter(is_cancelled).sum(),
    )  # fmt: skip


def _incidence(journeys: pl.DataFrame, grid: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Aalen–Johansen share cancelled by an age, of every period's hazards; withheld where few are so old."""
    records = []
    for key, group in groups_of(at_risk(journeys, grid, workflow, as_of), PERIOD_KEY):
        found = Estimate(None, None, None)
        endings = group.cause > 0
        if np.count_nonzero(endings) >= MINIMUM_SAMPLE and is_known_at(
            period_kaplan_meier(group.entry, group.leave, endings), group.entry, group.leave, CANCELLED_BY_DAYS
        ):
            [found] = incidence_by(*group, DISCARDED, [CANCELLED_BY_DAYS])
        records.append((*key, *found))
    names = (INCIDENCE, f"{INCIDENCE}_low", f"{INCIDENCE}_high")
    schema: dict[str, Any] = {name: grid.schema[name] for name in KEY} | dict.fromkeys(names, pl.Float64)
    return pl.DataFrame(records, schema=schema, orient="row")


def _finished(rows: pl.DataFrame) -> pl.DataFrame:
    """Counts, shares with their intervals, and the note."""
    day = MS_PER_HOUR * pl.col.hours_per_day
    rows = rows.with_columns(
        pl.col("^.*_count$").fill_null(0).cast(pl.Int64),
        wasted_touch_working_days=pl.col.wasted_touch_ms.fill_null(0) / day,
        wasted_span_working_days=pl.col.wasted_span_ms.fill_null(0) / day,
    )
    shares = (
        ("scope_added_share", "scope_added_count", "joined_count", "joined issues"),
        ("cancelled_share", "cancelled_count", "ended_count", "ended issues"),
    )
    for name, count, of, _ in shares:
        n = np.where(rows[of].to_numpy() >= MINIMUM_SAMPLE, rows[of].to_numpy(), 0)
        found = wilson(np.where(n > 0, rows[count].to_numpy(), 0), n)
        rows = rows.with_columns(
            pl.Series(f"{name}{end}", values).fill_nan(None)
            for end, values in zip(("", "_low", "_high"), found, strict=True)
        )
    few = [
        pl.when(pl.col(of) < MINIMUM_SAMPLE).then(lacking(f"{name} needs {MINIMUM_SAMPLE} {words}", of))
        for name, _, of, words in shares
    ]
    young = pl.when(pl.col(INCIDENCE).is_null()).then(pl.lit(f"{INCIDENCE}: too little was watched so long"))
    return rows.with_columns(note=as_note([*few, young])).sort(KEY)
