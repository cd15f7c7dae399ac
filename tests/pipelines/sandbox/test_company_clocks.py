"""Working time of simulated people, by hand, over nights, weekends, holidays and daylight saving."""

from datetime import UTC, date, datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sandbox.company.clocks import DAY, HOUR, NEVER, WorkClock, from_ms, to_ms, weekday_openings
from pipelines.sandbox.company.people import (
    AUCKLAND,
    BERLIN,
    HOLIDAYS,
    KOLKATA,
    NEW_YORK,
    Staff,
    cover_clock,
    vacation_days,
    work_clock,
)
from pipelines.sandbox.company.render import stamp

FIRST, LAST = date(2025, 3, 24), date(2025, 4, 30)
CLOCK = WorkClock([(100, 200), (300, 350), (500, 600)])


def ms(year: int, month: int, day: int, hour: int, zone: str = "UTC") -> int:
    return to_ms(datetime(year, month, day, hour, tzinfo=ZoneInfo(zone)))


@pytest.mark.parametrize(
    ("at", "worked"), [(0, 0), (100, 0), (150, 50), (200, 100), (250, 100), (325, 125), (999, 250)]
)
def test_working_time_counts_only_inside_openings(at, worked):
    assert CLOCK.worked(at) == worked


@pytest.mark.parametrize(
    ("work", "at"), [(0, 100), (50, 150), (100, 200), (101, 301), (150, 350), (250, 600), (251, NEVER)]
)
def test_the_moment_at_which_work_is_done_is_the_first_one(work, at):
    assert CLOCK.moment(work) == at


def test_parts_of_a_millisecond_of_work_take_a_whole_one():
    assert CLOCK.moment(49.2) == 150


@pytest.mark.parametrize(("at", "opens"), [(0, 100), (150, 150), (200, 300), (349, 349), (350, 500), (600, NEVER)])
def test_the_door_opens_now_or_next(at, opens):
    assert CLOCK.opens(at) == opens


@given(st.integers(0, 250))
def test_moment_undoes_worked(work):
    assert CLOCK.worked(CLOCK.moment(work)) == work


def test_a_day_has_eight_hours_by_the_wall_clock_on_both_sides_of_a_time_change():
    openings = {day: (start, end) for day, start, end in weekday_openings(BERLIN, 9, FIRST, LAST)}
    assert openings[date(2025, 3, 28)][0] == ms(2025, 3, 28, 8)
    assert openings[date(2025, 3, 31)][0] == ms(2025, 3, 31, 7)
    assert {end - start for start, end in openings.values()} == {8 * HOUR}
    assert {day.weekday() for day in openings} == {0, 1, 2, 3, 4}


def test_people_do_not_work_on_their_days_off():
    person = Staff(Random(1)).hire(BERLIN)
    clock = work_clock(person, FIRST, LAST, HOLIDAYS[BERLIN])
    assert clock.opens(ms(2025, 4, 18, 10, BERLIN)) == ms(2025, 4, 22, 9, BERLIN), "Good Friday to Easter Tuesday"


def test_days_begin_a_little_late_but_are_not_shorter():
    person = Staff(Random(1)).hire(KOLKATA)
    sharp, late = work_clock(person, FIRST, LAST), work_clock(person, FIRST, LAST, late_by=HOUR)
    delays = {a - b for a, b in zip(late.starts, sharp.starts, strict=True)}
    assert len(delays) > 10
    assert 0 <= min(delays) < max(delays) < HOUR
    assert late.through == sharp.through


def test_a_cover_works_only_on_the_days_of_absence():
    person = Staff(Random(1)).hire(AUCKLAND)
    away = frozenset({date(2025, 4, 1), date(2025, 4, 5), date(2025, 4, 25)})
    clock = cover_clock(person, FIRST, LAST, away)
    assert [from_ms(start).astimezone(ZoneInfo(AUCKLAND)).date() for start in clock.starts] == [date(2025, 4, 1)]


def test_vacations_come_to_about_five_weeks_a_year():
    first, last = date(2025, 1, 1), date(2025, 12, 31)
    taken = [len(vacation_days(Random(seed), first, last)) for seed in range(50)]
    assert all(26 <= days <= 36 for days in taken)
    assert all(day.weekday() < 5 for day in vacation_days(Random(1), first, last))


def test_staff_have_distinct_names_accounts_and_mailboxes():
    staff = Staff(Random(3))
    people = [staff.hire(NEW_YORK) for _ in range(200)]
    for part in ("account_id", "display_name", "email"):
        assert len({getattr(person, part) for person in people}) == 200
    assert all(set(person.email) <= set(person.email.lower()) and " " not in person.email for person in people)


def test_an_app_has_no_mailbox():
    user = Staff(Random(3)).install("Automation").as_user()
    assert user["accountType"] == "app"
    assert "emailAddress" not in user


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        (BERLIN, "2025-03-30T03:00:00.007+0200"),
        (NEW_YORK, "2025-03-29T21:00:00.007-0400"),
        (KOLKATA, "2025-03-30T06:30:00.007+0530"),
        (AUCKLAND, "2025-03-30T14:00:00.007+1300"),
    ],
)
def test_instants_are_written_in_the_offset_of_their_zone(zone, written):
    assert stamp(ms(2025, 3, 30, 1) + 7, zone) == written


@given(st.integers(ms(2024, 1, 1, 0), ms(2027, 1, 1, 0)), st.sampled_from([BERLIN, NEW_YORK, KOLKATA, AUCKLAND]))
def test_a_written_instant_reads_as_itself(at, zone):
    assert to_ms(datetime.fromisoformat(stamp(at, zone))) == at


def test_milliseconds_survive_the_way_to_a_moment_and_back():
    at = ms(2026, 6, 30, 16) + 123
    assert to_ms(from_ms(at)) == at
    assert from_ms(at).tzinfo is UTC
    assert from_ms(at + DAY) > from_ms(at)
