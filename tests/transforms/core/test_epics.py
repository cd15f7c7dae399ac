"""Parents measured through their children: each instant of theirs counted once."""

import polars as pl
import pytest

from tests.builders import frames, history
from tests.transforms.told import DAY, HOUR, calculate, instant, tell, with_issue
from transforms.core.issue_journeys import IssueJourneys
from transforms.workflow import SPAN_KINDS

H = [f"2026-03-02 {hour:02}:00" for hour in range(24)]


def epic(key="E-1", **how):
    return history(key).created(H[7], issue_type="Epic", **how)


def story(key="G-1", parent="E-1", **how):
    return history(key).created(H[8], parent=parent, **how)


def rolled(*told, key="E-1", **how):
    row = tell(*told, **how).journey(key)
    assert row["is_rolled_up"]
    for unit in ("ms", "working_ms"):
        assert sum(row[f"{kind}_{unit}"] for kind in SPAN_KINDS) == row[f"span_{unit}"]
    return row


def worked(key, start, end, status="In Progress", **how):
    return story(key, **how).to(status, H[start]).to("Done", H[end])


def test_an_epic_lasts_from_its_first_childs_start_to_its_last_childs_finish():
    row = rolled(epic(), worked("G-1", 9, 11), worked("G-2", 10, 14))
    assert (row["outcome"], row["started_at"], row["finished_at"]) == ("delivered", H[9], H[14])
    assert (row["span_ms"], row["cycle_ms"], row["lead_ms"]) == (5 * HOUR, 5 * HOUR, 7 * HOUR)


def test_touch_is_the_union_and_person_time_the_sum():
    row = rolled(epic(), worked("G-1", 9, 11), worked("G-2", 10, 14))
    assert (row["touch_ms"], row["child_touch_ms"]) == (5 * HOUR, 6 * HOUR)


def test_a_hole_between_children_is_wait():
    row = rolled(epic(), worked("G-1", 9, 10), worked("G-2", 13, 14))
    assert (row["touch_ms"], row["wait_ms"], row["span_ms"]) == (2 * HOUR, 3 * HOUR, 5 * HOUR)


def test_a_hole_over_night_is_wait_and_working_wait_only_by_day():
    second = story("G-2").to("In Progress", "2026-03-03 10:00").to("Done", "2026-03-03 11:00")
    row = rolled(epic(), worked("G-1", 9, 16), second)
    assert (row["wait_ms"], row["wait_working_ms"], row["touch_working_ms"]) == (18 * HOUR, 2 * HOUR, 8 * HOUR)


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ("touch", "blocked", "touch"), ("blocked", "unassigned", "blocked"), ("unassigned", "wait", "unassigned"),
        ("wait", "done_gap", "wait"), ("blocked", "blocked", "blocked"), ("done_gap", "done_gap", "done_gap"),
    ],
)  # fmt: skip
def test_of_what_two_children_do_the_stronger_counts(first, second, kind):
    row = rolled(epic(), doing("G-1", first), doing("G-2", second), as_of=H[12])
    assert (row["span_ms"], row[f"{kind}_ms"]) == (3 * HOUR, 3 * HOUR)


def doing(key, kind):
    """A child that does one thing from nine to twelve."""
    match kind:
        case "touch":
            return worked(key, 9, 12)
        case "blocked":
            return story(key, flagged=True).to("In Progress", H[9]).to("Done", H[12])
        case "unassigned":
            return worked(key, 9, 12, assignee=None)
        case "wait":
            return worked(key, 9, 12, status="Ready for QA")
        case _:
            return story(key).to("Done", H[9]).to("In QA", H[12])


def test_an_epic_is_under_way_while_a_child_is():
    row = rolled(epic(), worked("G-1", 9, 10), story("G-2").to("In Progress", H[11]), as_of=H[13])
    assert (row["outcome"], row["finished_at"], row["cycle_ms"]) == ("in_progress", None, None)
    assert (row["span_ms"], row["touch_ms"], row["wait_ms"]) == (4 * HOUR, 3 * HOUR, HOUR)


