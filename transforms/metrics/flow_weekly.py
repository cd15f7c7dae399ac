"""Each value stream week by week: what starts, what ends, what is in progress, and whether that is more than noise.

Stages are ``stage_flow_weekly``; how long things take over whole periods is ``cycle_times``.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from transforms.metrics.critical_wip import add_bottleneck, add_critical_wip
from transforms.metrics.flow_debt import add_flow_debt
from transforms.metrics.occupancy import Occupancy, epoch_ms
from transforms.metrics.period_tables import (
    MS_PER_DAY,
    as_note,
    definition_version_column,
    estimate_columns,
    note_column,
)
from transforms.metrics.raw_process_time import add_raw_process_time
from transforms.metrics.weekly_flow import (
    WEEK,
    add_change_note,
    by_stream,
    flow_journeys,
    flow_weeks,
    left_count,
    weekly_flow,
)
from transforms.metrics.weekly_limits import QUARTER_WEEKS, add_cycle_means, add_limits, add_start_finish_ratio
from transforms.row_rules import LITTLES_LAW, all_of
from transforms.schema import LABEL, Column, RowRule, Table
from transforms.statistics.process_behaviour import SIGNALS
from transforms.workflow import Workflow

MS_PER_WEEK = 7 * MS_PER_DAY


class FlowWeekly(Table, layer="metrics", key=("value_stream", "week_start_date")):
    """One row per value stream and week. Answers: is more started than finished, and is a good or bad week just noise?

    Counted work only, first lives only. Work in progress was really started and has not ended; what ended without
    ever having been started counts as delivered, but never was in progress: wip_end = wip_start + started_count −
    left_by_delivery_count − discarded_count − gone_count. wip_mean = present_per_week × residence_days / 7 holds
    exactly in every week (Little's law on a window). wip_to_critical_ratio says in one number whether too much has been
    started.
    """

    value_stream = Column(LABEL, "Value stream.")
    week_start_date = Column(pl.Date(), "Monday, in the value stream's zone.")
    is_complete_week = Column(pl.Boolean(), "The week had ended by as_of; a running one is counted up to as_of.")
    started_count = Column(pl.Int64(), "Issues really started.", minimum=0)
    delivered_count = Column(pl.Int64(), "Issues delivered: the throughput.", minimum=0)
    left_by_delivery_count = Column(pl.Int64(), "Those of them that had been in progress.", minimum=0)
    discarded_count = Column(pl.Int64(), "Issues given up after they had been started.", minimum=0)
    gone_count = Column(
        pl.Int64(),
        "Issues deleted, moved out or archived while in progress; counted when a run missed them.",
        minimum=0,
    )
    net_flow = Column(pl.Int64(), "Started less left, by delivery, given up or gone; the change of WIP.")
    wip_start = Column(pl.Int64(), "Issues in progress just before the week began.", minimum=0)
    wip_end = Column(pl.Int64(), "Issues in progress just before it ended.", minimum=0)
    wip_mean = Column(pl.Float64(), "Issues in progress, averaged over the time of the week.", minimum=0)
    wip_limit = Column(
        pl.Int64(), "Most work in progress the boards' limits allow, all stages from the commitment on together, as the"
        " limits are now. Empty unless every one of these stages has a limit (note).", nullable=True, minimum=0,
    )  # fmt: skip
    wip_to_limit_ratio = Column(
        pl.Float64(), "wip_mean ÷ wip_limit; above 1, more is in progress than the boards allow. Empty likewise.",
        nullable=True, minimum=0,
    )  # fmt: skip
    wip_age_days_p50 = Column(
        pl.Float64(), "Half of the issues in progress at the week's end are at most so old: of all of them, so without"
        " an interval. Empty when there are none.", nullable=True, minimum=0,
    )  # fmt: skip
    wip_age_days_p85 = Column(pl.Float64(), "85 % of them likewise. Empty likewise.", nullable=True, minimum=0)
    present_count = Column(pl.Int64(), "Issues in progress at any time of the week.", minimum=0)
    presence_ms = Column(pl.Int64(), "Milliseconds of the week all of them were in progress.", minimum=0)
    present_per_week = Column(pl.Float64(), "Λ: present_count per seven days of the week's time.", minimum=0)
    residence_days = Column(
        pl.Float64(), "w: days of the week an average issue was in progress. Empty when none was.",
        nullable=True, minimum=0,
    )  # fmt: skip
    cycle_count = Column(pl.Int64(), "Issues delivered with a cycle time.", minimum=0)
    locals().update(estimate_columns("cycle_days_mean", "W: mean cycle time of them, elapsed; Student's t, from 6 on."))
    locals().update(
        estimate_columns(
            "start_finish_ratio", f"Started ÷ left over the last {QUARTER_WEEKS} weeks; above 1, WIP grows."
        )
    )
    regime_start_date = Column(
        pl.Date(), "Monday of the regime the week lies in. Empty for a running week.", nullable=True
    )
    delivered_regime_mean = Column(
        pl.Float64(),
        "Mean deliveries per week of that regime. Empty below 12 complete weeks.",
        nullable=True,
        minimum=0,
    )
    delivered_limit_low = Column(
        pl.Float64(), "Lower natural limit (XmR) of weekly deliveries; below 0 nothing is too few. Empty likewise.",
        nullable=True,
    )  # fmt: skip
    delivered_limit_high = Column(pl.Float64(), "Upper natural limit. Empty likewise.", nullable=True)
    delivered_autocorrelation = Column(
        pl.Float64(), "Lag-1 autocorrelation of its weeks; well above 0, limits are too narrow. Empty likewise.",
        nullable=True,
    )  # fmt: skip
    delivered_signal = Column(
        pl.String(), "Outside the limits, or one of 8 or more weeks on one side of the mean. Empty likewise.",
        nullable=True, values=tuple(SIGNALS.values()),
    )  # fmt: skip
    cycle_days_geometric_mean = Column(
        pl.Float64(), "The week's typical cycle time, elapsed: the geometric mean, which one long issue does not carry"
        " away. Empty when cycle_count is 0.", nullable=True, minimum=0,
    )  # fmt: skip
    cycle_days_regime_mean = Column(
        pl.Float64(), "Typical of the weeks of that regime. Empty for a week without cycle times, and below 12 complete"
        " weeks that have some.", nullable=True, minimum=0,
    )  # fmt: skip
    cycle_days_limit_low = Column(
        pl.Float64(), "Lower natural limit (XmR, of logarithms) of cycle_days_geometric_mean. Empty likewise.",
        nullable=True, minimum=0,
    )  # fmt: skip
    cycle_days_limit_high = Column(pl.Float64(), "Upper natural limit. Empty likewise.", nullable=True, minimum=0)
    cycle_days_autocorrelation = Column(
        pl.Float64(), "Lag-1 autocorrelation of their logarithms; well above 0, limits are too narrow. Empty likewise.",
        nullable=True,
    )  # fmt: skip
    cycle_days_signal = Column(
        pl.String(), "Whether the week's cycle times are more than noise, as in delivered_signal; a week of one or two"
        " deliveries swings more than the others. Empty where cycle_days_regime_mean is.",
        nullable=True, values=tuple(SIGNALS.values()),
    )  # fmt: skip
    locals().update(
        estimate_columns(
            "flow_debt_days",
            f"Days by which what ended in the last {QUARTER_WEEKS} weeks, delivered, given up or gone, had been started"
            " later than what was next in turn. With both ends above 0 the young are finished before the old, and what"
            " is in progress ages; with both below 0 old work is finished at last. Its sign tells, not its size.",
        )
    )
    locals().update(
        estimate_columns(
            "bottleneck_per_week",
            "r_b: capacity of the slowest stage in which work both waits and is worked on (stage_flow_weekly).",
        )
    )
    raw_process_count = Column(pl.Int64(), "Delivered issues behind raw_process_working_days.", minimum=0)
    locals().update(
        estimate_columns(
            "raw_process_working_days",
            "T₀: sum of the stages' median touch, shared among what a person has open, over half a year's deliveries.",
        )
    )
    locals().update(estimate_columns("critical_wip", "W₀ = r_b · T₀: work that keeps the slowest stage just busy."))
    locals().update(
        estimate_columns("wip_to_critical_ratio", "wip_mean ÷ W₀: how many times too much has been started.")
    )
    definition_version = definition_version_column()
    note = note_column()

    wip_balances = RowRule(
        "WIP at the end is WIP at the start plus what started less what left",
        all_of(
            "wip_end = wip_start + started_count - left_by_delivery_count - discarded_count - gone_count",
            "net_flow = wip_end - wip_start",
        ),
    )
    littles_law_holds = LITTLES_LAW
    parts_within_the_whole = RowRule(
        "what left by delivery, and what has a cycle time, was delivered",
        "left_by_delivery_count <= delivered_count AND cycle_count <= delivered_count",
    )


def follow_flow(
    issue_journeys: pl.LazyFrame,
    person_intervals: pl.LazyFrame,
    stages: pl.LazyFrame,
    stage_flow_weekly: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Measure every stream in every week from its first flow on; FlowWeekly."""
    journeys = flow_journeys(issue_journeys)
    flow = weekly_flow(journeys, flow_weeks(journeys, workflow, as_of))
    if flow.is_empty():
        return FlowWeekly.empty().lazy()
    flow = add_cycle_means(add_limits(add_presence(flow, journeys, as_of), workflow), journeys)
    flow = add_flow_debt(add_start_finish_ratio(flow), journeys)
    walk = stages.collect()
    flow = add_bottleneck(add_wip_limit(flow, walk), stage_flow_weekly.collect(), walk)
    flow = add_raw_process_time(flow, person_intervals.collect(), journeys, workflow, as_of)
    flow = add_change_note(add_critical_wip(flow, workflow), workflow)
    notes = ("change_note", "wip_limit_note", "mean_note", "limit_note", "ratio_note", "debt_note", "critical_note")
    versions = {stream.name: workflow.definition_version(stream.name) for stream in workflow.streams}
    version = pl.col.value_stream.cast(pl.String).replace_strict(versions)
    named = flow.rename({"is_complete": "is_complete_week"})
    return FlowWeekly.select(
        named.with_columns(definition_version=version, note=as_note(pl.col(name) for name in notes)).lazy()
    )


def add_presence(flow: pl.DataFrame, journeys: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Add WIP, ages, and both sides of Little's law, each counted on its own."""
    parts = [_presence(weeks, journeys, name, as_of) for name, weeks in by_stream(flow)]
    flow = flow.join(pl.concat(parts), on=WEEK, maintain_order="left")
    length = (pl.col.ends_at - pl.col.starts_at).dt.total_milliseconds()
    present = pl.col.wip_start + pl.col.started_count
    return flow.with_columns(
        net_flow=pl.col.started_count - left_count(),
        wip_mean=pl.col.presence_ms / length,
        present_count=present,
        present_per_week=present * MS_PER_WEEK / length,
        residence_days=pl.when(present > 0).then(pl.col.presence_ms / present / MS_PER_DAY),
    )


def add_wip_limit(flow: pl.DataFrame, stages: pl.DataFrame) -> pl.DataFrame:
    """Add wip_limit, wip_to_limit_ratio and wip_limit_note from the limits of the stages (core.stages)."""
    held = stages.filter(pl.col.is_committed & ~pl.col.is_terminal & pl.col.committed_until_date.is_null())
    is_free = pl.col.wip_limit.is_null()
    free = pl.col.stage_name.filter(is_free).cast(pl.String)
    limits = held.group_by("value_stream").agg(
        wip_limit=pl.when(~is_free.any()).then(pl.col.wip_limit.sum()),
        wip_limit_note=pl.when(is_free.any()).then(pl.format("no board limits {}", free.str.join(", "))),
    )
    flow = flow.join(limits, on="value_stream", how="left", maintain_order="left")
    is_limited = pl.col.wip_limit > 0
    return flow.with_columns(wip_to_limit_ratio=pl.when(is_limited).then(pl.col.wip_mean / pl.col.wip_limit))


def _presence(weeks: pl.DataFrame, journeys: pl.DataFrame, name: str, as_of: datetime) -> pl.DataFrame:
    own = journeys.filter(pl.col.is_in_flow, pl.col.value_stream.cast(pl.String) == name).sort("started_at")
    begin, end = epoch_ms(own["started_at"]), epoch_ms(own["finished_at"].fill_null(as_of))
    edges = np.append(epoch_ms(weeks["starts_at"]), epoch_ms(weeks["ends_at"])[-1])
    held = Occupancy(begin, end)
    standing = held.standing(edges)
    ages = [_ages(begin, end, int(edge)) for edge in edges[1:]]
    return weeks.select(WEEK).with_columns(
        pl.Series("wip_start", standing[:-1], pl.Int64),
        pl.Series("wip_end", standing[1:], pl.Int64),
        pl.Series("presence_ms", np.diff(held.spent(edges)), pl.Int64),
        *(pl.Series(f"wip_age_days_p{p}", [found.get(p) for found in ages], pl.Float64) for p in (50, 85)),
    )


def _ages(begin: np.ndarray, end: np.ndarray, at: int) -> dict[int, float]:
    """Type-1 percentiles of the ages, in days, of what had begun and not ended just before ``at``; oldest first."""
    started = begin[: np.searchsorted(begin, at, "left")]
    still = started[end[: len(started)] >= at]
    if not len(still):
        return {}
    return {p: float(at - still[len(still) - int(np.ceil(len(still) * p / 100))]) / MS_PER_DAY for p in (50, 85)}
