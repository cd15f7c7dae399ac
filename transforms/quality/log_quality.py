"""How far the log of every stage can be trusted (METHODS §1.5), before anything is concluded from it.

Whether an issue's changelog is whole is ``completeness``; the signs in single changes are ``log_detectors``.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from transforms.definitions import every_definition
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
from transforms.metrics.stage_stays import visits_then
from transforms.quality.log_detectors import INSTANT, STAND_UP_MINUTES, exits_of, stand_up_counts, status_moves
from transforms.row_rules import all_of
from transforms.schema import LABEL, Column, RowRule
from transforms.statistics.proportions import wilson
from transforms.wording import lacking
from transforms.workflow import TERMINAL_KINDS, Workflow
from transforms.workflow_index import covered_stretch

CELL = (*PERIOD_KEY, "stage_name")

MINIMUM_EXITS = 20
"""Status changes out of a stage below which its log is not judged."""

COARSE = 0.3
"""Share of batched changes, or excess at one time of day, from which instants of a stage are good to the day only."""

SHARES = {
    "batch_share": ("batch_count", "human_count", "human changes made in bursts: ≥ 3 issues, one person, ≤ 5 minutes."),
    "stand_up_share": ("stand_up_count", "human_count", "human changes within the fullest half hour of the day."),
    "bot_share": ("bot_count", "exit_count", "changes made by apps or automation."),
    "sub_minute_share": ("sub_minute_count", "visit_count", "ended visits that lasted less than a minute."),
}
"""Share: what is counted, of what, in words."""

DEFECTS = (
    "batch_share", "stand_up_excess", "sub_minute_share", "break_share", "never_started_share", "impossible_share",
    "unmapped_share", "incomplete_share",
)  # fmt: skip
"""What takes away from data_quality. Automation does not: what it records is dated exactly."""


LOSSES = ("break_share", "never_started_share", "impossible_share", "unmapped_share", "incomplete_share")
"""Those after which instants are missing or wrong, not only coarse."""


def _share_columns() -> dict[str, Column]:
    families = (estimate_columns(name, f"Share of the {words}") for name, (_, _, words) in SHARES.items())
    return {column: declared for family in families for column, declared in family.items()}


class LogQuality(PeriodTable, layer="quality", key=CELL):
    """One row per stage and period. Answers: how far can what the log says of this stage be trusted?

    Stages that are not terminal; changes count for the stage they leave. data_quality is the product of 1 − share over
    batch, stand-up excess, sub-minute visits, continuity breaks, never started, impossible instants, unmapped hours and
    incomplete logs: 1 is a log without any sign of them. stand_up_excess takes the lower end of stand_up_share and what
    an even spread over the working day would put into half an hour off it. Sub-tasks and parents are included.
    """

    stage_name = Column(LABEL, "Stage.", references="stages.stage_name")
    exit_count = Column(pl.Int64(), "Status changes out of the stage's statuses.", minimum=0)
    human_count = Column(pl.Int64(), "Of those, made by people.", minimum=0)
    visit_count = Column(pl.Int64(), "Visits of its statuses that ended in the period.", minimum=0)
    locals().update(_share_columns())
    stand_up_excess = Column(
        pl.Float64(),
        "Stand-up share beyond chance, 0–1. Empty when too little is known (note).",
        nullable=True,
        minimum=0,
    )
    break_count = Column(pl.Int64(), "Visits after which the log does not chain.", minimum=0)
    break_share = Column(pl.Float64(), "Those, of all ended visits. Empty without any.", nullable=True, minimum=0)
    impossible_count = Column(pl.Int64(), "Changes before their issue's creation, or in the future.", minimum=0)
    impossible_share = Column(pl.Float64(), "Those, of all changes. Empty without any.", nullable=True, minimum=0)
    delivered_count = Column(pl.Int64(), "Issues of the value stream delivered in the period.", minimum=0)
    never_started_share = Column(
        pl.Float64(), "Share of those that skipped every stage of the flow. Empty without deliveries.", nullable=True
    )
    elapsed_hours = Column(pl.Float64(), "Hours issues spent in the stage in the period, elapsed.", minimum=0)
    unmapped_hours = Column(pl.Float64(), "Of those, in statuses that no rule covers.", minimum=0)
    unmapped_share = Column(pl.Float64(), "Share of unmapped hours. Empty without hours.", nullable=True, minimum=0)
    issue_count = Column(pl.Int64(), "Different issues in the stage in the period.", minimum=0)
    incomplete_share = Column(
        pl.Float64(), "Share of those whose changelog is not whole. Empty without issues.", nullable=True, minimum=0
    )
    is_day_grained = Column(
        pl.Boolean(),
        f"Batches or stand-ups ({COARSE:.0%} and more): nothing finer than a day can be said. Empty when not judged.",
        nullable=True,
    )
    data_quality = Column(pl.Float64(), "0–1, see above. Empty when not judged (note).", nullable=True, minimum=0)
    definition_version = definition_version_column()
    note = note_column()

    parts_within_the_whole = RowRule(
        "human changes and unmapped hours are parts of what they are counted in",
        all_of(
            "human_count <= exit_count",
            "impossible_count <= exit_count",
            "unmapped_hours <= elapsed_hours + 1e-6",
        ),
    )


def judge_logs(
    raw_issues: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    status_visits: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    completeness: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Count every sign of a bad log per stage and period; LogQuality."""
    journeys, visits = issue_journeys.collect(), status_visits.collect()
    if journeys.is_empty():
        return LogQuality.empty().lazy()
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    told = visits_then(visits, workflow, as_of)
    moves = status_moves(raw_issues.collect(), raw_changes.collect(), journeys, as_of)
    rows = cells(workflow, grid).join(_stages(workflow), on="value_stream", maintain_order="left")
    parts = (
        (_exit_counts(exits_of(moves, told, workflow), grid), CELL),
        (_visit_counts(visits, grid, as_of), CELL),
        (_time_spent(told, completeness.collect(), grid, workflow, as_of), CELL),
        (_deliveries(journeys, grid), PERIOD_KEY),
    )
    for part, on in parts:
        rows = rows.join(part, on=list(on), how="left", maintain_order="left")
    return LogQuality.select(_judged(rows).lazy())


