"""Every step from idea to user: how long work is touched in it, and how long it sits before and in it.

Which step limits the stream is ``constraint_verdicts``; what a wait is made of is ``wait_causes``.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.definitions import every_definition
from transforms.metrics.in_users_hands import waits_for_release
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
    percentile_columns,
    too_few,
)
from transforms.metrics.periods import periods
from transforms.metrics.slots import events_in_periods, working_between
from transforms.metrics.stage_passages import (
    MINIMUM_YIELD_SAMPLE,
    PERCENTS,
    RANKED,
    add_passages,
    add_share,
    add_yields,
    passages,
)
from transforms.metrics.stage_presence import CELL, add_presence
from transforms.metrics.stage_stays import STAY_KINDS, stage_pieces, visits_then
from transforms.row_rules import WIP_BALANCES, all_of, close_to
from transforms.schema import LABEL, Column, RowRule
from transforms.statistics.ratios import MINIMUM_RATIO_SAMPLE
from transforms.wording import lacking
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

STEP_KINDS = ("upstream", "flow", "downstream")
"""From idea to commitment, from commitment to done, from done to the users' hands."""

AWAITING_RELEASE = "Awaiting release"
"""The step after done, in streams that enter release dates but count work as delivered when it is done."""

MEANINGS = {
    "stage": "whole time in the step",
    "touch": "touch in the step",
    "wait": "wait in the step",
    "blocked": "blocked time in the step",
    "unassigned": "time in the step's active statuses with nobody assigned",
    "gap": "gap before the step (wait before its first touch; empty where it has no queue status)",
}

UNITS = {"days": "elapsed days", "working_days": "working days"}


def _time_columns() -> dict[str, Column]:
    """Total, mean per delivered issue, and percentiles of every time in both units."""
    columns = {}
    for time, meaning in MEANINGS.items():
        for unit, words in UNITS.items():
            total = f"Sum of the {meaning} within the period, over all issues there, in {words}."
            each = f"Mean of the {meaning} over work delivered in the period, in {words}. Empty below 6 deliveries."
            columns[f"{time}_{unit}_total"] = Column(pl.Float64(), total, nullable=time == "gap", minimum=0)
            columns[f"{time}_{unit}_per_delivered"] = Column(pl.Float64(), each, nullable=True, minimum=0)
    for time in RANKED:
        for unit, words in UNITS.items():
            meaning = f"of the passing issues had at most this {MEANINGS[time]}, over all their visits, in {words}."
            columns |= percentile_columns(f"{time}_{unit}", meaning, PERCENTS)
    return columns


def _cycle_columns() -> dict[str, Column]:
    """The mean journey of delivered work from its start on, step by step, and what of it lay in no step."""
    told = {"cycle_days": "time in the step from the issue's start on, whatever step that is"}
    told |= {f"cycle_{kind}_days": f"{MEANINGS[kind]}, from the issue's start on" for kind in STAY_KINDS}
    told |= {"done_gap_days": "time in done statuses that were left again, in no step and said in each"}
    each = "over work delivered in the period, in elapsed days. Empty below 6 deliveries."
    return {
        f"{name}_per_delivered": Column(pl.Float64(), f"Mean of the {meaning}, {each}", nullable=True, minimum=0)
        for name, meaning in told.items()
    }


def _kinds_add_up() -> dict[str, RowRule]:
    """Touch, wait, blocked and unassigned time make up the whole time in the step, in both units."""
    rules = {}
    for unit, words in UNITS.items():
        kinds = " + ".join(f"{kind}_{unit}_total" for kind in ("touch", "wait", "blocked", "unassigned"))
        says = f"touch, wait, blocked and unassigned time make up the time in the step, in {words}"
        rules[f"kinds_add_up_{unit}"] = RowRule(says, close_to(f"stage_{unit}_total", kinds))
    return rules


