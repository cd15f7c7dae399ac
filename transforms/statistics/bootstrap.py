"""What may come, and how sure a comparison is, by drawing weeks again (METHODS §4.1, §5).

Forecasts draw twice: first a history that might have been, then the weeks ahead from it, so that a short history makes
an unsure forecast. Nothing here survives a trend; whether there is one is said by the caller's stability gate.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import theilslopes

from transforms.statistics.order_statistics import Estimate

LONGEST_WAIT_WEEKS = 520
"""Ten years: an answer later than that is "not in sight"."""


def delivered_within(history: np.ndarray, horizon: int, trials: int, rng: np.random.Generator) -> np.ndarray:
    """Deliveries of the next ``horizon`` weeks, once per trial, by double bootstrap of the weekly ``history``."""
    might_have_been = history[rng.integers(0, len(history), (trials, len(history)))]
    ahead = rng.integers(0, len(history), (trials, horizon))
    delivered: np.ndarray = np.take_along_axis(might_have_been, ahead, axis=1).sum(axis=1)
    return delivered


def delivered_within_plain(history: np.ndarray, horizon: int, trials: int, rng: np.random.Generator) -> np.ndarray:
    """The same by plain resampling: over-confident while the history is short. To be compared with, not to be used."""
    delivered: np.ndarray = history[rng.integers(0, len(history), (trials, horizon))].sum(axis=1)
    return delivered


def weeks_until(history: np.ndarray, item_count: int, trials: int, rng: np.random.Generator) -> np.ndarray:
    """Weeks until ``item_count`` are delivered, once per trial, by double bootstrap; infinite beyond ten years."""
    might_have_been = history[rng.integers(0, len(history), (trials, len(history)))]
    weeks, delivered = np.full(trials, np.inf), np.zeros(trials)
    for week in range(1, LONGEST_WAIT_WEEKS + 1):
        drawn = rng.integers(0, len(history), (trials, 1))
        delivered += np.take_along_axis(might_have_been, drawn, axis=1)[:, 0]
        weeks = np.where(np.isinf(weeks) & (delivered >= item_count), week, weeks)
        if np.isfinite(weeks).all():
            break
    return weeks


def slope(steps: np.ndarray, block: int, draws: int, rng: np.random.Generator) -> Estimate:
    """Theil–Sen slope, per step, of the path that ``steps`` add up to, with a bootstrap interval by blocks of steps.

    A path's points are no independent points, so whole blocks of its steps are drawn again and walked anew; what the
    path does within a block says nothing of its drift. ``steps`` are whole blocks.
    """
    path = np.concatenate([[0.0], np.cumsum(steps)])
    point = float(theilslopes(path)[0])
    gains = np.asarray(steps, dtype=float).reshape(-1, block).sum(axis=1)
    drawn = gains[rng.integers(0, len(gains), (draws, len(gains)))]
    walked = np.concatenate([np.zeros((draws, 1)), np.cumsum(drawn, axis=1)], axis=1)
    first, second = np.triu_indices(len(gains) + 1, k=1)
    slopes = np.median((walked[:, second] - walked[:, first]) / (second - first), axis=1) / block
    low, high = np.quantile(slopes, [0.025, 0.975])
    return Estimate(point, min(point, float(low)), max(point, float(high)))


def resample_weights(cohort_count: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each cohort counts when as many are drawn again: (draws, cohorts)."""
    return rng.multinomial(cohort_count, np.full(cohort_count, 1 / cohort_count), draws)


def weighted_medians(
    entry: np.ndarray, leave: np.ndarray, is_event: np.ndarray, cohort: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Median of the product-limit curve with delayed entry for every row of ``weights``; infinite where not reached.

    ``cohort`` is each item's column in ``weights``. For weights of one it is ``survival.quantile`` of
    ``period_kaplan_meier`` at 0.5.
    """
    ages = np.unique(leave[is_event])
    if not len(ages):
        return np.full(len(weights), np.inf)
    shape = (weights.shape[1], len(ages) + 1)
    watched_from = np.where(entry == 0, 0, np.searchsorted(ages, entry, "right"))
    watched = np.zeros(shape)
    np.add.at(watched, (cohort, watched_from), 1)
    np.add.at(watched, (cohort, np.searchsorted(ages, leave, "right")), -1)
    ended = np.zeros(shape)
    np.add.at(ended, (cohort[is_event], np.searchsorted(ages, leave[is_event])), 1)
    at_risk, events = (weights @ counts[:, :-1] for counts in (np.cumsum(watched, axis=1), ended))
    remaining = np.cumprod(1 - events / np.maximum(at_risk, 1), axis=1)
    reached = remaining <= 0.5 + 1e-12
    return np.where(reached.any(axis=1), ages[np.argmax(reached, axis=1)], np.inf)
