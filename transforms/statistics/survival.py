"""How long things take when some are not finished and some were seen only from the middle on (METHODS §2.4, §2.5).

Everyone at risk in a window contributes: from the age at which they come under observation (delayed entry) to the age
at which they finish, are cancelled, or the window ends. Tested against scikit-survival.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import norm


class Survival(NamedTuple):
    """A step function: after each of ``ages`` a share ``remaining`` is still unfinished; ``at_risk`` just before it."""

    ages: np.ndarray
    remaining: np.ndarray
    at_risk: np.ndarray
    variance: np.ndarray
    """Greenwood's sum Σ d / (n (n − d)), from which intervals on the log(−log) scale follow."""

    def at(self, age: float) -> float:
        """Share still unfinished at ``age``."""
        place = int(np.searchsorted(self.ages, age, side="right"))
        return float(self.remaining[place - 1]) if place else 1.0


def period_kaplan_meier(entry: np.ndarray, leave: np.ndarray, is_event: np.ndarray) -> Survival:
    """Product-limit estimate with delayed entry: S(a) = Π (1 − d/n) over the event ages up to a.

    ``entry``, ``leave`` are ages (same unit, leave ≥ entry); ``is_event`` says whether the leave was a finish. An item
    is at risk at age a if entry < a ≤ leave; one that enters at age 0 is at risk from the start.
    """
    ages = np.unique(leave[is_event])
    events = np.searchsorted(np.sort(leave[is_event]), ages, "right") - np.searchsorted(
        np.sort(leave[is_event]), ages, "left"
    )
    at_risk = _at_risk(entry, leave, ages)
    with np.errstate(divide="ignore", invalid="ignore"):
        remaining = np.cumprod(1 - events / at_risk)
        variance = np.cumsum(events / (at_risk * (at_risk - events)))
    return Survival(ages, remaining, at_risk, variance)


def quantile(survival: Survival, p: float, confidence: float = 0.95) -> tuple[float | None, float | None, float | None]:
    """Smallest age by which a share ``p`` has finished, with its interval; None where the data do not reach it."""
    z = norm.ppf((1 + confidence) / 2)
    low, high = _band(survival, z)
    return (
        _first_below(survival, survival.remaining, p),
        _first_below(survival, low, p),
        _first_below(survival, high, p),
    )


def restricted_mean(survival: Survival, until: float) -> float:
    """Mean time spent unfinished up to age ``until``: the area under the curve."""
    ages = np.concatenate([[0.0], survival.ages[survival.ages < until], [until]])
    heights = np.concatenate([[1.0], survival.remaining[survival.ages < until]])
    return float(np.sum(np.diff(ages) * heights))


def cumulative_incidence(entry: np.ndarray, leave: np.ndarray, cause: np.ndarray, of: int) -> Survival:
    """Aalen–Johansen: the share that has left for cause ``of`` by each age, other causes competing.

    ``cause`` is 0 for a censored leave. ``remaining`` holds the share that has *not* left for that cause.
    """
    overall = period_kaplan_meier(entry, leave, cause > 0)
    before = np.concatenate([[1.0], overall.remaining[:-1]])
    mine = np.sort(leave[cause == of])
    events = np.searchsorted(mine, overall.ages, "right") - np.searchsorted(mine, overall.ages, "left")
    share = np.cumsum(before * events / overall.at_risk)
    return Survival(overall.ages, 1 - share, overall.at_risk, np.full(len(share), np.nan))


def _at_risk(entry: np.ndarray, leave: np.ndarray, ages: np.ndarray) -> np.ndarray:
    entered = np.searchsorted(np.sort(entry), ages, "left")
    left = np.searchsorted(np.sort(leave), ages, "left")
    born_at_zero = (entry == 0).sum() if len(ages) and ages[0] == 0 else 0
    return entered - left + np.where(ages == 0, born_at_zero, 0)


def _band(survival: Survival, z: float) -> tuple[np.ndarray, np.ndarray]:
    """Pointwise limits of S on the log(−log) scale; where S is 0 or 1 the scale is undefined and S stands."""
    s = np.clip(survival.remaining, 1e-12, 1 - 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = z * np.sqrt(survival.variance) / np.abs(np.log(s))
        low, high = s ** np.exp(half), s ** np.exp(-half)
    inside = (survival.remaining > 0) & (survival.remaining < 1) & np.isfinite(half)
    return np.where(inside, low, survival.remaining), np.where(inside, high, survival.remaining)


def _first_below(survival: Survival, remaining: np.ndarray, p: float) -> float | None:
    reached = np.flatnonzero(remaining <= 1 - p + 1e-12)
    return float(survival.ages[reached[0]]) if len(reached) else None
