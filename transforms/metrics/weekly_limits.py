"""Whether a week differs from its neighbours by more than noise: limits, signals, means, ratios of starts to ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from scipy.stats import t

from transforms.metrics.period_tables import MS_PER_DAY, as_note
from transforms.metrics.regimes import find_regimes, places_of_days, regime_seed
from transforms.metrics.slots import events_in_slots
from transforms.metrics.weekly_flow import WEEK, by_stream, left_count
from transforms.statistics.order_statistics import MINIMUM_SAMPLE, Estimate
from transforms.statistics.process_behaviour import (
    MINIMUM_POINTS,
    autocorrelation,
    is_autocorrelated,
    limits,
    signals,
)
from transforms.statistics.rates import MINIMUM_EVENTS, UNKNOWN, rate_ratio
from transforms.wording import lacking
from transforms.workflow import Workflow

QUARTER_WEEKS = 13
"""Weeks over which starts are held against finishes, and turns against ends."""

ENDS = ("", "_low", "_high")

LIMIT_COLUMNS = ("regime_mean", "limit_low", "limit_high", "autocorrelation", "signal")
"""What is said of a series, after its name."""


def add_limits(flow: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Add XmR limits (LIMIT_COLUMNS) of weekly deliveries and typical cycle times, and limit_note.

    They are drawn anew in every regime and nowhere else. Adds cycle_days_geometric_mean, too, which the second are of:
    logarithms of cycle times are what a mean and its limits fit.
    """
    typical = (pl.col.cycle_log_sum / pl.col.cycle_count).exp() / MS_PER_DAY
    flow = flow.with_columns(cycle_days_geometric_mean=pl.when(pl.col.cycle_count > 0).then(typical))
    parts = []
    for name, weeks in by_stream(flow):
        complete = weeks.filter("is_complete")
        redefined = places_of_days(complete, workflow.definition_changes(name))
        begins = [regime.place for regime in find_regimes(complete, regime_seed(name), redefined)]
        parts += [
            _limited(complete[begin:end]) for begin, end in zip(begins, [*begins[1:], len(complete)], strict=True)
        ]
    return flow.join(pl.concat(parts), on=WEEK, how="left", maintain_order="left")


def _limited(regime: pl.DataFrame) -> pl.DataFrame:
    """WEEK, regime_start_date, limits and their note, of the weeks of one regime."""
    delivered = regime.select(*WEEK, value=pl.col.delivered_count.cast(pl.Float64))
    cycles = regime.select(*WEEK, value=pl.col.cycle_days_geometric_mean.log()).drop_nulls("value")
    start = regime["week_start_date"].min()
    return (
        regime.select(*WEEK, regime_start_date=pl.lit(start, pl.Date()))
        .join(_judged(delivered, "delivered"), on=WEEK, how="left", maintain_order="left")
        .join(_judged(cycles, "cycle_days", is_log=True), on=WEEK, how="left", maintain_order="left")
        .with_columns(limit_note=pl.lit(_limit_note(delivered, cycles), pl.String))
    )


def _judged(points: pl.DataFrame, name: str, *, is_log: bool = False) -> pl.DataFrame:
    """WEEK and LIMIT_COLUMNS of a series; of logarithms the mean and the limits are told as what they are of."""
    values = points["value"].to_numpy()
    found = limits(values)
    told = [None] * 3 if found is None else [float(np.exp(one)) if is_log else one for one in found]
    echo = None if found is None else autocorrelation(values)
    said = [None] * len(values) if found is None else signals(values, found)
    figures = [pl.lit(one, pl.Float64) for one in (*told, echo)]
    columns = zip(LIMIT_COLUMNS, (*figures, pl.lit(pl.Series(said, dtype=pl.String))), strict=True)
    return points.select(*WEEK, *(one.alias(f"{name}_{column}") for column, one in columns))


