"""Working time: wall-clock hours in a zone, exact to the millisecond, through every change of the clocks."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle_events import ms
from tests.oracle_events import working_ms as minute_by_minute
from transforms.calendar import WorkingCalendar, WorkingClock, _bucket_minutes, working_ms

MINUTE, HOUR = 60_000, 3_600_000

EVERY_DAY = tuple(range(7))

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Chatham")


def opening(zone: str, start: str, end: str, **more: object) -> WorkingCalendar:
    return WorkingCalendar.weekdays(zone, time.fromisoformat(start), time.fromisoformat(end), days=EVERY_DAY, **more)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day_in(zone: str, day: str, calendar: WorkingCalendar) -> int:
    start = datetime.fromisoformat(day)
    ends = (pl.Series([start, start + timedelta(days=1)]).dt.replace_time_zone(zone)).dt.convert_time_zone("UTC")
    return working_ms(calendar, *ends.to_list())


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [("02:00", "03:00", 0), ("01:30", "02:30", 30), ("02:15", "03:15", 15), ("01:00", "04:00", 120)],
)
def test_an_opening_in_a_skipped_hour_counts_what_is_left_of_it(start, end, minutes):
    assert day_in("Europe/Berlin", "2026-03-29", opening("Europe/Berlin", start, end)) == minutes * MINUTE


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [("02:00", "03:00", 120), ("02:15", "02:45", 60), ("01:30", "02:30", 90), ("01:00", "04:00", 240)],
)
def test_an_opening_in_a_repeated_hour_counts_both_passes(start, end, minutes):
    assert day_in("Europe/Berlin", "2026-10-25", opening("Europe/Berlin", start, end)) == minutes * MINUTE


def test_a_window_that_opens_in_the_second_pass_of_a_repeated_hour_is_told_by_its_instants():
    calendar = opening("Europe/Berlin", "02:15", "02:45")
    assert working_ms(calendar, utc("2026-10-25 00:00"), utc("2026-10-25 01:00")) == 30 * MINUTE
    assert working_ms(calendar, utc("2026-10-25 00:45"), utc("2026-10-25 01:15")) == 0
    assert working_ms(calendar, utc("2026-10-25 01:00"), utc("2026-10-25 01:30")) == 15 * MINUTE


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_round_the_clock_is_as_long_as_the_day(day, hours):
    assert day_in("Europe/Berlin", day, opening("Europe/Berlin", "00:00", "00:00")) == hours * HOUR


def test_an_opening_may_last_until_midnight():
    calendar = opening("Europe/Berlin", "22:00", "00:00")
    assert day_in("Europe/Berlin", "2026-06-01", calendar) == 2 * HOUR
    assert working_ms(calendar, utc("2026-06-01 21:59"), utc("2026-06-01 22:01")) == MINUTE
    assert calendar.hours_per_day == 2


def test_a_holiday_is_free_from_local_midnight_to_local_midnight():
    calendar = opening("America/New_York", "00:00", "00:00", holidays=frozenset({date(2026, 7, 3)}))
    assert working_ms(calendar, utc("2026-07-03 03:00"), utc("2026-07-04 05:00")) == 2 * HOUR


def test_weekends_are_free_by_default():
    calendar = WorkingCalendar.weekdays("Europe/Berlin")
    assert working_ms(calendar, utc("2026-03-06 15:00"), utc("2026-03-09 09:00")) == 2 * HOUR


def test_half_hour_zones_open_at_the_half_hour():
    calendar = WorkingCalendar.weekdays("Asia/Kolkata")
    assert working_ms(calendar, utc("2026-03-02 03:00"), utc("2026-03-02 04:00")) == 30 * MINUTE
    assert working_ms(calendar, utc("2026-03-02 00:00"), utc("2026-03-03 00:00")) == 8 * HOUR


def test_lord_howe_moves_its_clocks_by_half_an_hour():
    zone = "Australia/Lord_Howe"
    assert day_in(zone, "2026-04-05", opening(zone, "01:00", "02:00")) == 90 * MINUTE
    assert day_in(zone, "2026-10-04", opening(zone, "02:00", "03:00")) == 30 * MINUTE
    assert day_in(zone, "2026-10-04", opening(zone, "00:00", "00:00")) == 23.5 * HOUR


@pytest.mark.parametrize(("start", "bucket"), [("08:45", 15), ("08:50", 5), ("08:51", 1)])
def test_buckets_are_as_wide_as_the_openings_allow(start, bucket):
    calendar = opening("Europe/Berlin", start, "17:00")
    assert _bucket_minutes([calendar]) == bucket
    assert _bucket_minutes([calendar, opening("Asia/Kolkata", "09:00", "17:00")]) == bucket
    until_nine = working_ms(calendar, utc("2026-03-02 07:00"), utc("2026-03-02 08:00"))
    assert until_nine == (60 - int(start[3:])) * MINUTE


def test_milliseconds_are_exact():
    calendar = WorkingCalendar.weekdays("Europe/Berlin")
    start = utc("2026-03-02 07:59:59.750")
    assert working_ms(calendar, start, start + timedelta(milliseconds=251)) == 1
    assert working_ms(calendar, start + timedelta(milliseconds=250), utc("2026-03-02 08:00:00.999")) == 999


def test_several_calendars_share_one_clock():
    calendars = [
        WorkingCalendar.weekdays("Europe/Berlin"),
        WorkingCalendar.weekdays("America/New_York", time(8, 50), time(16)),
        opening("Asia/Kolkata", "00:00", "00:00"),
    ]
    first, last = utc("2026-03-05 12:00"), utc("2026-03-10 13:37")
    clock = WorkingClock(calendars, first, last)
    at = np.array([ms(first), ms(last)], dtype=np.int64) * 1000
    for place, calendar in enumerate(calendars):
        begin, end = clock.readings(at, place)
        assert end - begin == working_ms(calendar, first, last) == minute_by_minute(calendar, ms(first), ms(last))
    each = clock.readings(np.repeat(at[1:], 3), np.arange(3)) - clock.readings(np.repeat(at[:1], 3), np.arange(3))
    assert each.tolist() == [working_ms(calendar, first, last) for calendar in calendars]


@pytest.mark.parametrize("outside", ["2026-03-01 23:00", "2026-03-03 01:00"])
def test_an_instant_outside_the_covered_stretch_is_refused(outside):
    clock = WorkingClock([WorkingCalendar.weekdays("UTC")], utc("2026-03-02 00:00"), utc("2026-03-03 00:00"))
    with pytest.raises(ValueError, match="outside the stretch"):
        clock.readings(np.array([ms(utc(outside)) * 1000]))
    assert len(clock.readings(np.array([], dtype=np.int64))) == 0


def test_a_working_day_is_as_long_as_the_longest_one():
    split = ((0, time(8, 30), time(12)), (0, time(13), time(17, 15)), (4, time(9), time(12)))
    assert WorkingCalendar("Europe/Berlin", split).hours_per_day == 7.75


def test_a_wall_clock_time_is_working_time_from_the_opening_on_and_not_at_the_close():
    calendar = WorkingCalendar.weekdays("Europe/Berlin")
    at = pl.Series([utc(f"2026-03-02 {hour}") for hour in ("07:59:59", "08:00", "15:59:59", "16:00")])
    assert calendar.is_working(at).to_list() == [False, True, True, False]


SHORTER = WorkingCalendar.weekdays("Europe/Berlin", time(9), time(13), days=(0, 1, 2, 3))


def changed(on="2026-03-02"):
    """Nine to five, Monday to Friday; from that day on, mornings only and no Fridays."""
    return WorkingCalendar(
        "Europe/Berlin", SHORTER.openings, earlier=((date.fromisoformat(on), WorkingCalendar.weekdays("UTC").openings),)
    )


def test_other_hours_hold_from_their_day_on_and_the_past_keeps_its_own():
    assert working_ms(changed(), utc("2026-02-23 00:00"), utc("2026-03-02 00:00")) == 40 * HOUR
    assert working_ms(changed(), utc("2026-03-02 00:00"), utc("2026-03-09 00:00")) == 16 * HOUR
    assert changed().hours_per_day == 4


def test_a_change_takes_effect_at_local_midnight():
    calendar = WorkingCalendar(
        "America/New_York", (), earlier=((date(2026, 3, 3), opening("UTC", "00:00", "00:00").openings),)
    )
    assert working_ms(calendar, utc("2026-03-03 00:00"), utc("2026-03-03 12:00")) == 5 * HOUR


def test_days_on_which_nobody_works_follow_the_hours_of_their_time():
    days = pl.DataFrame({"day": [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 5), date(2026, 3, 6)]})
    assert days.select(changed().is_working_day(pl.col.day))["day"].to_list() == [True, False, True, False]
    free = WorkingCalendar.weekdays("UTC", holidays=frozenset({date(2026, 2, 27)}))
    assert days.select(free.is_working_day(pl.col.day))["day"].to_list() == [False, False, True, True]


def test_buckets_fit_the_hours_of_old_too():
    old = opening("UTC", "08:51", "17:00").openings
    assert _bucket_minutes([WorkingCalendar("UTC", SHORTER.openings, earlier=((date(2026, 1, 1), old),))]) == 1


@given(st.integers(0, 20 * 24 * 60), st.integers(0, 20 * 24 * 60), st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_a_stretch_across_changes_is_the_sum_of_its_parts(begin, length, day):
    """Old hours up to the day's local midnight, new ones from there on: never both, never neither."""
    start = utc("2026-03-20 00:00") + timedelta(minutes=begin)
    end = start + timedelta(minutes=length)
    turn = date(2026, 3, 20) + timedelta(days=day)
    midnight = pl.Series([datetime(turn.year, turn.month, turn.day)]).dt.replace_time_zone("Europe/Berlin")[0]
    old = WorkingCalendar.weekdays("Europe/Berlin", time(8, 30), time(17))
    both = WorkingCalendar("Europe/Berlin", SHORTER.openings, earlier=((turn, old.openings),))
    before = working_ms(old, min(start, midnight), min(end, midnight))
    after = working_ms(SHORTER, max(start, midnight), max(end, midnight))
    assert working_ms(both, start, end) == before + after


