"""The journey of every issue: clocks, outcome, and what happened on the way."""

from datetime import timedelta

import polars as pl
import pytest

from tests.builders import frames, history, versions
from tests.transforms.told import DAY, HOUR, calculate, instant, tell, with_issue
from transforms.workflow import SPAN_KINDS

H = [f"2026-03-02 {hour:02}:00" for hour in range(24)]

APRIL = "2026-04-30 17:00"


def issue(key="G-1", **how):
    return history(key).created(H[8], **how)


def started(key="G-1", **how):
    """In progress from nine on."""
    return issue(key, **how).to("In Progress", H[9])


def journey(*told, key="G-1", **how):
    return tell(*told, **how).journey(key)


def clocks(row):
    return row["started_at"], row["first_finished_at"], row["finished_at"]


def test_delivered_work_has_cycle_lead_and_span():
    row = journey(started().to("Ready for QA", H[12]).to("Done", H[14]))
    assert (row["outcome"], *clocks(row)) == ("delivered", H[9], H[14], H[14])
    assert (row["cycle_ms"], row["span_ms"], row["lead_ms"]) == (5 * HOUR, 5 * HOUR, 6 * HOUR)
    assert (row["touch_ms"], row["wait_ms"]) == (3 * HOUR, 2 * HOUR)


def test_working_clocks_stop_at_night():
    row = journey(started().to("Done", "2026-03-03 10:00"))
    assert (row["cycle_working_ms"], row["span_working_ms"], row["lead_working_ms"]) == (9 * HOUR,) * 3
    assert row["lead_ms"] == 26 * HOUR


def test_work_under_way_has_a_span_and_no_cycle():
    row = journey(started(), as_of=H[12])
    assert (row["outcome"], row["span_ms"], row["cycle_ms"], row["lead_ms"]) == ("in_progress", 3 * HOUR, None, None)
    assert (row["finished_at"], row["is_never_started"]) == (None, False)


def test_work_that_has_not_begun_has_no_clocks():
    row = journey(issue())
    assert (row["outcome"], *clocks(row), row["span_ms"]) == ("not_started", None, None, None, 0)
    assert row["is_never_started"] is False


def test_the_parts_add_up_to_the_span():
    story = started(assignee=None).assign("ana", H[10]).flag(H[11]).unflag(H[12]).to("Done", H[13]).to("In QA", H[14])
    row = journey(story.to("Ready for Release", H[15]).to("Done", H[17]))
    for unit in ("ms", "working_ms"):
        assert sum(row[f"{kind}_{unit}"] for kind in SPAN_KINDS) == row[f"span_{unit}"]
    assert [row[f"{kind}_ms"] / HOUR for kind in SPAN_KINDS] == [3, 2, 1, 1, 1]


def test_a_reopened_issue_finishes_at_its_last_done():
    row = journey(started().to("Done", H[10]).to("In Progress", H[12]).to("Done", H[13]))
    assert clocks(row) == (H[9], H[10], H[13])
    assert (row["reopen_count"], row["done_gap_ms"], row["rework_touch_ms"]) == (1, 2 * HOUR, HOUR)
    assert row["cycle_ms"] == 4 * HOUR


def test_a_reopened_issue_still_open_has_not_finished():
    row = journey(started().to("Done", H[10]).to("In Progress", H[12]), as_of=H[13])
    assert (row["outcome"], *clocks(row)) == ("in_progress", H[9], H[10], None)
    assert row["span_ms"] == 4 * HOUR


LATE = {"days=30": "2026-04-01 11:00", "a minute more": "2026-04-01 11:01"}
"""Thirty days after ten o'clock on 2 March, of which one night lost an hour, and a minute after that."""


def test_exactly_at_the_horizon_it_is_a_reopening():
    row = journey(started().to("Done", H[10]).to("In QA", LATE["days=30"]), as_of=APRIL)
    assert (row["outcome"], row["reopen_count"], row["done_gap_ms"]) == ("in_progress", 1, 30 * DAY)


def test_after_the_horizon_the_journey_stays_as_it_was_first_delivered():
    story = started().to("Ready for QA", "2026-03-02 09:30").to("Done", H[10]).to("In QA", LATE["a minute more"])
    row = journey(story.assign("ben", APRIL).to("In Progress", APRIL).to("Done", APRIL), as_of=APRIL)
    before = journey(started().to("Ready for QA", "2026-03-02 09:30").to("Done", H[10]), as_of=APRIL)
    assert row == before
    assert (row["outcome"], row["cycle_ms"], row["reopen_count"]) == ("delivered", HOUR, 0)


