"""Working time: ``WorkingClock`` beside ``business_day_count``, and against an oracle that asks every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from benchmarks.history import AS_OF, HOLIDAYS, History, workflow
from benchmarks.protocol import Bar, Report, Variant, race
from transforms.calendar import WorkingCalendar, WorkingClock
from transforms.status_events import status_events
from transforms.stretches import add_working_time, close_stretches

TITLE = "working time of stretches"

PRODUCT, BUSINESS_DAYS, ONCE = "add_working_time", "Polars business_day_count", "the same, once per event"

OPENS, CLOSES = 9, 17
HOUR_MS = 3_600_000
DAY_MS = (CLOSES - OPENS) * HOUR_MS

ORACLE_YEAR = 2024
"""A year with both changes to and from daylight saving in every zone below that has them."""

SAMPLES = 1_500
"""Stretches per zone and calendar."""


class Case(NamedTuple):
    """A calendar whose readings are held against the oracle."""

    zone: str
    opens: time
    closes: time
    days: tuple[int, ...]


WEEK, ALL_DAYS = (0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5, 6)

CASES = (
    Case("Europe/Berlin", time(9), time(17), WEEK),
    Case("Europe/Berlin", time(0), time(8), ALL_DAYS),
    Case("America/New_York", time(1, 30), time(10), ALL_DAYS),
    Case("America/New_York", time(9), time(17, 45), WEEK),
    Case("Asia/Kolkata", time(10), time(18, 30), WEEK),
    Case("Pacific/Auckland", time(2, 15), time(11), ALL_DAYS),
    Case("Australia/Lord_Howe", time(0), time(0), ALL_DAYS),
    Case("Australia/Lord_Howe", time(1, 45), time(9), ALL_DAYS),
)
"""Five zones; openings that begin inside repeated and skipped hours, and half-hour changes."""


def measure(history: History, rounds: int) -> Report:
    """Race working time and count what disagrees with the oracle."""
    measured = race(TITLE, len(history.moves) + len(history.issues), variants(history), rounds)
    mismatches = sum(map(count_mismatches, CASES))
    zones = len({case.zone for case in CASES})
    return Report(
        [measured],
        [
            Bar(f"{TITLE}: × {BUSINESS_DAYS}", measured.ratio(BUSINESS_DAYS), 15),
            Bar(f"{TITLE}: mismatches in {SAMPLES * len(CASES):,} of {zones} zones", mismatches, 0, is_floor=False),
        ],
    )


def variants(history: History) -> list[Variant]:
    """The product's clock and counting business days between local dates."""
    calendar = workflow().streams[0].calendar
    stretches = close_stretches(status_events(history.issues, history.moves), AS_OF)
    first = stretches["entered_at"].min()
    clock = WorkingClock([calendar], first if isinstance(first, datetime) else AS_OF, AS_OF)
    codes = np.zeros(len(stretches), dtype=np.int64)
    return [
        Variant(PRODUCT, partial(add_working_time, stretches, codes, clock, AS_OF), _rows),
        Variant(BUSINESS_DAYS, partial(_business_days, stretches, calendar.zone), _rows),
        Variant(ONCE, partial(_business_days_once, stretches, calendar.zone), _rows),
    ]


def count_mismatches(case: Case, samples: int = SAMPLES) -> int:
    """Random stretches of a year, to the millisecond, whose working time differs from the oracle's."""
    holidays = frozenset(day for day in HOLIDAYS if day.year == ORACLE_YEAR)
    calendar = WorkingCalendar.weekdays(case.zone, case.opens, case.closes, holidays, case.days)
    begin, end = datetime(ORACLE_YEAR, 1, 1, tzinfo=UTC), datetime(ORACLE_YEAR + 1, 1, 1, tzinfo=UTC)
    open_minutes = _open_minutes(case, holidays, begin, int((end - begin) / timedelta(minutes=1)))
    rng = np.random.default_rng(len(case.zone))
    at_ms = np.sort(rng.integers(0, len(open_minutes) * 60_000, (samples, 2)), axis=1)
    at_ms[::10] -= at_ms[::10] % (15 * 60_000)
    expected = np.diff(_oracle_readings(open_minutes, at_ms), axis=1)
    clock = WorkingClock([calendar], begin, end)
    start_ms = int(begin.timestamp()) * 1000
    found = np.diff(clock.readings((at_ms + start_ms).ravel() * 1000).reshape(at_ms.shape), axis=1)
    return int(np.count_nonzero(found != expected))


