"""Where a weekly series changed for good: binary segmentation with a permutation test (METHODS §2.6).

Well-kept change-point libraries have neither a Poisson cost nor a test of the change; both are a few lines. A week is
a row of sums, so that weeks with many and with few issues weigh what they hold. Weeks are permuted whole, and ``block``
of them together where neighbours resemble each other without anything having changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

SHORTEST_SEGMENT = 6
"""Weeks a regime lasts at least."""

SIGNIFICANCE = 0.01

PERMUTATIONS = 499

FIRST_LOOK = 99
"""Permutations after which a change that is clearly none is given up."""

Gain = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""How much better two parts explain a series than one: from the sums of the first part and of the whole, summed over
the last axis' quantities."""


class Change(NamedTuple):
    """The first week of a new regime, and how often chance would show as strong a change."""

    place: int
    p_value: float


def counts(events: np.ndarray) -> np.ndarray:
    """Rows for ``poisson_gain``: one week, its events."""
    return np.stack([np.ones(len(events)), np.asarray(events, dtype=float)], axis=1)


def poisson_gain(first: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Log-likelihood ratio of two rates over one; quantities: weeks, events."""
    gained: np.ndarray = _rate_likelihood(first) + _rate_likelihood(whole - first) - _rate_likelihood(whole)
    return gained


def mean_gain(first: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Sum of squares that two means explain beyond one; quantities: items, their sum."""
    gained: np.ndarray = _square_of_sum(first) + _square_of_sum(whole - first) - _square_of_sum(whole)
    return gained


class Search(NamedTuple):
    """How changes are looked for: what counts as one, what is permuted together, and a seed to make it repeatable."""

    gain: Gain
    seed: int
    block: int = 1

    def all_of(self, weeks: np.ndarray) -> list[Change]:
        """All changes of a series, earliest first. ``weeks``: one row of sums per week."""
        return self._within(weeks, 0, len(weeks), is_last_only=False)

    def last_of(self, weeks: np.ndarray) -> Change | None:
        """The change with which the last segment begins; the last of ``all_of``, found without the others."""
        found = self._within(weeks, 0, len(weeks), is_last_only=True)
        return found[-1] if found else None

    def _within(self, weeks: np.ndarray, begin: int, end: int, *, is_last_only: bool) -> list[Change]:
        part = weeks[begin:end]
        if len(part) < 2 * SHORTEST_SEGMENT:
            return []
        gains = _gains(part[None], self.gain)[0]
        best = int(np.argmax(gains))
        p_value = self._chance(part, float(gains[best]), np.random.default_rng([self.seed, begin, end]))
        if p_value >= SIGNIFICANCE:
            return []
        place = begin + best + SHORTEST_SEGMENT
        before = [] if is_last_only else self._within(weeks, begin, place, is_last_only=False)
        after = self._within(weeks, place, end, is_last_only=is_last_only)
        return [*before, Change(place, p_value), *after]

    def _chance(self, part: np.ndarray, observed: float, rng: np.random.Generator) -> float:
        """Share of shuffled series whose best split is as good, the series itself counted among them."""
        tied = observed - 1e-9 * abs(observed)
        reached, tried = 0, 0
        for batch in (FIRST_LOOK, PERMUTATIONS - FIRST_LOOK):
            shuffled = part[_shuffles(len(part), self.block, batch, rng)]
            reached += int(np.sum(_gains(shuffled, self.gain).max(axis=1) >= tied))
            tried += batch
            if reached + 1 >= SIGNIFICANCE * (PERMUTATIONS + 1):
                break
        return (1 + reached) / (1 + tried)


def _gains(series: np.ndarray, gain: Gain) -> np.ndarray:
    """Gain of every split that leaves both parts long enough; ``series`` is (copies, weeks, quantities)."""
    sums = np.cumsum(series, axis=1)
    last = series.shape[1] - SHORTEST_SEGMENT
    return gain(sums[:, SHORTEST_SEGMENT - 1 : last], sums[:, -1:])


def _shuffles(length: int, block: int, copies: int, rng: np.random.Generator) -> np.ndarray:
    """Orders of the weeks, one per copy: whole blocks change places, beginning at a random week of the series."""
    count = -(-length // block)
    order = rng.permuted(np.tile(np.arange(count), (copies, 1)), axis=1)
    weeks = (order[:, :, None] * block + np.arange(block)).reshape(copies, -1)
    kept = weeks[weeks < length].reshape(copies, length)
    places: np.ndarray = (kept + rng.integers(0, block, (copies, 1))) % length
    return places


def _rate_likelihood(sums: np.ndarray) -> np.ndarray:
    weeks, events = sums[..., 0], sums[..., 1]
    return np.where(events > 0, events * np.log(np.maximum(events, 1e-300) / weeks), 0.0)


def _square_of_sum(sums: np.ndarray) -> np.ndarray:
    items, total = sums[..., 0], sums[..., 1]
    return np.where(items > 0, total**2 / np.maximum(items, 1e-300), 0.0)