def test_a_child_that_has_not_started_keeps_the_epic_open():
    row = rolled(epic(), worked("G-1", 9, 10), story("G-2"), as_of=H[13])
    assert (row["outcome"], row["finished_at"], row["wait_ms"]) == ("in_progress", None, 3 * HOUR)


def test_an_epic_none_of_whose_children_has_started_has_not_started():
    row = rolled(epic(), story("G-1"), story("G-2"))
    assert (row["outcome"], row["started_at"], row["span_ms"], row["child_touch_ms"]) == ("not_started", None, 0, 0)


def test_an_epic_all_of_whose_children_are_cancelled_is_discarded():
    row = rolled(epic(), story("G-1").to("Cancelled", H[9]), story("G-2").to("In QA", H[9]).to("Cancelled", H[11]))
    assert (row["outcome"], row["finished_at"], row["cycle_ms"]) == ("discarded", H[11], None)


def test_an_epic_with_a_delivered_child_is_delivered_when_the_last_child_ends():
    row = rolled(epic(), worked("G-1", 9, 10), story("G-2").to("In Progress", H[9]).to("Cancelled", H[12]))
    assert (row["outcome"], row["finished_at"], row["touch_ms"]) == ("delivered", H[12], 3 * HOUR)


def test_an_epic_is_never_started_if_none_of_its_children_was():
    retro = rolled(epic(), story("G-1").to("Done", H[9]), story("G-2").to("Done", H[11]))
    assert (retro["is_never_started"], retro["cycle_ms"], retro["span_ms"]) == (True, None, 2 * HOUR)
    assert rolled(epic(), story("G-1").to("Done", H[9]), worked("G-2", 9, 10))["is_never_started"] is False


def test_a_blocked_child_blocks_its_epic_while_no_other_is_touched():
    blocked = worked("G-1", 9, 13).block_on("G-9", H[13])
    held = story("G-2").to("In Progress", H[13]).block_on("G-9", H[13]).unblock_from("G-9", H[15]).to("Done", H[16])
    row = rolled(epic(), blocked, held, story("G-9", parent=None))
    assert (row["touch_ms"], row["blocked_ms"], row["wait_ms"]) == (5 * HOUR, 2 * HOUR, 0)


def test_counts_add_up_over_children():
    one = story("G-1").to("In QA", H[9]).assign("ben", H[10]).to("In Progress", H[11]).to("In QA", H[12])
    one.to("Done", H[13])
    two = worked("G-2", 9, 10).to("In QA", H[11]).to("Done", H[12])
    row = rolled(epic(), one, two)
    counts = ("backward_move_count", "reopen_count", "handoff_count", "continuity_break_count")
    assert [row[name] for name in counts] == [1, 1, 1, 0]
    assert row["rework_touch_ms"] == HOUR


def test_what_children_do_again_at_the_same_time_is_rework_of_each():
    told = [
        story(key).to("In Progress", H[9]).to("In Review", H[10]).to("In Progress", H[10]).to("Done", H[14])
        for key in ("G-1", "G-2")
    ]
    row = rolled(epic(), *told)
    assert (row["touch_ms"], row["child_touch_ms"], row["rework_touch_ms"]) == (5 * HOUR, 10 * HOUR, 8 * HOUR)
    holds = pl.sql_expr(IssueJourneys.row_rules["rework_within_touch"].holds)
    assert pl.DataFrame([row]).select(holds).item()


def test_a_doubtful_child_bounds_the_epics_touch():
    doubtful = story("G-1").to("In Progress", H[9]).to("Done", H[12], claims="Ready for QA")
    row = rolled(epic(), doubtful, worked("G-2", 11, 13))
    assert (row["touch_ms_low"], row["touch_ms"], row["touch_ms_high"]) == (2 * HOUR, 4 * HOUR, 4 * HOUR)
    assert row["continuity_break_count"] == 1


def test_the_epics_own_statuses_do_not_count():
    moved = epic().to("In Progress", H[8]).to("Done", "2026-03-05 08:00")
    assert rolled(moved, worked("G-1", 9, 10))["finished_at"] == H[10]


