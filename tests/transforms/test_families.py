"""Who is whose parent, and which parents are measured through their children."""

import pytest

from tests.builders import BOARD, Frames, frames, history, issue_id_of
from tests.transforms.told import FRIDAY_EVENING, instant, with_issue
from transforms.families import name_parents, rolled_up_ids


def born(key, **how):
    return history(key).created("2026-03-02 08:00", **how)


def rolled(raw: Frames, as_of: str = FRIDAY_EVENING) -> set[str]:
    ids = set(rolled_up_ids(raw.issues, BOARD.workflow(), instant(as_of)).to_list())
    return {key for key, issue_id in raw.issues.select("issue_key", "issue_id").iter_rows() if issue_id in ids}


def test_an_epic_with_children_is_measured_through_them():
    assert rolled(frames(born("E-1", issue_type="Epic"), born("G-1", parent="E-1"))) == {"E-1"}


def test_an_epic_without_children_stands_for_itself():
    assert rolled(frames(born("E-1", issue_type="Epic"), born("G-1"))) == set()


def test_an_epic_stands_for_itself_until_its_first_child_is_created():
    raw = frames(born("E-1", issue_type="Epic"), history("G-1").created("2026-03-04 08:00", parent="E-1"))
    assert rolled(raw, as_of="2026-03-04 07:59") == set()
    assert rolled(raw, as_of="2026-03-04 08:00") == {"E-1"}


def test_a_story_with_sub_tasks_stands_for_itself():
    assert rolled(frames(born("G-1"), born("G-2", issue_type="Sub-task", parent="G-1"))) == set()


def test_an_initiative_over_an_epic_is_measured_through_it():
    told = [born("I-1", issue_type="Epic"), born("E-1", issue_type="Epic", parent="I-1"), born("G-1", parent="E-1")]
    assert rolled(with_issue(frames(*told), "I-1", hierarchy_level=2)) == {"I-1", "E-1"}


def test_a_parent_known_by_its_key_is_found():
    raw = with_issue(frames(born("E-1", issue_type="Epic"), born("G-1", parent="E-1")), "G-1", parent_id=None)
    parents = dict(name_parents(raw.issues).select("issue_key", "parent_id").iter_rows())
    assert parents == {"E-1": None, "G-1": issue_id_of("E-1")}
    assert rolled(raw) == {"E-1"}


def test_a_parent_id_counts_more_than_a_key_that_may_be_old():
    told = [born("E-1", issue_type="Epic"), born("E-2", issue_type="Epic"), born("G-1", parent="E-1")]
    raw = with_issue(frames(*told), "G-1", parent_key="E-2")
    assert rolled(raw) == {"E-1"}


@pytest.mark.parametrize("key", ["parent_id", "parent_key"])
def test_a_parent_outside_the_extract_is_nobodys_roll_up(key):
    raw = frames(born("E-1", issue_type="Epic"), born("G-1", parent="E-9"))
    assert rolled(with_issue(raw, "G-1", **{key: None})) == set()


def test_naming_parents_keeps_rows_and_columns():
    raw = frames(born("G-2"), born("G-1", parent="G-2"))
    named = name_parents(raw.issues)
    assert named.schema == raw.issues.schema
    assert named["issue_id"].to_list() == raw.issues["issue_id"].to_list()
