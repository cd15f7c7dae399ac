"""What can be promised of started work, and how often that was kept (METHODS §5, service-level expectation).

How long work takes otherwise is ``cycle_times``; which open work is about to break the promise is ``ageing_work``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from transforms.metrics.at_risk import ALL_TYPES, STAYED, at_risk, groups_of, own_type, with_all_types
from transforms.metrics.cycle_curves import KEY, KEY_SCHEMA, curve_of, percentiles_of
from transforms.metrics.period_tables import (
    MS_PER_DAY,
    PERIOD_KEY,
    PeriodTable,
    as_note,
    cells,
    definition_version_column,
    estimate_columns,
    note_column,
)
from transforms.metrics.periods import periods
from transforms.metrics.slots import events_in_periods
from transforms.row_rules import all_of, close_to
from transforms.schema import LABEL, Column, RowRule
from transforms.statistics.curves import UNKNOWN, finished_by, is_known_at
from transforms.statistics.order_statistics import MINIMUM_SAMPLE
from transforms.statistics.proportions import wilson
from transforms.statistics.survival import period_kaplan_meier
from transforms.wording import lacking
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

EXPECTED_PERCENT = 85
"""Percent of started work that the promise speaks of."""

MINIMUM_DELIVERIES = MINIMUM_SAMPLE[EXPECTED_PERCENT / 100]

MINIMUM_JUDGED = MINIMUM_SAMPLE[0.5]
"""Promises kept or broken below which no share is published."""

BY_TYPE = ["value_stream", "issue_type"]


class ServiceLevels(PeriodTable, layer="metrics", key=KEY):
    """One row per value stream, issue type (and All) and period. Answers: what can we promise, and do we keep it?

    The promise: 85 % of started work is delivered within expectation_days, by the curve of the rolling 26 weeks. Each
    issue is judged once: kept when delivered by then, broken on the day it grows older, delivered or not. So open work
    older than the promise has failed already. By the curve of the rolling window itself the promise is kept by making.
    """

    issue_type = Column(LABEL, f"Issue type; '{ALL_TYPES}' for all together.")
    expected_share = Column(pl.Float64(), "Share of started work the promise speaks of.", minimum=0)
    locals().update(
        estimate_columns("expectation_days", "Elapsed days within which that share is delivered, cancelled work aside.")
    )
    expectation_count = Column(pl.Int64(), "Deliveries the expectation rests on.", minimum=0)
    kept_count = Column(pl.Int64(), "Delivered in the period, no older than the promise.", minimum=0)
    broken_count = Column(pl.Int64(), "Grew older than the promise in the period.", minimum=0)
    overdue_open_count = Column(pl.Int64(), "Open at the period's end and older than the promise.", minimum=0)
    locals().update(estimate_columns("attained_share", "Kept out of kept and broken (Wilson interval)."))
    locals().update(
        estimate_columns(
            "km_attained_share", "Share delivered within the promise by the period's curve, open work included."
        )
    )
    definition_version = definition_version_column()
    note = note_column()

    attained_as_counted = RowRule(
        "the share is kept out of kept and broken",
        all_of(
            close_to("attained_share * (kept_count + broken_count)", "kept_count"),
        ),
    )


def keep_service_levels(issue_journeys: pl.LazyFrame, workflow: Workflow, as_of: datetime) -> pl.LazyFrame:
    """Find the promise of every stream and type, and how it was kept; ServiceLevels."""
    journeys = issue_journeys.filter("is_counted").collect().with_columns(issue_type=own_type())
    if journeys.is_empty():
        return ServiceLevels.empty().lazy()
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    seen = with_all_types(at_risk(journeys, grid, workflow, as_of))
    promises = expectations(seen)
    types = with_all_types(journeys.select(BY_TYPE)).unique()
    rows = cells(workflow, grid).join(types, on="value_stream").join(promises, on=BY_TYPE, how="left")
    for figures in (_judged(journeys, promises, grid, as_of), _overdue(seen, promises), _by_curve(seen, promises)):
        rows = rows.join(figures, on=KEY, how="left")
    return ServiceLevels.select(_finished(rows).lazy())


def expectations(seen: pl.DataFrame) -> pl.DataFrame:
    """The promise of every stream and type from the rolling window: BY_TYPE, expectation_days with its ends, its n.

    ``seen``: rows of ``at_risk``. Empty where fewer than 23 were delivered.
    """
    rolling = seen.filter(pl.col.period_kind != "quarter")
    records = []
    for key, group in groups_of(rolling, KEY):
        delivered = int(group.delivered.sum())
        figures = percentiles_of("d", curve_of(group), delivered, (EXPECTED_PERCENT,))
        records.append((*key[:2], *figures.values(), delivered))
    estimate = dict.fromkeys(estimate_columns("expectation_days", ""), pl.Float64)
    schema: dict[str, Any] = {"value_stream": LABEL, "issue_type": LABEL, **estimate, "expectation_count": pl.Int64}
    return pl.DataFrame(records, schema=schema, orient="row")


def _judged(journeys: pl.DataFrame, promises: pl.DataFrame, grid: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Promises kept and broken in every period, each issue once."""
    started = journeys.filter(pl.col.started_at.is_not_null() & ~pl.col.is_never_started)
    promised = with_all_types(started).join(promises, on=BY_TYPE).filter(pl.col.expectation_days.is_not_null())
    promise_ms = pl.col.expectation_days * MS_PER_DAY
    age_ms = (pl.col.finished_at.fill_null(as_of) - pl.col.started_at).dt.total_milliseconds()
    promised = promised.with_columns(
        is_broken=age_ms > promise_ms.round(),
        due_at=pl.col.started_at + pl.duration(milliseconds=promise_ms.round().cast(pl.Int64)),
    ).filter(pl.col.is_broken | (pl.col.outcome == "delivered"))
    promised = promised.with_columns(judged_at=pl.when("is_broken").then("due_at").otherwise("finished_at"))
    placed = events_in_periods(promised.select(*BY_TYPE, "is_broken", "judged_at"), "judged_at", grid)
    return placed.group_by(KEY).agg(kept_count=(~pl.col.is_broken).sum(), broken_count=pl.col.is_broken.sum())


