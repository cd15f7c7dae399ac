"""What the last half year says of each stage in each week: its capacity, and whether stays and WIP tell the same story.

Sums over complete weeks only, since work first started or ended; before half a year of them there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
from scipy.stats import gamma

from transforms.metrics.periods import ROLLING_WEEKS
from transforms.metrics.stage_weeks import STAGE
from transforms.statistics.ratios import Moments, ratio_of_sums

TRAILING_WEEKS = ROLLING_WEEKS

MINIMUM_SATURATED_DEPARTURES = 20
"""Exits while something waited below which no capacity is published (METHODS §8)."""


def trailing_sum(column: str | pl.Expr, by: Iterable[str], weeks: int, at_least: int | None = None) -> pl.Expr:
    """Sum over this week and those before it, of each group's rows in order of weeks."""
    values = pl.col(column) if isinstance(column, str) else column
    return values.rolling_sum(weeks, min_samples=at_least or weeks).over(*by)


def add_capacity(flow: pl.DataFrame) -> pl.DataFrame:
    """Add capacity_per_week with its interval, load_ratio and capacity_note to the rows of ``lay_stages_over_weeks``.

    ``has_flowed`` says of each row whether work of the stream had started or ended before its week was over.

    Exits while something waits are taken for Poisson: the interval is the exact one of their count.
    """
    sums = {name: _half_year(name) for name in ("saturated_departure_count", "arrival_count")}
    times = {name: _half_year(name) for name in ("saturated_working_ms", "working_ms")}
    found = flow.select(**sums, **times)
    exits = found["saturated_departure_count"].to_numpy().astype(float)
    saturated, working = (found[name].to_numpy().astype(float) for name in times)
    is_known = (exits >= MINIMUM_SATURATED_DEPARTURES) & (saturated > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_week = np.where(is_known, working / TRAILING_WEEKS / saturated, np.nan)
        low, high = gamma.ppf(0.025, exits), gamma.ppf(0.975, exits + 1)
        load = found["arrival_count"].to_numpy().astype(float) / TRAILING_WEEKS / (exits * per_week)
    figures = {"": exits, "_low": low, "_high": high}
    few = f"capacity needs {MINIMUM_SATURATED_DEPARTURES} exits while something waits, within {TRAILING_WEEKS} weeks"
    return flow.with_columns(
        *(pl.Series(f"capacity_per_week{end}", v * per_week).fill_nan(None) for end, v in figures.items()),
        pl.Series("load_ratio", load).fill_nan(None),
        pl.when(pl.Series(~is_known)).then(pl.lit(few)).alias("capacity_note"),
    )


def add_little_ratio(flow: pl.DataFrame) -> pl.DataFrame:
    """Add little_ratio with its interval (weeks are the batches) and little_note."""
    part, whole = pl.col.stayed_ms.cast(pl.Float64), pl.col.presence_ms.cast(pl.Float64)
    products = {"part": part, "whole": whole, "part_part": part**2, "part_whole": part * whole, "whole_whole": whole**2}
    sums = flow.with_columns(**products, n=pl.lit(1)).select(_half_year(name).alias(name) for name in Moments._fields)
    moments = Moments(*(np.nan_to_num(sums[name].to_numpy().astype(float)) for name in Moments._fields))
    found = ratio_of_sums(moments)
    ratio = [
        pl.Series(f"little_ratio{end}", v).fill_nan(None) for end, v in zip(("", "_low", "_high"), found, strict=True)
    ]
    few = f"the check of stays against WIP needs {TRAILING_WEEKS} complete weeks with work"
    return flow.with_columns(*ratio).with_columns(little_note=pl.when(pl.col.little_ratio.is_null()).then(pl.lit(few)))


def _half_year(column: str) -> pl.Expr:
    complete = pl.when(pl.col.is_complete_week & pl.col.has_flowed).then(pl.col(column))
    return trailing_sum(complete, STAGE, TRAILING_WEEKS)