def test_an_epic_without_children_is_measured_by_its_own_statuses():
    row = tell(epic().to("In Progress", H[9]).to("Done", H[11]), story("G-1", parent=None)).journey("E-1")
    assert (row["is_rolled_up"], row["cycle_ms"], row["child_touch_ms"]) == (False, 2 * HOUR, None)
    assert not row["is_counted"]


def test_an_epic_known_by_its_key_has_its_children():
    raw = with_issue(frames(epic(), worked("G-1", 9, 11)), "G-1", parent_id=None)
    told = calculate(raw)
    assert (told.journey("E-1")["is_rolled_up"], told.journey("E-1")["touch_ms"]) == (True, 2 * HOUR)
    assert told.journey("G-1")["parent_id"] == told.journey("E-1")["issue_id"]


def test_an_initiative_is_measured_through_epics_that_are_measured_through_stories():
    told = [epic("I-1"), epic("E-1", parent="I-1"), epic("E-2", parent="I-1"), worked("G-1", 9, 11),
            worked("G-2", 10, 12), worked("G-3", 14, 15, parent="E-2")]  # fmt: skip
    found = calculate(with_issue(frames(*told), "I-1", hierarchy_level=2))
    top, middle = found.journey("I-1"), found.journey("E-1")
    assert (middle["touch_ms"], middle["child_touch_ms"]) == (3 * HOUR, 4 * HOUR)
    assert (top["started_at"], top["finished_at"], top["span_ms"]) == (H[9], H[15], 6 * HOUR)
    assert (top["touch_ms"], top["wait_ms"], top["child_touch_ms"]) == (4 * HOUR, 2 * HOUR, 5 * HOUR)


def test_an_initiative_counts_an_epic_without_children_by_its_own_statuses():
    told = [epic("I-1"), epic("E-1", parent="I-1").to("In Progress", H[9]).to("Done", H[12]),
            epic("E-2", parent="I-1"), worked("G-1", 10, 13, parent="E-2")]  # fmt: skip
    top = calculate(with_issue(frames(*told), "I-1", hierarchy_level=2)).journey("I-1")
    assert (top["touch_ms"], top["child_touch_ms"], top["finished_at"]) == (4 * HOUR, 6 * HOUR, H[13])


def test_a_child_that_comes_back_late_does_not_reopen_its_epic():
    child = worked("G-1", 9, 11).to("In QA", "2026-05-04 09:00")
    row = rolled(epic(), child, as_of="2026-05-05 09:00")
    assert (row["outcome"], row["finished_at"], row["span_ms"]) == ("delivered", H[11], 2 * HOUR)


def test_children_created_after_as_of_are_not_there_yet():
    late = history("G-2").created("2026-03-04 09:00", parent="E-1")
    row = rolled(epic(), worked("G-1", 9, 11), late, as_of="2026-03-03 09:00")
    assert (row["outcome"], row["finished_at"]) == ("delivered", H[11])


def test_an_epic_older_than_all_its_children_still_has_a_journey():
    late = history("G-1").created("2026-03-04 09:00", parent="E-1").to("In Progress", "2026-03-04 10:00")
    told = tell(epic(), late, story("G-7", parent=None), as_of="2026-03-03 09:00")
    assert told.rows("issue_journeys", "G-1") == []
    assert told.journey("E-1")["outcome"] == "not_started"


def test_an_epic_older_than_its_work_has_a_lead_from_its_own_creation():
    raw = with_issue(frames(epic(), worked("G-1", 9, 11)), "E-1", created_at=instant(H[7]))
    assert calculate(raw).journey("E-1")["lead_ms"] == 4 * HOUR


def test_spans_of_several_epics_do_not_mix():
    told = [epic("E-1"), epic("E-2"), worked("G-1", 9, 10), story("G-2", parent="E-2").to("In Progress", H[9])]
    found = tell(*told, as_of="2026-03-03 09:00")
    assert found.journey("E-1")["span_ms"] == HOUR
    assert found.journey("E-2")["span_ms"] == DAY
