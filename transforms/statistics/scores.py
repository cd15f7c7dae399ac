"""How good a forecast was once the answer is known: proper scores, and where the answer fell (METHODS §5).

Lower scores are better. A forecast is an ensemble: many equally likely answers.
"""

from __future__ import annotations

import numpy as np


def crps(ensemble: np.ndarray, actual: float) -> float:
    """Continuous ranked probability score E|X − y| − ½ E|X − X′|, in the unit of the answer.

    Of a single answer it is the absolute error.
    """
    ordered = np.sort(np.asarray(ensemble, dtype=float))
    n = len(ordered)
    spread = float(np.sum((2 * np.arange(1, n + 1) - n - 1) * ordered)) / n**2
    return float(np.mean(np.abs(ordered - actual))) - spread


def pinball(quantile: float, actual: float, p: float) -> float:
    """Loss of ``quantile`` as the answer that ``p`` of all outcomes stay at or below."""
    return float((actual - quantile) * p if actual >= quantile else (quantile - actual) * (1 - p))


def place_in(ensemble: np.ndarray, actual: float) -> float:
    """Share of the ensemble below the actual answer, ties counted half: even over [0, 1] for a calibrated forecast."""
    return float((np.sum(ensemble < actual) + np.sum(ensemble <= actual)) / (2 * len(ensemble)))
