"""What survival curves say: shares by an age, chances given an age already reached, and curves of a fixed mix.

How a curve is estimated belongs to ``survival``. Intervals are Greenwood's on the log(−log) scale.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from transforms.statistics.order_statistics import Estimate
from transforms.statistics.survival import Survival, restricted_mean

MINIMUM_AT_RISK = 10
"""Items still watched up to which a curve is read for means and shares (METHODS §2.4)."""

NEARLY_ALL_LEFT = 0.05
"""Share remaining below which a curve is read even where few are still watched."""

UNKNOWN = Estimate(None, None, None)


def reach(curve: Survival) -> float | None:
    """Largest age at which at least MINIMUM_AT_RISK items were watched; None where there never were so many."""
    watched = curve.ages[curve.at_risk >= MINIMUM_AT_RISK]
    return float(watched[-1]) if len(watched) else None


def collapse(curve: Survival, leave: np.ndarray) -> float:
    """Age at which the curve falls to 0 though older items were still watched; infinite where it does not.

    That happens when the few items watched while young all finish at once. From there on it says nothing of the rest.
    """
    gone = np.flatnonzero(curve.remaining <= 0)
    return float(curve.ages[gone[0]]) if len(gone) and (leave > curve.ages[gone[0]]).any() else np.inf


def trusted(curve: Survival, leave: np.ndarray) -> Survival:
    """The curve as far as it speaks of the whole group: up to its ``collapse``."""
    kept = curve.ages < collapse(curve, leave)
    return Survival(*(values[kept] for values in curve))


def is_known_at(curve: Survival, entry: np.ndarray, leave: np.ndarray, age: float) -> bool:
    """Whether enough items are watched at ``age`` to read a share there, or next to none are left anyway."""
    watched = ((entry < age) & (leave >= age)).sum()
    return age < collapse(curve, leave) and bool(watched >= MINIMUM_AT_RISK or curve.at(age) <= NEARLY_ALL_LEFT)


def finished_by(curve: Survival, age: float, confidence: float = 0.95) -> Estimate:
    """Share finished by ``age``, with its interval."""
    return _share(curve.at(age), _variance_at(curve, age), confidence)


def outlasts(curve: Survival, ages: np.ndarray, until: float, confidence: float = 0.95) -> list[np.ndarray]:
    """Chance, and its ends, that what is still unfinished at each of ``ages`` is so at ``until``: S(until) / S(age).

    1 once it is past; NaN where the curve has ended before the age, and for ends where S says 0 or 1.
    """
    here = np.searchsorted(curve.ages, ages, side="right")
    heights, sums = np.append(1.0, curve.remaining)[here], np.append(0.0, curve.variance)[here]
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.where(heights > 0, curve.at(until) / heights, np.nan)
        half = float(ndtri((1 + confidence) / 2)) * np.sqrt(_variance_at(curve, until) - sums) / np.abs(np.log(chance))
        inside = (chance > 0) & (chance < 1)
        ends = [np.where(inside, chance ** np.exp(sign * half), np.nan) for sign in (1, -1)]
    is_past = np.asarray(ages) >= until
    return [np.where(is_past, 1.0, values) for values in (chance, *ends)]


def mean_until(curve: Survival, until: float, confidence: float = 0.95) -> Estimate:
    """Mean time spent unfinished up to age ``until``, with its interval."""
    mean = restricted_mean(curve, until)
    inside = curve.ages < until
    ages, heights = curve.ages[inside], curve.remaining[inside]
    ahead = np.cumsum((heights * np.diff(ages, append=until))[::-1])[::-1]
    steps = np.where(heights > 0, np.diff(_finite(curve.variance[inside]), prepend=0.0), 0)
    spread = float(np.sum(ahead**2 * steps))
    half = float(ndtri((1 + confidence) / 2)) * np.sqrt(spread)
    return Estimate(mean, float(max(0.0, mean - half)), float(mean + half))


def mixture(curves: Sequence[Survival], weights: Sequence[float]) -> Survival:
    """Curve of a population with fixed shares of each kind (direct standardisation, METHODS §2.3)."""
    ages = np.unique(np.concatenate([curve.ages for curve in curves]))
    shares = np.asarray(weights) / sum(weights)
    steps = [np.searchsorted(curve.ages, ages, side="right") for curve in curves]
    heights = np.array([np.append(1.0, c.remaining)[s] for c, s in zip(curves, steps, strict=True)])
    spreads = np.array([np.append(0.0, _finite(c.variance))[s] for c, s in zip(curves, steps, strict=True)])
    watched = np.array([np.append(c.at_risk, 0)[s] for c, s in zip(curves, steps, strict=True)])
    remaining = shares @ heights
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = shares**2 @ (heights**2 * spreads) / remaining**2
    return Survival(ages, remaining, watched.sum(axis=0), variance)


def _finite(variance: np.ndarray) -> np.ndarray:
    """Greenwood's sum is infinite where the curve has reached 0, and there counts for nothing."""
    return np.where(np.isfinite(variance), variance, 0.0)


def _variance_at(curve: Survival, age: float) -> float:
    place = int(np.searchsorted(curve.ages, age, side="right"))
    return float(curve.variance[place - 1]) if place else 0.0


def _share(remaining: float, variance: float, confidence: float) -> Estimate:
    """1 − S with the ends of S on the log(−log) scale; without an interval where S is 0 or 1."""
    if not 0 < remaining < 1 or not np.isfinite(variance):
        return Estimate(1 - remaining, None, None)
    half = float(ndtri((1 + confidence) / 2)) * np.sqrt(variance) / abs(np.log(remaining))
    return Estimate(1 - remaining, float(1 - remaining ** np.exp(-half)), float(1 - remaining ** np.exp(half)))