def _open_minutes(case: Case, holidays: frozenset[date], begin: datetime, count: int) -> np.ndarray:
    """Of every UTC minute: does the wall clock say working time? Asked of zoneinfo minute by minute."""
    zone, minute = ZoneInfo(case.zone), timedelta(minutes=1)
    return np.array([_is_open((begin + number * minute).astimezone(zone), case, holidays) for number in range(count)])


def _is_open(local: datetime, case: Case, holidays: frozenset[date]) -> bool:
    is_before_close = case.closes == time(0) or local.time() < case.closes
    is_working_day = local.weekday() in case.days and local.date() not in holidays
    return is_working_day and case.opens <= local.time() and is_before_close


def _oracle_readings(open_minutes: np.ndarray, at_ms: np.ndarray) -> np.ndarray:
    """Working milliseconds from the beginning to each instant: whole open minutes and the part of the last one."""
    until = np.concatenate([[0], np.cumsum(open_minutes)]) * 60_000
    minute = at_ms // 60_000
    return until[minute] + np.append(open_minutes, False)[minute] * (at_ms % 60_000)


def _rows(result: pl.DataFrame) -> pl.DataFrame:
    return result.select("issue_id", "entered_at", "working_ms")


def _business_days(stretches: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Business days between the local dates of entry and exit, less and plus the parts of those two days."""
    read = stretches.lazy().with_columns(
        begin=pl.col.entered_at.dt.convert_time_zone(zone).dt.replace_time_zone(None),
        end=pl.col.left_at.fill_null(AS_OF).dt.convert_time_zone(zone).dt.replace_time_zone(None),
    )
    days = pl.business_day_count(pl.col.begin.dt.date(), pl.col.end.dt.date(), holidays=sorted(HOLIDAYS))
    spent = days.cast(pl.Int64) * DAY_MS + _part_of_day(pl.col.end) - _part_of_day(pl.col.begin)
    return read.with_columns(working_ms=spent).drop("begin", "end").collect()


def _business_days_once(stretches: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The same by readings, each entry converted once; an exit is the next row's entry."""
    reading = _reading(pl.col.entered_at.dt.convert_time_zone(zone).dt.replace_time_zone(None))
    now = _reading(pl.lit(AS_OF.astimezone(ZoneInfo(zone)).replace(tzinfo=None), pl.Datetime("us")))
    read = stretches.lazy().with_columns(reading=reading)
    end = pl.when(pl.col.left_at.is_null()).then(now).otherwise(pl.col.reading.shift(-1))
    return read.with_columns(working_ms=end - pl.col.reading).drop("reading").collect()


def _reading(local: pl.Expr) -> pl.Expr:
    """Working milliseconds since an early Monday: whole working days before this one, and the part of this one."""
    before = pl.business_day_count(date(2000, 1, 3), local.dt.date(), holidays=sorted(HOLIDAYS))
    return before.cast(pl.Int64) * DAY_MS + _part_of_day(local)


def _part_of_day(local: pl.Expr) -> pl.Expr:
    """Working milliseconds of an instant's own day before it."""
    is_working = local.dt.date().dt.is_business_day(holidays=sorted(HOLIDAYS))
    today = (local - local.dt.truncate("1d")).dt.total_milliseconds() - OPENS * HOUR_MS
    return pl.when(is_working).then(today.clip(0, DAY_MS)).otherwise(0)
