"""Demand that only exists because something delivered fails: bugs that lead back to it, returned work (METHODS §4.12).

What is sent back before it is delivered is ``rework_edges``; the second lives themselves are ``core.return_passes``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from transforms.definitions import cut_where_ended
from transforms.metrics.issue_links import is_failure, linked_pairs
from transforms.metrics.period_tables import (
    MS_PER_DAY,
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
from transforms.metrics.slots import events_in_periods
from transforms.quality.log_detectors import status_moves
from transforms.row_rules import all_of
from transforms.schema import LABEL, Column, RowRule
from transforms.statistics.curves import finished_by, is_known_at
from transforms.statistics.order_statistics import Estimate
from transforms.statistics.proportions import wilson
from transforms.statistics.survival import period_kaplan_meier
from transforms.wording import lacking
from transforms.workflow import TERMINAL_KINDS, Workflow
from transforms.workflow_index import covered_stretch

LOOK_BACK = timedelta(days=90)
"""How long before a bug the work it leads back to may have been delivered."""

FOLLOW_UP = timedelta(days=30)
"""How long a delivery must have been watched to count in the plain reopen rate."""

MINIMUM_SHARE_SAMPLE = 30
"""Arrivals or deliveries below which no share is published."""

AGES = (30, 90)
"""Days after delivery by which the curve says how much was reopened."""

KEY = list(PERIOD_KEY)


def _curve_columns() -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for age in AGES:
        words = f"Share reopened within {age} days by the curve of time to reopen, younger deliveries included."
        columns |= estimate_columns(f"km_reopened_{age}_days_share", words)
    return columns


class FailureDemand(PeriodTable, layer="metrics", key=PERIOD_KEY):
    """One row per value stream and period. Answers: how much of what comes in is only there because something failed?

    Arrivals are issues created and deliveries reopened. Failure demand: reopened deliveries, and bugs or incidents (by
    the name of their type) that are linked to, or in one epic with, work delivered in the 90 days before. Links are
    never complete, so this is a lower bound; all bugs together with the reopened are the upper one. Three
    issues and more reopened within five minutes by one person are cleared up, not reopened.
    """

    created_count = Column(pl.Int64(), "Issues created in the period.", minimum=0)
    bug_count = Column(pl.Int64(), "Of those, bugs and incidents.", minimum=0)
    traced_count = Column(pl.Int64(), "Of those, led back to work delivered in the 90 days before.", minimum=0)
    reopened_count = Column(pl.Int64(), "Times delivered work was reopened in the period.", minimum=0)
    locals().update(estimate_columns("failure_demand_share", "Traced bugs and reopened work, of all arrivals."))
    locals().update(estimate_columns("failure_demand_upper_share", "All bugs and reopened work, of all arrivals."))
    delivered_count = Column(pl.Int64(), "Issues first delivered in the period: the n of the curve.", minimum=0)
    followed_count = Column(pl.Int64(), "Of those, delivered at least 30 days before as_of.", minimum=0)
    reopened_30_days_count = Column(pl.Int64(), "Of those, reopened within 30 days.", minimum=0)
    locals().update(estimate_columns("reopened_30_days_share", "Reopened within 30 days, of those followed so long."))
    locals().update(_curve_columns())
    returned_count = Column(
        pl.Int64(), "Second lives begun in the period, after the reopen horizon (core.return_passes).", minimum=0
    )
    returned_touch_working_days = Column(
        pl.Float64(), "Touch in those second lives up to as_of, in working days.", minimum=0
    )
    definition_version = definition_version_column()
    note = note_column()

    parts_within_the_whole = RowRule(
        "traced bugs are bugs, bugs are created issues, and what was followed was delivered",
        all_of(
            "traced_count <= bug_count",
            "bug_count <= created_count",
            "reopened_30_days_count <= followed_count",
            "followed_count <= delivered_count",
        ),
    )


def measure_failure_demand(
    raw_issues: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    status_visits: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    return_passes: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Trace what comes in to what was delivered, and follow what was delivered; FailureDemand."""
    journeys = issue_journeys.filter("is_counted").collect()
    issues, changes = raw_issues.collect(), raw_changes.collect()
    visits = cut_where_ended(status_visits.collect(), workflow, as_of)
    if journeys.is_empty():
        return FailureDemand.empty().lazy()
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    reopenings = _reopenings(visits, journeys)
    moves = changes.join(reopenings.select("issue_id", changed_at="left_at"), on=["issue_id", "changed_at"], how="semi")
    bulk = status_moves(issues, moves, journeys, as_of).filter("is_batch")
    reopenings = reopenings.join(bulk, on=["issue_id", "left_at"], how="anti")
    followed = _followed(visits, journeys, reopenings, as_of)
    traced = _traced(journeys, linked_pairs(issues, changes, as_of), followed)
    rows = cells(workflow, grid)
    for part in (
        _arrivals(journeys, traced, grid),
        events_in_periods(reopenings, "left_at", grid).group_by(KEY).agg(reopened_count=pl.len()),
        _reopen_rates(events_in_periods(followed, "delivered_at", grid)),
        _returns(return_passes.collect(), journeys, grid),
    ):
        rows = rows.join(part, on=KEY, how="left", maintain_order="left")
    return FailureDemand.select(_finished(rows).lazy())


