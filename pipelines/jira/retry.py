"""The one gate that every request passes: what is tried again, how long to wait, how many go at once, when to stop.

All calls are reads, the POST ones too, so trying again is always safe. What a request asks belongs elsewhere, how
headers are read to ``rate_limits``. Clock, sleep and dice are injected, so tests never wait.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from pipelines.jira.concurrency import Lanes
from pipelines.jira.errors import ComeBackLaterError, JiraError, OverloadedError, TooHeavyError
from pipelines.jira.options import Options
from pipelines.jira.rate_limits import pause_near_limit

T = TypeVar("T")

RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers worth another try. 400, 401, 403, 404, 410 and 413 are not."""

EVERYWHERE = ""
"""The endpoint that stands for the whole host."""

DIVISIBLE_TRIES = 2
"""Tries of a batch that may be halved: what is too heavy now is too heavy again."""


class PassingFaultError(Exception):
    """A fault worth another try. ``error`` is raised in its place once the tries are used up."""

    def __init__(
        self,
        error: JiraError,
        status: int | None = None,
        retry_after: float | None = None,
        *,
        is_endpoint_only: bool = False,
        is_slow: bool = False,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.status = status
        """Empty where no HTTP answer came, or one that is not Jira's."""
        self.retry_after = retry_after
        self.is_endpoint_only = is_endpoint_only
        """The pause concerns this endpoint only."""
        self.is_slow = is_slow
        """No answer came in time."""

    @property
    def is_busy(self) -> bool:
        """The site asks everybody for patience, not only this request."""
        return self.status in (429, 503)

    @property
    def may_be_weight(self) -> bool:
        """A smaller request might pass."""
        return self.is_slow or self.status in (408, 500, 502, 504)


@dataclass(frozen=True)
class RetryPolicy:
    """How patient we are; seconds."""

    tries: int = 5
    first_delay: float = 2.0
    longest_delay: float = 60.0
    longest_wait: float = 900.0
    """The longest Retry-After a run sits out."""
    faults_in_a_row: int = 30
    """So many faults of all workers together, without one good answer between them, end the run.

    All tries of a request that is given up as too heavy are one.
    """
    concurrency: int = 8

    def delay(self, fault_count: int, retry_after: float | None, dice: float) -> float:
        """Seconds to wait after the n-th fault: doubling, at least Retry-After, stretched by up to 30 % of ``dice``."""
        doubling = min(self.longest_delay, self.first_delay * 2.0 ** (fault_count - 1))
        return max(doubling, retry_after or 0.0) * (1.0 + 0.3 * dice)


def policy_of(options: Options) -> RetryPolicy:
    """The patience a team configured."""
    return RetryPolicy(longest_wait=options.longest_wait.total_seconds(), concurrency=options.concurrency)


@dataclass
class Gate:
    """Shared by all workers of a session: a pause asked of one is kept by all whom it concerns."""

    policy: RetryPolicy = RetryPolicy()
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    dice: Callable[[], float] = random.random
    request_count: int = 0
    retry_count: int = 0
    waited_seconds: float = 0.0
    _open_at: dict[str, float] = field(default_factory=dict)
    _spacing: dict[str, float] = field(default_factory=dict)
    """Seconds between requests of an endpoint that is near its limit."""
    _ended: str = ""
    """Why nobody may send any more."""
    _faults_in_a_row: int = 0
    _has_answered: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.lanes = Lanes(self.policy.concurrency)

    def run(self, attempt: Callable[[], T], endpoint: str = EVERYWHERE, *, is_divisible: bool = False) -> T:
        """Call ``attempt`` until it returns; after the last PassingFaultError raise the JiraError it carries.

        A divisible request is given up sooner, as TooHeavyError, where a smaller one might pass.
        """
        fault_count, not_before = 0, 0.0
        while True:
            with self._turn(endpoint, not_before):
                try:
                    answer = attempt()
                except PassingFaultError as fault:
                    fault_count += 1
                    not_before = self._note_fault(fault, fault_count, endpoint, is_divisible=is_divisible)
                else:
                    self._has_answered, self._faults_in_a_row = True, 0
                    self.lanes.widen()
                    return answer

    def note_headers(self, headers: Mapping[str, str], endpoint: str) -> None:
        """Slow down before the site has to say so."""
        pause = pause_near_limit(headers)
        with self._lock:
            self._spacing[endpoint] = pause
            self._close(endpoint, self.clock() + pause)

    @contextmanager
    def _turn(self, endpoint: str, not_before: float) -> Iterator[None]:
        """Hold a lane for one request, once every pause told so far is over; nobody sits one out in a lane."""
        while True:
            while seconds := self._seconds_until_open(endpoint, not_before):
                self.sleep(seconds)
            with self.lanes.one():
                if self._passes(endpoint, not_before):
                    yield
                    return

    def _seconds_until_open(self, endpoint: str, not_before: float) -> float:
        with self._lock:
            seconds = self._seconds_closed(endpoint, not_before)
            self.waited_seconds += seconds
        return seconds

    def _passes(self, endpoint: str, not_before: float) -> bool:
        """Whether the gate is still open; who passes near a limit closes it behind itself for a while."""
        with self._lock:
            if self._seconds_closed(endpoint, not_before):
                return False
            self.request_count += 1
            self._close(endpoint, self.clock() + self._spacing.get(endpoint, 0.0))
        return True

    def _seconds_closed(self, endpoint: str, not_before: float) -> float:
        """Only for who holds the lock; raises ComeBackLaterError once anybody was told so."""
        if self._ended:
            raise ComeBackLaterError(self._ended)
        opens = max(not_before, self._open_at.get(endpoint, 0.0), self._open_at.get(EVERYWHERE, 0.0))
        return max(0.0, opens - self.clock())

    def _close(self, endpoint: str, until: float) -> None:
        """Only for who holds the lock; a longer pause told before stays."""
        self._open_at[endpoint] = max(self._open_at.get(endpoint, 0.0), until)

    def _note_fault(self, fault: PassingFaultError, fault_count: int, endpoint: str, *, is_divisible: bool) -> float:
        """Close the gate while the lane is still held; returns the moment before which this request is not sent again.

        The pause is told to all even where this request is given up.
        """
        self._end_where_told_to(fault)
        until = self.clock() + self.policy.delay(fault_count, fault.retry_after, self.dice())
        with self._lock:
            if fault.is_busy:
                self._close(endpoint if fault.is_endpoint_only else EVERYWHERE, until)
        if fault.status == 429:
            self.lanes.narrow()
        self._give_up_where_hopeless(fault, fault_count, is_divisible=is_divisible)
        with self._lock:
            self.retry_count += 1
        return until

    def _end_where_told_to(self, fault: PassingFaultError) -> None:
        """A longer pause than a run sits out ends it for all workers."""
        if (fault.retry_after or 0.0) <= self.policy.longest_wait:
            return
        with self._lock:
            self._ended = (
                f"{fault.error} The site asks to wait {fault.retry_after:.0f} seconds, longer than a run sits out"
                f" ({self.policy.longest_wait:.0f} s). What was read so far is kept: run again later and it goes on"
                " from there."
            )
        raise ComeBackLaterError(self._ended) from None

    def _give_up_where_hopeless(self, fault: PassingFaultError, fault_count: int, *, is_divisible: bool) -> None:
        is_too_heavy = is_divisible and fault.may_be_weight and fault_count >= DIVISIBLE_TRIES - fault.is_slow
        with self._lock:
            self._faults_in_a_row += 1
            if is_too_heavy:
                self._faults_in_a_row = max(1, self._faults_in_a_row - fault_count + 1)
        if self._faults_in_a_row >= self.policy.faults_in_a_row:
            raise OverloadedError(
                f"{fault.error} {self._faults_in_a_row} requests in a row failed, so the run stops. What was read so"
                " far is kept: run again later and it goes on from there."
            ) from None
        if is_too_heavy:
            raise TooHeavyError(str(fault.error)) from None
        if fault_count >= self._tries(fault):
            fault.error.may_pass = True
            raise fault.error from None

    def _tries(self, fault: PassingFaultError) -> int:
        """A host that never answered gets two tries: a mistyped address must not take minutes to tell."""
        return self.policy.tries if self._has_answered or fault.status else min(2, self.policy.tries)