class ValueStreamMap(PeriodTable, layer="metrics", key=CELL):
    """One row per stage and period. Answers: how long does every step from idea to user take, and the gap before it?

    The gap before a step is the wait in its queue statuses. Before the commitment the status alone says touch or wait.
    Totals, WIP, arrivals and departures count every issue there, second lives included. What is said per delivered
    issue, percentiles, shares and yields speak of the journeys delivered in the period (of the step "Awaiting release":
    released in it). Time in done statuses that were left again belongs to no step. step_kind tells where the step
    stands: work that returns to one before the commitment is still under way (cycle_days), and work can be put on hold
    before its start.
    """

    stage_name = Column(LABEL, "Stage; 'Awaiting release' is finished work that waits for the release that holds it.")
    step_kind = Column(
        pl.String(), "Whether the step stands before the commitment, in the flow, or after done.", values=STEP_KINDS
    )
    stage_order = Column(pl.Int32(), "Place in the walk, from 0.", minimum=0)
    has_queue = Column(pl.Boolean(), "It has a status to wait in; without one its gap hides in what counts as touch.")
    has_active = Column(pl.Boolean(), "It has a status in which somebody is meant to work.")
    wip_start = Column(pl.Int64(), "Issues there just before the period began.", minimum=0)
    arrival_count = Column(pl.Int64(), "Entries within the period, returns included.", minimum=0)
    departure_count = Column(pl.Int64(), "Exits within the period.", minimum=0)
    wip_end = Column(pl.Int64(), "Issues there just before the period ended: start + arrivals − departures.", minimum=0)
    wip_mean = Column(pl.Float64(), "Issues there, averaged over the time of the period.", minimum=0)
    visit_count = Column(pl.Int64(), "Stays that touch the period.", minimum=0)
    issue_count = Column(pl.Int64(), "Different issues there within the period.", minimum=0)
    delivered_count = Column(pl.Int64(), "Journeys delivered in the period.", minimum=0)
    passed_count = Column(pl.Int64(), "Those that went through the step: the n of percentiles and yields.", minimum=0)
    locals().update(_time_columns())
    locals().update(_cycle_columns())
    locals().update(estimate_columns("cycle_share", "Share of the delivered work's cycle time spent here, elapsed."))
    locals().update(estimate_columns("cycle_working_share", "The same in working time."))
    locals().update(estimate_columns("idea_to_user_share", "Share of all steps' time from creation to users, elapsed."))
    locals().update(
        estimate_columns(
            "first_pass_yield_share", "Share of the passing issues that neither came back nor were sent back from here."
        )
    )
    locals().update(estimate_columns("sent_back_share", "Share of the passing issues that were sent back from here."))
    definition_version = definition_version_column()
    note = note_column()

    wip_balances = WIP_BALANCES
    locals().update(_kinds_add_up())
    counts_fit = RowRule(
        "no more issues than stays, no more passing than delivered ones",
        all_of(
            "issue_count <= visit_count",
            "step_kind = 'downstream' OR passed_count <= delivered_count",
        ),
    )


def map_value_streams(
    raw_issues: pl.LazyFrame,
    status_visits: pl.LazyFrame,
    work_intervals: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    stages: pl.LazyFrame,
    releases: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Measure every step in every period; ValueStreamMap."""
    journeys = issue_journeys.filter("is_counted").collect()
    visits = visits_then(status_visits.collect(), workflow, as_of)
    if journeys.is_empty():
        return ValueStreamMap.empty().lazy()
    own = stage_pieces(work_intervals.collect(), visits, journeys["issue_id"])
    waits = _waits(waits_for_release(raw_issues, releases, journeys, visits), workflow, as_of)
    walk = _steps(stages.collect(), waits, workflow)
    pieces = pl.concat([_in_walk(own, walk), waits.with_columns(pl.col.stay + len(own))], how="diagonal")
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    steps = add_presence(cells(workflow, grid).join(walk, on="value_stream"), pieces, grid, workflow, as_of)
    cycles = _delivered_in(journeys, steps, grid)
    through = passages(pieces, cycles.select("issue_id", "finished_at").unique(), steps, grid)
    steps = add_yields(add_passages(steps, through, cycles), visits, cycles, workflow)
    return ValueStreamMap.select(_with_notes(_add_shares(steps, through, cycles)).lazy())


def _waits(waits: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Pieces of the step after done, of the streams that do not count it as part of the flow."""
    by_status = [stream.name for stream in workflow.streams if stream.delivery == "status"]
    waits = waits.filter(pl.col.value_stream.cast(pl.String).is_in(by_status))
    until = waits.with_columns(until=pl.col.released_at.fill_null(as_of))
    return until.select(
        "issue_id",
        "value_stream",
        stay=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32),
        pass_number=pl.lit(1, pl.Int32),
        stage_name=pl.lit(AWAITING_RELEASE, LABEL),
        step_kind=pl.lit("downstream"),
        kind=pl.lit("wait"),
        is_upstream=pl.lit(False),
        is_gap=pl.lit(True),
        entered_at="done_at",
        left_at="released_at",
        elapsed_ms=(pl.col.until - pl.col.done_at).dt.total_milliseconds(),
        working_ms=working_between(until, "done_at", "until", workflow, as_of),
    )