def _reopenings(visits: pl.DataFrame, journeys: pl.DataFrame) -> pl.DataFrame:
    """Every exit from a done status to one that is not terminal: issue_id, value_stream, left_at."""
    visits = visits.join(journeys.select("issue_id"), on="issue_id", how="semi")
    visits = visits.sort("issue_id", "visit_number", "entered_at")
    goes_on = pl.col.work_kind.shift(-1).over("issue_id").is_in(TERMINAL_KINDS)
    left = visits.filter((pl.col.work_kind == "done") & pl.col.left_at.is_not_null() & ~goes_on.fill_null(True))
    return left.select("issue_id", "value_stream", "left_at")


def _followed(visits: pl.DataFrame, journeys: pl.DataFrame, reopenings: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """First delivery of every issue, and for how many days it was watched until it was reopened, or as_of."""
    done = visits.filter(pl.col.work_kind == "done").group_by("issue_id").agg(delivered_at=pl.col.entered_at.min())
    kept = journeys.filter(pl.col.outcome != "discarded").select("issue_id", "value_stream", "parent_id")
    first = reopenings.group_by("issue_id").agg(reopened_at=pl.col.left_at.min())
    followed = kept.join(done, on="issue_id").join(first, on="issue_id", how="left")
    until = pl.col.reopened_at.fill_null(as_of)
    return followed.with_columns(
        is_reopened=pl.col.reopened_at.is_not_null(),
        days=(until - pl.col.delivered_at).dt.total_milliseconds() / MS_PER_DAY,
        is_followed=pl.col.delivered_at + FOLLOW_UP <= as_of,
    )


def _traced(journeys: pl.DataFrame, links: pl.DataFrame, followed: pl.DataFrame) -> pl.DataFrame:
    """Ids of the bugs that lead back to work delivered shortly before, by a link or a common epic."""
    bugs = journeys.filter(is_failure()).select("issue_id", "created_at", "parent_id")
    work = followed.select("delivered_at", "parent_id", other_id="issue_id")
    linked = bugs.drop("parent_id").join(links, on="issue_id").join(work.drop("parent_id"), on="other_id")
    family = bugs.drop_nulls("parent_id").join(work.drop_nulls("parent_id"), on="parent_id").drop("parent_id")
    pairs = pl.concat([linked.select(family.columns), family]).filter(pl.col.issue_id != pl.col.other_id)
    since = pl.col.created_at - pl.col.delivered_at
    return pairs.filter((since >= timedelta()) & (since <= LOOK_BACK)).select("issue_id").unique()


def _arrivals(journeys: pl.DataFrame, traced: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    marked = journeys.select("issue_id", "value_stream", "created_at", is_bug=is_failure())
    marked = marked.with_columns(is_traced=pl.col.issue_id.is_in(traced["issue_id"].implode()))
    return events_in_periods(marked, "created_at", grid).group_by(KEY).agg(
        created_count=pl.len(), bug_count=pl.col.is_bug.sum(), traced_count=pl.col.is_traced.sum()
    )  # fmt: skip


def _reopen_rates(placed: pl.DataFrame) -> pl.DataFrame:
    """Deliveries of each period, how many were followed and reopened, and the curve of the time to reopen."""
    soon = pl.col.is_reopened & (pl.col.days <= FOLLOW_UP.days)
    counts = placed.group_by(KEY).agg(
        delivered_count=pl.len(), followed_count=pl.col.is_followed.sum(),
        reopened_30_days_count=(pl.col.is_followed & soon).sum(),
    )  # fmt: skip
    records = []
    for key, group in placed.group_by(KEY, maintain_order=True):
        leave, is_event = group["days"].to_numpy(), group["is_reopened"].to_numpy()
        records.append((*key, *(value for age in AGES for value in _reopened_by(leave, is_event, age))))
    schema: dict[str, Any] = {name: placed.schema[name] for name in KEY} | dict.fromkeys(_curve_columns(), pl.Float64)
    return counts.join(pl.DataFrame(records, schema=schema, orient="row"), on=KEY)


def _reopened_by(leave: np.ndarray, is_event: np.ndarray, age: int) -> Estimate:
    entry = np.zeros(len(leave))
    if len(leave) < MINIMUM_SHARE_SAMPLE:
        return Estimate(None, None, None)
    if not is_event.any():
        watched = float(np.count_nonzero(leave >= age))
        share, low, high = wilson(np.array([0.0]), np.array([watched if watched >= MINIMUM_SHARE_SAMPLE else 0.0]))
        return Estimate(*(None if np.isnan(value[0]) else float(value[0]) for value in (share, low, high)))
    curve = period_kaplan_meier(entry, leave, is_event)
    is_known = np.count_nonzero(leave >= age) >= MINIMUM_SHARE_SAMPLE and is_known_at(curve, entry, leave, age)
    return finished_by(curve, age) if is_known else Estimate(None, None, None)


def _returns(passes: pl.DataFrame, journeys: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    mine = passes.join(journeys.select("issue_id"), on="issue_id", how="semi")
    mine = mine.select(pl.col.value_stream.cast(LABEL), "returned_at", "touch_working_ms")
    return events_in_periods(mine, "returned_at", grid).group_by(KEY).agg(
        returned_count=pl.len(), touch_working_ms=pl.col.touch_working_ms.sum()
    )  # fmt: skip


def _finished(rows: pl.DataFrame) -> pl.DataFrame:
    """Counts, shares with their intervals, and the note."""
    rows = rows.with_columns(pl.col("^.*_count$").fill_null(0).cast(pl.Int64)).with_columns(
        arrived=pl.col.created_count + pl.col.reopened_count,
        failed=pl.col.traced_count + pl.col.reopened_count,
        failed_at_most=pl.col.bug_count + pl.col.reopened_count,
        returned_touch_working_days=pl.col.touch_working_ms.fill_null(0) / (MS_PER_HOUR * pl.col.hours_per_day),
    )
    for name, count, of in (
        ("failure_demand_share", "failed", "arrived"),
        ("failure_demand_upper_share", "failed_at_most", "arrived"),
        ("reopened_30_days_share", "reopened_30_days_count", "followed_count"),
    ):
        n = np.where(rows[of].to_numpy() >= MINIMUM_SHARE_SAMPLE, rows[of].to_numpy(), 0)
        found = wilson(np.where(n > 0, rows[count].to_numpy(), 0), n)
        rows = rows.with_columns(
            pl.Series(f"{name}{end}", values).fill_nan(None)
            for end, values in zip(("", "_low", "_high"), found, strict=True)
        )
    few = [
        pl.when(pl.col(count) < MINIMUM_SHARE_SAMPLE).then(lacking(f"{name} needs {MINIMUM_SHARE_SAMPLE} {of}", count))
        for name, count, of in (
            ("failure_demand_share", "arrived", "arrivals"),
            ("reopened_30_days_share", "followed_count", "deliveries followed for 30 days"),
        )
    ]
    few += [
        pl.when(pl.col(f"km_reopened_{age}_days_share").is_null()).then(
            pl.lit(f"km_reopened_{age}_days_share: too few deliveries were watched so long")
        )
        for age in AGES
    ]
    return rows.with_columns(note=as_note(few)).sort(KEY)
