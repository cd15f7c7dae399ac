"""Percentiles that promise no more than the sample holds (METHODS §2.2).

Percentile = smallest value x with F(x) ≥ p (type 1). Interval = order statistics l < u with
P(l ≤ Bin(n, p) < u) ≥ 0.95; no assumption about the distribution.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.stats import binom

MINIMUM_SAMPLE = {0.5: 6, 0.85: 23, 0.95: 72}
"""Smallest n at which the interval's upper end exists: p**n ≤ 0.025."""


class Estimate(NamedTuple):
    """A value and its 95 % interval; None where the sample cannot say."""

    value: float | None
    low: float | None
    high: float | None


def percentile(values: np.ndarray, p: float, confidence: float = 0.95) -> Estimate:
    """Type-1 percentile with its order-statistic interval; all None below the minimum sample."""
    n = len(values)
    ranks = interval_ranks(n, p, confidence)
    if ranks is None:
        return Estimate(None, None, None)
    ordered = np.sort(values)
    return Estimate(*(float(ordered[rank - 1]) for rank in (type_1_rank(n, p), *ranks)))


def type_1_rank(n: int, p: float) -> int:
    """Rank (from 1) of the smallest value x with F(x) ≥ p."""
    return max(1, int(np.ceil(n * p - 1e-9)))


@lru_cache(maxsize=4096)
def interval_ranks(n: int, p: float, confidence: float = 0.95) -> tuple[int, int] | None:
    """Ranks (from 1) of the interval's ends, tails split evenly; None where n is too small for both to exist."""
    tail = (1 - confidence) / 2
    low, high = int(binom.ppf(tail, n, p)), int(binom.ppf(1 - tail, n, p)) + 1
    return (low, high) if low >= 1 and high <= n else None