def _overdue(seen: pl.DataFrame, promises: pl.DataFrame) -> pl.DataFrame:
    late = seen.join(promises, on=BY_TYPE).filter(
        (pl.col.cause == STAYED) & ~pl.col.is_gone & (pl.col.leave_days > pl.col.expectation_days)
    )
    return late.group_by(KEY).agg(overdue_open_count=pl.len())


def _by_curve(seen: pl.DataFrame, promises: pl.DataFrame) -> pl.DataFrame:
    """Share delivered within the promise by every period's own curve."""
    promised = {tuple(key): days for *key, days in promises.select(*BY_TYPE, "expectation_days").iter_rows()}
    records = []
    for key, group in groups_of(seen, KEY):
        days, found = promised.get(key[:2]), UNKNOWN
        if days is not None and group.delivered.sum() >= MINIMUM_JUDGED:
            curve = period_kaplan_meier(group.entry, group.leave, group.delivered)
            found = finished_by(curve, days) if is_known_at(curve, group.entry, group.leave, days) else UNKNOWN
        records.append((*key, *found))
    schema: dict[str, Any] = {**KEY_SCHEMA, **dict.fromkeys(estimate_columns("km_attained_share", ""), pl.Float64)}
    return pl.DataFrame(records, schema=schema, orient="row")


def _finished(rows: pl.DataFrame) -> pl.DataFrame:
    """Counts as they are published, the share attained, and the note."""
    counts = pl.col("expectation_count", "kept_count", "broken_count", "overdue_open_count").fill_null(0).cast(pl.Int64)
    rows = rows.with_columns(counts).with_columns(
        expected_share=pl.lit(EXPECTED_PERCENT / 100), judged_count=pl.col.kept_count + pl.col.broken_count
    )
    enough = rows["judged_count"].to_numpy() >= MINIMUM_JUDGED
    shares = wilson(rows["kept_count"].to_numpy() * enough, rows["judged_count"].to_numpy() * enough)
    rows = rows.with_columns(
        pl.Series(f"attained_share{end}", v).fill_nan(None)
        for end, v in zip(("", "_low", "_high"), shares, strict=True)
    )
    has_promise = pl.col.expectation_days.is_not_null()
    notes = [
        pl.when(pl.col.expectation_count < MINIMUM_DELIVERIES).then(
            lacking(f"no promise: it needs {MINIMUM_DELIVERIES} deliveries in 26 weeks", "expectation_count")
        ),
        pl.when(~has_promise & (pl.col.expectation_count >= MINIMUM_DELIVERIES)).then(
            pl.lit("no promise: it lies beyond the ages watched")
        ),
        pl.when(has_promise & (pl.col.judged_count < MINIMUM_JUDGED)).then(
            lacking(f"attained needs {MINIMUM_JUDGED} judged", "judged_count")
        ),
        pl.when(has_promise & pl.col.km_attained_share.is_null()).then(pl.lit("km_attained: too little was watched")),
    ]
    return rows.with_columns(note=as_note(notes)).sort(*BY_TYPE, *PERIOD_KEY[1:])
