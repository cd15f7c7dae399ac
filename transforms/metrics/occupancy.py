"""How many stretches hold at an instant, and how much time they have spent by then: running sums, exact in whole ms.

Never an issue × day: the cost is one sort, whatever the stretches' length. What a stretch is belongs to the tables.
"""

from __future__ import annotations

import numpy as np
import polars as pl


def epoch_ms(instants: pl.Series) -> np.ndarray:
    """Instants as int64 milliseconds; empty ones must not occur."""
    return instants.dt.epoch("ms").to_numpy()


class Occupancy:
    """Stretches ``[begin, end)`` in epoch milliseconds; one that lasts ends at the moment of reading."""

    def __init__(self, begin: np.ndarray, end: np.ndarray) -> None:
        """Order the ends once. Times are kept from the first beginning, so that sums fit 64 bits."""
        self._origin = int(begin.min()) if len(begin) else 0
        self._begins, self._ends = np.sort(begin) - self._origin, np.sort(end) - self._origin
        self._begun, self._ended = _running(self._begins), _running(self._ends)

    def standing(self, at: np.ndarray) -> np.ndarray:
        """How many had begun and not ended just before each instant."""
        begun, ended = self._places(at)
        standing: np.ndarray = begun - ended
        return standing

    def spent(self, at: np.ndarray) -> np.ndarray:
        """Milliseconds all stretches together had lasted by each instant."""
        begun, ended = self._places(at)
        since = at - self._origin
        time: np.ndarray = begun * since - self._begun[begun] - (ended * since - self._ended[ended])
        return time

    def begun(self, edges: np.ndarray) -> np.ndarray:
        """Beginnings in each slot ``[edges[i], edges[i + 1])``."""
        return np.diff(self._places(edges)[0])

    def above(self, at: np.ndarray, limit: int) -> np.ndarray:
        """Milliseconds in which more than ``limit`` stood at once, by each instant."""
        turns = np.concatenate([self._begins, self._ends])
        order = np.argsort(turns, kind="stable")
        turns, is_above = turns[order], np.cumsum(np.where(order < len(self._begins), 1, -1)) > limit
        time = _running(np.diff(turns) * is_above[:-1]) if len(turns) else np.zeros(1, np.int64)
        place = np.searchsorted(turns, at - self._origin, "right") - 1
        since: np.ndarray = np.where(
            place < 0,
            0,
            time[place] + (at - self._origin - np.append(turns, 0)[place]) * np.append(is_above, False)[place],
        )
        return since

    def _places(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        since = at - self._origin
        return np.searchsorted(self._begins, since, "left"), np.searchsorted(self._ends, since, "left")


def _running(values: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(values)])
