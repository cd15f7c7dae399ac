"""In which order an issue went through its statuses, and where its log leaves a doubt."""

from time import perf_counter

import polars as pl
import pytest

from tests.builders import BOARD, Frames, History, frames, history
from tests.transforms.told import clock, instant, with_issue
from transforms.status_events import status_events

NAMES = {status.status_id: name for name, status in BOARD.statuses.items()}

EIGHT, NINE, TEN, ELEVEN = (f"2026-03-02 {hour}" for hour in ("08:00", "09:00", "10:00", "11:00"))


def issue(key: str = "G-1", **how: object) -> History:
    return history(key).created(EIGHT, **how)


def rows(*told: History | Frames) -> pl.DataFrame:
    raw = told[0] if isinstance(told[0], Frames) else frames(*told)
    return status_events(raw.issues, raw.changes)


def walk(*told: History | Frames) -> list[tuple[str, str]]:
    return [(NAMES[s], clock(at)[-5:]) for s, at in rows(*told).select("status_id", "entered_at").iter_rows()]


def statuses(*told: History | Frames) -> list[str]:
    return [name for name, _ in walk(*told)]


def doubts(*told: History | Frames) -> list[str | None]:
    return [status and NAMES[status] for status in rows(*told)["doubtful_status_id"]]


def test_the_initial_status_is_what_the_first_change_left():
    told = issue().to("In Progress", NINE).to("Done", TEN)
    assert walk(told) == [("Backlog", "08:00"), ("In Progress", "09:00"), ("Done", "10:00")]


def test_the_first_change_knows_the_initial_status_better_than_the_site_does_now():
    told = history("G-1").created(EIGHT, status="Selected").to("Done", NINE, claims="Backlog")
    assert statuses(told) == ["Backlog", "Done"]


def test_an_issue_that_never_changed_has_been_in_its_current_status_all_along():
    assert walk(issue(status="In Review")) == [("In Review", "08:00")]


def test_a_site_without_any_change_has_only_creations():
    assert statuses(issue("G-1"), issue("G-2", status="Done")) in (["Backlog", "Done"], ["Done", "Backlog"])


def test_issues_without_changes_between_others_keep_their_place():
    told = [issue(f"G-{n}") for n in range(1, 8)]
    for moved in told[1::2]:
        moved.to("In Progress", NINE).to("Done", TEN)
    found = rows(*told)
    assert found["issue_id"].is_sorted()
    for one in told:
        expected = statuses(one)
        own = found.filter(issue_id=one.issue["issue_id"])
        assert [NAMES[s] for s in own["status_id"]] == expected


def test_changes_of_other_fields_are_no_status_changes():
    assert statuses(issue().assign("ben", NINE).flag(NINE).edit("summary", TEN, 3, 4)) == ["Backlog"]


@pytest.mark.parametrize("seed", range(4))
def test_the_order_in_which_changes_arrive_does_not_matter(seed):
    told = [issue("G-1").to("Selected", NINE).to("In Progress", NINE).to("Done", TEN), issue("G-2").to("Done", NINE)]
    raw = frames(*told)
    mixed = Frames(
        raw.issues.sample(fraction=1, shuffle=True, seed=seed), raw.changes.sample(fraction=1, shuffle=True, seed=seed)
    )
    assert rows(mixed).equals(rows(raw))


def test_changes_of_one_instant_chain_whatever_their_ids_say():
    told = issue().to("Selected", NINE, history_id=9).to("In Progress", NINE, history_id=5)
    told.to("In Review", NINE, history_id=7).to("Done", TEN)
    assert statuses(told) == ["Backlog", "Selected", "In Progress", "In Review", "Done"]
    assert doubts(told) == [None] * 5


def test_the_last_instant_chains_to_the_status_the_site_shows():
    told = issue().to("In Progress", NINE, history_id=1).to("In Review", TEN, history_id=9)
    told.to("In Progress", TEN, history_id=5).to("In QA", TEN, history_id=3)
    assert statuses(told) == ["Backlog", "In Progress", "In Review", "In Progress", "In QA"]


def test_the_first_instant_of_a_history_chains_to_what_follows():
    told = issue().to("Selected", EIGHT, history_id=9).to("In Progress", EIGHT, history_id=5).to("Done", NINE)
    assert statuses(told) == ["Backlog", "Selected", "In Progress", "Done"]


def test_of_two_orders_that_chain_the_smaller_ids_come_first():
    told = issue().to("Selected", NINE).to("In Progress", NINE).to("Backlog", NINE).to("In Review", NINE)
    told.to("Backlog", NINE).to("Done", TEN)
    assert statuses(told)[1:5] == ["Selected", "In Progress", "Backlog", "In Review"]


def test_several_status_items_of_one_history_are_each_a_visit():
    told = issue().to("Selected", NINE, history_id=7).to("In Progress", NINE, history_id=7)
    assert walk(told) == [("Backlog", "08:00"), ("Selected", "09:00"), ("In Progress", "09:00")]


def test_a_self_transition_starts_a_new_visit():
    told = issue().to("In Progress", NINE).to("In Progress", TEN)
    assert walk(told)[1:] == [("In Progress", "09:00"), ("In Progress", "10:00")]
    assert doubts(told) == [None] * 3


