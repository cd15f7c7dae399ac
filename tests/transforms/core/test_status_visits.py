"""When every issue was in which status, as a table: numbered, contiguous, measured on both clocks."""

import polars as pl
import pytest

from tests.builders import BOARD, Frames, frames, history
from tests.transforms.told import HOUR, calculate, instant, tell, with_issue

MONDAY = [f"2026-03-02 {hour:02}:00" for hour in range(24)]

BACKLOG, PROGRESS, DONE = BOARD["Backlog"].status_id, BOARD["In Progress"].status_id, BOARD["Done"].status_id


def issue(key="G-1", **how):
    return history(key).created(MONDAY[8], **how)


STORY = issue().to("In Progress", MONDAY[10]).to("In Progress", MONDAY[18]).to("Done", "2026-03-03 11:00")


def test_visits_are_numbered_over_all_statuses_of_an_issue():
    other = issue("G-2").to("Selected", MONDAY[9])
    told = tell(STORY, other)
    assert [row["visit_number"] for row in told.rows("status_visits", "G-1")] == [1, 2, 3, 4]
    assert [row["visit_number"] for row in told.rows("status_visits", "G-2")] == [1, 2]


def test_each_visit_ends_where_the_next_begins_and_the_last_is_open():
    rows = tell(STORY).rows("status_visits", "G-1")
    assert [row["left_at"] for row in rows[:-1]] == [row["entered_at"] for row in rows[1:]]
    assert rows[-1]["left_at"] is None


def test_a_visit_is_measured_elapsed_and_working():
    rows = tell(STORY, as_of="2026-03-03 12:30").rows("status_visits", "G-1")
    assert [row["elapsed_ms"] / HOUR for row in rows] == [2, 8, 17, 1.5]
    assert [row["working_ms"] / HOUR for row in rows] == [1, 7, 2, 1.5]


def test_a_return_to_a_status_is_a_revisit_and_a_self_transition_is_one_too():
    rows = tell(issue().to("Done", MONDAY[9]).to("Done", MONDAY[10]).to("Backlog", MONDAY[11]))
    assert [row["is_revisit"] for row in rows.rows("status_visits", "G-1")] == [False, False, True, True]


def test_the_same_status_of_another_issue_is_no_revisit():
    told = tell(issue("G-1"), issue("G-2"))
    assert not told.tables["status_visits"]["is_revisit"].any()


def test_stage_and_kind_are_the_models():
    row = tell(issue(status="On Hold")).rows("status_visits", "G-1")[0]
    assert (row["stage_name"], row["work_kind"], row["value_stream"]) == ("Development", "blocked", "Golden")


def test_changes_after_as_of_are_ignored():
    assert tell(STORY, as_of=MONDAY[12]).visits("G-1") == [(BACKLOG, MONDAY[8]), (PROGRESS, MONDAY[10])]
    open_visit = tell(STORY, as_of=MONDAY[12]).rows("status_visits", "G-1")[-1]
    assert (open_visit["left_at"], open_visit["elapsed_ms"]) == (None, 2 * HOUR)


def test_a_change_at_as_of_has_just_happened():
    last = tell(STORY, as_of=MONDAY[10]).rows("status_visits", "G-1")[-1]
    assert (last["status_id"], last["elapsed_ms"]) == (PROGRESS, 0)


def test_issues_created_after_as_of_have_no_visits():
    late = history("G-2").created("2026-03-04 09:00").to("Done", "2026-03-04 10:00")
    told = tell(STORY, late, as_of="2026-03-03 12:00")
    assert told.rows("status_visits", "G-2") == []
    assert told.visits("G-1") == tell(STORY, as_of="2026-03-03 12:00").visits("G-1")


def test_a_break_after_as_of_casts_no_doubt_yet():
    told = issue().to("In Progress", MONDAY[9]).to("Done", MONDAY[12], claims="In QA")
    assert tell(told).rows("status_visits", "G-1")[1]["doubtful_status_id"] == BOARD["In QA"].status_id
    assert tell(told, as_of=MONDAY[11]).rows("status_visits", "G-1")[1]["doubtful_status_id"] is None


def test_what_the_site_shows_now_casts_a_doubt_on_the_last_visit_only():
    rows = tell(issue().to("In Progress", MONDAY[9]).now_in("Done")).rows("status_visits", "G-1")
    assert [row["doubtful_status_id"] for row in rows] == [None, DONE]


def test_a_jump_dated_by_a_move_is_marked_and_beyond_doubt():
    told = issue(status="Selected").to("Backlog", MONDAY[9]).edit("project", MONDAY[10], 1, 2)
    rows = tell(told.to("Done", MONDAY[11], claims="In Progress")).rows("status_visits", "G-1")[1:]
    found = [(row["status_id"], row["is_bridged"]) for row in rows]
    assert found == [(BACKLOG, False), (PROGRESS, True), (DONE, False)]
    assert {row["doubtful_status_id"] for row in rows} == {None}


def test_a_history_older_than_its_issue_begins_with_its_first_change():
    raw = with_issue(frames(STORY), "G-1", created_at=instant("2026-03-03 09:00"))
    first = calculate(raw).rows("status_visits", "G-1")[0]
    assert (first["status_id"], first["elapsed_ms"]) == (BACKLOG, 0)
    assert first["entered_at"] == instant(MONDAY[10])


def test_visits_of_no_length_are_kept():
    told = tell(issue().to("Selected", MONDAY[9]).to("In Progress", MONDAY[9]))
    assert [row["elapsed_ms"] for row in told.rows("status_visits", "G-1")][:2] == [HOUR, 0]


def test_a_moved_issue_has_its_new_key_throughout():
    rows = tell(issue().to("In Progress", MONDAY[9]).rename("H-5", MONDAY[10])).rows("status_visits", "H-5")
    assert len(rows) == 2


def test_a_status_the_model_does_not_know_is_an_error_that_names_it():
    raw = with_issue(frames(issue()), "G-1", status_id=777)
    with pytest.raises(ValueError, match="status 777 of value stream 'Golden'"):
        calculate(raw)


def test_a_site_without_issues_has_no_visits():
    raw = frames(STORY)
    assert calculate(Frames(raw.issues.clear(), raw.changes.clear())).tables["status_visits"].is_empty()


def test_rows_come_in_order_of_issue_and_visit():
    told = tell(*(issue(f"G-{n}").to("Selected", MONDAY[9]) for n in range(1, 6)))
    keys = told.tables["status_visits"].select(pl.struct("issue_id", "visit_number")).to_series()
    assert keys.to_list() == sorted(keys.to_list(), key=lambda key: (key["issue_id"], key["visit_number"]))
