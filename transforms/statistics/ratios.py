"""Ratios of sums over issues, with an interval that takes the issue as the unit that varies.

The interval is what a bootstrap by issue tends to, in closed form: the variance of Σ(part − ratio · whole).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import norm

MINIMUM_RATIO_SAMPLE = 20
"""Issues below which a ratio of sums is not published (METHODS §8, flow efficiency)."""


class Moments(NamedTuple):
    """Sums over the issues of a group: how many, part, whole, and their squares and product. Arrays of one shape."""

    n: np.ndarray
    part: np.ndarray
    whole: np.ndarray
    part_part: np.ndarray
    part_whole: np.ndarray
    whole_whole: np.ndarray


def ratio_of_sums(moments: Moments, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Σ part ÷ Σ whole and the interval's ends, cut at 0; NaN below the minimum sample or for an empty whole."""
    m = Moments(*(np.asarray(values, dtype=float) for values in moments))
    z = float(norm.ppf((1 + confidence) / 2))
    known = (m.n >= MINIMUM_RATIO_SAMPLE) & (m.whole > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(known, m.part / m.whole, np.nan)
        squares = np.maximum(m.part_part - 2 * ratio * m.part_whole + ratio**2 * m.whole_whole, 0)
        half = z * np.sqrt(squares * m.n / (m.n - 1)) / m.whole
    return ratio, np.maximum(ratio - half, 0), ratio + half


def share_of_sums(moments: Moments, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same where every part lies within its whole: cut at 1 as well."""
    ratio, low, high = (np.minimum(values, 1) for values in ratio_of_sums(moments, confidence))
    return ratio, low, high
