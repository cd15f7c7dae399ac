"""Stays in stages: where one begins and ends, what it consists of, and which way work walked."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from tests.builders import BOARD, frames, history
from tests.strategies import cases
from tests.transforms.metrics.metric_frames import core_of
from transforms.metrics.stage_stays import STAY_KINDS, stage_pieces, stage_runs, stays_of

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()


def pieces_of(*told, workflow=WORKFLOW):
    core = core_of(frames(*told), workflow, AS_OF)
    journeys = core.issue_journeys.collect()
    return stage_pieces(core.work_intervals.collect(), core.status_visits.collect(), journeys["issue_id"])


def runs_of(*told):
    core = core_of(frames(*told), WORKFLOW, AS_OF)
    journeys = core.issue_journeys.select("issue_id", "finished_at").collect()
    return stage_runs(core.status_visits.collect(), journeys, WORKFLOW)


def begun():
    return history("G-1").created("2026-03-02 09:00").to("Selected", "2026-03-03 09:00")


def test_a_stay_lasts_over_all_statuses_of_its_stage():
    told = begun().to("Ready for Review", "2026-03-04 09:00").to("In Review", "2026-03-04 12:00")
    stays = stays_of(pieces_of(told.to("Done", "2026-03-05 09:00")))
    assert stays["stage_name"].to_list() == ["Backlog", "Selected", "Review"]
    assert stays["left_at"].null_count() == 0
    assert (stays["left_at"][:-1] == stays["entered_at"][1:]).all()


def test_a_return_is_a_stay_of_its_own():
    told = begun().to("In Review", "2026-03-04 09:00").to("In Progress", "2026-03-05 09:00")
    stays = stays_of(pieces_of(told.to("In Review", "2026-03-06 09:00")))
    assert stays["stage_name"].to_list() == ["Backlog", "Selected", "Review", "Development", "Review"]
    assert stays["left_at"][-1] is None


def test_time_in_done_statuses_is_no_stay():
    told = begun().to("In Progress", "2026-03-04 09:00").to("Done", "2026-03-05 09:00")
    stays = stays_of(pieces_of(told.to("In Progress", "2026-03-06 09:00").to("Done", "2026-03-07 09:00")))
    assert stays["stage_name"].to_list() == ["Backlog", "Selected", "Development", "Development"]


def test_before_the_commitment_the_status_says_touch_or_wait():
    workflow = BOARD.workflow(commitment="Ready for Review")
    told = history("G-1").created("2026-03-02 09:00").to("In Progress", "2026-03-03 09:00")
    pieces = pieces_of(told.to("In Review", "2026-03-04 09:00"), workflow=workflow)
    assert pieces.select("stage_name", "kind", "is_upstream").rows() == [
        ("Backlog", "wait", True),
        ("Development", "touch", True),
        ("Review", "touch", False),
    ]


def test_on_hold_before_the_commitment_is_blocked():
    told = history("G-1").created("2026-03-02 09:00").to("On Hold", "2026-03-03 09:00")
    assert pieces_of(told)["kind"].to_list() == ["wait", "blocked"]


def test_the_gap_is_the_wait_before_the_first_touch_of_the_stay():
    told = begun().to("Ready for Review", "2026-03-04 09:00").to("In Review", "2026-03-04 12:00")
    pieces = pieces_of(told.to("Ready for Review", "2026-03-04 15:00").to("In QA", "2026-03-05 09:00"))
    review = pieces.filter(stage_name="Review")
    assert review.select("kind", "is_gap").rows() == [("wait", True), ("touch", False), ("wait", False)]


def test_blocked_time_is_no_gap():
    told = begun().to("Ready for Review", "2026-03-04 09:00").flag("2026-03-04 10:00").unflag("2026-03-04 12:00")
    review = pieces_of(told.to("In Review", "2026-03-04 13:00")).filter(stage_name="Review")
    assert review.select("kind", "is_gap").rows() == [
        ("wait", True), ("blocked", False), ("wait", True), ("touch", False),
    ]  # fmt: skip


def test_only_the_issues_asked_for_have_stays():
    core = core_of(frames(begun(), history("G-2").created("2026-03-02 09:00")), WORKFLOW, AS_OF)
    one = core.issue_journeys.filter(issue_key="G-2").collect()["issue_id"]
    made = stage_pieces(core.work_intervals.collect(), core.status_visits.collect(), one)
    assert made["issue_id"].unique().to_list() == one.to_list()


def test_a_run_is_sent_back_if_the_next_stage_lies_before_it():
    told = begun().to("In Review", "2026-03-04 09:00").to("In Progress", "2026-03-05 09:00")
    runs = runs_of(told.to("In QA", "2026-03-06 09:00"))
    assert runs.select("stage_name", "is_sent_back").rows() == [
        ("Backlog", False), ("Selected", False), ("Review", True), ("Development", False), ("QA", False),
    ]  # fmt: skip


def test_a_move_back_within_a_stage_is_not_sent_back_from_it():
    told = begun().to("In Review", "2026-03-04 09:00").to("Ready for Review", "2026-03-05 09:00")
    runs = runs_of(told.to("Done", "2026-03-06 09:00"))
    assert not runs["is_sent_back"].any()
    assert runs["stage_name"].to_list() == ["Backlog", "Selected", "Review", "Done"]


def test_statuses_outside_the_walk_interrupt_nothing():
    told = begun().to("In Review", "2026-03-04 09:00").to("On Hold", "2026-03-04 10:00")
    runs = runs_of(told.to("Strange", "2026-03-04 11:00").to("In Review", "2026-03-04 12:00"))
    assert runs["stage_name"].to_list() == ["Backlog", "Selected", "Review"]


def test_a_walk_ends_with_its_finish():
    """Reopened after the horizon: a second life, which is not this journey's."""
    told = begun().to("In Review", "2026-03-04 09:00").to("Done", "2026-03-05 09:00")
    runs = runs_of(told.to("In Progress", "2026-06-01 09:00"))
    assert runs["stage_name"].to_list() == ["Backlog", "Selected", "Review", "Done"]


@given(cases())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_pieces_hold_all_time_before_done_and_nothing_twice(case):
    core = core_of(*case.frames_and_workflow())
    journeys, intervals = core.issue_journeys.collect(), core.work_intervals.collect()
    pieces = stage_pieces(intervals, core.status_visits.collect(), journeys["issue_id"])
    counted = intervals.filter(pl.col.kind.is_in([*STAY_KINDS, "not_started"]))
    for clock in ("elapsed_ms", "working_ms"):
        assert pieces[clock].sum() == counted[clock].sum()
    stays = stays_of(pieces)
    lasting = stays.with_columns(pl.col.left_at.fill_null(case.as_of))
    assert (lasting["left_at"] - lasting["entered_at"]).dt.total_milliseconds().sum() == counted["elapsed_ms"].sum()
    assert set(pieces["kind"]) <= set(STAY_KINDS)


@pytest.mark.parametrize("kind", STAY_KINDS)
def test_all_kinds_of_a_stay_are_kinds_of_a_span(kind):
    told = begun().to("In Progress", "2026-03-04 09:00").flag("2026-03-04 10:00").unflag("2026-03-04 11:00")
    told.assign(None, "2026-03-04 12:00").assign("ben", "2026-03-04 13:00").to("Done", "2026-03-04 14:00")
    assert kind in pieces_of(told)["kind"].to_list()
