"""Which hours of which days of the calendar a stretch covers: the arithmetic behind a working duration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import numpy as np

from pipelines.life.durations import in_words
from transforms.calendar import WorkingCalendar, WorkingClock

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Day:
    """Working time of a stretch on one local day."""

    midnight: datetime
    working_ms: int


def working_days(calendar: WorkingCalendar, start: datetime, end: datetime) -> list[Day]:
    """The local days of ``[start, end)`` with the working time on each; days without any are left out."""
    zone = ZoneInfo(calendar.zone)
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    midnights = [datetime.combine(day, time(), zone) for day in days]
    edges = [start, *midnights[1:], end]
    at = np.array([round(edge.timestamp() * 1e6) for edge in edges], dtype=np.int64)
    clock = WorkingClock([calendar], start, end)
    spent = np.diff(clock.readings(at)).tolist()
    return [Day(midnight, ms) for midnight, ms in zip(midnights, spent, strict=True) if ms]


def days_in_words(days: list[Day]) -> str:
    """One addend a day, equal days in a row as one: "Thu 5 Mar 1 h + Fri 6 – Tue 10 Mar 3 × 8 h"."""
    runs = [list(run) for _, run in groupby(days, key=lambda day: day.working_ms)]
    return " + ".join(_run_in_words(run) for run in runs) or "no working hour"


def calendar_in_words(calendar: WorkingCalendar) -> str:
    """The calendar in one line."""
    hours = sorted({(f"{start:%H:%M}", f"{end:%H:%M}") for _, start, end in calendar.openings})
    days = sorted({day for day, _, _ in calendar.openings})
    is_row = len(days) > 2 and days == list(range(days[0], days[-1] + 1))
    named = f"{WEEKDAYS[days[0]]}–{WEEKDAYS[days[-1]]}" if is_row else ", ".join(WEEKDAYS[day] for day in days)
    free = f", free days known: {len(calendar.holidays)}" if calendar.holidays else ""
    return f"{named} {', '.join('–'.join(pair) for pair in hours)}, {calendar.zone}{free}"


def _run_in_words(run: list[Day]) -> str:
    length = in_words(run[0].working_ms)
    if len(run) == 1:
        return f"{_date(run[0].midnight)} {length}"
    return f"{_date(run[0].midnight)} … {_date(run[-1].midnight)} {len(run)} × {length}"


def _date(day: datetime) -> str:
    return f"{WEEKDAYS[day.weekday()]} {day.day} {day:%b}"
