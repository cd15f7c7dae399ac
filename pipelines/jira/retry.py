"""The one gate that every request passes: what is tried again, how long to wait, how many requests were made.

All calls are reads, the POST ones too, so trying again is always safe. What a request asks belongs elsewhere. Clock,
sleep and dice are injected, so tests never wait.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from pipelines.jira.errors import JiraError, OverloadedError

T = TypeVar("T")

RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers worth another try. 400, 401, 403, 404, 410 and 413 are not."""


class PassingFaultError(Exception):
    """A fault worth another try. ``error`` is raised in its place once the tries are used up."""

    def __init__(self, error: JiraError, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.status = status
        """Empty where no HTTP answer came, or one that is not Jira's."""
        self.retry_after = retry_after

    @property
    def is_busy(self) -> bool:
        """The site asks everybody for patience, not only this request."""
        return self.status in (429, 503)


@dataclass(frozen=True)
class RetryPolicy:
    """How patient we are; seconds."""

    tries: int = 5
    first_delay: float = 2.0
    longest_delay: float = 60.0
    longest_wait: float = 900.0
    """The longest Retry-After a run sits out."""

    def delay(self, fault_count: int, retry_after: float | None, dice: float) -> float:
        """Seconds to wait after the n-th fault: doubling, at least Retry-After, stretched by up to 30 % of ``dice``."""
        doubling = min(self.longest_delay, self.first_delay * 2.0 ** (fault_count - 1))
        return max(doubling, retry_after or 0.0) * (1.0 + 0.3 * dice)


@dataclass
class Gate:
    """Shared by all workers of a session: a pause asked of one is kept by all.

    Adaptive concurrency and the telling apart of burst and quota limits attach here.
    """

    policy: RetryPolicy = RetryPolicy()
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    dice: Callable[[], float] = random.random
    request_count: int = 0
    retry_count: int = 0
    waited_seconds: float = 0.0
    _open_at: float = 0.0
    _has_answered: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def run(self, attempt: Callable[[], T]) -> T:
        """Call ``attempt`` until it returns; after the last PassingFaultError raise the JiraError it carries."""
        fault_count = 0
        while True:
            self._wait_until_open()
            try:
                answer = attempt()
            except PassingFaultError as fault:
                fault_count += 1
                self._pause_after(fault, fault_count)
            else:
                self._has_answered = True
                return answer

    def _wait_until_open(self) -> None:
        with self._lock:
            seconds = max(0.0, self._open_at - self.clock())
            self.waited_seconds += seconds
        if seconds:
            self.sleep(seconds)
        with self._lock:
            self.request_count += 1

    def _pause_after(self, fault: PassingFaultError, fault_count: int) -> None:
        if (fault.retry_after or 0.0) > self.policy.longest_wait:
            raise OverloadedError(
                f"{fault.error} The site asks to wait {fault.retry_after:.0f} seconds, longer than a run sits out"
                f" ({self.policy.longest_wait:.0f} s). Run again later."
            ) from None
        if fault_count >= self._tries(fault):
            raise fault.error from None
        delay = self.policy.delay(fault_count, fault.retry_after, self.dice())
        with self._lock:
            self.retry_count += 1
            self.waited_seconds += 0.0 if fault.is_busy else delay
            self._open_at = max(self._open_at, self.clock() + delay) if fault.is_busy else self._open_at
        if not fault.is_busy:
            self.sleep(delay)

    def _tries(self, fault: PassingFaultError) -> int:
        """A host that never answered gets two tries: a mistyped address must not take minutes to tell."""
        return self.policy.tries if self._has_answered or fault.status else min(2, self.policy.tries)


def read_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds of a Retry-After header (number or HTTP date); 0 counts as 1, what is unreadable as absent."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    with suppress(ValueError):
        return max(1.0, float(text)) if math.isfinite(float(text)) else None
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(1.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())
