"""The cumulative flow diagram: a small one by hand, lines that never fall, and the same counts made day by day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from tests.builders import BOARD, frames, history
from tests.strategies import cases
from tests.transforms.core.test_stages import ENDS_IN_RELEASE
from tests.transforms.metrics.metric_frames import checked, core_of
from tests.transforms.told import instant, with_issue
from transforms.metrics.cumulative_flow_daily import CumulativeFlowDaily, draw_cumulative_flow

AS_OF = datetime(2026, 3, 8, 11, tzinfo=UTC)
RISING = ("arrived_count", "reached_count", "departed_count", "discarded_count")


def build(raw, workflow=None, as_of=AS_OF):
    workflow = workflow or BOARD.workflow()
    core = core_of(raw, workflow, as_of)
    made = draw_cumulative_flow(core.work_intervals, core.issue_journeys, core.stages, workflow, as_of)
    return checked(CumulativeFlowDaily, made)


def days(table, stage, column):
    return table.filter(stage_name=stage).sort("flow_date")[column].to_list()


@pytest.fixture(scope="module")
def told():
    """Monday to Sunday: one sent back from review and delivered, one given up in review, one that skips to QA."""
    first = (
        history("G-1")
        .created("2026-03-02 09:00")
        .to("In Progress", "2026-03-03 09:00")
        .to("In Review", "2026-03-04 09:00")
        .to("In Progress", "2026-03-05 09:00")
        .to("In Review", "2026-03-06 09:00")
        .to("Done", "2026-03-07 09:00")
    )
    second = history("G-2").created("2026-03-03 09:00", status="In Progress").to("In Review", "2026-03-04 12:00")
    third = history("G-3").created("2026-03-04 09:00", status="In Progress").to("In QA", "2026-03-06 09:00")
    return build(frames(first, second.to("Cancelled", "2026-03-05 12:00"), third))


def test_arrivals_are_first_and_departures_final(told):
    assert days(told, "Development", "arrived_count") == [0, 2, 3, 3, 3, 3, 3]
    assert days(told, "Development", "departed_count") == [0, 0, 1, 1, 3, 3, 3]
    assert days(told, "Review", "arrived_count") == [0, 0, 2, 2, 2, 2, 2]
    assert days(told, "Review", "departed_count") == [0, 0, 0, 1, 1, 2, 2]


def test_what_is_there_now_goes_up_and_down(told):
    assert days(told, "Development", "present_count") == [0, 2, 1, 2, 0, 0, 0]
    assert days(told, "Review", "present_count") == [0, 0, 2, 0, 1, 0, 0]
    assert days(told, "QA", "present_count") == [0, 0, 0, 0, 1, 1, 1]


def test_a_stage_that_is_skipped_is_reached_and_not_arrived_at(told):
    assert days(told, "Review", "reached_count") == [0, 0, 2, 2, 3, 3, 3]
    assert days(told, "QA", "reached_count") == [0, 0, 0, 0, 1, 2, 2]


def test_only_delivered_work_reaches_the_end(told):
    assert days(told, "Done", "reached_count") == [0, 0, 0, 0, 0, 1, 1]
    assert days(told, "Done", "departed_count") == [0] * 7


def test_given_up_work_leaves_the_stage_it_was_in(told):
    assert days(told, "Review", "discarded_count") == [0, 0, 0, 1, 1, 1, 1]
    assert days(told, "Development", "discarded_count") == [0] * 7


def test_work_that_was_never_open_was_given_up_in_no_stage():
    told = history("G-1").created("2026-03-02 09:00", status="Cancelled")
    table = build(frames(told, history("G-2").created("2026-03-03 09:00", status="Backlog")))
    assert table["discarded_count"].sum() == 0
    assert table["departed_count"].sum() == 0


def test_work_that_is_delivered_in_a_stage_of_work_comes_to_it_waits_there_and_leaves_it():
    """One waits in the column in which it is delivered two days later; one waits there still."""
    shipped = history("G-1", ENDS_IN_RELEASE).created("2026-03-02 09:00", status="In Progress")
    shipped.to("Ready for Release", "2026-03-03 09:00").to("Shipped", "2026-03-05 09:00")
    waiting = history("G-2", ENDS_IN_RELEASE).created("2026-03-02 09:00", status="In Progress")
    made = build(frames(shipped, waiting.to("Ready for Release", "2026-03-04 09:00")), ENDS_IN_RELEASE.workflow())
    assert days(made, "Release", "arrived_count") == [0, 1, 2, 2, 2, 2, 2]
    assert days(made, "Release", "departed_count") == [0, 0, 0, 1, 1, 1, 1]
    assert days(made, "Release", "present_count") == [0, 1, 2, 1, 1, 1, 1]
    assert days(made, "Delivered work", "reached_count") == [0, 0, 0, 1, 1, 1, 1]


def test_a_day_is_that_of_the_streams_zone():
    told = history("G-1").created("2026-03-02 23:30").to("In Progress", "2026-03-03 00:10")
    made = build(frames(told))
    assert made["flow_date"].min() == date(2026, 3, 2)
    assert days(made, "Development", "arrived_count")[:2] == [0, 1]


def test_a_second_life_is_there_again_and_raises_no_staircase():
    told = (
        history("G-1")
        .created("2026-01-02 09:00", status="In Progress")
        .to("Done", "2026-01-03 09:00")
        .to("In Progress", "2026-03-05 09:00")
    )
    made = build(frames(told))
    assert days(made, "Development", "present_count")[-1] == 1
    assert days(made, "Development", "arrived_count")[-1] == days(made, "Development", "departed_count")[-1] == 1


def test_a_site_without_issues_has_no_days():
    assert build(frames()).is_empty()


@given(cases())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_lines_never_fall_and_lie_in_order(case):
    made = build(*case.frames_and_workflow()).sort("stage_order", "flow_date")
    steps = made.select(pl.col(RISING).diff().over("stage_name"))
    assert all((steps[column].drop_nulls() >= 0).all() for column in RISING)
    assert (made["departed_count"] <= made["arrived_count"]).all()
    assert (made["arrived_count"] <= made["reached_count"]).all()
    above = made.sort("flow_date", "stage_order").select(pl.col.reached_count.diff().over("flow_date"))
    assert (above["reached_count"].drop_nulls() <= 0).all()


@given(cases())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_there_is_what_the_intervals_say_of_each_evening(case):
    made = build(*case.frames_and_workflow())
    core = core_of(*case.frames_and_workflow())
    ids = core.issue_journeys.filter(hierarchy_level=0).select("issue_id")
    kinds = ("not_started", "touch", "wait", "blocked", "unassigned")
    held = core.work_intervals.join(ids, on="issue_id").filter(pl.col.kind.is_in(kinds)).collect()
    zone = ZoneInfo(case.workflow.streams[0].calendar.zone)
    for day in made["flow_date"].unique():
        evening = min(
            datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC), case.as_of + timedelta(1)
        )
        there = held.filter((pl.col.entered_at < evening) & (pl.col.left_at.is_null() | (pl.col.left_at >= evening)))
        expected = dict(there.group_by(pl.col.stage_name.cast(pl.String)).len().rows())
        rows = made.filter(flow_date=day).select(pl.col.stage_name.cast(pl.String), "present_count").rows()
        assert {name: count for name, count in rows if count} == expected


def test_a_stream_all_of_whose_issues_were_migrated_is_counted_from_its_history_on():
    told = frames(history("G-1").created("2026-03-02 08:00").to("In Progress", "2026-03-02 09:00"))
    moved = with_issue(told, "G-1", created_at=instant("2026-03-06 12:00"))
    core = core_of(moved, BOARD.workflow(), instant("2026-03-08 12:00"))
    made = draw_cumulative_flow(
        core.work_intervals, core.issue_journeys, core.stages, BOARD.workflow(), instant("2026-03-08 12:00")
    )
    assert made.collect().filter(pl.col.present_count > 0)["flow_date"].min() == date(2026, 3, 2)
