"""Stages week by week: a small queue by hand, identities on whatever happens, capacity while something waits."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import BOARD, board_column, board_columns, frames, history
from tests.strategies import cases, dated_cases
from tests.transforms.metrics.metric_frames import checked, core_of
from transforms.metrics.occupancy import Occupancy
from transforms.metrics.stage_flow_weekly import StageFlowWeekly, follow_stages
from transforms.metrics.stage_weeks import union

HOUR, DAY, WEEK = 3_600_000, 86_400_000, 7 * 86_400_000
WORKFLOW = BOARD.workflow()
AS_OF = datetime(2026, 3, 18, 11, tzinfo=UTC)


def build(raw, workflow=WORKFLOW, as_of=AS_OF, columns=None):
    core = core_of(raw, workflow, as_of, board_columns=columns)
    return checked(
        StageFlowWeekly,
        follow_stages(core.status_visits, core.work_intervals, core.issue_journeys, core.stages, workflow, as_of),
    )


def week(table, stage, monday):
    [row] = table.filter(stage_name=stage, week_start_date=monday).to_dicts()
    return row


def two_reviews():
    """Two issues wait for review from Monday 9:00 and Tuesday 9:00; one leaves the stage on Friday, one stays."""
    first = (
        history("G-1")
        .created("2026-03-02 08:00", status="In Progress")
        .to("Ready for Review", "2026-03-02 09:00")
        .to("In Review", "2026-03-04 09:00")
        .to("Ready for QA", "2026-03-06 09:00")
        .to("Done", "2026-03-10 09:00")
    )
    second = history("G-2").created("2026-03-02 08:00", status="In Progress").to("Ready for Review", "2026-03-03 09:00")
    return frames(first, second)


@pytest.fixture(scope="module")
def told():
    return build(two_reviews())


def test_counts_and_times_of_a_week_are_those_of_the_story(told):
    row = week(told, "Review", date(2026, 3, 2))
    assert (row["arrival_count"], row["departure_count"], row["wip_start"], row["wip_end"]) == (2, 1, 0, 1)
    assert row["presence_ms"] == 4 * DAY + (5 * 24 + 15) * HOUR
    assert row["queue_end"] == 1
    assert row["queue_mean"] == pytest.approx((2 * DAY + (5 * 24 + 15) * HOUR) / WEEK)
    assert row["saturated_working_ms"] == 5 * 8 * HOUR
    assert (row["saturated_share"], row["saturated_departure_count"]) == (1.0, 1)


def test_littles_law_by_hand(told):
    row = week(told, "Review", date(2026, 3, 2))
    assert (row["present_count"], row["present_per_week"]) == (2, 2.0)
    assert row["residence_days"] == pytest.approx(row["presence_ms"] / 2 / DAY)
    assert row["wip_mean"] == pytest.approx(row["present_per_week"] * row["residence_days"] / 7)


def test_an_idea_that_waits_counts_from_the_week_in_which_it_came():
    early = history("G-1").created("2026-02-10 08:00", status="Backlog").to("In Progress", "2026-03-03 09:00")
    made = build(frames(early, history("G-2").created("2026-02-17 08:00", status="Backlog")))
    weeks = made.filter(stage_name="Backlog").sort("week_start_date")
    assert weeks["week_start_date"][0] == date(2026, 2, 9)
    assert weeks["arrival_count"].to_list() == [1, 1, 0, 0, 0, 0]
    assert weeks["wip_start"].to_list() == [0, 1, 2, 2, 1, 1]


def test_ideas_alone_have_weeks_too():
    made = build(frames(history("G-1").created("2026-03-10 08:00", status="Backlog")))
    assert week(made, "Backlog", date(2026, 3, 9))["arrival_count"] == 1


def test_half_a_year_begins_when_work_first_starts(overloaded):
    weeks = overloaded.filter(stage_name="Review").sort("week_start_date")
    assert weeks.filter(pl.col.load_ratio.is_not_null())["week_start_date"][0] == date(2025, 11, 24)


def test_a_queue_drains_at_the_pace_at_which_work_has_left(told):
    assert week(told, "Review", date(2026, 3, 2))["drain_weeks"] == pytest.approx(1.0)
    assert week(told, "Review", date(2026, 3, 9))["drain_weeks"] == pytest.approx(2.0)
    assert week(told, "Approval", date(2026, 3, 9))["drain_weeks"] is None


def test_what_only_waits_is_the_queue_and_not_what_is_blocked():
    parked = history("G-1").created("2026-03-02 08:00", status="Selected").to("Ready for Review", "2026-03-02 09:00")
    row = week(build(frames(parked.flag("2026-03-04 09:00"))), "Review", date(2026, 3, 2))
    assert (row["wip_end"], row["queue_end"]) == (1, 0)
    assert row["saturated_working_ms"] == 16 * HOUR


def test_the_week_that_runs_is_counted_up_to_now(told):
    row = week(told, "Review", date(2026, 3, 16))
    assert not row["is_complete_week"]
    assert (row["wip_mean"], row["presence_ms"]) == (1.0, 2 * DAY + 12 * HOUR)
    assert row["present_per_week"] == pytest.approx(7 / 2.5)


def test_what_needs_half_a_year_is_withheld_and_says_so(told):
    row = week(told, "Review", date(2026, 3, 9))
    assert row["capacity_per_week"] is row["little_ratio"] is row["wip_limit"] is None
    assert row["note"].startswith("no WIP limit: no board shows it; ")
    assert "capacity needs 20 exits while something waits" in row["note"]


def test_a_stage_over_its_boards_limit_says_for_how_long():
    one = board_columns(board_column("Review", ["Ready for Review", "In Review"], 1))
    row = week(build(two_reviews(), columns=one), "Review", date(2026, 3, 2))
    assert row["wip_limit"] == 1
    assert row["over_limit_share"] == pytest.approx(3 * DAY / WEEK)
    assert "WIP limit" not in row["note"]
    assert week(build(two_reviews(), columns=one), "QA", date(2026, 3, 2))["over_limit_share"] is None


def test_a_limit_that_holds_is_never_broken():
    two = board_columns(board_column("Review", ["Ready for Review", "In Review"], 2))
    assert week(build(two_reviews(), columns=two), "Review", date(2026, 3, 2))["over_limit_share"] == 0.0


@pytest.fixture(scope="module")
def overloaded():
    """Three a week arrive at a review that takes one every second day, five days a week, for forty weeks."""
    start = datetime(2025, 6, 2, 7, tzinfo=UTC)
    free, stories = start, []
    for n in range(120):
        arrives = start + timedelta(weeks=n // 3, days=n % 3)
        begins = max(arrives, free)
        free = begins + timedelta(days=2 + 2 * (begins.weekday() >= 3))
        story = history(f"O-{n}").created(arrives - timedelta(hours=1), status="Selected")
        stories.append(story.to("Ready for Review", arrives).to("In Review", begins).to("Done", free))
    return build(frames(*stories), as_of=start + timedelta(weeks=40))


def test_capacity_is_how_fast_work_leaves_while_something_waits(overloaded):
    row = week(overloaded, "Review", date(2026, 2, 23))
    assert row["capacity_per_week"] == pytest.approx(2.5, abs=0.1)
    assert row["capacity_per_week_low"] < 2.5 < row["capacity_per_week_high"]
    assert row["load_ratio"] == pytest.approx(3 / 2.5, abs=0.06)


def test_stays_and_wip_disagree_while_a_stage_fills_up(overloaded):
    row = week(overloaded, "Review", date(2026, 2, 23))
    assert row["little_ratio_high"] < 1
    assert row["queue_end"] > 10


@given(st.one_of(cases(), dated_cases()))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_wip_changes_by_arrivals_less_departures_and_weeks_join(case):
    made = build(*case.frames_and_workflow()).sort("stage_name", "week_start_date")
    assert (made["wip_end"] == made["wip_start"] + made["arrival_count"] - made["departure_count"]).all()
    follows = made["stage_name"] == made["stage_name"].shift(1)
    assert (made["wip_start"] == made["wip_end"].shift(1)).filter(follows.fill_null(False)).all()
    assert (made["queue_end"] <= made["wip_end"]).all()
    assert (made["queue_mean"] <= made["wip_mean"] + 1e-9).all()


@given(st.one_of(cases(), dated_cases()))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_time_in_stages_is_what_the_intervals_say_to_the_millisecond(case):
    """Σ presence over the weeks of a stage = Σ of the intervals of counted work in it."""
    made = build(*case.frames_and_workflow())
    core = core_of(*case.frames_and_workflow())
    ids = core.issue_journeys.filter(hierarchy_level=0).select("issue_id")
    kinds = ("not_started", "touch", "wait", "blocked", "unassigned")
    held = core.work_intervals.join(ids, on="issue_id").filter(pl.col.kind.is_in(kinds)).collect()
    spent = dict.fromkeys(made["stage_name"].unique(), 0)
    spent |= dict(held.group_by("stage_name").agg(pl.col.elapsed_ms.sum()).iter_rows())
    assert dict(made.group_by("stage_name").agg(pl.col.presence_ms.sum()).iter_rows()) == spent


stretch = st.tuples(st.integers(0, 300), st.integers(0, 60)).map(lambda pair: (pair[0], sum(pair)))


@given(st.lists(stretch, max_size=25), st.lists(st.integers(0, 400), min_size=2, max_size=8))
@settings(max_examples=100, deadline=None)
def test_littles_law_is_an_identity_on_any_window(stretches, instants):
    """H = Σ time in the window, counted stretch by stretch; A = stretches present; L·T = A·(H/A) = H, as integers."""
    edges = np.array(sorted(instants)) + 1_700_000_000_000
    begin, end = (np.array([s[side] for s in stretches], dtype=np.int64) + 1_700_000_000_000 for side in (0, 1))
    held = Occupancy(begin, end)
    spent, standing = np.diff(held.spent(edges)), held.standing(edges)
    for n, (a, b) in enumerate(pairwise(edges)):
        assert spent[n] == sum(max(0, min(e, b) - max(s, a)) for s, e in zip(begin, end, strict=True))
        assert held.begun(edges)[n] == sum(a <= s < b for s in begin)
        left = sum(a <= e < b for e in end)
        assert standing[n + 1] - standing[n] == held.begun(edges)[n] - left


@given(st.lists(stretch, max_size=20), st.lists(st.integers(0, 400), min_size=1, max_size=8), st.integers(0, 4))
@settings(max_examples=100, deadline=None)
def test_time_above_a_limit_is_counted_instant_by_instant(stretches, instants, limit):
    begin, end = (np.array([s[side] for s in stretches], dtype=np.int64) for side in (0, 1))
    at = np.array(sorted(instants))
    above = [sum(sum(s <= t < e for s, e in stretches) > limit for t in range(until)) for until in at]
    assert Occupancy(begin, end).above(at, limit).tolist() == above


@given(st.lists(stretch, max_size=20))
@settings(max_examples=50, deadline=None)
def test_a_union_holds_where_any_of_its_stretches_does(stretches):
    begin, end = (np.array([s[side] for s in stretches], dtype=np.int64) for side in (0, 1))
    starts, stops = union(begin, end)
    covered = {at for s, e in zip(starts, stops, strict=True) for at in range(s, e)}
    assert covered == {at for s, e in stretches for at in range(s, e)}
    assert (starts[1:] > stops[:-1]).all()


def test_a_site_without_issues_has_no_rows():
    assert build(frames()).is_empty()
