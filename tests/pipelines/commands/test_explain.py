"""flow explain: what it says of an issue whose status nobody would dare to invent, and of keys that are not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flow_command import Outcome, flow, serving
from tests.pipelines.test_flow_init import HOSTILE, hostile_site


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> tuple[Path, Outcome]:
    """A published site with a hostile status, and what the run said."""
    data = tmp_path_factory.mktemp("hostile") / "data"
    config = data.parent / "flow.toml"
    config.touch()
    with serving(hostile_site(), "cloud") as (_, access):
        ended = flow("run", "--config", config, "--data", data, **access)
    assert ended.exit_code == 0, ended.error
    return data, ended


def test_no_command_lets_a_name_reach_the_terminal_raw(ran):
    data, run = ran
    told = [run, flow("explain", "ABC-11", "--data", data), flow("sql", "FROM core.statuses", "--data", data)]
    for ended in told:
        assert ended.exit_code == 0
        assert not {"\x1b", "\x07"} & set(ended.output + ended.error)
    assert "�[31mRed� [bold]]" in told[1].output


def test_json_carries_the_name_as_jira_has_it(ran):
    found = json.loads(flow("explain", "ABC-11", "--json", "--data", ran[0]).output)
    assert f"'{HOSTILE}'" in {name for interval in found["intervals"] for name in interval["status_names"]}
    assert found["sums_agree"]


def test_a_status_no_rule_covers_is_said_to_be_one(ran):
    told = flow("explain", "ABC-11", "--data", ran[0]).output
    assert "is a wait (no rule covers it, so it counts as wait)" in told or "lies before the commitment" in told


def test_an_issue_that_was_never_touched_has_no_sums(ran):
    told = flow("explain", "ABC-2", "--data", ran[0]).output
    assert "not started" in told
    assert "sum of" not in told


@pytest.mark.parametrize("key", ["XYZ-99", "", "'; DROP TABLE x; --", "\x1b[2J"])
def test_a_key_that_is_not_there_costs_one_paragraph(ran, key):
    ended = flow("explain", key, "--data", ran[0])
    assert ended.exit_code == 2
    assert ended.error.startswith("flow: No published issue has the key")
    assert "\x1b" not in ended.error
    assert len(ended.error.splitlines()) == 1


def test_without_published_tables_the_way_to_them_is_told(tmp_path):
    ended = flow("explain", "ABC-1", "--data", tmp_path)
    assert ended.exit_code == 1
    assert "flow run" in ended.error


def test_without_the_parameters_of_the_run_the_words_do_without_the_calendar(ran, tmp_path):
    for name in ("flow.duckdb", "current"):
        (tmp_path / name).symlink_to((ran[0] / name).resolve())
    told = flow("explain", "ABC-1", "--data", tmp_path).output
    assert "the calendar is not at hand" in told
    assert "4 h" in told
