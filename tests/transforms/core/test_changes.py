"""Every change flow depends on, without persons and without texts."""

import polars as pl
import pytest

from tests.builders import PERSONS, Frames, frames, history
from tests.transforms.told import checked, instant
from transforms.core.changes import Changes, publish_changes

EIGHT, NINE, TEN = (f"2026-03-02 {hour}" for hour in ("08:00", "09:00", "10:00"))


def issue(key="G-1", **how):
    return history(key).created(EIGHT, **how)


def published(*told) -> pl.DataFrame:
    raw = told[0] if isinstance(told[0], Frames) else frames(*told)
    return checked(Changes, publish_changes(raw.changes.lazy()))


def values(*told) -> list[tuple]:
    return published(*told).select("field", "from_value", "to_value").rows()


def test_values_are_ids_flags_and_sizes():
    story = issue().to("Done", NINE).flag(NINE).edit("summary", TEN, 12, 40).resolve("Done", TEN)
    assert values(story) == [
        ("status", 1, 10009), ("flagged", 0, 1), ("summary", 12, 40), ("resolution", None, 1),
    ]  # fmt: skip


def test_of_an_assignment_only_that_it_changed_is_told():
    story = issue().assign("ben", NINE).assign(None, NINE).assign("chi", TEN)
    assert values(story) == [("assignee", 1, 1), ("assignee", 1, 0), ("assignee", 0, 1)]
    assert published(story)["is_handoff"].to_list() == [True, False, False]


def test_an_assignment_to_the_same_person_is_no_hand_off():
    assert published(issue().assign("ana", NINE))["is_handoff"].to_list() == [False]


def test_nothing_but_an_assignment_is_a_hand_off():
    assert not published(issue().to("Done", NINE).edit("parent", TEN, 1, 2))["is_handoff"].any()


def test_no_person_is_left():
    made = published(issue().assign("ben", NINE).to("Done", TEN))
    numbers = made.select(pl.col(pl.Int64).exclude("issue_id", "history_id"))
    persons = set(PERSONS.values())
    assert not any(persons & set(column.to_list()) for column in numbers)
    assert not {"author", "assignee"} & set(made.columns)


def test_links_and_moves_keep_their_keys():
    story = issue().block_on("G-2", NINE).unblock_from("G-2", TEN).rename("H-1", TEN)
    made = published(story)
    assert made.select("from_key", "to_key").rows() == [(None, "G-2"), ("G-2", None), ("G-1", "H-1")]
    assert made["link_kind"].to_list() == ["blocked_by", "blocked_by", None]


def test_changes_by_automation_are_marked():
    assert published(issue().to("Done", NINE, by="bot").flag(TEN))["is_automation"].to_list() == [True, False]


@pytest.mark.parametrize("seed", range(3))
def test_changes_come_in_order_of_issue_and_instant(seed):
    told = [issue(key).flag(NINE, history_id=7).assign("ben", NINE, history_id=3).unflag(TEN) for key in ("G-1", "G-2")]
    raw = frames(*told)
    mixed = Frames(raw.issues, raw.changes.sample(fraction=1, shuffle=True, seed=seed))
    made = published(mixed)
    assert made["issue_id"].is_sorted()
    assert made["field"].to_list() == ["assignee", "flagged", "flagged"] * 2
    assert made["changed_at"].to_list()[:3] == [instant(NINE), instant(NINE), instant(TEN)]


def test_items_of_one_history_are_told_apart():
    made = published(issue().to("Done", NINE, history_id=7).resolve("Done", NINE, history_id=7))
    assert made.select("history_id", "item_index").rows() == [(7, 0), (7, 1)]


def test_columns_of_extraction_that_are_not_declared_fall_away():
    raw = frames(issue().flag(NINE))
    made = published(Frames(raw.issues, raw.changes.with_columns(note=pl.lit("x"))))
    assert made.columns == list(Changes.columns)


def test_no_changes_make_an_empty_table():
    assert published(issue()).is_empty()
