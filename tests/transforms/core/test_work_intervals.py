"""The partition of every issue's life: what held, in which stage, from when to when."""

import polars as pl
import pytest

from tests.builders import PERSONS, RESOLUTIONS, Frames, frames, history, versions
from tests.transforms.told import DAY, HOUR, calculate, checked, instant, tell, with_issue
from transforms.core.work_intervals import PersonIntervals, WorkIntervals, build_work_intervals

H = [f"2026-03-02 {hour:02}:00" for hour in range(24)]


def issue(key="G-1", **how):
    return history(key).created(H[8], **how)


def started(key="G-1", **how):
    """In progress from nine on."""
    return issue(key, **how).to("In Progress", H[9])


def test_the_walk_from_idea_to_done():
    told = tell(issue().to("Selected", H[9]).to("In Progress", H[10]).to("Ready for QA", H[11]).to("Done", H[12]))
    assert told.kinds("G-1") == [
        ("not_started", H[8]), ("wait", H[9]), ("touch", H[10]), ("wait", H[11]), ("done", H[12]),
    ]  # fmt: skip
    stages = [row["stage_name"] for row in told.rows("work_intervals", "G-1")]
    assert stages == ["Backlog", "Selected", "Development", "QA", "Done"]


def test_intervals_are_numbered_contiguous_and_open_at_the_end():
    rows = tell(started().flag(H[10]).unflag(H[11]).assign("ben", H[12])).rows("work_intervals", "G-1")
    assert [row["interval_number"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["left_at"] for row in rows[:-1]] == [row["entered_at"] for row in rows[1:]]
    assert rows[-1]["left_at"] is None


def test_both_clocks_measure_every_interval():
    rows = tell(started().to("Done", "2026-03-03 10:00"), as_of="2026-03-03 12:00").rows("work_intervals", "G-1")
    assert [(row["elapsed_ms"] / HOUR, row["working_ms"] / HOUR) for row in rows] == [(1, 0), (25, 9), (2, 2)]


def test_a_flag_blocks_from_when_it_goes_up_until_it_comes_down():
    told = tell(started().flag(H[10]).to("Ready for QA", H[11]).unflag(H[12]))
    assert told.kinds("G-1")[1:] == [("touch", H[9]), ("blocked", H[10]), ("blocked", H[11]), ("wait", H[12])]


def test_a_flag_raised_before_the_start_blocks_from_the_start_on():
    assert tell(issue().flag(H[9]).to("In Progress", H[10])).kinds("G-1") == [("not_started", H[8]), ("blocked", H[10])]


def test_a_flag_that_was_up_when_the_log_begins_counts_until_it_is_cleared():
    told = tell(started(flagged=True).unflag(H[10]))
    assert told.kinds("G-1")[1:] == [("blocked", H[9]), ("touch", H[10])]


@pytest.mark.parametrize("cleared", [0, None])
def test_a_flag_cleared_by_an_empty_value_is_down(cleared):
    told = tell(started().edit("flagged", H[10], None, 1).edit("flagged", H[11], 1, cleared))
    assert told.kinds("G-1")[1:] == [("touch", H[9]), ("blocked", H[10]), ("touch", H[11])]


def test_a_flag_open_at_as_of_blocks_to_the_end():
    told = tell(started().flag(H[10]), as_of=H[12])
    last = told.rows("work_intervals", "G-1")[-1]
    assert (last["kind"], last["left_at"], last["elapsed_ms"]) == ("blocked", None, 2 * HOUR)


def test_nobody_assigned_is_nobody_touching_where_assignment_is_used():
    story = started(assignee=None).assign("ana", H[10]).assign(None, H[11])
    assert tell(story).kinds("G-1")[1:] == [("unassigned", H[9]), ("touch", H[10]), ("unassigned", H[11])]
    without = tell(story, is_assignment_used=False)
    assert {kind for kind, _ in without.kinds("G-1")} == {"not_started", "touch"}


def test_blocked_goes_before_unassigned():
    assert tell(started(assignee=None).flag(H[10])).kinds("G-1")[1:] == [("unassigned", H[9]), ("blocked", H[10])]


def test_an_interval_is_split_where_the_assignee_changes_and_nobody_is_named():
    told = tell(started().assign("ben", H[10]))
    assert told.kinds("G-1")[1:] == [("touch", H[9]), ("touch", H[10])]
    persons = told.tables["person_intervals"]
    assert persons["assignee"].to_list()[1:] == [PERSONS["ana"], PERSONS["ben"]]
    assert "assignee" not in told.tables["work_intervals"].columns


def test_work_intervals_are_the_person_intervals_without_the_person():
    persons = tell(started().assign("ben", H[10]).flag(H[11])).tables["person_intervals"]
    made = checked(WorkIntervals, build_work_intervals(persons.lazy()))
    assert made.equals(persons.drop("assignee"))
    assert set(PersonIntervals.columns) - set(WorkIntervals.columns) == {"assignee"}


def test_neighbours_alike_are_one_interval():
    story = started().edit("summary", H[10], 1, 2).to("In Progress", H[11]).to("In Progress", H[12])
    story.resolve("Done", H[13])
    assert tell(story).kinds("G-1") == [("not_started", H[8]), ("touch", H[9]), ("touch", H[11])]
    rework = [row["is_rework"] for row in tell(story).rows("work_intervals", "G-1")]
    assert rework == [False, False, True]


def test_statuses_of_one_stage_and_kind_are_one_interval():
    assert tell(started().to("Done", H[10]).to("Closed", H[11])).kinds("G-1")[2:] == [("done", H[10])]


def test_a_stretch_of_no_length_is_no_interval():
    story = started().to("Ready for QA", H[10]).to("In QA", H[10]).flag(H[11]).unflag(H[11])
    assert tell(story).kinds("G-1")[1:] == [("touch", H[9]), ("touch", H[10])]


def test_everything_at_one_instant_leaves_the_state_after_all_of_it():
    story = issue().to("Selected", H[8]).to("In Progress", H[8]).flag(H[8]).assign("ben", H[8]).block_on("X-1", H[8])
    assert tell(story.unflag(H[8]).unblock_from("X-1", H[8])).kinds("G-1") == [("touch", H[8])]
    ended = tell(issue().to("In Progress", H[8]).to("Done", H[8]))
    assert ended.kinds("G-1") == [("done", H[8])]


def test_on_hold_is_blocked_and_a_status_no_rule_covers_waits():
    told = tell(started().to("On Hold", H[10]).to("Strange", H[11]))
    assert told.kinds("G-1")[2:] == [("blocked", H[10]), ("wait", H[11])]
    assert told.rows("work_intervals", "G-1")[-1]["stage_name"] == "Unmapped"


def test_a_blocker_blocks_until_it_ends_or_the_link_goes():
    blocker = issue("G-2").to("Done", H[12])
    assert tell(started().block_on("G-2", H[10]), blocker).kinds("G-1")[1:] == [
        ("touch", H[9]), ("blocked", H[10]), ("touch", H[12]),
    ]  # fmt: skip
    unlinked = started().block_on("G-2", H[10]).unblock_from("G-2", H[11])
    assert tell(unlinked, blocker).kinds("G-1")[-1] == ("touch", H[11])


def test_an_issue_still_blocked_at_as_of_is_blocked_now():
    for blocker in ([issue("G-2")], []):
        last = tell(started().block_on("G-2", H[10]), *blocker, as_of=H[12]).rows("work_intervals", "G-1")[-1]
        assert (last["kind"], last["left_at"], last["elapsed_ms"]) == ("blocked", None, 2 * HOUR)


def test_blocking_links_that_overlap_count_once():
    story = started().block_on("G-2", H[10]).block_on("G-3", H[11]).unblock_from("G-2", H[12])
    told = tell(story.unblock_from("G-3", H[13]), issue("G-2"), issue("G-3"))
    assert told.kinds("G-1")[1:] == [("touch", H[9]), ("blocked", H[10]), ("touch", H[13])]


def test_a_blocker_outside_the_extract_gives_a_second_reading():
    rows = tell(started().block_on("X-404", H[10]).unblock_from("X-404", H[12])).rows("work_intervals", "G-1")
    assert [(row["kind"], row["kind_alternative"]) for row in rows[1:]] == [
        ("touch", None), ("blocked", "touch"), ("touch", None),
    ]  # fmt: skip


def test_a_known_blocker_beside_an_unknown_one_leaves_no_doubt():
    story = started().block_on("X-404", H[10]).block_on("G-2", H[11])
    rows = tell(story, issue("G-2").to("Done", H[12])).rows("work_intervals", "G-1")
    assert [(row["kind"], row["kind_alternative"]) for row in rows[2:]] == [
        ("blocked", "touch"), ("blocked", None), ("blocked", "touch"),
    ]  # fmt: skip


def test_a_continuity_break_gives_a_second_reading_of_the_stretch_before_it():
    rows = tell(started().to("Done", H[12], claims="Ready for QA")).rows("work_intervals", "G-1")
    assert [(row["kind"], row["kind_alternative"]) for row in rows] == [
        ("not_started", None), ("touch", "wait"), ("done", None),
    ]  # fmt: skip


def test_a_gap_within_the_horizon_belongs_to_the_journey():
    told = tell(started().to("Done", H[10]).to("In Progress", H[12]).to("Done", H[13]))
    assert told.kinds("G-1")[2:] == [("done_gap", H[10]), ("touch", H[12]), ("done", H[13])]
    assert {row["pass_number"] for row in told.rows("work_intervals", "G-1")} == {1}


def test_work_that_comes_back_late_is_done_in_between_and_begins_a_second_pass():
    story = started().to("Done", H[10]).to("Backlog", "2026-04-20 09:00").to("In QA", "2026-04-20 11:00")
    rows = tell(story, as_of="2026-04-20 12:00").rows("work_intervals", "G-1")
    assert [(row["kind"], row["pass_number"]) for row in rows] == [
        ("not_started", 1), ("touch", 1), ("done", 1), ("not_started", 2), ("touch", 2),
    ]  # fmt: skip


def test_a_resolution_set_later_discards_what_was_done():
    story = started().to("Done", H[10]).resolve("Won't do", H[11]).resolve("Done", H[12])
    kinds = [("done", H[10]), ("discarded", H[11]), ("done", H[12])]
    assert tell(story).kinds("G-1")[2:] == kinds


def test_a_resolution_without_a_status_ends_nothing():
    assert tell(started().resolve("Done", H[10])).kinds("G-1")[-1] == ("touch", H[9])


def test_finished_work_waits_for_its_release():
    story = started().release_in(7, H[9]).to("Done", H[10])
    told = tell(story, versions=versions((7, "2026-03-04")), delivery="release")
    assert told.kinds("G-1")[2:] == [("wait", H[10]), ("done", "2026-03-04 12:00")]
    assert told.rows("work_intervals", "G-1")[2]["stage_name"] == "Release"


def test_an_epic_measured_through_its_children_has_no_intervals_of_its_own():
    told = tell(issue("E-1", issue_type="Epic").to("In Progress", H[9]), started("G-1", parent="E-1"))
    assert told.rows("work_intervals", "E-1") == []
    alone = tell(issue("E-1", issue_type="Epic").to("In Progress", H[9]))
    assert alone.kinds("E-1") == [("not_started", H[8]), ("touch", H[9])]


def test_what_comes_after_as_of_is_not_seen():
    story = started().flag(H[11]).assign(None, H[12]).block_on("X-9", H[13]).to("Done", H[14])
    story.resolve("Won't do", H[15])
    assert tell(story, as_of=H[10]).kinds("G-1") == [("not_started", H[8]), ("touch", H[9])]
    last = tell(story, as_of=H[10]).rows("work_intervals", "G-1")[-1]
    assert (last["elapsed_ms"], last["kind_alternative"]) == (HOUR, None)


def test_a_flag_older_than_the_history_of_its_issue_counts_from_its_beginning():
    raw = frames(started().flag(H[9]))
    early = raw.changes.with_columns(
        changed_at=pl.when(pl.col.field == "flagged").then(instant(H[7])).otherwise("changed_at")
    )
    assert calculate(Frames(raw.issues, early)).kinds("G-1") == [("not_started", H[8]), ("blocked", H[9])]


def test_the_intervals_of_an_issue_add_up_to_its_life():
    story = started().flag(H[10]).assign(None, H[12]).unflag(H[13]).to("Done", H[14]).to("In QA", H[15])
    told = tell(story.to("Done", H[16]))
    rows = told.rows("work_intervals", "G-1")
    assert sum(row["elapsed_ms"] for row in rows) == 4 * DAY + 9 * HOUR
    visits = told.rows("status_visits", "G-1")
    assert sum(row["working_ms"] for row in rows) == sum(row["working_ms"] for row in visits)


def test_a_resolution_of_the_present_says_nothing_of_the_past():
    raw = with_issue(frames(started().to("Done", H[10])), "G-1", resolution_id=RESOLUTIONS["Duplicate"])
    assert calculate(raw).kinds("G-1")[-1] == ("discarded", H[10])
    cleared = frames(started().to("Done", H[10]).resolve("Duplicate", H[11]).resolve(None, H[12]))
    assert [kind for kind, _ in calculate(cleared).kinds("G-1")[2:]] == ["done", "discarded", "done"]
