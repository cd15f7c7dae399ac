"""Is a series of weeks just noise, or did something happen? XmR limits and signals (Wheeler; METHODS §2.6).

Where a series splits into regimes belongs to ``change_points``; limits are drawn within one regime.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MINIMUM_POINTS = 12

LIMIT_FACTOR = 2.66
"""Limits lie this many mean moving ranges from the mean: 3 standard deviations of independent normal points."""

RUN_LENGTH = 8
"""Points in a row on one side of the mean that make a signal."""

SIGNALS = {-2: "below_limits", -1: "run_below", 0: "none", 1: "run_above", 2: "above_limits"}
"""What a point can say; one outside the limits says that before it says it is part of a run."""


class Limits(NamedTuple):
    """Mean of a series and its natural process limits."""

    mean: float
    low: float
    high: float


def limits(values: np.ndarray) -> Limits | None:
    """Mean ± 2.66 mean moving ranges; None below the minimum number of points."""
    if len(values) < MINIMUM_POINTS:
        return None
    mean = float(np.mean(values))
    reach = LIMIT_FACTOR * float(np.mean(np.abs(np.diff(values))))
    return Limits(mean, mean - reach, mean + reach)


def signals(values: np.ndarray, within: Limits) -> list[str]:
    """One of SIGNALS' words per point. Every point of a run of 8 or more on one side of the mean is part of it."""
    points = np.asarray(values, dtype=float)
    side = np.sign(points - within.mean).astype(int)
    begins = np.flatnonzero(np.diff(side, prepend=side[:1] + 3))
    lengths = np.diff(np.append(begins, len(side)))
    codes = np.where(np.repeat(lengths, lengths) >= RUN_LENGTH, side, 0)
    codes = np.where(points > within.high, 2, np.where(points < within.low, -2, codes))
    return [SIGNALS[int(code)] for code in codes]


def autocorrelation(values: np.ndarray) -> float:
    """Correlation of neighbouring points; 0 for a series that never varies."""
    away = np.asarray(values, dtype=float) - np.mean(values)
    spread = float(np.sum(away**2))
    return float(np.sum(away[1:] * away[:-1]) / spread) if spread else 0.0


def is_autocorrelated(values: np.ndarray) -> bool:
    """Whether neighbours resemble each other more than chance lets them in one series of a hundred (Bartlett).

    Then moving ranges are too small, limits too narrow, and signals partly false.
    """
    return len(values) >= MINIMUM_POINTS and autocorrelation(values) > 2.33 / np.sqrt(len(values))