def stream_quality(log_quality: pl.DataFrame) -> dict[tuple[str, ...], float]:
    """Of LogQuality: PERIOD_KEY as texts → how much of a stream's log is there and chains, 0–1; none where unknown.

    Mean over its stages, by visits, of the product of 1 − share over what loses instants. When moves were entered does
    not count: that makes instants coarse, which whoever uses them takes into account.
    """
    kept = pl.lit(1.0)
    for name in LOSSES:
        kept = kept * (1 - pl.col(name).fill_null(0).clip(0, 1))
    known = log_quality.filter(pl.col.visit_count > 0).with_columns(pl.col(PERIOD_KEY).cast(pl.String), kept=kept)
    found = known.group_by(PERIOD_KEY).agg((pl.col.kept * pl.col.visit_count).sum() / pl.col.visit_count.sum())
    return {tuple(row[:-1]): row[-1] for row in found.iter_rows()}


def _stages(workflow: Workflow) -> pl.DataFrame:
    model = every_definition(workflow).filter(~pl.col.work_kind.is_in(TERMINAL_KINDS))
    stages = model.group_by("value_stream", "stage_name").agg(pl.col.stage_order.min())
    return stages.with_columns(pl.col("value_stream", "stage_name").cast(LABEL)).sort("value_stream", "stage_order")