def test_ticks_of_one_second_are_not_one_instant():
    told = issue().to("Selected", "2026-03-02 09:00:00.200", history_id=9)
    told.to("In Progress", "2026-03-02 09:00:00.700", history_id=5)
    assert statuses(told) == ["Backlog", "Selected", "In Progress"]
    assert doubts(told) == [None] * 3


def test_a_history_older_than_its_issue_moves_the_beginning():
    raw = with_issue(frames(issue().to("In Progress", NINE).to("Done", TEN)), "G-1", created_at=instant(ELEVEN))
    assert walk(raw) == [("Backlog", "09:00"), ("In Progress", "09:00"), ("Done", "10:00")]


def test_a_change_of_an_unknown_issue_is_an_error_that_names_it():
    raw = frames(issue("G-1").to("Done", NINE), issue("G-2").to("Done", NINE))
    lost = raw.issues.filter(issue_key="G-2")["issue_id"][0]
    with pytest.raises(ValueError, match=rf"not among the issues: \[{lost}\]"):
        status_events(raw.issues.filter(issue_key="G-1"), raw.changes)


def test_a_change_without_a_target_is_left_out():
    raw = frames(issue().to("In Progress", NINE).to("Done", TEN))
    blind = raw.changes.with_columns(to_id=pl.when(pl.col.to_id != 3).then("to_id"))
    assert statuses(Frames(raw.issues, blind)) == ["In Progress", "Done"]


def test_a_break_keeps_the_status_and_names_the_other_one():
    told = issue().to("In Progress", NINE).to("In QA", TEN, claims="Ready for QA")
    assert walk(told) == [("Backlog", "08:00"), ("In Progress", "09:00"), ("In QA", "10:00")]
    assert doubts(told) == [None, "Ready for QA", None]


def test_a_changelog_that_ends_elsewhere_leaves_its_last_status_in_doubt():
    told = issue().to("In Progress", NINE).now_in("Done")
    assert walk(told)[-1] == ("In Progress", "09:00")
    assert doubts(told) == [None, "Done"]


def test_a_move_to_another_project_dates_a_silent_jump():
    told = issue().to("In Progress", NINE).edit("project", TEN, 1, 2).to("In QA", ELEVEN, claims="Ready for QA")
    assert walk(told)[2:] == [("Ready for QA", "10:00"), ("In QA", "11:00")]
    assert rows(told)["is_bridged"].to_list() == [False, False, True, False]
    assert doubts(told) == [None] * 4


def test_a_change_of_type_dates_a_silent_jump_at_the_end_of_the_log():
    told = issue().to("In Progress", NINE).edit("issue_type", TEN, 1, 2).now_in("Selected")
    assert walk(told)[2:] == [("Selected", "10:00")]
    assert doubts(told) == [None] * 3


def test_a_change_of_type_at_which_nothing_jumped_bridges_nothing():
    told = issue().to("In Progress", NINE).edit("issue_type", TEN, 1, 2).to("Done", ELEVEN)
    assert statuses(told) == ["Backlog", "In Progress", "Done"]
    assert not rows(told)["is_bridged"].any()


def test_a_move_outside_the_doubtful_stretch_bridges_nothing():
    told = issue().edit("project", "2026-03-02 08:30", 1, 2).to("In Progress", NINE)
    told.to("In QA", TEN, claims="Ready for QA").edit("project", ELEVEN, 2, 3)
    assert doubts(told) == [None, "Ready for QA", None]
    assert not rows(told)["is_bridged"].any()


def test_the_first_of_two_moves_dates_the_jump():
    told = issue().to("In Progress", NINE).edit("project", TEN, 1, 2).edit("issue_type", "2026-03-02 10:30", 1, 2)
    assert walk(told.to("In QA", ELEVEN, claims="Selected"))[2] == ("Selected", "10:00")


def test_a_move_of_one_issue_does_not_mend_another():
    broken = issue("G-1").to("In Progress", NINE).to("Done", ELEVEN, claims="In QA")
    moved = issue("G-2").edit("project", TEN, 1, 2)
    assert doubts(broken, moved).count("In QA") == 1


def shuttle(changes: int) -> History:
    told = issue()
    for number in range(changes):
        told.to("Done" if number % 2 else "In Progress", NINE, history_id=10_000 - number)
    return told


def test_hundreds_of_changes_of_one_instant_still_chain():
    found = statuses(shuttle(400))
    assert found == ["Backlog", *["In Progress", "Done"] * 200]


def test_hundreds_of_changes_of_one_instant_that_cannot_chain_take_no_time():
    told = shuttle(400).to("Selected", NINE, claims="In QA")
    began = perf_counter()
    assert len(walk(told)) == 402
    assert perf_counter() - began < 3


def test_what_chains_before_a_break_within_an_instant_still_does():
    told = issue().to("Selected", NINE).to("In Progress", TEN, history_id=909).to("In Review", TEN, history_id=905)
    told.to("In QA", TEN, history_id=901, claims="Ready for QA").to("Done", ELEVEN)
    assert statuses(told) == ["Backlog", "Selected", "In Progress", "In Review", "In QA", "Done"]
    assert doubts(told) == [None, None, None, "Ready for QA", None, None]


def test_a_break_within_an_instant_leaves_the_order_of_the_ids():
    told = issue().to("Selected", NINE, history_id=1).to("In QA", NINE, history_id=2, claims="In Review")
    assert statuses(told) == ["Backlog", "Selected", "In QA"]
    assert doubts(told) == [None, "In Review", None]
