"""Small histories at the edges of the definitions, each with the answer METHODS.md gives, worked out by hand."""

from datetime import timedelta

import polars as pl
import pytest

from tests.builders import BOARD, History, frames, history, versions
from tests.chain import compute

HOUR = 3_600_000
DAY = 24 * HOUR
AS_OF = "2026-03-20 18:00"


def tables(*told: History, as_of: str = AS_OF, releases=None, **workflow):
    return compute(frames(*told), BOARD.workflow(**workflow), told[0].instant(as_of), releases)


def journey(*told: History, **how) -> dict:
    """The journey of the first issue told."""
    return tables(*told, **how)["issue_journeys"].row(by_predicate=_is(told[0]), named=True)


def kinds(*told: History, **how) -> list[tuple]:
    """Kind and hours of the first issue's intervals."""
    rows = tables(*told, **how)["work_intervals"].filter(_is(told[0]))
    return [(kind, elapsed / HOUR) for kind, elapsed in rows.select("kind", "elapsed_ms").rows()]


def _is(told: History):
    return pl.col.issue_key == told.issue["issue_key"]


def story(key: str = "G-1", **how) -> History:
    return history(key).created("2026-03-02 08:00", **how)


def working() -> History:
    """Selected at 8, in progress from 9 on."""
    return story(status="Selected").to("In Progress", at="2026-03-02 09:00")


# start and finish


def test_a_committed_status_passed_in_no_time_starts_the_clock():
    told = story().to("Selected", at="2026-03-02 09:00").to("Backlog", at="2026-03-02 09:00")
    found = journey(told)
    assert found["started_at"] == told.instant("2026-03-02 09:00")
    assert found["outcome"] == "in_progress"


def test_a_status_left_in_the_moment_of_creation_starts_the_clock():
    told = story(status="Selected").to("Backlog", at="2026-03-02 08:00")
    assert journey(told)["started_at"] == told.instant("2026-03-02 08:00")


def test_work_reopened_and_finished_in_one_instant_finished_again_then():
    told = story(status="In Progress").to("Done", at="2026-03-02 10:00")
    told.to("In Progress", at="2026-03-02 15:00").to("Done", at="2026-03-02 15:00")
    found = journey(told)
    assert found["finished_at"] == told.instant("2026-03-02 15:00")
    assert (found["reopen_count"], found["done_gap_ms"]) == (1, 5 * HOUR)


def test_closed_after_done_is_no_second_finish():
    told = story(status="In Progress").to("Done", at="2026-03-02 10:00").to("Closed", at="2026-03-05 10:00")
    found = journey(told)
    assert found["finished_at"] == told.instant("2026-03-02 10:00")
    assert (found["reopen_count"], found["done_gap_ms"], found["outcome"]) == (0, 0, "delivered")


def test_cancelled_after_done_is_discarded_at_its_first_end():
    told = story(status="In Progress").to("Done", at="2026-03-02 10:00").to("Cancelled", at="2026-03-03 10:00")
    found = journey(told)
    assert (found["outcome"], found["finished_at"]) == ("discarded", told.instant("2026-03-02 10:00"))


def test_a_resolution_can_discard_what_is_done():
    told = story(status="In Progress").to("Done", at="2026-03-02 10:00", history_id=7)
    found = journey(told.resolve("Won't do", at="2026-03-02 10:00", history_id=7))
    assert (found["outcome"], found["cycle_ms"], found["span_ms"]) == ("discarded", None, 2 * HOUR)


def reopened_after(pause: timedelta, status: str = "Done") -> History:
    told = story(status="In Progress").to(status, at="2026-03-02 10:00")
    back = told.instant("2026-03-02 10:00") + pause
    return told.to("In Progress", at=back).to("Done", at=back + timedelta(hours=1))


def test_reopened_at_the_horizon_is_the_same_journey():
    told = reopened_after(timedelta(days=5))
    found = journey(told, reopen_horizon=timedelta(days=5))
    assert (found["done_gap_ms"], found["reopen_count"], found["span_ms"]) == (5 * DAY, 1, 5 * DAY + 3 * HOUR)


def test_reopened_after_the_horizon_leaves_the_journey_as_it_was():
    told = reopened_after(timedelta(days=5, milliseconds=1))
    found = journey(told, reopen_horizon=timedelta(days=5))
    assert (found["finished_at"], found["span_ms"]) == (told.instant("2026-03-02 10:00"), 2 * HOUR)
    assert (found["done_gap_ms"], found["reopen_count"], found["outcome"]) == (0, 0, "delivered")
    rows = tables(told, reopen_horizon=timedelta(days=5))["work_intervals"]
    assert rows.select("pass_number", "kind").rows() == [(1, "touch"), (1, "done"), (2, "touch"), (2, "done")]


