"""From done to users' hands: which release counts, and from when the wait runs."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from tests.builders import BOARD, PROJECT_ID, frames, history
from tests.transforms.metrics.metric_frames import core_of
from transforms.metrics.in_users_hands import waits_for_release
from transforms.raw import RawVersions

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
DONE = datetime(2026, 3, 5, 15, tzinfo=UTC)
NOON_OF_THE_TENTH = datetime(2026, 3, 10, 11, tzinfo=UTC)


def waits(told, *versions, delivery="status"):
    """The wait of one story; versions are (id, release day or None, marked as released)."""
    workflow = BOARD.workflow(delivery=delivery)
    rows = [(number, PROJECT_ID, f"v{number}", day, is_released) for number, day, is_released in versions]
    raw = pl.DataFrame(rows, schema=RawVersions.polars_schema(), orient="row")
    core = core_of(frames(told), workflow, AS_OF, raw)
    journeys, visits = core.issue_journeys.collect(), core.status_visits.collect()
    return waits_for_release(core.raw_issues, core.releases, journeys, visits).to_dicts()


def done(*version_ids, at="2026-03-05 16:00"):
    told = history("G-1").created("2026-03-02 09:00", status="In Progress").to("Done", at)
    for version_id in version_ids:
        told.release_in(version_id, at)
    return told


@pytest.mark.parametrize("delivery", ["status", "release"])
def test_the_wait_runs_from_done_to_noon_of_the_release(delivery):
    [wait] = waits(done(1), (1, date(2026, 3, 10), True), delivery=delivery)
    assert (wait["done_at"], wait["released_at"]) == (DONE, NOON_OF_THE_TENTH)


def test_the_earliest_of_several_releases_counts():
    [wait] = waits(done(1, 2), (1, date(2026, 4, 1), True), (2, date(2026, 3, 10), True))
    assert wait["released_at"] == NOON_OF_THE_TENTH


def test_work_whose_release_is_still_to_come_waits():
    [wait] = waits(done(1), (1, date(2026, 7, 14), False))
    assert (wait["done_at"], wait["released_at"]) == (DONE, None)


def test_a_release_before_done_leaves_no_wait():
    [wait] = waits(done(1), (1, date(2026, 3, 1), True))
    assert wait["released_at"] == wait["done_at"] == DONE


def test_a_release_without_a_date_says_nothing():
    assert waits(done(1), (1, None, True)) == []


def test_work_without_a_release_does_not_wait_for_one():
    assert waits(done(), (1, date(2026, 3, 10), True)) == []


def test_work_that_is_not_done_does_not_wait_yet():
    told = history("G-1").created("2026-03-02 09:00", status="In Progress").release_in(1, "2026-03-03 09:00")
    assert waits(told, (1, date(2026, 3, 10), True)) == []


def test_cancelled_work_waits_for_nothing():
    told = history("G-1").created("2026-03-02 09:00", status="In Progress").release_in(1, "2026-03-03 09:00")
    assert waits(told.to("Cancelled", "2026-03-04 09:00"), (1, date(2026, 3, 10), True)) == []


def test_from_done_to_closed_it_is_still_done_since_done():
    told = done(1).to("Closed", "2026-03-06 09:00")
    [wait] = waits(told, (1, date(2026, 3, 10), True))
    assert wait["done_at"] == DONE


def test_reopened_work_is_done_at_its_last_done():
    told = done(1).to("In Progress", "2026-03-06 09:00").to("Done", "2026-03-07 09:00")
    [wait] = waits(told, (1, date(2026, 3, 10), True))
    assert wait["done_at"] == datetime(2026, 3, 7, 8, tzinfo=UTC)
