"""When releases shipped, how much was in them, and how long that had waited."""

from datetime import date

import polars as pl
import pytest

from tests.builders import PROJECT_ID, history, versions
from tests.transforms.told import DAY, HOUR, checked, instant, tell
from transforms.core.releases import Releases, measure_releases
from transforms.raw import RawProjects

H = [f"2026-03-02 {hour:02}:00" for hour in range(24)]

WEDNESDAY, NOON = "2026-03-04", "2026-03-04 12:00"

PROJECTS = pl.DataFrame([(PROJECT_ID, "G", "Golden")], schema=RawProjects.polars_schema(), orient="row")


def issue(key="G-1", *in_versions, **how):
    told = history(key).created(H[8], **how)
    for version in in_versions:
        told.release_in(version, H[8])
    return told


def done(key, *in_versions, at=H[12]):
    return issue(key, *in_versions).to("In Progress", H[9]).to("Done", at)


def measured(*told, dates=None, projects=PROJECTS, as_of="2026-03-06 17:00", **how) -> list[dict]:
    dates = versions((7, WEDNESDAY)) if dates is None else dates
    found = tell(*told, versions=dates, as_of=as_of, **how)
    journeys, intervals = (found.tables[name].lazy() for name in ("issue_journeys", "work_intervals"))
    made = measure_releases(
        found.raw.issues.lazy(), dates.lazy(), projects.lazy(), journeys, intervals, found.workflow, found.as_of
    )
    return checked(Releases, made).to_dicts()


def only(*told, **how) -> dict:
    (row,) = measured(*told, **how)
    return row


def test_a_release_ships_at_noon_of_its_day():
    row = only(done("G-1", 7))
    assert (row["release_id"], row["release_name"], row["project_key"]) == (7, "v7", "G")
    assert (row["is_released"], row["release_date"], row["released_at"]) == (True, date(2026, 3, 4), instant(NOON))


@pytest.mark.parametrize("delivery", ["status", "release"])
def test_work_waits_from_done_to_its_release(delivery):
    row = only(done("G-1", 7), done("G-2", 7, at="2026-03-04 09:00"), delivery=delivery)
    assert (row["issue_count"], row["delivered_count"], row["late_count"]) == (2, 2, 0)
    assert row["wait_ms"] == 2 * DAY + 3 * HOUR
    assert row["wait_days_p50"] == pytest.approx(3 / 24)


def test_a_median_over_an_odd_number_is_the_middle_one():
    row = only(done("G-1", 7), done("G-2", 7, at="2026-03-03 12:00"), done("G-3", 7, at="2026-03-04 06:00"))
    assert row["wait_days_p50"] == 1


def test_work_finished_after_its_release_is_late_and_waited_for_nothing():
    row = only(done("G-1", 7, at="2026-03-05 09:00"))
    assert (row["late_count"], row["wait_ms"], row["wait_days_p50"]) == (1, 0, None)


def test_work_finished_at_noon_of_the_release_waited_no_time():
    row = only(done("G-1", 7, at=NOON))
    assert (row["late_count"], row["wait_ms"], row["wait_days_p50"]) == (0, 0, 0)


def test_open_and_discarded_work_is_in_the_release_but_not_delivered():
    row = only(done("G-1", 7), issue("G-2", 7), issue("G-3", 7).to("Cancelled", H[9]))
    assert (row["issue_count"], row["delivered_count"]) == (3, 1)


def test_discarded_work_waits_for_no_release_and_is_not_late():
    early, late = (issue(key, 7).to("Cancelled", at) for key, at in (("G-1", H[9]), ("G-2", "2026-03-05 09:00")))
    row = only(early, late)
    assert (row["delivered_count"], row["late_count"], row["wait_ms"], row["wait_days_p50"]) == (0, 0, 0, None)


def test_an_issue_in_several_versions_counts_in_each():
    rows = measured(done("G-1", 7, 8), dates=versions((7, WEDNESDAY), (8, "2026-03-05")))
    assert [(row["release_id"], row["wait_ms"] / DAY) for row in rows] == [(7, 2), (8, 3)]


def test_an_unreleased_version_has_no_wait_yet():
    row = only(done("G-1", 7), dates=versions((7, None)))
    assert (row["is_released"], row["released_at"], row["wait_ms"], row["wait_days_p50"]) == (False, None, None, None)
    assert (row["issue_count"], row["delivered_count"]) == (1, 1)


def test_a_release_after_as_of_has_not_happened():
    row = only(done("G-1", 7), as_of="2026-03-04 11:00")
    assert (row["is_released"], row["released_at"], row["release_date"]) == (False, None, date(2026, 3, 4))
    assert row["wait_ms"] is None


def test_a_version_marked_released_without_a_date_is_released_at_no_known_time():
    undated = versions((7, None)).with_columns(is_released=True)
    row = only(done("G-1", 7), dates=undated)
    assert (row["is_released"], row["released_at"], row["wait_ms"]) == (True, None, 0)


def test_an_empty_release_holds_nothing():
    row = only(issue("G-1"))
    assert (row["issue_count"], row["delivered_count"], row["late_count"], row["wait_ms"]) == (0, 0, 0, 0)


def test_a_version_that_is_not_known_is_no_release():
    assert [row["release_id"] for row in measured(done("G-1", 7, 99))] == [7]


def test_a_version_of_a_project_out_of_scope_has_no_project():
    dates = versions((7, WEDNESDAY)).with_columns(project_id=pl.lit(555, pl.Int64))
    row = only(done("G-1", 7), dates=dates)
    assert (row["project_key"], row["issue_count"]) == (None, 1)


def test_epics_measured_through_children_are_left_out():
    epic = issue("E-1", 7, issue_type="Epic")
    assert only(epic, issue("G-1", 7, parent="E-1"))["issue_count"] == 1
    assert only(epic)["issue_count"] == 1


def test_an_issue_created_after_as_of_is_in_no_release_yet():
    late = history("G-2").created("2026-03-05 08:00").release_in(7, "2026-03-05 08:00")
    assert only(done("G-1", 7), late, as_of="2026-03-04 17:00")["issue_count"] == 1


@pytest.mark.parametrize("delivery", ["status", "release"])
def test_reopened_work_had_waited_since_its_last_done(delivery):
    story = done("G-1", 7).to("In QA", H[14]).to("Done", "2026-03-03 12:00")
    assert only(story, delivery=delivery)["wait_ms"] == DAY


def test_no_versions_no_releases():
    assert measured(issue("G-1"), dates=versions()) == []
