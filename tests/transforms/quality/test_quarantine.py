"""Quarantine names whatever Jira listed and no other table holds."""

import polars as pl

from transforms.quality.quarantine import NOT_HANDED_OUT, Quarantine, list_quarantine
from transforms.raw import RawQuarantine
from transforms.schema import check_schema, check_values


def quarantined(*rows, missing=()):
    raw = pl.DataFrame(rows, schema=RawQuarantine.polars_schema(), orient="row").lazy()
    frame = list_quarantine(raw, missing).collect()
    check_schema(Quarantine, frame)
    check_values(Quarantine, frame)
    return frame.rows()


def test_what_could_not_be_parsed_keeps_its_place_and_reason():
    assert quarantined(("b1:7", 42, "no status")) == [("b1:7", 42, "no status")]


def test_an_answer_without_a_readable_id_is_listed_too():
    assert quarantined(("b1:7", None, "not JSON")) == [("b1:7", None, "not JSON")]


def test_an_issue_that_was_listed_but_not_handed_out_is_named():
    assert quarantined(missing=[9]) == [("issue 9", 9, NOT_HANDED_OUT)]


def test_rows_are_in_the_order_of_their_reference_whatever_order_they_came_in():
    one, two = ("b1:1", 1, "x"), ("b2:1", 2, "x")
    assert quarantined(two, one, missing=[3]) == quarantined(one, two, missing=[3])
    assert [row[0] for row in quarantined(two, one, missing=[3])] == ["b1:1", "b2:1", "issue 3"]


def test_nothing_wrong_leaves_an_empty_table():
    assert quarantined() == []
