"""Working time: how many milliseconds of a stretch lie inside a calendar's hours, exactly, in any zone.

Rule for daylight saving: an instant is working time if its local wall-clock time lies in an opening ``[from, to)`` on a
working day. So an opening inside a repeated hour counts both passes, and one inside a skipped hour counts what is left.

Method: a table of one row per bucket of UTC time holds ``base`` and ``slope`` such that the working time from the
origin to ``t`` is ``base + slope * t``: two integer operations per instant, no zone conversion per row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time


@dataclass(frozen=True)
class WorkingCalendar:
    """Weekday hours in an IANA zone, less holidays.

    ``openings`` maps weekday (0 = Monday) to ``(from, to)`` wall-clock times, to the minute; ``to`` of 00:00 is midnight.
    """

    zone: str
    openings: tuple[tuple[int, time, time], ...]
    holidays: frozenset[date] = frozenset()

    @classmethod
    def weekdays(cls, zone: str, start: time = time(9), end: time = time(17), holidays: frozenset[date] = frozenset(),
                 days: tuple[int, ...] = (0, 1, 2, 3, 4)) -> WorkingCalendar:  # fmt: skip
        """The same hours on each of ``days``."""
        return cls(zone, tuple((day, start, end) for day in days), holidays)

    @property
    def hours_per_day(self) -> float:
        """Longest working day's hours: what one "working day" means for people who read."""
        minutes = [0] * 7
        for day, start, end in self.openings:
            minutes[day] += ((end.hour * 60 + end.minute) or 1440) - (start.hour * 60 + start.minute)
        return max(minutes) / 60
