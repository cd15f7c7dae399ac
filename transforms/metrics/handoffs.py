"""How often delivered work went from one person to another, and back again (METHODS §4.14). Teams only."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.metrics.period_tables import (
    PERIOD_KEY,
    PeriodTable,
    as_note,
    cells,
    definition_version_column,
    estimate_columns,
    note_column,
    percentile_columns,
    percentiles_by,
    too_few,
)
from transforms.metrics.periods import periods
from transforms.metrics.privacy import SUPPRESSED, is_team_large_enough, team_sizes
from transforms.metrics.slots import events_in_periods
from transforms.order import ORDER, same_issue
from transforms.schema import Column
from transforms.statistics.order_statistics import MINIMUM_SAMPLE
from transforms.statistics.proportions import wilson
from transforms.statistics.ratios import MINIMUM_RATIO_SAMPLE, Moments, ratio_of_sums
from transforms.wording import lacking
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

PERCENTS = (50, 85)

SHARES = {
    "handed_off_share": "Share of the delivered issues handed off at least once.",
    "often_handed_off_share": "Share of the delivered issues handed off three times or more.",
    "ping_pong_share": "Share of the delivered issues that went to somebody and straight back at least once.",
}


def _share_columns() -> dict[str, Column]:
    families = (estimate_columns(name, meaning) for name, meaning in SHARES.items())
    return {column: declared for family in families for column, declared in family.items()}


class Handoffs(PeriodTable, layer="metrics", key=PERIOD_KEY):
    """One row per value stream and period. Answers: through how many hands does work go, and how often back again?

    Speaks of really started issues delivered in the period. A hand-off is a change of the assignment from one person to
    another between start and finish; nobody → somebody is none. Ping-pong: two hand-offs in a row, there and back.
    """

    delivered_count = Column(pl.Int64(), "Really started issues delivered in the period: the n.", minimum=0)
    handoff_count = Column(
        pl.Int64(), "Hand-offs of all of them. Empty for a team too small (note).", nullable=True, minimum=0
    )
    ping_pong_count = Column(
        pl.Int64(), "Times an issue went from A to B and straight back. Empty likewise.", nullable=True, minimum=0
    )
    locals().update(estimate_columns("handoffs_per_delivered", "Hand-offs per delivered issue."))
    locals().update(percentile_columns("handoffs", "of the delivered issues had at most so many hand-offs.", PERCENTS))
    handoffs_most = Column(
        pl.Int64(), "Most hand-offs of one issue. Empty where the percentiles are.", nullable=True, minimum=0
    )
    locals().update(_share_columns())
    definition_version = definition_version_column()
    note = note_column()


def count_handoffs(
    person_intervals: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Count hand-offs of delivered work in every period; Handoffs."""
    journeys = issue_journeys.filter("is_counted").collect()
    if journeys.is_empty():
        return Handoffs.empty().lazy()
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    done = journeys.filter(pl.col.cycle_ms.is_not_null()).select(
        "issue_id", "value_stream", "started_at", "finished_at", handoffs=pl.col.handoff_count.cast(pl.Int64)
    )
    done = done.join(ping_pongs(raw_changes.collect(), done), on="issue_id", how="left").fill_null(0)
    placed = events_in_periods(done, "finished_at", grid)
    rows = cells(workflow, grid).join(placed.group_by(PERIOD_KEY).agg(_sums()), on=PERIOD_KEY, how="left")
    rows = rows.with_columns(pl.col(column.meta.output_name() for column in _sums()).fill_null(0))
    rows = rows.join(percentiles_by(placed, PERIOD_KEY, {"handoffs": "handoffs"}, PERCENTS), on=PERIOD_KEY, how="left")
    rows = rows.join(team_sizes(person_intervals.collect(), grid, as_of), on=PERIOD_KEY, how="left")
    return Handoffs.select(_withheld(_with_estimates(rows)).sort(PERIOD_KEY).lazy())


def ping_pongs(changes: pl.DataFrame, journeys: pl.DataFrame) -> pl.DataFrame:
    """How often an issue was handed from A to B and next from B back to A: issue_id, ping_pong_count; none, no row.

    ``changes`` are RawChanges; ``journeys`` hold issue_id, started_at and finished_at. Nobody in between breaks it.
    """
    moves = changes.filter(pl.col.field == "assignee").join(
        journeys.select("issue_id", "started_at", "finished_at"), on="issue_id"
    )
    within = (pl.col.changed_at >= pl.col.started_at) & (pl.col.changed_at < pl.col.finished_at)
    moves = moves.filter(within & pl.col.from_id.ne_missing(pl.col.to_id)).sort(ORDER)
    goes_back = (pl.col.to_id == pl.col.from_id.shift(1)) & (pl.col.from_id == pl.col.to_id.shift(1))
    back = moves.filter((same_issue(1) & goes_back).fill_null(False))
    return back.group_by("issue_id").agg(ping_pong_count=pl.len().cast(pl.Int64))


def _sums() -> list[pl.Expr]:
    """Counts over the issues of a period."""
    counts = {
        "delivered_count": pl.len(),
        "handoff_count": pl.col.handoffs.sum(),
        "ping_pong_count": pl.col.ping_pong_count.sum(),
        "handoffs_most": pl.col.handoffs.max(),
        "handed_off": (pl.col.handoffs >= 1).sum(),
        "often_handed_off": (pl.col.handoffs >= 3).sum(),
        "ping_pong": (pl.col.ping_pong_count > 0).sum(),
        "squares": (pl.col.handoffs**2).sum(),
    }
    return [count.cast(pl.Int64).alias(name) for name, count in counts.items()]


def _with_estimates(rows: pl.DataFrame) -> pl.DataFrame:
    """Add hand-offs per issue and the shares of issues, with their intervals, where there is enough to tell."""
    n = rows["delivered_count"].to_numpy()
    total, squares = rows["handoff_count"].to_numpy(), rows["squares"].to_numpy()
    found = {"handoffs_per_delivered": ratio_of_sums(Moments(n, total, n, squares, total, n))}
    is_enough = n >= MINIMUM_RATIO_SAMPLE
    for name in SHARES:
        count = rows[name.removesuffix("_share")].to_numpy()
        found[name] = wilson(count * is_enough, n * is_enough)
    columns = [
        pl.Series(f"{name}{end}", values).fill_nan(None)
        for name, estimate in found.items()
        for end, values in zip(("", "_low", "_high"), estimate, strict=True)
    ]
    enough_for_most = pl.col.delivered_count >= MINIMUM_SAMPLE[0.5]
    return rows.with_columns(*columns, handoffs_most=pl.when(enough_for_most).then("handoffs_most"))


def _withheld(rows: pl.DataFrame) -> pl.DataFrame:
    """Empty everything about small teams, and say what is missing."""
    said = ("value_stream", "period_kind", "period_start_date", "period_end_date", "is_complete_period",
            "delivered_count", "definition_version", "note")  # fmt: skip
    hidden = [name for name in Handoffs.columns if name not in said]
    few = pl.when(pl.col.delivered_count < MINIMUM_RATIO_SAMPLE).then(
        lacking(f"means and shares need {MINIMUM_RATIO_SAMPLE} deliveries", "delivered_count")
    )
    small = pl.when(~is_team_large_enough()).then(pl.lit(f"everything is {SUPPRESSED}"))
    large = [*too_few(PERCENTS, "delivered_count", "deliveries"), few]
    note = pl.when(is_team_large_enough()).then(as_note(large)).otherwise(small)
    return rows.with_columns(pl.when(is_team_large_enough()).then(pl.col(hidden)), note=note)
