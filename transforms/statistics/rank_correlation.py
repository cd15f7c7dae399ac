"""Whether two things rise together, by their ranks (Spearman), with one-sided limits (Fieller, Hartley & Pearson)."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm, rankdata

from transforms.statistics.order_statistics import Estimate

MINIMUM_PAIRS = 12
"""Pairs below which nothing is said (METHODS §4.7)."""


def spearman(x: np.ndarray, y: np.ndarray, confidence: float = 0.9) -> Estimate:
    """Rank correlation and its one-sided limits: each end alone holds with ``confidence``.

    All None below the minimum number of pairs, or where one side never varies. Limits on Fisher's scale with variance
    1.06 / (n − 3); they are -1 or 1 where the ranks agree wholly.
    """
    n = len(x)
    if n < MINIMUM_PAIRS or len(np.unique(x)) < 2 or len(np.unique(y)) < 2:
        return Estimate(None, None, None)
    rho = float(np.clip(np.corrcoef(rankdata(x), rankdata(y))[0, 1], -1, 1))
    half = float(norm.ppf(confidence)) * np.sqrt(1.06 / (n - 3))
    with np.errstate(divide="ignore"):
        middle = np.arctanh(rho)
    return Estimate(rho, float(np.tanh(middle - half)), float(np.tanh(middle + half)))
