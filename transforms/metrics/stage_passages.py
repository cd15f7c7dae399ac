"""What each step took of the work that was delivered in a period: means, percentiles, shares, yield."""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.metrics.period_tables import MS_PER_DAY, MS_PER_HOUR, PERIOD_KEY, percentiles_by
from transforms.metrics.slots import events_in_periods
from transforms.metrics.stage_presence import CELL, STEP, TIMES, spent
from transforms.metrics.stage_stays import STAY_KINDS, stage_runs
from transforms.statistics.order_statistics import MINIMUM_SAMPLE
from transforms.statistics.proportions import wilson
from transforms.statistics.ratios import Moments, share_of_sums
from transforms.workflow import Workflow

MINIMUM_YIELD_SAMPLE = 30
"""Passing issues below which no yield is published (METHODS §8, backward moves)."""

PERCENTS = (50, 85)

RANKED = ("stage", "touch", "wait", "gap")
"""Times whose percentiles are published; most issues are never blocked or unassigned in a given step."""

CLOCKS = {"ms": "elapsed_ms", "working_ms": "working_ms"}

CYCLE_DAYS = ("cycle_days", *(f"cycle_{kind}_days" for kind in STAY_KINDS))
"""Time in a step from the issue's start on, and the kinds it consists of."""


def passages(pieces: pl.DataFrame, delivered: pl.DataFrame, steps: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """One row per journey, step it went through and period it counts in, with days spent by TIMES and clock.

    It counts in the period in which it was delivered; a wait after done in that of the release that ended it.
    ``delivered`` holds issue_id and finished_at; ``steps`` the hours_per_day of every stream.
    """
    counted_at = pl.when(pl.col.step_kind == "downstream").then("left_at").otherwise("finished_at")
    own = pieces.filter(pl.col.pass_number == 1).join(delivered.select("issue_id", "finished_at"), on="issue_id")
    is_cycle = ~pl.col.is_upstream & (pl.col.step_kind != "downstream")
    sums = {f"{time}_{unit}": spent(time, clock) for time in TIMES for unit, clock in CLOCKS.items()}
    sums |= {f"cycle_{unit}": pl.col(clock).filter(is_cycle).sum() for unit, clock in CLOCKS.items()}
    sums |= {f"cycle_{kind}_ms": pl.col.elapsed_ms.filter(is_cycle, kind=kind).sum() for kind in STAY_KINDS}
    sums |= {"counted_at": counted_at.last()}
    through = own.group_by("issue_id", *STEP).agg(**sums)
    hours = steps.select("value_stream", "hours_per_day").unique()
    days = {f"{name}_days": pl.col(f"{name}_ms") / MS_PER_DAY for name in TIMES}
    days |= {name: pl.col(f"{name.removesuffix('_days')}_ms") / MS_PER_DAY for name in CYCLE_DAYS}
    working_day = MS_PER_HOUR * pl.col.hours_per_day
    days |= {f"{name}_working_days": pl.col(f"{name}_working_ms") / working_day for name in (*TIMES, "cycle")}
    through = through.join(hours, on="value_stream").select("issue_id", *STEP, "counted_at", **days)
    return events_in_periods(through, "counted_at", periods)


def add_passages(steps: pl.DataFrame, through: pl.DataFrame, cycles: pl.DataFrame) -> pl.DataFrame:
    """Add delivered and passing issues, days per delivered issue and percentiles per passing one to ``steps``.

    ``cycles``: one row per journey delivered in a period: PERIOD_KEY, done_gap_days.
    """
    counts = cycles.group_by(PERIOD_KEY).agg(pl.col.done_gap_days.sum(), delivered_count=pl.len().cast(pl.Int64))
    times = [*(f"{time}_{unit}" for time in TIMES for unit in ("days", "working_days")), *CYCLE_DAYS]
    sums = through.group_by(CELL).agg(pl.col(times).sum(), passed_count=pl.len().cast(pl.Int64))
    ranked = {f"{time}_{unit}": f"{time}_{unit}" for time in RANKED for unit in ("days", "working_days")}
    steps = steps.join(counts, on=PERIOD_KEY, how="left").join(sums, on=CELL, how="left")
    steps = steps.with_columns(pl.col("delivered_count", "passed_count").fill_null(0))
    enough = pl.col.delivered_count >= MINIMUM_SAMPLE[0.5]
    each = [
        pl.when(enough).then(pl.col(time).fill_null(0.0) / pl.col.delivered_count).alias(f"{time}_per_delivered")
        for time in (*times, "done_gap_days")
    ]
    return steps.with_columns(each).join(percentiles_by(through, CELL, ranked, PERCENTS), on=CELL, how="left")


def add_share(steps: pl.DataFrame, through: pl.DataFrame, units: pl.DataFrame, part: str, name: str) -> pl.DataFrame:
    """Add ``name``, the share that column ``part`` of ``through`` has of ``whole`` in ``units``, with its interval.

    ``units``: issue_id, PERIOD_KEY, whole: one row per issue that counts in a period, whether or not it passed a step.
    """
    whole, part_of = pl.col.whole, pl.col(part)
    parts = (
        through.join(units, on=["issue_id", *PERIOD_KEY])
        .group_by(CELL)
        .agg(part=part_of.sum(), part_part=(part_of * part_of).sum(), part_whole=(part_of * whole).sum())
    )
    wholes = units.group_by(PERIOD_KEY).agg(n=pl.len(), whole=whole.sum(), whole_whole=(whole * whole).sum())
    joined = steps.select(CELL).join(wholes, on=PERIOD_KEY, how="left", maintain_order="left")
    joined = joined.join(parts, on=CELL, how="left", maintain_order="left").fill_null(0)
    found = share_of_sums(Moments(*(joined[column].to_numpy() for column in Moments._fields)))
    return _with_estimate(steps, name, found)


def add_yields(
    steps: pl.DataFrame, status_visits: pl.DataFrame, cycles: pl.DataFrame, workflow: Workflow
) -> pl.DataFrame:
    """Add first_pass_yield_share and sent_back_share of the stages in the walk.

    ``cycles``: issue_id, finished_at, PERIOD_KEY of every journey delivered in a period.
    """
    runs = stage_runs(status_visits, cycles.select("issue_id", "finished_at").unique(), workflow)
    passed = runs.group_by("issue_id", "stage_name").agg(run_count=pl.len(), is_sent_back=pl.col.is_sent_back.any())
    is_first_pass = (pl.col.run_count == 1) & ~pl.col.is_sent_back
    counts = (
        cycles.join(passed, on="issue_id")
        .group_by(*PERIOD_KEY, "stage_name")
        .agg(n=pl.len(), first_pass=is_first_pass.sum(), sent_back=pl.col.is_sent_back.sum())
    )
    on = [*PERIOD_KEY, "stage_name"]
    joined = steps.select(CELL).join(counts, on=on, how="left", maintain_order="left").fill_null(0)
    known = (joined["step_kind"] != "downstream").to_numpy() & (joined["n"] >= MINIMUM_YIELD_SAMPLE).to_numpy()
    n = np.where(known, joined["n"].to_numpy(), 0)
    for name, count in (("first_pass_yield_share", "first_pass"), ("sent_back_share", "sent_back")):
        steps = _with_estimate(steps, name, wilson(np.where(known, joined[count].to_numpy(), 0), n))
    return steps


def _with_estimate(steps: pl.DataFrame, name: str, found: tuple[np.ndarray, np.ndarray, np.ndarray]) -> pl.DataFrame:
    columns = [pl.Series(f"{name}{end}", v).fill_nan(None) for end, v in zip(("", "_low", "_high"), found, strict=True)]
    return steps.with_columns(columns)
