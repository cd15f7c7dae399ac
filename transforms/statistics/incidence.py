"""How many end which way by an age, with intervals: Aalen–Johansen where endings compete (METHODS §2.5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from transforms.statistics.order_statistics import Estimate
from transforms.statistics.survival import cumulative_incidence

NOTHING = 1e-12
"""Shares this close to 0 or 1 differ from them by rounding only."""


def incidence_by(
    entry: np.ndarray, leave: np.ndarray, cause: np.ndarray, of: int, ages: Sequence[float], confidence: float = 0.95
) -> list[Estimate]:
    """Share that has left for cause ``of`` by each of ``ages``, other causes competing; intervals inside 0 and 1.

    Arguments as for ``cumulative_incidence``. Variance by the delta method (Marubini & Valsecchi), interval on the
    log(−log) scale; without an interval where nothing or everything has left for that cause.
    """
    curve = cumulative_incidence(entry, leave, cause, of)
    every, mine = (_events(leave[chosen], curve.ages) for chosen in (cause > 0, cause == of))
    n = curve.at_risk.astype(float)
    before = np.concatenate([[1.0], np.cumprod(1 - every / n)[:-1]]) if len(n) else np.empty(0)
    found = []
    for age in ages:
        past = int(np.searchsorted(curve.ages, age, side="right"))
        variance = _variance(n[:past], before[:past], every[:past], mine[:past])
        found.append(_estimate(1 - curve.at(age), variance, float(ndtri((1 + confidence) / 2))))
    return found


def _variance(n: np.ndarray, before: np.ndarray, every: np.ndarray, mine: np.ndarray) -> float:
    """Variance of the share after the last of some event ages; ``before`` is what remained before each."""
    share = np.cumsum(before * mine / n)
    left = share[-1:] - share
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(left > 0, left**2 * every / (n * (n - every)), 0)
    return float(np.sum(spread + before**2 * (n - mine) * mine / n**3 - 2 * left * before * mine / n**2))


def _estimate(share: float, variance: float, z: float) -> Estimate:
    if not NOTHING < share < 1 - NOTHING or not np.isfinite(variance):
        return Estimate(float(round(share)), None, None)
    half = z * np.sqrt(max(variance, 0.0)) / (share * abs(np.log(share)))
    return Estimate(share, float(share ** np.exp(half)), float(share ** np.exp(-half)))


def _events(leave: np.ndarray, ages: np.ndarray) -> np.ndarray:
    ordered = np.sort(leave)
    return np.searchsorted(ordered, ages, "right") - np.searchsorted(ordered, ages, "left")