def test_the_horizon_is_the_streams():
    story = started().to("Done", H[10]).to("In QA", H[14]).to("Done", H[15])
    assert journey(story, reopen_horizon=timedelta(hours=4))["finished_at"] == H[15]
    assert journey(story, reopen_horizon=timedelta(hours=3))["finished_at"] == H[10]


def test_resolved_and_closed_is_one_finish():
    row = journey(started().to("Done", H[10]).to("Closed", H[12]))
    assert (*clocks(row), row["outcome"]) == (H[9], H[10], H[10], "delivered")
    assert (row["reopen_count"], row["done_gap_ms"], row["cycle_ms"]) == (0, 0, HOUR)


def test_done_and_then_cancelled_is_discarded_since_it_was_done():
    row = journey(started().to("Done", H[10]).to("Cancelled", H[12]))
    assert (row["outcome"], row["finished_at"], row["cycle_ms"]) == ("discarded", H[10], None)


def test_cancelled_and_then_done_is_delivered():
    assert journey(started().to("Cancelled", H[10]).to("Done", H[12]))["outcome"] == "delivered"


def test_discarded_work_has_a_span_but_neither_cycle_nor_lead():
    row = journey(started().to("Cancelled", H[12]))
    assert (row["outcome"], row["span_ms"], row["cycle_ms"], row["lead_ms"]) == ("discarded", 3 * HOUR, None, None)
    assert (row["cycle_working_ms"], row["lead_working_ms"]) == (None, None)


@pytest.mark.parametrize("resolution", ["Won't do", "Duplicate"])
def test_a_resolution_discards(resolution):
    done_as = started().resolve(resolution, H[10]).to("Done", H[10])
    assert journey(done_as)["outcome"] == "discarded"


def test_a_resolution_that_changes_while_done_decides_by_what_it_is_now():
    story = started().to("Done", H[10]).resolve("Done", H[10]).resolve("Duplicate", H[12])
    assert (journey(story)["outcome"], journey(story)["finished_at"]) == ("discarded", H[10])
    assert journey(story, as_of=H[11])["outcome"] == "delivered"
    assert journey(story.resolve(None, H[13]))["outcome"] == "delivered"


def test_a_resolution_without_a_terminal_status_ends_nothing():
    assert journey(started().resolve("Won't do", H[10]))["outcome"] == "in_progress"


def test_cancelled_work_revived_after_months_goes_on_as_one_journey():
    story = started().to("Cancelled", H[10]).to("In Progress", "2026-05-04 09:00").to("Done", "2026-05-04 10:00")
    row = journey(story, as_of="2026-05-05 09:00")
    assert (row["outcome"], row["finished_at"], row["reopen_count"]) == ("delivered", "2026-05-04 10:00", 1)
    assert row["done_gap_ms"] == 63 * DAY - 2 * HOUR
    assert row["touch_ms"] == 2 * HOUR


def test_work_done_without_ever_having_been_started_has_no_cycle():
    row = journey(issue().to("Done", H[10]))
    assert (row["outcome"], row["is_never_started"], row["span_ms"]) == ("delivered", True, 0)
    assert (*clocks(row), row["cycle_ms"], row["lead_ms"]) == (H[10], H[10], H[10], None, None)


def test_a_blocked_status_alone_is_no_start():
    assert journey(issue().to("On Hold", H[9]).to("Done", H[10]))["is_never_started"] is True


def test_an_issue_created_in_done_is_over_when_it_begins():
    row = journey(issue(status="Done"))
    assert (row["outcome"], *clocks(row), row["is_never_started"]) == ("delivered", H[8], H[8], H[8], True)


def test_an_issue_created_in_progress_starts_when_it_is_created():
    row = journey(issue(status="In Progress").to("Done", H[10]))
    assert (row["started_at"], row["cycle_ms"], row["lead_ms"]) == (H[8], 2 * HOUR, 2 * HOUR)
    assert row["is_never_started"] is False


def test_retroactive_work_that_comes_back_late_was_never_started():
    row = journey(issue().to("Done", H[10]).to("In Progress", "2026-04-20 09:00").to("Done", APRIL), as_of=APRIL)
    assert (row["is_never_started"], row["finished_at"], row["cycle_ms"]) == (True, H[10], None)


def test_retroactive_work_that_comes_back_soon_was_started_after_all():
    row = journey(issue().to("Done", H[10]).to("In Progress", H[12]).to("Done", H[13]))
    assert (row["is_never_started"], row["started_at"], row["cycle_ms"]) == (False, H[10], 3 * HOUR)


def test_going_back_to_the_backlog_never_resets_the_clock():
    row = journey(started().to("Backlog", H[10]).to("In Progress", H[12]).to("Done", H[13]))
    assert (row["started_at"], row["backward_move_count"], row["wait_ms"]) == (H[9], 1, 2 * HOUR)


