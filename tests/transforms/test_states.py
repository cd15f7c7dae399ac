"""What holds of an issue beside its status: how it begins, and every change."""

from datetime import UTC, datetime

from tests.builders import BOARD, PERSONS, RESOLUTIONS, frames, history, versions
from tests.transforms.told import FRIDAY_EVENING, clock, instant, with_issue
from transforms.local_days import noon_of
from transforms.states import (
    NOBODY,
    UNRESOLVED,
    Timeline,
    assignee_timeline,
    flag_timeline,
    release_timeline,
    resolution_timeline,
)
from transforms.workflow_index import assign_streams

EIGHT, NINE, TEN = (f"2026-03-02 {hour}" for hour in ("08:00", "09:00", "10:00"))

ANA, BEN = PERSONS["ana"], PERSONS["ben"]


def issue(key="G-1", **how):
    return history(key).created(EIGHT, **how)


def told(timeline: Timeline) -> tuple[list[int], list[tuple[str, int]]]:
    """Initial values, and changes of all issues."""
    assert timeline.initial["issue_id"].is_sorted()
    changes = timeline.changes.select("entered_at", "value").rows()
    return timeline.initial["value"].to_list(), [(clock(at)[-5:], value) for at, value in changes]


def test_an_assignee_who_never_changed_has_been_assigned_all_along():
    assert told(assignee_timeline(*frames(issue(assignee="ben")))) == ([BEN], [])


def test_the_first_assignee_is_whom_the_first_change_took_over_from():
    story = issue(assignee="ana").assign("ben", NINE).assign(None, TEN)
    assert told(assignee_timeline(*frames(story))) == ([ANA], [("09:00", BEN), ("10:00", NOBODY)])


def test_nobody_at_first_is_not_whoever_is_assigned_now():
    assert told(assignee_timeline(*frames(issue(assignee=None).assign("ben", NINE)))) == ([NOBODY], [("09:00", BEN)])


def test_a_flag_begins_as_its_first_change_found_it():
    assert told(flag_timeline(*frames(issue().flag(NINE).unflag(TEN)))) == ([0], [("09:00", 1), ("10:00", 0)])
    assert told(flag_timeline(*frames(issue(flagged=True).unflag(NINE)))) == ([1], [("09:00", 0)])
    assert told(flag_timeline(*frames(issue(flagged=True)))) == ([1], [])


def test_a_flag_is_cleared_by_an_empty_value():
    story = issue(flagged=True).edit("flagged", NINE, 1, None).edit("flagged", TEN, None, 1)
    assert told(flag_timeline(*frames(story))) == ([1], [("09:00", 0), ("10:00", 1)])


def test_an_unresolved_issue_has_a_value_of_its_own():
    story = issue().resolve("Won't do", NINE).resolve(None, TEN)
    expected = ([UNRESOLVED], [("09:00", RESOLUTIONS["Won't do"]), ("10:00", UNRESOLVED)])
    assert told(resolution_timeline(*frames(story))) == expected


def test_changes_of_one_instant_count_in_the_order_of_their_ids():
    story = issue().assign("ben", NINE, history_id=7).assign("chi", NINE, history_id=12)
    issues, changes = frames(story)
    for seed in range(3):
        mixed = changes.sample(fraction=1, shuffle=True, seed=seed)
        initial, moves = told(assignee_timeline(issues, mixed))
        assert (initial, [value for _, value in moves]) == ([ANA], [BEN, PERSONS["chi"]])


def test_every_issue_has_its_own_beginning():
    stories = [issue("G-1", assignee="ben"), issue("G-2").assign("chi", NINE), issue("G-3", assignee=None)]
    issues, changes = frames(*stories)
    found = assignee_timeline(issues.sort("issue_id"), changes).initial
    keys = {row["issue_id"]: row["issue_key"] for row in issues.to_dicts()}
    assert {keys[i]: value for i, value in found.iter_rows()} == {"G-1": BEN, "G-2": ANA, "G-3": NOBODY}


def release(story, dates, delivery="release", as_of=FRIDAY_EVENING):
    workflow = BOARD.workflow(delivery=delivery)
    placed = assign_streams(frames(story).issues, workflow)
    return told(release_timeline(placed, dates, workflow, instant(as_of)))


def test_finished_work_is_released_at_noon_of_the_release_day():
    assert release(issue().release_in(7, NINE), versions((7, "2026-03-04"))) == ([0], [("12:00", 1)])


def test_the_earliest_released_version_counts():
    story = issue().release_in(7, NINE).release_in(8, NINE).release_in(9, NINE)
    dates = versions((7, "2026-03-05"), (8, "2026-03-03"), (9, None))
    _, changes = release(story, dates)
    assert len(changes) == 1
    placed = assign_streams(frames(story).issues, BOARD.workflow(delivery="release"))
    found = release_timeline(placed, dates, BOARD.workflow(delivery="release"), instant(FRIDAY_EVENING))
    assert found.changes["entered_at"].to_list() == [datetime(2026, 3, 3, 11, tzinfo=UTC)]


def test_an_unreleased_version_is_waited_for_without_end():
    assert release(issue().release_in(7, NINE), versions((7, None))) == ([0], [])
    dated = versions((7, "2026-03-04")).with_columns(is_released=False)
    assert release(issue().release_in(7, NINE), dated) == ([0], [])


def test_a_release_after_as_of_has_not_happened_yet():
    dates = versions((7, "2026-03-04"))
    assert release(issue().release_in(7, NINE), dates, as_of="2026-03-04 11:59") == ([0], [])
    assert release(issue().release_in(7, NINE), dates, as_of="2026-03-04 12:00") == ([0], [("12:00", 1)])


def test_work_without_a_version_and_streams_that_deliver_by_status_wait_for_no_release():
    assert release(issue(), versions((7, "2026-03-04"))) == ([1], [])
    assert release(issue().release_in(7, NINE), versions((7, "2026-03-04")), delivery="status") == ([1], [])


def test_noon_is_noon_in_the_streams_zone():
    day = datetime(2026, 7, 1).date()
    assert noon_of(day, "Europe/Berlin").astimezone(UTC) == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert noon_of(day, "Asia/Kolkata").astimezone(UTC) == datetime(2026, 7, 1, 6, 30, tzinfo=UTC)


def test_what_an_issue_is_now_counts_only_where_nothing_ever_changed():
    raw = with_issue(frames(issue(assignee="ana").assign("ben", NINE)), "G-1", assignee=None)
    assert told(assignee_timeline(*raw)) == ([ANA], [("09:00", BEN)])