def _exit_counts(exits: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    placed = events_in_periods(exits, "left_at", grid)
    human = placed.filter(~pl.col.is_automation)
    counts = placed.group_by(CELL).agg(
        exit_count=pl.len().cast(pl.Int64),
        human_count=(~pl.col.is_automation).sum().cast(pl.Int64),
        bot_count=pl.col.is_automation.sum(),
        batch_count=pl.col.is_batch.sum(),
        impossible_count=pl.col.is_impossible.sum().cast(pl.Int64),
    )
    return counts.join(stand_up_counts(human, list(CELL)), on=list(CELL), how="left")


def _visit_counts(visits: pl.DataFrame, grid: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Visits that ended; a break at the end of an open one counts at as_of."""
    is_break = pl.col.doubtful_status_id.is_not_null()
    ended = visits.with_columns(is_break=is_break, ended=pl.col.left_at.is_not_null()).filter(pl.col.ended | is_break)
    ended = ended.with_columns(at=pl.col.left_at.fill_null(as_of - INSTANT))
    placed = events_in_periods(
        ended.select(*CELL[:1], "stage_name", "at", "ended", "is_break", "elapsed_ms"), "at", grid
    )
    return placed.group_by(CELL).agg(
        visit_count=pl.col.ended.sum().cast(pl.Int64),
        sub_minute_count=(pl.col.ended & (pl.col.elapsed_ms < 60_000)).sum(),
        break_count=pl.col.is_break.sum().cast(pl.Int64),
    )


def _time_spent(
    visits: pl.DataFrame, completeness: pl.DataFrame, grid: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """Hours in the stage, those in unmapped statuses, and whose logs are whole."""
    unmapped = workflow.statuses.filter(pl.col.decided_by == "unmapped")
    unmapped = unmapped.select(pl.col.value_stream.cast(LABEL), "status_id", is_unmapped=pl.lit(True))
    held = visits.join(unmapped, on=["value_stream", "status_id"], how="left")
    held = held.join(completeness.select("issue_id", "is_complete"), on="issue_id", how="left").select(
        "issue_id", "value_stream", "stage_name", "entered_at", "left_at", pl.col.is_unmapped.fill_null(False),
        is_incomplete=~pl.col.is_complete.fill_null(True),
    )  # fmt: skip
    placed = stretches_in_periods(held, "entered_at", "left_at", grid, as_of)
    hours = pl.col.slot_ms / MS_PER_HOUR
    return placed.group_by(CELL).agg(
        elapsed_hours=hours.sum(),
        unmapped_hours=hours.filter("is_unmapped").sum(),
        issue_count=pl.col.issue_id.n_unique().cast(pl.Int64),
        incomplete_count=pl.col.issue_id.filter("is_incomplete").n_unique(),
    )


def _deliveries(journeys: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    delivered = journeys.filter((pl.col.outcome == "delivered") & ~pl.col.is_rolled_up)
    placed = events_in_periods(delivered.select("value_stream", "finished_at", "is_never_started"), "finished_at", grid)
    return placed.group_by(PERIOD_KEY).agg(
        delivered_count=pl.len().cast(pl.Int64), never_started_count=pl.col.is_never_started.sum()
    )


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    """Shares of what was counted, the judgement, and the note."""
    rows = rows.with_columns(pl.col("^.*_count$").fill_null(0), pl.col("^.*_hours$").fill_null(0.0))
    for name, (count, of, _) in SHARES.items():
        rows = _with_share(rows, name, count, of)
    ratios = {
        "break_share": ("break_count", "visit_count"), "impossible_share": ("impossible_count", "exit_count"),
        "never_started_share": ("never_started_count", "delivered_count"),
        "unmapped_share": ("unmapped_hours", "elapsed_hours"), "incomplete_share": ("incomplete_count", "issue_count"),
    }  # fmt: skip
    shares = {
        name: pl.when(pl.col(of) > 0).then(pl.min_horizontal(pl.col(part) / pl.col(of), 1.0))
        for name, (part, of) in ratios.items()
    }
    even = pl.min_horizontal(STAND_UP_MINUTES / 60 / pl.col.hours_per_day, 0.5)
    excess = ((pl.col.stand_up_share_low - even) / (1 - even)).clip(0)
    rows = rows.with_columns(**shares, stand_up_excess=excess)
    quality = pl.lit(1.0)
    for defect in DEFECTS:
        quality = quality * (1 - pl.col(defect).fill_null(0))
    is_known = pl.col.exit_count >= MINIMUM_EXITS
    is_coarse = (pl.col.batch_share.fill_null(0) >= COARSE) | (pl.col.stand_up_excess.fill_null(0) >= COARSE)
    few = [
        pl.when(pl.col(count) < MINIMUM_EXITS).then(lacking(f"{what} {MINIMUM_EXITS} {of}", count))
        for what, count, of in (
            ("data_quality needs", "exit_count", "changes"),
            ("batch and stand-up need", "human_count", "human changes"),
            ("sub_minute_share needs", "visit_count", "ended visits"),
        )
    ]
    rows = rows.with_columns(
        data_quality=pl.when(is_known).then(quality),
        is_day_grained=pl.when(is_known).then(is_coarse),
        note=as_note(few),
    )
    return rows.sort("value_stream", "period_kind", "period_start_date", "stage_order")


def _with_share(rows: pl.DataFrame, name: str, count: str, of: str) -> pl.DataFrame:
    n = rows[of].to_numpy()
    n = np.where(n >= MINIMUM_EXITS, n, 0)
    found = wilson(np.where(n > 0, rows[count].to_numpy(), 0), n)
    return rows.with_columns(
        pl.Series(f"{name}{end}", values).fill_nan(None)
        for end, values in zip(("", "_low", "_high"), found, strict=True)
    )