def test_backward_moves_are_counted_between_statuses_of_the_walk():
    story = started().to("In QA", H[10]).to("In Progress", H[11]).to("In QA", H[12]).to("Backlog", H[13])
    assert journey(story)["backward_move_count"] == 2


def test_a_hold_and_back_is_no_backward_move_but_a_hold_on_the_way_back_is_none_less():
    assert journey(started().to("On Hold", H[10]).to("In Progress", H[11]))["backward_move_count"] == 0
    assert journey(started().to("Strange", H[10]).to("In QA", H[11]))["backward_move_count"] == 0
    through = issue().to("In QA", H[9]).to("On Hold", H[10]).to("In Progress", H[11])
    assert journey(through)["backward_move_count"] == 1


def test_reopening_is_no_backward_move_and_self_transitions_are_none():
    row = journey(started().to("Done", H[10]).to("In Progress", H[11]).to("In Progress", H[12]))
    assert (row["backward_move_count"], row["reopen_count"]) == (0, 1)


def test_hand_offs_are_changes_between_two_people():
    story = started().assign("ben", H[10]).assign("ana", H[11]).assign(None, H[12]).assign("ben", H[13])
    assert journey(story)["handoff_count"] == 2
    assert journey(started(assignee=None).assign("ana", H[10]))["handoff_count"] == 0


def test_hand_offs_count_from_the_start_to_before_the_finish():
    story = issue().assign("ben", "2026-03-02 08:30").to("In Progress", H[9]).assign("chi", H[9])
    story.assign("ana", H[10]).to("Done", H[11]).assign("ben", H[11]).assign("chi", H[12])
    assert journey(story)["handoff_count"] == 2
    assert journey(issue().assign("ben", H[9]))["handoff_count"] == 0
    assert journey(started().assign("ben", H[10]).assign("chi", H[12]), as_of=H[11])["handoff_count"] == 1


def test_rework_is_touch_in_a_second_visit_of_a_status():
    story = started().to("In QA", H[11]).to("In Progress", H[12]).to("In QA", H[15]).to("Ready for QA", H[16])
    row = journey(story.to("In Progress", H[17]).to("In Progress", H[18]).to("Done", H[20]))
    assert row["rework_touch_ms"] == (3 + 1 + 1 + 2) * HOUR
    assert row["touch_ms"] == row["rework_touch_ms"] + 3 * HOUR


def test_a_self_transition_starts_rework():
    assert journey(started().to("In Progress", H[10]).to("Done", H[12]))["rework_touch_ms"] == 2 * HOUR


def test_a_break_is_counted_and_bounds_the_touch():
    row = journey(started().to("Done", H[12], claims="Ready for QA"))
    assert (row["continuity_break_count"], row["touch_ms"]) == (1, 3 * HOUR)
    assert (row["touch_ms_low"], row["touch_ms_high"]) == (0, 3 * HOUR)
    wait = journey(issue().to("Ready for QA", H[9]).to("Done", H[12], claims="In QA"))
    assert (wait["touch_ms_low"], wait["touch_ms"], wait["touch_ms_high"]) == (0, 0, 3 * HOUR)


def test_a_changelog_that_ends_elsewhere_is_a_break_too():
    row = journey(started().now_in("Done"), as_of=H[12])
    assert (row["continuity_break_count"], row["outcome"]) == (1, "in_progress")
    assert (row["touch_ms_low"], row["touch_ms_high"]) == (0, 3 * HOUR)


def test_a_jump_that_a_move_explains_is_no_break():
    story = started().edit("issue_type", H[10], 1, 2).to("Done", H[12], claims="Ready for QA")
    row = journey(story)
    assert (row["continuity_break_count"], row["touch_ms"], row["wait_ms"]) == (0, HOUR, 2 * HOUR)
    assert row["touch_ms_low"] == row["touch_ms_high"] == HOUR


def test_a_break_in_a_second_life_is_not_the_journeys():
    story = started().to("Done", H[10]).to("In QA", "2026-04-20 09:00").to("Done", APRIL, claims="In Review")
    assert journey(story, as_of=APRIL)["continuity_break_count"] == 0


def test_a_blocker_outside_the_extract_bounds_the_touch():
    row = journey(started().block_on("X-404", H[10]).to("Done", H[12]))
    assert (row["touch_ms"], row["blocked_ms"]) == (HOUR, 2 * HOUR)
    assert (row["touch_ms_low"], row["touch_ms_high"]) == (HOUR, 3 * HOUR)
    known = journey(started().block_on("G-2", H[10]).to("Done", H[12]), issue("G-2"))
    assert (known["touch_ms_low"], known["touch_ms_high"], known["blocked_ms"]) == (HOUR, HOUR, 2 * HOUR)


