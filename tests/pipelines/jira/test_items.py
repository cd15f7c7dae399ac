"""Each distinct item is interpreted once, and names are taken from where they were seen last."""

from datetime import UTC, datetime

import polars as pl
import pytest

from pipelines.jira.fields import FieldNames
from pipelines.jira.items import NAMES_SCHEMA, ItemCodes, newest_names, seen_names
from pipelines.jira.shapes import Item

OPEN_TO_DOING = Item(field="status", from_="1", from_string="Open", to="3", to_string="Doing")


def day(n):
    return datetime(2024, 1, n, tzinfo=UTC)


def codes(*items):
    found = ItemCodes(FieldNames())
    return found, [found[item] for item in items]


def test_equal_items_share_a_code_and_a_row():
    found, numbers = codes(OPEN_TO_DOING, Item(field="flagged", from_=0, to=1), OPEN_TO_DOING)
    assert numbers == [0, 1, 0]
    assert found.frame().select("field", "from_id", "to_id").rows() == [("status", 1, 3), ("flagged", 0, 1)]


def test_items_that_differ_in_a_name_only_differ():
    renamed = Item(field="status", from_="1", from_string="Open", to="3", to_string="In Progress")
    assert codes(OPEN_TO_DOING, renamed)[1] == [0, 1]


@pytest.mark.parametrize(
    "item", [Item(field="status", to="x"), Item(field="created"), Item(field=""), Item(field="sprint", to="a, b")]
)
def test_a_strange_item_is_refused_and_takes_no_code(item):
    found = ItemCodes(FieldNames())
    with pytest.raises(ValueError):
        found[item]
    assert len(found) == found.frame().height == 0


def test_empty_ids_are_none():
    found, _ = codes(Item(field="status", from_="", to=None))
    assert found.frame().select("from_id", "to_id").rows() == [(None, None)]


def test_no_items_give_an_empty_frame_of_the_same_columns():
    assert ItemCodes(FieldNames()).frame().schema == codes(OPEN_TO_DOING)[0].frame().schema


def test_both_ends_of_a_change_name_a_status():
    found, _ = codes(OPEN_TO_DOING)
    seen = pl.DataFrame(
        {"code": [0], "seen_at": [day(2)]}, schema={"code": pl.UInt32, "seen_at": NAMES_SCHEMA["seen_at"]}
    )
    assert sorted(seen_names(found.frame(), seen).select("id", "name").collect().rows()) == [(1, "Open"), (3, "Doing")]


def test_the_newest_name_wins_and_a_real_one_beats_an_id():
    rows = [
        ("status", 3, "Doing", day(1)),
        ("status", 3, "In Work", day(5)),
        ("status", 3, "3", datetime(1970, 1, 1, tzinfo=UTC)),
    ]
    frame = pl.LazyFrame(rows, schema=NAMES_SCHEMA, orient="row")
    assert newest_names(frame).rows() == [("status", 3, "In Work", day(5))]


def test_status_and_resolution_of_one_id_are_two_names():
    rows = [("status", 3, "Doing", day(1)), ("resolution", 3, "Fixed", day(1))]
    assert newest_names(pl.LazyFrame(rows, schema=NAMES_SCHEMA, orient="row")).height == 2