def _steps(stages: pl.DataFrame, waits: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Steps of every stream in order: its stages that are not terminal, and the wait after done where there is one."""
    is_upstream = (pl.col.status_order - pl.col.commitment_order).max() < 0
    every = every_definition(workflow)
    kinds = every.group_by("value_stream", "stage_name").agg(is_upstream=is_upstream.fill_null(False))
    labels = pl.col("value_stream", "stage_name").cast(LABEL)
    named = stages.filter(~pl.col.is_terminal).join(
        kinds.with_columns(labels), on=["value_stream", "stage_name"], how="left"
    )
    step_kind = pl.when("is_upstream").then(pl.lit("upstream")).otherwise(pl.lit("flow"))
    last = named.group_by("value_stream").agg(pl.col.stage_order.max() + 1)
    after = waits.select("value_stream", "stage_name", "step_kind").unique().join(last, on="value_stream")
    after = after.with_columns(has_queue=pl.lit(True), has_active=pl.lit(False))
    columns = ("value_stream", "stage_name", "step_kind", "stage_order", "has_queue", "has_active")
    walk = pl.concat([frame.select(columns) for frame in (named.with_columns(step_kind=step_kind), after)])
    return walk.sort("value_stream", "stage_order")


def _in_walk(pieces: pl.DataFrame, walk: pl.DataFrame) -> pl.DataFrame:
    own = walk.filter(pl.col.step_kind != "downstream").select("value_stream", "stage_name", "step_kind")
    return pieces.join(own, on=["value_stream", "stage_name"], maintain_order="left")


def _delivered_in(journeys: pl.DataFrame, steps: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    """Really started journeys delivered in each period, with their cycle in days by both clocks."""
    hours = steps.select("value_stream", "hours_per_day").unique()
    done = journeys.filter(pl.col.cycle_ms.is_not_null()).join(hours, on="value_stream")
    done = done.select(
        "issue_id",
        "value_stream",
        "finished_at",
        cycle_days=pl.col.cycle_ms / MS_PER_DAY,
        cycle_working_days=pl.col.cycle_working_ms / (MS_PER_HOUR * pl.col.hours_per_day),
        done_gap_days=pl.col.done_gap_ms / MS_PER_DAY,
    )
    return events_in_periods(done, "finished_at", grid)


def _add_shares(steps: pl.DataFrame, through: pl.DataFrame, cycles: pl.DataFrame) -> pl.DataFrame:
    """Shares of the cycle time by both clocks, and of the whole way from idea to user."""
    key = ["issue_id", *PERIOD_KEY]
    for part, name in (("cycle_days", "cycle_share"), ("cycle_working_days", "cycle_working_share")):
        steps = add_share(steps, through, cycles.select(*key, whole=part), part, name)
    ways = through.group_by(key).agg(whole=pl.col.stage_days.sum())
    return add_share(steps, through, ways, "stage_days", "idea_to_user_share")


def _with_notes(steps: pl.DataFrame) -> pl.DataFrame:
    """Empty the gaps of steps without a queue, and say in words which figures are missing."""
    gaps = [column for column in steps.columns if column.startswith("gap_") and "days" in column]
    emptied = steps.with_columns(pl.when("has_queue").then(pl.col(gaps)))
    few_delivered = pl.when(pl.col.delivered_count < MINIMUM_RATIO_SAMPLE).then(
        lacking(f"shares need {MINIMUM_RATIO_SAMPLE} deliveries", "delivered_count")
    )
    few_passed = pl.when(pl.col.passed_count < MINIMUM_YIELD_SAMPLE).then(
        lacking(f"yields need {MINIMUM_YIELD_SAMPLE} passing issues", "passed_count")
    )
    note = as_note([*too_few(PERCENTS, "passed_count", "passing issues"), few_delivered, few_passed])
    return emptied.with_columns(note=note).sort("value_stream", "period_kind", "period_start_date", "stage_order")
