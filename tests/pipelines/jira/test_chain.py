"""Is a changelog whole: some order of its changes must lead to the status the issue has."""

import msgspec
import pytest

from pipelines.jira.chain import is_whole
from pipelines.jira.shapes import LandedIssue
from tests.pipelines.jira.rest import history, issue, item, move, scrubbed

FIRST, LATER, LAST = (f"2024-01-0{day}T10:00:00.000+0000" for day in (2, 3, 4))


def whole(*histories, status=3, total=None):
    one = issue(1, *histories, status=status)
    one["changelog"]["total"] = len(histories) if total is None else total
    return is_whole(msgspec.json.decode(scrubbed(one)[0], type=LandedIssue))


def test_no_change_is_whole():
    assert whole()


def test_changes_that_lead_to_the_status_are_whole_in_any_order():
    assert whole(history(2, LATER, move(2, 3)), history(1, FIRST, move(1, 2)))


def test_a_changelog_that_ends_elsewhere_is_not_whole():
    assert not whole(history(1, FIRST, move(1, 2)))


def test_a_gap_in_the_middle_is_not_whole():
    assert not whole(history(1, FIRST, move(1, 2)), history(2, LATER, move(4, 3)))


def test_a_changelog_short_of_its_total_is_not_whole():
    assert not whole(history(1, FIRST, move(1, 3)), total=2)


@pytest.mark.parametrize("moves", [[(1, 2), (2, 3)], [(2, 3), (1, 2)], [(2, 1), (1, 3), (1, 2)]])
def test_changes_of_one_instant_are_whole_if_some_order_chains(moves):
    first = history(1, FIRST, move(5, 1))
    steps = [history(number, LATER, move(*pair)) for number, pair in enumerate(moves, 2)]
    assert whole(first, *steps)


def test_changes_of_one_instant_that_no_order_chains_are_not_whole():
    assert not whole(history(1, LATER, move(1, 2)), history(2, LATER, move(4, 3)))


def test_a_round_trip_within_an_instant_comes_back():
    assert whole(history(1, FIRST, move(1, 3)), history(2, LATER, move(3, 4), move(4, 3)))


def test_a_round_trip_that_does_not_touch_the_place_is_a_gap():
    assert not whole(history(1, FIRST, move(1, 3)), history(2, LATER, move(5, 4), move(4, 5)))


def test_a_self_transition_stays_where_it_was():
    assert whole(history(1, FIRST, move(1, 3)), history(2, LATER, move(3, 3)))


def test_a_move_to_another_project_may_jump():
    moved = item("Key", None, None, "ABC-1", "XYZ-1")
    assert whole(history(1, FIRST, move(1, 2)), history(2, LATER, moved), history(3, LAST, move(7, 3)))
    assert whole(history(1, FIRST, move(1, 2)), history(2, LATER, moved))


def test_what_cannot_be_dated_is_not_judged_here():
    assert whole(history(1, "2024-01-02T10:00:00.000", move(1, 2)))
