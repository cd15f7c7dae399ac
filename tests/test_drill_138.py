"""DRILL-138: its changelog says 8 histories and lists 3, and ends in another status than Jira shows.

Nobody may trust its numbers silently: the proof of completeness says what is wrong, the journey carries the doubt.
"""

import polars as pl
import pytest

from tests.flow_command import FLAVOURS, in_duckdb, published


@pytest.fixture(params=FLAVOURS)
def data(request, recordings):
    return recordings(request.param)


def row_of(data, schema: str, table: str, key: str) -> dict:
    return published(data, schema, table).row(by_predicate=pl.col.issue_key == key, named=True)


def test_the_proof_of_completeness_says_that_it_is_not_whole(data):
    proof = row_of(data, "quality", "completeness", "DRILL-138")
    assert proof["is_complete"] is False
    assert proof["history_count"] == 3
    assert "ends in status" in proof["reason"]


def test_where_jira_tells_a_total_it_is_named(recordings):
    proof = row_of(recordings("dc"), "quality", "completeness", "DRILL-138")
    assert (proof["history_total"], proof["history_count"]) == (8, 3)
    assert "8 histories, 3 came" in proof["reason"]


def test_its_journey_carries_the_doubt(data):
    journey = row_of(data, "core", "issue_journeys", "DRILL-138")
    assert journey["continuity_break_count"] >= 1
    assert journey["touch_ms_low"] <= journey["touch_ms"] <= journey["touch_ms_high"]


def test_duckdb_shows_it_beside_the_numbers(data):
    proof = in_duckdb(data, "quality", "completeness")
    assert proof.filter(issue_key="DRILL-138")["is_complete"].to_list() == [False]


def test_its_neighbours_are_trusted(data):
    others = published(data, "quality", "completeness").filter(
        pl.col.issue_key.str.starts_with("DRILL-"), pl.col.issue_key != "DRILL-138"
    )
    assert others["is_complete"].to_list() == [True, True]
    assert others["reason"].to_list() == [None, None]


def test_it_stays_in_core_and_out_of_quarantine(data):
    assert "DRILL-138" in published(data, "core", "issues")["issue_key"].to_list()
    assert published(data, "quality", "quarantine").is_empty()
