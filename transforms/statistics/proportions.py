"""Shares of counted things, with the interval that stays inside 0 and 1 (Wilson)."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm


def wilson(count: np.ndarray, n: np.ndarray, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share ``count / n`` with its Wilson score interval, element by element; NaN where n is 0.

    scipy has the same interval for one pair at a time; a table needs thousands.
    """
    z = float(norm.ppf((1 + confidence) / 2))
    count, n = np.asarray(count, dtype=float), np.asarray(n, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = count / n
        middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return share, np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