def _limit_note(delivered: pl.DataFrame, cycles: pl.DataFrame) -> str | None:
    """Why limits are missing or too narrow."""
    if len(delivered) < MINIMUM_POINTS:
        return f"limits need {MINIMUM_POINTS} complete weeks, this regime has {len(delivered)}"
    said = []
    if len(cycles) < MINIMUM_POINTS:
        said = [f"limits of cycle times need {MINIMUM_POINTS} weeks that have some, this regime has {len(cycles)}"]
    if is_autocorrelated(delivered["value"].to_numpy()):
        said += ["weeks resemble their neighbours, so limits are too narrow"]
    if is_autocorrelated(cycles["value"].to_numpy()):
        said += ["cycle times resemble those of the week before, so their limits are too narrow"]
    return "; ".join(said) or None


def add_cycle_means(flow: pl.DataFrame, journeys: pl.DataFrame) -> pl.DataFrame:
    """Add cycle_days_mean with Student's interval, from six cycles on, and mean_note."""
    cycles = journeys.filter(pl.col.cycle_ms.is_not_null()).select("value_stream", "finished_at", "cycle_ms")
    days = pl.col.cycle_ms / MS_PER_DAY
    sums = events_in_slots(cycles, "finished_at", flow).group_by(WEEK).agg(mean=days.mean(), spread=days.std())
    found = flow.select(*WEEK, "cycle_count").join(sums, on=WEEK, how="left", maintain_order="left")
    n = found["cycle_count"].to_numpy().astype(float)
    is_enough = n >= MINIMUM_SAMPLE[0.5]
    mean, spread = (np.where(is_enough, found[name].fill_null(0).to_numpy(), np.nan) for name in ("mean", "spread"))
    half = t.ppf(0.975, np.maximum(n - 1, 1)) * spread / np.sqrt(np.maximum(n, 1))
    ends = zip(ENDS, (mean, np.maximum(mean - half, 0), mean + half), strict=True)
    few = lacking(f"a mean needs {MINIMUM_SAMPLE[0.5]} cycle times", "cycle_count")
    return flow.with_columns(
        *(pl.Series(f"cycle_days_mean{end}", values).fill_nan(None) for end, values in ends),
        mean_note=pl.when(pl.col.cycle_count < MINIMUM_SAMPLE[0.5]).then(few),
    )


def add_start_finish_ratio(flow: pl.DataFrame) -> pl.DataFrame:
    """Add start_finish_ratio of the last QUARTER_WEEKS complete weeks with its interval, and ratio_note."""
    parts = [_ratios(weeks) for _, weeks in by_stream(flow)]
    few = f"started ÷ left needs {QUARTER_WEEKS} complete weeks and {MINIMUM_EVENTS} issues on each side"
    return flow.join(pl.concat(parts), on=WEEK, how="left", maintain_order="left").with_columns(
        ratio_note=as_note([pl.when(pl.col.start_finish_ratio.is_null()).then(pl.lit(few))])
    )


def _ratios(weeks: pl.DataFrame) -> pl.DataFrame:
    complete = weeks.filter("is_complete")
    started = complete["started_count"].to_numpy()
    left = complete.select(left_count()).to_series().to_numpy()
    return estimates_of_quarters(complete, "start_finish_ratio", (started, left), rate_ratio)


def estimates_of_quarters(
    complete: pl.DataFrame, name: str, series: Sequence[np.ndarray], estimate: Callable[..., Estimate]
) -> pl.DataFrame:
    """WEEK and ``name`` with its interval: of each week the ``estimate`` from the series' last QUARTER_WEEKS.

    ``complete``: weeks of one stream in order, a value of each series for each; empty before there are enough.
    """
    found = [
        estimate(*(values[end - QUARTER_WEEKS : end] for values in series)) if end >= QUARTER_WEEKS else UNKNOWN
        for end in range(1, len(complete) + 1)
    ]
    columns = zip(*found, strict=True) if found else [()] * 3
    names = (f"{name}{end}" for end in ENDS)
    return complete.select(WEEK).with_columns(
        pl.Series(name, list(values), pl.Float64) for name, values in zip(names, columns, strict=True)
    )