def test_the_middle_of_a_history_knows_nothing_of_its_end():
    story = started().flag(H[11]).assign("ben", H[11]).to("In QA", H[12]).to("Backlog", H[13]).to("Done", H[14])
    assert journey(story, as_of=H[10]) == journey(started(), as_of=H[10])


def test_an_issue_created_after_as_of_has_no_journey():
    told = tell(started(), history("G-2").created("2026-03-04 09:00"), as_of="2026-03-03 09:00")
    assert told.tables["issue_journeys"]["issue_key"].to_list() == ["G-1"]
    assert told.journey("G-1")["outcome"] == "in_progress"


def test_everything_at_one_instant_is_delivered_in_no_time():
    row = journey(issue().to("Selected", H[8]).to("In Progress", H[8]).to("Done", H[8]))
    assert (row["outcome"], row["cycle_ms"], row["lead_ms"], row["is_never_started"]) == ("delivered", 0, 0, False)


def test_a_history_older_than_its_issue_is_migrated_and_has_no_lead():
    raw = with_issue(frames(started().to("Done", H[10])), "G-1", created_at=instant(H[12]))
    row = calculate(raw).journey("G-1")
    assert (row["started_at"], row["cycle_ms"]) == (H[9], HOUR)
    assert (row["is_migrated"], row["lead_ms"], row["lead_working_ms"]) == (True, None, None)


RELEASED = "2026-03-04 12:00"


def delivered_by_release(story, *dates):
    return journey(story, versions=versions(*dates), delivery="release")


def test_delivery_by_release_ends_at_noon_of_the_release():
    row = delivered_by_release(started().release_in(7, H[9]).to("Done", H[10]), (7, "2026-03-04"))
    assert (row["outcome"], *clocks(row)) == ("delivered", H[9], RELEASED, RELEASED)
    assert (row["wait_ms"], row["touch_ms"]) == (50 * HOUR, HOUR)


def test_the_earliest_released_of_several_versions_delivers():
    story = started().release_in(7, H[9]).release_in(8, H[9]).release_in(9, H[9]).to("Done", H[10])
    row = delivered_by_release(story, (7, "2026-03-05"), (8, "2026-03-04"), (9, None))
    assert row["finished_at"] == RELEASED


def test_work_done_after_its_release_is_delivered_when_done():
    row = delivered_by_release(started().release_in(7, H[9]).to("Done", "2026-03-05 10:00"), (7, "2026-03-04"))
    assert (row["finished_at"], row["wait_ms"]) == ("2026-03-05 10:00", 0)


def test_work_in_an_unreleased_version_waits_on_and_without_a_version_is_delivered_when_done():
    waiting = delivered_by_release(started().release_in(7, H[9]).to("Done", H[10]), (7, None))
    assert (waiting["outcome"], waiting["first_finished_at"]) == ("in_progress", None)
    assert delivered_by_release(started().to("Done", H[10]), (7, "2026-03-04"))["finished_at"] == H[10]


def test_a_version_released_on_no_known_day_keeps_nobody_waiting():
    undated = versions((7, None)).with_columns(is_released=pl.lit(True))
    row = journey(started().release_in(7, H[9]).to("Done", H[10]), versions=undated, delivery="release")
    assert (row["outcome"], row["finished_at"]) == ("delivered", H[10])


def test_discarded_work_waits_for_no_release():
    row = delivered_by_release(started().release_in(7, H[9]).to("Cancelled", H[10]), (7, None))
    assert (row["outcome"], row["finished_at"]) == ("discarded", H[10])


def test_a_release_changes_nothing_where_done_is_delivered():
    row = journey(started().release_in(7, H[9]).to("Done", H[10]), versions=versions((7, "2026-03-04")))
    assert (row["finished_at"], row["wait_ms"]) == (H[10], 0)


def test_every_issue_has_one_journey_with_what_it_is():
    told = tell(issue("G-1"), issue("G-2", issue_type="Sub-task", parent="G-1"), started("G-3"))
    rows = {row["issue_key"]: row for row in told.tables["issue_journeys"].to_dicts()}
    assert set(rows) == {"G-1", "G-2", "G-3"}
    child = rows["G-2"]
    assert (child["issue_type"], child["hierarchy_level"], child["value_stream"]) == ("Sub-task", -1, "Golden")
    assert child["parent_id"] == rows["G-1"]["issue_id"]
    assert not any(row["is_rolled_up"] for row in rows.values())
    assert {key: row["is_counted"] for key, row in rows.items()} == {"G-1": True, "G-2": False, "G-3": True}
    assert {row["child_touch_ms"] for row in rows.values()} == {None}