def test_cancelled_work_taken_up_again_was_a_gap_however_long():
    found = journey(reopened_after(timedelta(days=6), "Cancelled"), reopen_horizon=timedelta(days=5))
    assert (found["done_gap_ms"], found["reopen_count"], found["outcome"]) == (6 * DAY, 1, "delivered")


# moves


def test_a_return_through_on_hold_is_backward_once():
    told = story(status="Selected").to("In Review", at="2026-03-02 09:00").to("On Hold", at="2026-03-02 10:00")
    assert journey(told.to("In Progress", at="2026-03-02 11:00"))["backward_move_count"] == 1


def test_a_reopening_through_on_hold_is_not_backward():
    told = story(status="Selected").to("Done", at="2026-03-02 09:00").to("On Hold", at="2026-03-02 10:00")
    found = journey(told.to("In Progress", at="2026-03-02 11:00"))
    assert (found["backward_move_count"], found["reopen_count"]) == (0, 1)


def test_a_hand_off_at_the_finish_comes_too_late_and_at_the_start_in_time():
    told = story().to("Selected", at="2026-03-02 09:00").assign("ben", at="2026-03-02 09:00")
    told.to("Done", at="2026-03-02 10:00").assign("chi", at="2026-03-02 10:00")
    assert journey(told)["handoff_count"] == 1


def test_a_silent_jump_is_dated_by_the_change_of_type_that_caused_it():
    told = working().edit("issue_type", at="2026-03-02 11:00", old=9, new=10)
    told.to("Done", at="2026-03-02 12:00", claims="Ready for QA")
    assert kinds(told)[:3] == [("wait", 1.0), ("touch", 2.0), ("wait", 1.0)]


# doubt


def test_a_chain_that_ends_elsewhere_than_jira_shows_is_a_break_with_bounds():
    told = story(status="Selected").to("In Progress", at="2026-03-02 10:00").now_in("Ready for Review")
    found = journey(told, as_of="2026-03-02 14:00")
    assert (found["continuity_break_count"], found["touch_ms_low"], found["touch_ms_high"]) == (1, 0, 4 * HOUR)


def test_a_doubtful_end_that_was_left_again_reads_as_a_gap():
    told = working().to("In Review", at="2026-03-02 12:00", claims="Done")
    rows = tables(told)["work_intervals"]
    assert rows.select("kind", "kind_alternative").rows() == [("wait", None), ("touch", "done_gap"), ("touch", None)]


def test_a_break_between_ends_is_counted():
    told = story(status="In Progress").to("Done", at="2026-03-02 12:00").to("Closed", at="2026-03-02 13:00")
    told.to("Done", at="2026-03-02 14:00", claims="Cancelled")
    assert journey(told)["continuity_break_count"] == 1


def test_changes_of_one_instant_chain_as_far_as_they_can():
    told = working().to("In Review", at="2026-03-02 12:00", history_id=9)
    told.to("Done", at="2026-03-02 12:00", claims="In QA", history_id=8)
    visits = tables(told)["status_visits"]
    assert visits["status_id"].to_list() == [10001, 3, 10003, 10009]
    assert journey(told)["outcome"] == "delivered"


# blocked


def test_a_link_made_and_removed_in_one_instant_blocks_nothing():
    told = story(status="In Progress").block_on("G-2", at="2026-03-02 10:00").unblock_from("G-2", at="2026-03-02 10:00")
    assert journey(told, story("G-2"))["blocked_ms"] == 0


def test_a_removed_link_older_than_the_log_blocked_from_the_start():
    told = story(status="In Progress").unblock_from("G-2", at="2026-03-02 10:00")
    assert journey(told, story("G-2"))["blocked_ms"] == 2 * HOUR


def test_a_blocker_that_ended_before_the_link_never_blocks():
    blocker = story("G-2").to("Done", at="2026-03-02 09:00")
    assert journey(story(status="In Progress").block_on("G-2", at="2026-03-02 10:00"), blocker)["blocked_ms"] == 0


def test_a_blocker_stops_blocking_at_its_first_end():
    blocker = story("G-2").to("Cancelled", at="2026-03-02 11:00").to("In Progress", at="2026-03-02 12:00")
    told = story(status="In Progress").block_on("G-2", at="2026-03-02 10:00")
    assert journey(told, blocker)["blocked_ms"] == HOUR


def test_a_blocker_is_known_by_the_key_it_had():
    blocker = story("OLD-2").rename("G-2", at="2026-03-02 09:00").to("Done", at="2026-03-02 12:00")
    told = story(status="In Progress").block_on("OLD-2", at="2026-03-02 10:00")
    assert journey(told, blocker)["blocked_ms"] == 2 * HOUR


