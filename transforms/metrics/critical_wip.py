"""Too much started, in one number: WIP against what keeps the slowest stage just busy (METHODS §3.5).

Which stage limits the stream is ``constraint_verdicts``; here only how fast the slowest one with a visible queue works.
"""

from __future__ import annotations

from datetime import time

import polars as pl

from transforms.calendar import WorkingCalendar
from transforms.metrics.period_tables import MS_PER_HOUR
from transforms.metrics.trailing import MINIMUM_SATURATED_DEPARTURES, TRAILING_WEEKS
from transforms.metrics.weekly_flow import WEEK
from transforms.statistics.order_statistics import MINIMUM_SAMPLE
from transforms.workflow import Workflow

ENDS = ("", "_low", "_high")


def add_bottleneck(flow: pl.DataFrame, stage_flow: pl.DataFrame, stages: pl.DataFrame) -> pl.DataFrame:
    """Add bottleneck_per_week with its interval: the least capacity among the stages of the flow that week.

    Only stages in which work visibly waits and somebody works: where nobody does, as in front of a release train, what
    leaves is a matter of dates.
    """
    worked = stages.filter(pl.col.is_committed & pl.col.has_queue & pl.col.has_active)
    capacities = stage_flow.join(worked.select("value_stream", "stage_name"), on=["value_stream", "stage_name"])
    least = (
        capacities.filter(pl.col.capacity_per_week.is_not_null())
        .sort("capacity_per_week", "stage_order")
        .group_by(WEEK, maintain_order=True)
        .agg(pl.col(f"capacity_per_week{end}").first().alias(f"bottleneck_per_week{end}") for end in ENDS)
    )
    return flow.join(least, on=WEEK, how="left", maintain_order="left")


def add_critical_wip(flow: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Add T₀ in working days, W₀ and WIP ÷ W₀ with their intervals, and critical_note.

    The intervals of the two factors, taken as independent, give that of the product on the scale of logarithms.
    """
    name = pl.col.value_stream.cast(pl.String)
    calendars = {stream.name: stream.calendar for stream in workflow.streams}
    days = {stream: calendar.hours_per_day * MS_PER_HOUR for stream, calendar in calendars.items()}
    weeks = {stream: week_working_ms(calendar) for stream, calendar in calendars.items()}
    rate = [pl.col(f"bottleneck_per_week{end}") for end in ENDS]
    share = [pl.col(f"raw_process_ms{end}") / name.replace_strict(weeks, return_dtype=pl.Float64) for end in ENDS]
    value = rate[0] * share[0]
    below, above = ((_log(rate, end) ** 2 + _log(share, end) ** 2).sqrt().exp() for end in (1, 2))
    critical = {"": value, "_low": value / below, "_high": value * above}
    in_days = 1 / name.replace_strict(days, return_dtype=pl.Float64)
    flow = flow.with_columns(
        *((pl.col(f"raw_process_ms{end}") * in_days).alias(f"raw_process_working_days{end}") for end in ENDS),
        *(pl.when(value > 0).then(found).alias(f"critical_wip{end}") for end, found in critical.items()),
    )
    ratios = zip(ENDS, ("critical_wip", "critical_wip_high", "critical_wip_low"), strict=True)
    return flow.with_columns(
        *(_ratio(by).alias(f"wip_to_critical_ratio{end}") for end, by in ratios),
        critical_note=pl.when(pl.col.critical_wip.is_null()).then(pl.lit(_WITHHELD)),
    )


_WITHHELD = (
    f"critical WIP needs, within {TRAILING_WEEKS} weeks, {MINIMUM_SATURATED_DEPARTURES} exits of a stage while"
    f" something waits and {MINIMUM_SAMPLE[0.5]} deliveries with touch"
)


def week_working_ms(calendar: WorkingCalendar) -> float:
    """Working milliseconds of a week without holidays."""
    minutes = sum((_minutes(end) or 24 * 60) - _minutes(start) for _, start, end in calendar.openings)
    return minutes * 60_000.0


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _log(ends: list[pl.Expr], end: int) -> pl.Expr:
    """How far an end of an interval lies from its value, as a logarithm; infinitely far if the end is 0."""
    return (ends[end] / ends[0]).log()


def _ratio(critical: str) -> pl.Expr:
    return pl.when(pl.col(critical) > 0).then(pl.col.wip_mean / pl.col(critical))
