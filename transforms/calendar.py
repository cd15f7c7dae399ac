"""Working time: how many milliseconds of a stretch lie inside a calendar's hours, exactly, in any zone.

Rule for daylight saving: an instant is working time if its local wall-clock time lies in an opening ``[from, to)`` on a
working day. So an opening inside a repeated hour counts both passes, and one inside a skipped hour counts what is left.

Method: one row per bucket of UTC time holds ``base`` and ``is_open`` such that the working time from the origin to
``t`` is ``base + is_open * t``: two integer operations per instant, no zone conversion per row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl

MINUTE_MS = 60_000

BLOCK = 1 << 15
"""Instants read at once: few enough for all steps to stay in the processor's cache."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Openings = tuple[tuple[int, time, time], ...]
"""(weekday, from, to): 0 = Monday, wall-clock times to the minute; ``to`` of 00:00 is midnight."""


@dataclass(frozen=True)
class WorkingCalendar:
    """Weekday hours in an IANA zone, less holidays. ``openings`` are the newest hours."""

    zone: str
    openings: Openings
    holidays: frozenset[date] = frozenset()
    earlier: tuple[tuple[date, Openings], ...] = ()
    """Hours that held before the newest ones, oldest first, each with the first day on which they no longer did."""

    @classmethod
    def weekdays(
        cls,
        zone: str,
        start: time = time(9),
        end: time = time(17),
        holidays: frozenset[date] = frozenset(),
        days: tuple[int, ...] = (0, 1, 2, 3, 4),
    ) -> WorkingCalendar:
        """The same hours on each of ``days``."""
        return cls(zone, tuple((day, start, end) for day in days), holidays)

    @property
    def hours_per_day(self) -> float:
        """Longest working day's hours, by the newest ones: what one "working day" means for people who read."""
        minutes = [0] * 7
        for day, start, end in self.openings:
            minutes[day] += _minute_of_close(end) - _minute_of_day(start)
        return max(minutes) / 60

    def is_working(self, starts: pl.Series) -> pl.Series:
        """Whether the local wall-clock time of each UTC instant in ``starts`` lies in an opening of a working day."""
        local = starts.dt.convert_time_zone(self.zone)
        minute = local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute()
        day, weekday = local.dt.date(), local.dt.weekday() - 1
        is_open = pl.repeat(False, len(starts), eager=True)
        for since, until, openings in self._spans():
            for own, start, end in openings:
                is_hour = (minute >= _minute_of_day(start)) & (minute < _minute_of_close(end))
                is_open |= is_hour & (weekday == own) & (day >= since) & (day < until)
        return is_open & ~day.is_in(sorted(self.holidays))

    def is_working_day(self, day: pl.Expr) -> pl.Expr:
        """Whether anybody works on a local day."""
        spans = [
            (day >= since) & (day < until) & day.dt.weekday().is_in(sorted({opening[0] + 1 for opening in openings}))
            for since, until, openings in self._spans()
        ]
        return pl.any_horizontal(spans) & ~day.is_in(sorted(self.holidays))

    def _spans(self) -> list[tuple[date, date, Openings]]:
        """First day, first day after and hours of every stretch in which the same hours hold."""
        ends = [until for until, _ in self.earlier]
        held = [*(openings for _, openings in self.earlier), self.openings]
        return list(zip([date.min, *ends], [*ends, date.max], held, strict=True))


class WorkingClock:
    """Working time of one or more calendars over a bounded stretch of history.

    A *reading* is the working milliseconds between the clock's origin and an instant; the working time of a stretch is
    the difference of the readings at its two ends.
    """

    def __init__(self, calendars: Sequence[WorkingCalendar], first: datetime, last: datetime) -> None:
        """Cover every instant in ``[first, last]``."""
        self._bucket_ms = _bucket_minutes(calendars) * MINUTE_MS
        self._first_bucket = _epoch_ms(first) // self._bucket_ms
        self._bucket_count = _epoch_ms(last) // self._bucket_ms - self._first_bucket + 1
        starts = (self._first_bucket + np.arange(self._bucket_count, dtype=np.int64)) * self._bucket_ms
        instants = pl.Series(starts).cast(pl.Datetime("ms", "UTC"))
        openings = [calendar.is_working(instants).to_numpy() for calendar in calendars]
        self._is_open = np.concatenate(openings)
        self._base = np.concatenate([self._bases(is_open, starts) for is_open in openings])

    def readings(self, at_us: np.ndarray, calendar: np.ndarray | int = 0) -> np.ndarray:
        """Reading at each instant (microseconds since 1970, UTC) of the calendar at each position, int64 milliseconds.

        Raises ValueError for an instant outside the covered stretch.
        """
        reading = np.empty(len(at_us), dtype=np.int64)
        codes = np.broadcast_to(calendar, reading.shape)
        for start in range(0, len(reading), BLOCK):
            block = slice(start, start + BLOCK)
            self._read(at_us[block], codes[block], reading[block])
        return reading

    def _read(self, at_us: np.ndarray, calendar: np.ndarray, reading: np.ndarray) -> None:
        np.floor_divide(at_us, 1000, out=reading)
        bucket = reading // self._bucket_ms
        bucket -= self._first_bucket
        if bucket.view(np.uint64).max() >= self._bucket_count:
            raise ValueError("an instant lies outside the stretch this working clock covers")
        bucket += np.int64(self._bucket_count) * calendar
        reading *= self._is_open[bucket]
        reading += self._base[bucket]

    def _bases(self, is_open: np.ndarray, starts: np.ndarray) -> np.ndarray:
        before = np.concatenate([[0], np.cumsum(is_open * self._bucket_ms)[:-1]])
        bases: np.ndarray = before - is_open * starts
        return bases


def working_ms(calendar: WorkingCalendar, start: datetime, end: datetime) -> int:
    """Working milliseconds of ``[start, end)``, for a single stretch."""
    clock = WorkingClock([calendar], min(start, end), max(start, end))
    at = np.array([_epoch_ms(start), _epoch_ms(end)], dtype=np.int64) * 1000
    first, last = clock.readings(at)
    return int(last - first)


def _bucket_minutes(calendars: Sequence[WorkingCalendar]) -> int:
    """Largest bucket in which no opening begins or ends: zones' offsets are whole quarter hours."""
    edges = {
        minute
        for calendar in calendars
        for openings in (calendar.openings, *(hours for _, hours in calendar.earlier))
        for _, start, end in openings
        for minute in (_minute_of_day(start), _minute_of_close(end))
    }
    return next(size for size in (15, 5, 1) if all(edge % size == 0 for edge in edges))


def _minute_of_day(at: time) -> int:
    return at.hour * 60 + at.minute


def _minute_of_close(at: time) -> int:
    return _minute_of_day(at) or 24 * 60


def _epoch_ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)