def test_a_blocker_outside_the_extract_gives_both_bounds():
    told = story(status="In Progress").block_on("X-1", at="2026-03-02 10:00").to("Done", at="2026-03-02 14:00")
    found = journey(told)
    assert (found["blocked_ms"], found["touch_ms"]) == (4 * HOUR, 2 * HOUR)
    assert (found["touch_ms_low"], found["touch_ms_high"]) == (2 * HOUR, 6 * HOUR)


def test_overlapping_blocks_count_once():
    told = story(status="In Progress").flag(at="2026-03-02 09:00").block_on("G-2", at="2026-03-02 09:30")
    told.to("On Hold", at="2026-03-02 10:00").unflag(at="2026-03-02 11:00").to("In Progress", at="2026-03-02 12:00")
    found = journey(told, story("G-2").to("Done", at="2026-03-02 13:00"), as_of="2026-03-02 14:00")
    assert (found["blocked_ms"], found["touch_ms"]) == (4 * HOUR, 2 * HOUR)


def test_a_flag_up_since_creation_and_never_taken_down_blocks_to_the_end():
    assert kinds(story(status="In Progress", flagged=True), as_of="2026-03-02 12:00") == [("blocked", 4.0)]


def test_a_status_that_no_rule_covers_is_a_wait_and_never_touch():
    told = story(status="Selected").to("Strange", at="2026-03-02 10:00")
    assert kinds(told, as_of="2026-03-02 12:00") == [("wait", 2.0), ("wait", 2.0)]


def test_where_assignment_is_not_used_active_work_is_touched():
    told = story(status="In Progress", assignee=None)
    assert kinds(told, as_of="2026-03-02 12:00") == [("unassigned", 4.0)]
    assert kinds(told, as_of="2026-03-02 12:00", is_assignment_used=False) == [("touch", 4.0)]


# epics


def epic() -> History:
    return history("G-9").created("2026-03-02 07:00", issue_type="Epic")


def child(key: str, **how) -> History:
    return story(key, parent="G-9", **how)


def test_an_epic_with_an_open_child_is_open():
    done = child("G-1", status="In Progress").to("Done", at="2026-03-02 10:00")
    found = journey(epic(), done, child("G-2"), as_of="2026-03-02 12:00")
    assert (found["outcome"], found["finished_at"], found["span_ms"]) == ("in_progress", None, 4 * HOUR)
    assert (found["touch_ms"], found["wait_ms"]) == (2 * HOUR, 2 * HOUR)


def test_a_touched_child_outweighs_a_blocked_one():
    one = child("G-1", status="In Progress", flagged=True).to("Done", at="2026-03-02 12:00")
    other = child("G-2", status="In Progress").to("Done", at="2026-03-02 10:00")
    found = journey(epic(), one, other)
    assert (found["touch_ms"], found["blocked_ms"], found["child_touch_ms"]) == (2 * HOUR, 2 * HOUR, 2 * HOUR)


def test_an_epic_without_children_is_measured_by_its_own_statuses():
    told = history("G-9").created("2026-03-02 08:00", issue_type="Epic", status="In Progress")
    assert journey(told.to("Done", at="2026-03-02 10:00"))["touch_ms"] == 2 * HOUR


# release


@pytest.mark.parametrize(
    ("day", "finished", "waited"), [("2026-03-04", "2026-03-04 12:00", 50), ("2026-03-01", "2026-03-02 10:00", 0)]
)
def test_delivered_by_release_waits_for_noon_of_its_day(day, finished, waited):
    told = story(status="In Progress").release_in(5, at="2026-03-02 09:00").to("Done", at="2026-03-02 10:00")
    found = journey(told, releases=versions((5, day)), delivery="release")
    assert (found["finished_at"], found["wait_ms"]) == (told.instant(finished), waited * HOUR)


def test_delivered_by_status_does_not_wait_though_a_release_date_exists():
    told = story(status="In Progress").release_in(5, at="2026-03-02 09:00").to("Done", at="2026-03-02 10:00")
    assert journey(told, releases=versions((5, "2026-03-04")))["finished_at"] == told.instant("2026-03-02 10:00")


def test_the_earliest_of_several_releases_delivers():
    told = story(status="In Progress").release_in(5, at="2026-03-02 09:00").release_in(6, at="2026-03-02 09:00")
    told.to("Done", at="2026-03-02 10:00")
    found = journey(told, releases=versions((5, "2026-03-06"), (6, "2026-03-04")), delivery="release")
    assert found["finished_at"] == told.instant("2026-03-04 12:00")
