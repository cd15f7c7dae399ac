"""What a period shows of a stream: cut at its ends, on the stream's working clock, with nothing of what came later."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest

from tests.builders import BOARD, OFFICE_HOURS, frames
from tests.chain import compute
from tests.transforms.metrics.constraint_frames import END, WEEK_HOURS, WEEKS, review_bound
from tests.transforms.metrics.flow_frames import MONDAY
from tests.transforms.metrics.metric_frames import core_of
from transforms.calendar import WorkingCalendar
from transforms.constraint.period_visits import observe, streams_of
from transforms.constraint.stations import stations_of
from transforms.constraint.visits import stage_visits

WORKFLOW = BOARD.workflow(commitment="In Progress")
WHOLE = (MONDAY, END)
HALVES = ((MONDAY, MONDAY + timedelta(weeks=WEEKS // 2)), (MONDAY + timedelta(weeks=WEEKS // 2), END))


def stream_of(raw, workflow=WORKFLOW):
    core, persons = core_of(raw, workflow, END), compute(raw, workflow, END)["person_intervals"]
    stations = stations_of(core.stages.collect(), persons, workflow)
    visits, _ = stage_visits(persons, raw.changes, stations, {}, workflow, END)
    grid = pl.DataFrame({"starts_at": [MONDAY], "ends_at": [END]}).cast(pl.Datetime("us", "UTC"))
    [found] = streams_of(visits, stations, raw.changes, grid, workflow, END)
    return found


@pytest.fixture(scope="module")
def stream():
    return stream_of(frames(*review_bound()))


def test_a_period_lasts_as_many_working_hours_as_its_weeks(stream):
    """Told in UTC, it ends an hour later in the day once summer time has begun."""
    assert observe(stream, *WHOLE).horizon == pytest.approx(WEEKS * WEEK_HOURS, abs=1)
    assert stream.week_hours == WEEK_HOURS


MORNINGS = WorkingCalendar.weekdays("Europe/Berlin", end=time(13))
LONGER_SINCE_JULY = replace(OFFICE_HOURS, earlier=((date(2025, 7, 1), MORNINGS.openings),))
CHRISTMAS = frozenset(date(2025, 1, 6) + timedelta(days=day) for day in range(14))
FOUR_DAYS = WorkingCalendar.weekdays("Europe/Berlin", days=(0, 1, 2, 3))


@pytest.mark.parametrize(
    ("calendar", "hours", "day_hours"),
    [
        (OFFICE_HOURS, [40, 40, 40], 8),
        (LONGER_SINCE_JULY, [20, 20, 20], 8),
        (replace(OFFICE_HOURS, holidays=CHRISTMAS), [0, 0, 40], 8),
        (FOUR_DAYS, [32, 32, 32], 8),
    ],
    ids=["office hours", "longer hours later", "two weeks of holidays", "four days"],
)
def test_weeks_are_those_of_the_calendar_however_many_hours_they_have(calendar, hours, day_hours):
    workflow = BOARD.workflow(commitment="In Progress", calendar=calendar)
    seen = observe(stream_of(frames(*review_bound()[:20]), workflow), MONDAY, MONDAY + timedelta(weeks=26, hours=-1))
    assert seen.weeks == pytest.approx(26)
    assert np.diff(seen.week_edges)[:3].tolist() == pytest.approx(hours, abs=1)
    assert (len(seen.week_edges), seen.day_hours) == (27, day_hours)


def test_nothing_is_known_of_what_came_after_the_end(stream):
    seen = observe(stream, *HALVES[0])
    for at in (seen.entered, seen.taken, seen.left, seen.done):
        assert np.nanmax(at) <= seen.horizon
    assert (np.isnan(seen.left) == (seen.following == -1)).all()
    assert (np.isnan(seen.done) == np.isnan(seen.left)).all()


def test_two_halves_deliver_and_start_what_the_whole_does(stream):
    whole, halves = observe(stream, *WHOLE), [observe(stream, *half) for half in HALVES]
    assert sum(half.delivered_count for half in halves) == whole.delivered_count
    assert sum(half.started_count() for half in halves) == whole.started_count()
    assert sum(half.presence_hours() for half in halves) == pytest.approx(whole.presence_hours())


def test_a_period_begins_no_earlier_than_the_day_of_the_streams_first_work(stream):
    first_day = datetime(2025, 1, 5, 23, tzinfo=UTC)
    assert stream.begun_at == first_day
    assert stream.window(MONDAY - timedelta(weeks=20), END) == (first_day, END)
    assert stream.window(MONDAY + timedelta(weeks=1), END) == (MONDAY + timedelta(weeks=1), END)


def test_a_period_that_was_over_before_the_first_work_is_empty(stream):
    ended = MONDAY - timedelta(weeks=1)
    assert stream.window(MONDAY - timedelta(weeks=14), ended) == (ended, ended)


def test_what_was_there_before_the_period_has_times_below_nought(stream):
    seen = observe(stream, *HALVES[1])
    early = seen.entered < 0
    assert early.any()
    assert (seen.left[early & ~np.isnan(seen.left)] > 0).all()
    assert seen.started_count() == int((seen.first_of_chain() & ~early).sum())


def test_steps_come_in_the_order_of_the_walk_with_their_people(stream):
    seen = observe(stream, *WHOLE)
    assert seen.stations[:2] == ("Development", "Review")
    assert len(seen.people) == len(seen.traces) == len(seen.away)
    assert all((np.diff(trace) > 0).all() for trace in seen.traces)


def under_another_key(raw):
    """The same histories with other pseudonyms, in another order."""
    is_person = pl.col.field == "assignee"
    return raw._replace(
        issues=raw.issues.with_columns(assignee=10_000 - pl.col.assignee),
        changes=raw.changes.with_columns(
            author=10_000 - pl.col.author,
            from_id=pl.when(is_person).then(10_000 - pl.col.from_id).otherwise("from_id"),
            to_id=pl.when(is_person).then(10_000 - pl.col.to_id).otherwise("to_id"),
        ),
    )


def test_what_a_period_shows_does_not_depend_on_the_pseudonyms(stream):
    seen, other = observe(stream, *WHOLE), observe(stream_of(under_another_key(frames(*review_bound()))), *WHOLE)
    assert len(set(seen.worker.tolist())) > 2
    assert other.people.tolist() == (10_000 - seen.people).tolist()
    assert other.worker.tolist() == seen.worker.tolist()
    assert other.attention.tolist() == seen.attention.tolist()
