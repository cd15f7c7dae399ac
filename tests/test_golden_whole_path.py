"""The golden stories the whole way: served as a Jira site, pulled by ``flow run``, read from DuckDB and from Parquet.

One moment serves all stories: that of the one still open. The others had ended before it, so that no answer of theirs
depends on it; through the functions every story is also judged at its own moment.
"""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.config import load_config
from tests.flow_command import FLAVOURS, flow, in_duckdb, published, serving
from tests.golden.adapter import CASES
from tests.golden.expected import expected_clocks, expected_journey, expected_rollup, expected_visits, instant
from tests.golden.published import CONFIG, MOMENT, golden_site, published_golden
from tests.oracle_events import ms

ANSWERS = {key: answer for case in CASES for key, answer in case["expected"].items()}

JOURNEYS = [key for key, answer in ANSWERS.items() if not answer.get("rollup")]

READERS = {"DuckDB": in_duckdb, "Parquet": published}


@pytest.fixture(params=FLAVOURS)
def folder(request) -> Path:
    """What a run on the golden site published."""
    return published_golden(request.param)


def journey(table: pl.DataFrame, key: str) -> dict:
    row = table.row(by_predicate=pl.col.issue_key == key, named=True)
    return {name: ms(value) if isinstance(value, datetime) else value for name, value in row.items()}


def test_the_moment_serves_all_stories():
    own = {key: case["as_of"] for case in CASES for key in case["expected"]}
    for key, answer in ANSWERS.items():
        assert own[key] == MOMENT or instant(answer["finished"]) < instant(MOMENT)


def test_the_golden_workflow_holds_for_whatever_project_the_stories_are_put_in():
    config = load_config(CONFIG)
    assert not config.jira.projects
    assert not [stream.name for stream in config.value_stream if stream.projects]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("key", JOURNEYS)
def test_a_golden_story_is_published_as_computed_by_hand(folder, reader, key):
    answer, found = ANSWERS[key], journey(READERS[reader](folder, "core", "issue_journeys"), key)
    expected = expected_journey(answer) | expected_clocks(answer)
    assert {name: found[name] for name in expected} == expected
    assert found["started_at"] - found["created_at"] == answer["pre_start_s"] * 1000
    assert (found["finished_at"] or instant(MOMENT)) - found["created_at"] == answer["lead_s"] * 1000


@pytest.mark.parametrize("reader", READERS)
def test_the_epic_is_published_as_its_children_make_it(folder, reader):
    found = journey(READERS[reader](folder, "core", "issue_journeys"), "G-20")
    expected = expected_rollup(ANSWERS["G-20"])
    assert {name: found[name] for name in expected} == expected
    assert found["span_working_ms"] == ANSWERS["G-20"]["cycle_ws"] * 1000


@pytest.mark.parametrize("key", JOURNEYS)
def test_the_visits_of_a_golden_story_are_published(folder, key):
    visits = published(folder, "core", "status_visits").filter(pl.col.issue_key == key)
    assert dict(visits.group_by("status_id").len().iter_rows()) == expected_visits(ANSWERS[key])


@pytest.mark.parametrize("table", ["status_visits", "work_intervals", "issue_journeys", "issues", "changes"])
def test_duckdb_and_parquet_hold_the_same(folder, table):
    words = pl.selectors.categorical() | pl.selectors.enum()
    as_parquet, as_duckdb = (
        read(folder, "core", table).with_columns(words.cast(pl.String)) for read in (published, in_duckdb)
    )
    keys = [name for name in as_parquet.columns if name.endswith(("_id", "_number", "_index"))]
    assert_frame_equal(as_parquet.sort(keys), as_duckdb.sort(keys), check_dtypes=False)


def test_every_story_is_whole_but_the_one_with_a_break(folder):
    completeness = published(folder, "quality", "completeness")
    keys = published(folder, "core", "issues").select("issue_id", "issue_key")
    doubtful = completeness.filter(~pl.col.is_complete).join(keys, on="issue_id")
    assert doubtful["issue_key"].to_list() == ["G-21"]
    assert len(completeness) == sum(len(case["issues"]) for case in CASES)
    assert published(folder, "quality", "quarantine").is_empty()


def test_no_published_core_table_names_a_person(folder):
    for path in (folder / "parquet" / "core").glob("*.parquet"):
        table = pl.read_parquet(path)
        assert not {"assignee", "author", "reporter"} & set(table.columns), path.name
        texts = table.select(pl.selectors.string()).to_dict(as_series=False).values()
        assert not {"ana", "ben", "chi", "boss"} & {str(value).casefold() for column in texts for value in column}


CHANGE = """
[[value_stream.change]]
valid_from = 2026-03-11
wait = ["3"]
commitment = "3"
[[value_stream.change.stage]]
name = "QA"
touch = ["10003"]
"""


def test_a_stream_that_is_defined_otherwise_is_published_as_it_was_and_as_it_is(tmp_path):
    config = tmp_path / "flow.toml"
    config.write_text(CONFIG.read_text(encoding="utf-8") + CHANGE, encoding="utf-8")
    with serving(golden_site("cloud"), "cloud") as (_, access):
        ended = flow("run", "--config", config, "--data", tmp_path, "--as-of", MOMENT, **access)
    assert ended.exit_code == 0, ended.error
    told = in_duckdb(tmp_path, "core", "statuses").row(by_predicate=pl.col.status_id == 3, named=True)
    assert (told["work_kind"], told["earlier_work_kinds"]) == ("queue", "active until 2026-03-11")
    review = in_duckdb(tmp_path, "core", "statuses").row(by_predicate=pl.col.status_id == 10003, named=True)
    assert (review["stage_name"], review["earlier_stage_names"]) == ("QA", "Review until 2026-03-11")
    stages = in_duckdb(tmp_path, "core", "stages").select("stage_name", "committed_until_date")
    assert dict(stages.drop_nulls().iter_rows()) == {"Selected": date(2026, 3, 11)}
    held = in_duckdb(tmp_path, "core", "work_intervals").filter(pl.col.stage_name == "Development")
    before = pl.col.entered_at < told["work_kind_since_at"]
    assert "touch" in set(held.filter(before)["kind"])
    assert "touch" not in set(held.filter(~before)["kind"])
    assert "wait" in set(held.filter(~before)["kind"])
