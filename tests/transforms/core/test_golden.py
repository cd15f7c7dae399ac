"""The golden stories through the functions: every hand-computed value, exactly."""

from datetime import UTC, datetime
from functools import cache

import polars as pl
import pytest

from tests.chain import compute
from tests.golden.adapter import CASES, GOLDEN_BOARD, golden_workflow, story_frames
from tests.golden.expected import (
    expected_clocks,
    expected_journey,
    expected_rollup,
    expected_visits,
    instant,
)
from tests.oracle_events import ms

STORIES = {case["id"]: case for case in CASES}
ANSWERS = [(case["id"], key) for case in CASES for key, answer in case["expected"].items() if not answer.get("rollup")]


@cache
def tables(story: str) -> dict[str, pl.DataFrame]:
    case = STORIES[story]
    return compute(story_frames(case), golden_workflow(case), datetime.fromisoformat(case["as_of"]))


def journey(story: str, key: str) -> dict:
    row = tables(story)["issue_journeys"].row(by_predicate=pl.col.issue_key == key, named=True)
    return {name: ms(value) if isinstance(value, datetime) else value for name, value in row.items()}


@pytest.mark.parametrize(("story", "key"), ANSWERS)
def test_a_golden_story_has_its_journey(story, key):
    expected = expected_journey(STORIES[story]["expected"][key])
    found = journey(story, key)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(("story", "key"), ANSWERS)
def test_a_golden_story_has_its_clocks(story, key):
    answer, found = STORIES[story]["expected"][key], journey(story, key)
    as_of = ms(datetime.fromisoformat(STORIES[story]["as_of"]))
    assert {name: found[name] for name in ("lead_ms", "cycle_ms", "cycle_working_ms")} == expected_clocks(answer)
    assert (found["finished_at"] or as_of) - found["created_at"] == answer["lead_s"] * 1000
    assert found["started_at"] - found["created_at"] == answer["pre_start_s"] * 1000


@pytest.mark.parametrize(("story", "key"), ANSWERS)
def test_a_golden_story_has_its_visits(story, key):
    visits = tables(story)["status_visits"].filter(pl.col.issue_key == key)
    counts = dict(visits.group_by("status_id").len().iter_rows())
    assert counts == expected_visits(STORIES[story]["expected"][key])


@pytest.mark.parametrize(("story", "key"), ANSWERS)
def test_the_intervals_of_a_golden_story_add_up_to_its_journey(story, key):
    answer = STORIES[story]["expected"][key]
    spent = tables(story)["work_intervals"].filter(pl.col.issue_key == key, pl.col.pass_number == 1)
    totals = spent.group_by("kind").agg(pl.col("elapsed_ms", "working_ms").sum())
    sums = {kind: (elapsed, working) for kind, elapsed, working in totals.iter_rows()}
    for golden, kind in (("queue", "wait"), ("touch", "touch"), ("blocked", "blocked"), ("done_gap", "done_gap")):
        assert sums.get(kind, (0, 0)) == (answer[f"{golden}_s"] * 1000, answer[f"{golden}_ws"] * 1000)
    assert sums.get("not_started", (0, 0))[0] == answer["pre_start_s"] * 1000


def test_g20_an_epic_is_measured_through_its_children():
    expected = expected_rollup(STORIES["G20"]["expected"]["G-20"])
    found = journey("G20", "G-20")
    assert {name: found[name] for name in expected} == expected
    assert found["span_working_ms"] == STORIES["G20"]["expected"]["G-20"]["cycle_ws"] * 1000
    assert found["outcome"] == "delivered"
    assert tables("G20")["work_intervals"].filter(pl.col.issue_key == "G-20").is_empty()


def test_g13_keeps_the_visit_of_no_length():
    visits = tables("G13")["status_visits"].sort("visit_number")
    assert visits["status_id"].to_list() == [3, 10002, 10003, 10009]
    assert visits["elapsed_ms"].to_list()[:3] == [3_600_000, 0, 3_600_000]
    assert (visits["entered_at"][1], visits["left_at"][1]) == (visits["left_at"][0], visits["entered_at"][2])


def test_g16_names_the_blocked_stretch():
    blocked = tables("G16")["work_intervals"].filter(pl.col.issue_key == "G-16", pl.col.kind == "blocked")
    assert blocked["entered_at"].to_list() == [datetime(2026, 7, 14, 9, tzinfo=UTC)]
    assert blocked["left_at"].to_list() == [datetime(2026, 7, 15, 8, tzinfo=UTC)]


def test_g21_shows_the_other_reading_of_the_doubtful_stretch():
    doubtful = tables("G21")["work_intervals"].filter(pl.col.kind_alternative.is_not_null())
    assert doubtful.select("stage_name", "kind", "kind_alternative").rows() == [("Development", "touch", "wait")]
    assert ms(doubtful["entered_at"][0]) == instant("2026-08-10T08:00:00Z")
    assert ms(doubtful["left_at"][0]) == instant("2026-08-10T12:00:00Z")


def test_the_golden_board_is_the_golden_file():
    assert {s.status_id for s in GOLDEN_BOARD.statuses.values()} >= {3, 10009}
    assert sum(len(case["issues"]) for case in CASES) == 26
    assert len(ANSWERS) == 22