@st.composite
def stretches(draw: st.DrawFn) -> tuple[WorkingCalendar, datetime, datetime]:
    hours = draw(
        st.sampled_from(
            [
                ((time(9), time(17)),),
                ((time(8, 51), time(12)), (time(13), time(0))),
                ((time(1, 15), time(2, 45)),),
                ((time(0), time(0)),),
            ]
        )
    )
    calendar = WorkingCalendar(
        draw(st.sampled_from(ZONES)),
        tuple((day, start, end) for day in draw(st.sampled_from([(0, 1, 2, 3, 4), EVERY_DAY])) for start, end in hours),
        draw(st.frozensets(st.sampled_from([date(2026, 4, 5), date(2026, 10, 26)]))),
    )
    near = draw(st.sampled_from(["2026-03-07", "2026-03-28", "2026-04-04", "2026-09-26", "2026-10-03", "2026-10-24"]))
    start = utc(near) + timedelta(milliseconds=draw(st.integers(0, 2 * 24 * HOUR)))
    return calendar, start, start + timedelta(milliseconds=draw(st.integers(0, 24 * HOUR)))


@given(stretches())
@settings(max_examples=80, deadline=None)
def test_working_time_is_what_every_minute_says(stretch):
    calendar, start, end = stretch
    assert working_ms(calendar, start, end) == minute_by_minute(calendar, ms(start), ms(end))
