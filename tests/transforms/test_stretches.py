"""From beginnings to stretches: each ends where the next of its issue begins, the last one is open."""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from transforms.calendar import WorkingCalendar, WorkingClock
from transforms.schema import TIMESTAMP
from transforms.stretches import add_working_time, close_stretches

HOUR = 3_600_000


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}").replace(tzinfo=UTC)


AS_OF = at("03 12:00")

ROWS = pl.DataFrame(
    {"issue_id": [1, 1, 1, 2], "entered_at": [at("02 08:00"), at("02 15:30"), at("02 15:30"), at("03 09:00")]},
    schema={"issue_id": pl.Int64, "entered_at": TIMESTAMP},
)


def test_a_stretch_ends_where_the_next_of_its_issue_begins():
    closed = close_stretches(ROWS, AS_OF)
    assert closed["left_at"].to_list() == [at("02 15:30"), at("02 15:30"), None, None]


def test_an_open_stretch_is_measured_up_to_as_of():
    assert close_stretches(ROWS, AS_OF)["elapsed_ms"].to_list() == [7.5 * HOUR, 0, 20.5 * HOUR, 3 * HOUR]


def test_fractions_of_a_second_count_in_milliseconds():
    rows = ROWS.with_columns(pl.col.entered_at + pl.duration(milliseconds=pl.Series([0, 1, 2, 3])))
    assert close_stretches(rows, AS_OF)["elapsed_ms"].to_list()[:2] == [7.5 * HOUR + 1, 1]


def test_working_time_is_that_of_each_rows_calendar():
    calendars = [WorkingCalendar.weekdays("UTC"), WorkingCalendar.weekdays("America/New_York")]
    clock = WorkingClock(calendars, at("02 00:00"), AS_OF)
    closed = close_stretches(ROWS, AS_OF)
    london = add_working_time(closed, np.array([0, 0, 0, 0]), clock, AS_OF)
    assert london["working_ms"].to_list() == [6.5 * HOUR, 0, 4.5 * HOUR, 3 * HOUR]
    mixed = add_working_time(closed, np.array([0, 0, 0, 1]), clock, AS_OF)
    assert mixed["working_ms"].to_list() == [6.5 * HOUR, 0, 4.5 * HOUR, 0]
    west = add_working_time(closed, np.array([1, 1, 1, 1]), clock, AS_OF)
    assert west["working_ms"].to_list() == [1.5 * HOUR, 0, 6.5 * HOUR, 0]


def test_nothing_closes_to_nothing():
    clock = WorkingClock([WorkingCalendar.weekdays("UTC")], AS_OF, AS_OF)
    closed = add_working_time(close_stretches(ROWS.clear(), AS_OF), np.array([], dtype=np.int64), clock, AS_OF)
    assert closed.schema == {
        "issue_id": pl.Int64, "entered_at": TIMESTAMP, "left_at": TIMESTAMP, "elapsed_ms": pl.Int64,
        "working_ms": pl.Int64,
    }  # fmt: skip
    assert closed.is_empty()
