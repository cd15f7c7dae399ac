"""Reviews under high load against reviews under low load, adjusted for size, and what may be concluded (METHODS §4.9).

Which reviews are compared, and for whom that may be published, is said by ``review_depth``.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.stats import norm, t

from transforms.statistics.bootstrap import resample_weights
from transforms.statistics.order_statistics import Estimate
from transforms.wording import there_are

MINIMUM_TERCILE = 30
"""Reviews on a side below which nothing is compared (METHODS §8)."""

MINIMUM_STRATUM = 6
"""Reviews of one size below which they are measured against all."""

CLEAR_FALL = 0.7
"""Reviews under high load must take at most this share of the time."""

DRAWS = 500

MINIMUM_WEEKS = 8
"""Weeks with reviews below which drawing them again says little about chance."""

NONE = Estimate(None, None, None)

COUNTS = ("low_load_count", "high_load_count", "low_load_at_most", "high_load_at_least")
"""Contrast's leading fields."""


class Contrast(NamedTuple):
    """High against low load; figures without enough behind them are empty."""

    low_load_count: int
    high_load_count: int
    low_load_at_most: int | None
    high_load_at_least: int | None
    minutes_ratio: Estimate = NONE
    returned_share_difference: Estimate = NONE
    escaped_bugs_difference: Estimate = NONE


def contrast(reviews: pl.DataFrame, rng: np.random.Generator) -> Contrast:
    """Compare the outer thirds by load; intervals by drawing whole weeks again.

    ``reviews``: load, minutes, is_returned, escaped_bugs (empty where not followed up), size, left_at.
    """
    load = reviews["load"].to_numpy()
    low, high = np.quantile(load, [1 / 3, 2 / 3], method="inverted_cdf")
    if low >= high:
        return Contrast(0, 0, None, None)
    sides = load <= low, load >= high
    counts = int(sides[0].sum()), int(sides[1].sum())
    found = Contrast(*counts, int(low), int(high))
    if min(counts) < MINIMUM_TERCILE:
        return found
    weights, week_count = _week_weights(reviews["left_at"], rng)
    if week_count < MINIMUM_WEEKS:
        return found
    estimate = partial(_estimate, stretch=_stretch(week_count))
    minutes, returned, bugs = _adjusted(reviews)
    medians = [_medians(minutes[side], weights[:, side]) for side in sides]
    returns = [_means(returned[side], weights[:, side]) for side in sides]
    followed = [side & ~np.isnan(bugs) for side in sides]
    escapes = [_means(bugs[side], weights[:, side]) for side in followed]
    is_followed = min(int(side.sum()) for side in followed) >= MINIMUM_TERCILE
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = estimate(np.log(medians[1] / medians[0]))
    return found._replace(
        minutes_ratio=Estimate(*(None if end is None else float(np.exp(end)) for end in ratios)),
        returned_share_difference=estimate(returns[1] - returns[0]),
        escaped_bugs_difference=estimate(escapes[1] - escapes[0]) if is_followed else NONE,
    )


def judge(stage_name: str, found: Contrast) -> tuple[str, str, str | None]:
    """The verdict (yes, no or cannot_tell), the sentence, and the note on what is missing."""
    if found.low_load_at_most is None:
        return "cannot_tell", f"{stage_name}: nobody can tell, for the load hardly differs.", "loads hardly differ"
    ratio, change = found.minutes_ratio, found.returned_share_difference
    if ratio.value is None or change.value is None:
        few = min(found.low_load_count, found.high_load_count)
        note = (
            f"the contrast needs {MINIMUM_TERCILE} reviews under low and under high load in {MINIMUM_WEEKS} weeks,"
            f" {there_are(few)} on a side"
        )
        return "cannot_tell", f"{stage_name}: nobody can tell from so few reviews.", note
    facts = (
        f"with {found.high_load_at_least} or more issues at hand instead of {found.low_load_at_most} or fewer, a review"
        f" takes {ratio.value:.0%} of the time, and the share sent back changes by {100 * change.value:+.1f} percentage"
        " points"
    )
    few_bugs = f"escaped bugs need {MINIMUM_TERCILE} reviews a side with 30 days after them"
    verdict = _verdict(ratio, change)
    says = {
        "yes": "work may be waved through under load",
        "no": "reviews hold under load",
        "cannot_tell": "nobody can tell whether reviews hold under load",
    }
    return (
        verdict,
        f"{stage_name}: {says[verdict]}: {facts}.",
        None if found.escaped_bugs_difference.value is not None else few_bugs,
    )


def _verdict(ratio: Estimate, change: Estimate) -> str:
    ends = (ratio.value, ratio.low, ratio.high, change.low, change.high)
    value, low, high, change_low, change_high = (np.nan if end is None else end for end in ends)
    if value <= CLEAR_FALL and high < 1 and change_high < 0:
        return "yes"
    return "no" if low > CLEAR_FALL or change_low > 0 else "cannot_tell"


def _week_weights(at: pl.Series, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """How often each review counts in every draw, the first one the sample itself; and how many weeks there are."""
    weeks, place = np.unique(at.dt.truncate("1w").to_physical().to_numpy(), return_inverse=True)
    drawn = resample_weights(len(weeks), DRAWS, rng)
    return np.concatenate([np.ones((1, len(weeks)), drawn.dtype), drawn])[:, place], len(weeks)


def _stretch(week_count: int) -> float:
    """How much wider an interval from so few blocks has to be: Student's t, and the bootstrap's own shortfall."""
    return float(t.ppf(0.975, week_count - 1) / norm.ppf(0.975) * np.sqrt(week_count / (week_count - 1)))


def _adjusted(reviews: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Minutes ÷ the median of their size, returns and bugs − the mean of their size; small sizes are one."""
    is_small = pl.len().over("size") < MINIMUM_STRATUM
    sized = reviews.with_columns(size=pl.when(is_small).then(pl.lit("")).otherwise("size"))
    median = pl.max_horizontal(pl.col.minutes.median().over("size"), pl.lit(1 / 60))
    returned, bugs = pl.col.is_returned.cast(pl.Float64), pl.col.escaped_bugs
    made = sized.select(
        minutes=pl.col.minutes / median,
        returned=returned - returned.mean().over("size"),
        bugs=(bugs - bugs.mean().over("size")).fill_null(np.nan),
    )
    return made["minutes"].to_numpy(), made["returned"].to_numpy(), made["bugs"].to_numpy()


def _medians(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted type-1 median for every row of ``weights``; NaN where nothing counts."""
    order = np.argsort(values, kind="stable")
    running = np.cumsum(weights[:, order], axis=1)
    reached = 2 * running >= running[:, -1:]
    return np.where(running[:, -1] > 0, values[order][np.argmax(reached, axis=1)], np.nan)


def _means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        means: np.ndarray = (weights @ values) / weights.sum(axis=1)
    return means


def _estimate(drawn: np.ndarray, stretch: float) -> Estimate:
    """The sample's own value, first of ``drawn``, and the 95 % interval of the others, made wider by ``stretch``."""
    value, others = float(drawn[0]), drawn[1:][np.isfinite(drawn[1:])]
    if not np.isfinite(value) or not len(others):
        return NONE
    low, high = value + stretch * (np.quantile(others, [0.025, 0.975]) - value)
    return Estimate(value, min(value, float(low)), max(value, float(high)))
