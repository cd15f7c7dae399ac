"""What one period shows of one value stream: its visits as arrays, in working hours since the period began.

What is concluded from them is said in ``people``, ``gates``, ``limits`` and ``model``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from transforms.constraint.world import DELAY, GATE, NONE, WORK

MS_PER_HOUR = 3_600_000.0


@dataclass(frozen=True)
class Observed:
    """Visits that touch the period, ordered by chain and entry; nothing after its end is known.

    Times are working hours since its beginning: below 0 before it, NaN for what had not happened by its end.
    """

    horizon: float
    """Working hours of the period."""
    week_hours: float
    """Working hours of a week by the newest hours: a length on this clock, not what is told as a week."""
    day_hours: float
    """Working hours of what people call a working day."""
    weeks: float
    """Calendar weeks of the period."""
    week_edges: np.ndarray
    """Where its complete calendar weeks begin on this clock, and where the last of them ends."""
    stations: tuple[str, ...]
    """Names in the order of the walk."""
    has_queue: np.ndarray
    """(K) whether the station has a column to wait in."""
    station: np.ndarray
    chain: np.ndarray
    """Uninterrupted walk of an issue that the visit is part of: 0, 1, …"""
    issue: np.ndarray
    entered: np.ndarray
    taken: np.ndarray
    left: np.ndarray
    done: np.ndarray
    """When the work ended: when it left, or before if it waited for room in the next station."""
    is_known: np.ndarray
    """Whether it is known when the work ended; else ``done`` and ``attention`` are the most it may have been."""
    attention: np.ndarray
    """Hours of shared attention, absences of the worker left out."""
    blocked: np.ndarray
    blocked_before: np.ndarray
    """Blocked hours before it was taken up."""
    worker: np.ndarray
    """Number of the person; NONE where nobody knows."""
    following: np.ndarray
    """Station of the next visit, K for delivered, K + 1 for left undelivered; NONE while it stays."""
    is_return: np.ndarray
    chain_started: np.ndarray
    """When the chain's first visit began, for every visit."""
    is_batched: np.ndarray
    """Left in a batch of three and more."""
    people: np.ndarray
    """Keyed hashes of the people, in the order of their numbers. Private."""
    traces: tuple[np.ndarray, ...] = ()
    """When each of them did anything, ascending."""
    away: tuple[np.ndarray, ...] = field(default=())
    """Absences of each of them: (n, 2)."""
    role: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def size(self) -> int:
        """Stations."""
        return len(self.stations)

    @property
    def is_over(self) -> np.ndarray:
        """Visits that ended within the period."""
        over: np.ndarray = ~np.isnan(self.left) & (self.left > 0)
        return over

    @property
    def delivered_count(self) -> int:
        """Deliveries within the period."""
        return int((self.is_over & (self.following == self.size)).sum())

    def waits(self) -> np.ndarray:
        """Hours between entry and being taken up, blocked time left out; to the end for what was never taken up."""
        until = np.where(np.isnan(self.taken), np.where(np.isnan(self.left), self.horizon, self.left), self.taken)
        waits: np.ndarray = np.maximum(until - self.entered - self.blocked_before, 0.0)
        return waits

    def queue_span(self) -> tuple[np.ndarray, np.ndarray]:
        """From when to when each visit waited, cut to the period; as if what was blocked had been so at once."""
        free = self.entered + self.blocked_before
        begin = np.clip(free, 0, self.horizon)
        return begin, np.clip(free + self.waits(), begin, self.horizon)

    def presence_hours(self) -> float:
        """Hours in progress of everything within the period."""
        end = np.where(np.isnan(self.left), self.horizon, self.left)
        return float(np.sum(np.clip(end, 0, self.horizon) - np.clip(self.entered, 0, self.horizon)))

    def started_count(self) -> int:
        """Chains begun within the period."""
        return int((self.first_of_chain() & (self.entered >= 0)).sum())

    def first_of_chain(self) -> np.ndarray:
        """Whether a visit is the first one known of its chain."""
        return np.concatenate([[True], self.chain[1:] != self.chain[:-1]])[: len(self.chain)]

    def cycles(self) -> np.ndarray:
        """Hours from start to delivery of what was delivered in the period."""
        done = self.is_over & (self.following == self.size)
        cycles: np.ndarray = (self.left - self.chain_started)[done]
        return cycles


def with_roles(seen: Observed) -> Observed:
    """Say of each station whether somebody works in it, it opens by the calendar, or time passes."""
    role = np.array([_role(seen, k) for k in range(seen.size)], dtype=np.int64)
    return replace(seen, role=role)


GATE_BATCHED = 0.5
"""Share of exits in batches from which a station without work is a gate."""

GATE_OPENINGS = 3

LITTLE_WORK = 0.1
"""Hours of attention per visit below which nobody works in a station."""

KNOWN_WORKERS = 0.5
"""Share of visits whose worker must be known for people to count as a limit."""


def _role(seen: Observed, k: int) -> int:
    over = seen.is_over & (seen.station == k)
    if not over.any():
        return DELAY
    is_idle = seen.attention[over].mean() < LITTLE_WORK
    if is_idle and seen.is_batched[over].mean() >= GATE_BATCHED and len(openings(seen, k)) >= GATE_OPENINGS:
        return GATE
    is_known = (seen.worker[over] != NONE).mean() >= KNOWN_WORKERS
    return WORK if is_known and not is_idle else DELAY


def openings(seen: Observed, k: int, apart: float = 2.0) -> np.ndarray:
    """When a gate opened: the first exits of batches that lie more than ``apart`` hours apart."""
    exits = np.sort(seen.left[seen.is_over & (seen.station == k) & seen.is_batched])
    if not len(exits):
        return exits
    first: np.ndarray = exits[np.concatenate([[True], np.diff(exits) > apart])]
    return first
