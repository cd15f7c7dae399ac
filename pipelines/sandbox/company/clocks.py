"""When a simulated person works: openings in UTC milliseconds, and arithmetic on working time.

Only the simulation uses it. The product's own calendar (``transforms.calendar``) is deliberately not used here, so that
the company is an independent witness of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

NEVER = 2**60
"""An instant after every simulation."""


def to_ms(at: datetime) -> int:
    """Milliseconds since the epoch of an aware moment."""
    return int(at.timestamp() * 1000)


def from_ms(at: int) -> datetime:
    """The moment in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)


@lru_cache(maxsize=64)
def weekday_openings(zone: str, start_hour: int, first: date, last: date) -> tuple[tuple[date, int, int], ...]:
    """Day and opening [from, to) in UTC ms of each weekday from ``first`` to ``last``: eight hours by wall clock."""
    zone_info = ZoneInfo(zone)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(
        (
            day,
            to_ms(datetime(day.year, day.month, day.day, start_hour, tzinfo=zone_info)),
            to_ms(datetime(day.year, day.month, day.day, start_hour + 8, tzinfo=zone_info)),
        )
        for day in days
        if day.weekday() < 5
    )


class WorkClock:
    """One person's working time. Openings must be ascending and must not overlap."""

    __slots__ = ("before", "ends", "starts", "through")

    def __init__(self, openings: Iterable[tuple[int, int]]) -> None:
        pairs = tuple(openings)
        self.starts = [start for start, _ in pairs]
        self.ends = [end for _, end in pairs]
        self.through = list(accumulate(end - start for start, end in pairs))
        self.before = [0, *self.through[:-1]]

    def worked(self, at: int) -> int:
        """Working ms from the first opening to ``at``."""
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return 0
        return self.before[index] + min(at, self.ends[index]) - self.starts[index]

    def moment(self, work: float) -> int:
        """First instant (ms) at which ``work`` ms have been worked; NEVER beyond the last opening."""
        whole = int(work) if work == int(work) else int(work) + 1
        index = bisect_left(self.through, whole)
        if index == len(self.through):
            return NEVER
        return self.starts[index] + whole - self.before[index]

    def opens(self, at: int) -> int:
        """``at`` itself while at work, else the next opening; NEVER after the last."""
        index = bisect_right(self.starts, at) - 1
        if index >= 0 and at < self.ends[index]:
            return at
        return self.starts[index + 1] if index + 1 < len(self.starts) else NEVER
