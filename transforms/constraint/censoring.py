"""How long work takes where some of it is only known to have taken no longer than seen: left-censored hours.

Who could not turn to other work when they had finished, for want of work or of room, shows how long it took at most.
Leaving such visits out would keep the long ones; counting them as they are would lengthen the short ones.
"""

from __future__ import annotations

import numpy as np


def as_if_known(hours: np.ndarray, is_exact: np.ndarray) -> np.ndarray:
    """As many hours as were seen, distributed as the work itself: Kaplan and Meier's estimate read from the right.

    ``hours`` are exact, or where ``is_exact`` is false an upper bound. What is known to lie below the shortest exact
    hours is put halfway to 0. Ascending; all exact hours come back as they were.
    """
    if is_exact.all():
        return np.sort(hours)
    order = np.lexsort((~is_exact, hours))
    at, exact = hours[order], is_exact[order]
    weight = _weights(at, exact)
    below = ~exact & (at <= np.min(at, where=exact, initial=np.inf))
    at = np.where(below, at / 2, at)
    weight[below] = (1 - weight.sum()) / max(1, int(below.sum()))
    wanted = (np.arange(len(at)) + 0.5) / len(at)
    held = np.flatnonzero(weight > 0)
    reached = np.cumsum(weight[held])
    found: np.ndarray = at[held][np.minimum(np.searchsorted(reached, wanted * reached[-1]), len(held) - 1)]
    return np.sort(found)


def _weights(at: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Probability of each exact value of ascending ones: what lies at or below it, times its share of that."""
    no_longer = np.searchsorted(at, at, "right")
    kept = np.where(exact, 1 - 1 / no_longer, 1.0)
    after = np.concatenate([np.cumprod(kept[::-1])[::-1][1:], [1.0]])
    weight: np.ndarray = np.where(exact, after / no_longer, 0.0)
    return weight
