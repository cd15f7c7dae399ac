"""Rates of weekly counts and their ratios, with intervals that allow for weeks wilder than chance.

Quasi-Poisson: the variance is the mean times a dispersion of at least 1, estimated from the weeks themselves.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import t

from transforms.statistics.order_statistics import Estimate

MINIMUM_WEEKS = 8
"""Weeks on a side below which no rate is compared."""

MINIMUM_EVENTS = 10
"""Events on a side below which no rate is compared: the interval's scale is a logarithm."""

UNKNOWN = Estimate(None, None, None)


def rate(counts: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Mean count per week with its interval; all None where the sample is too small."""
    if not _is_enough(counts):
        return UNKNOWN
    half = _half(np.sqrt(dispersion(counts) / counts.sum()), len(counts) - 1, confidence)
    mean = float(np.mean(counts))
    return Estimate(mean, float(mean * np.exp(-half)), float(mean * np.exp(half)))


def rate_ratio(later: np.ndarray, earlier: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Rate of ``later`` ÷ rate of ``earlier`` with its interval; all None where a side is too small."""
    if not (_is_enough(later) and _is_enough(earlier)):
        return UNKNOWN
    error = np.sqrt(dispersion(later, earlier) * (1 / later.sum() + 1 / earlier.sum()))
    half = _half(error, len(later) + len(earlier) - 2, confidence)
    ratio = float(np.mean(later) / np.mean(earlier))
    return Estimate(ratio, float(ratio * np.exp(-half)), float(ratio * np.exp(half)))


def dispersion(*groups: np.ndarray) -> float:
    """Pearson's χ² per degree of freedom around each group's mean; at least 1, for counts are never surer than that."""
    squares = sum(float(np.sum((g - g.mean()) ** 2) / g.mean()) for g in groups)
    return max(1.0, squares / (sum(len(g) for g in groups) - len(groups)))


def _is_enough(counts: np.ndarray) -> bool:
    return len(counts) >= MINIMUM_WEEKS and int(counts.sum()) >= MINIMUM_EVENTS


def _half(error: float, degrees: int, confidence: float) -> float:
    return float(t.ppf((1 + confidence) / 2, degrees) * error)
