"""How many requests may be in flight: fewer when the site is pressed, one more after a while of good answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

GOOD_ANSWERS_PER_STEP = 50
"""Good answers after which one more request may be in flight."""


class Lanes:
    """A limit on requests in flight, shared by all workers: halved when told so, raised by one step by step."""

    def __init__(self, most: int) -> None:
        """``most`` is the configured cap; a run begins at half of it."""
        self.most = max(1, most)
        self.limit = (self.most + 1) // 2
        self.busiest = 0
        """The most that ever were in flight."""
        self._in_flight = 0
        self._good = 0
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a lane for one request; waits while all are taken."""
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight < self.limit)
            self._in_flight += 1
            self.busiest = max(self.busiest, self._in_flight)
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify()

    def widen(self) -> None:
        """Count a good answer."""
        with self._changed:
            self._good += 1
            if self._good >= GOOD_ANSWERS_PER_STEP and self.limit < self.most:
                self.limit, self._good = self.limit + 1, 0
                self._changed.notify()

    def narrow(self) -> None:
        """The site asks for patience."""
        with self._changed:
            self.limit, self._good = max(1, self.limit // 2), 0
