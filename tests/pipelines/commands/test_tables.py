"""flow tables: every table with its grain, every column with its meaning."""

import json

import pytest

from tests.flow_command import flow
from transforms.catalog import TABLES


def test_the_list_has_every_table_with_its_grain():
    told = flow("tables").output.splitlines()
    assert len(told) == len(TABLES)
    assert all("One row per" in line for line in told)


def test_for_scripts_the_list_is_json():
    told = json.loads(flow("tables", "--json").output)
    assert [table["table"] for table in told] == [f"{table.layer}.{table.name}" for table in TABLES]
    assert "columns" not in told[0]


@pytest.mark.parametrize("name", ["issue_journeys", "core.issue_journeys", "CORE.Issue_Journeys"])
def test_the_columns_of_one_are_described(name):
    told = json.loads(flow("tables", name, "--json").output)
    assert told[0]["key"] == ["site_name", "issue_id"]
    [column] = [column for column in told[0]["columns"] if column["name"] == "cycle_ms"]
    assert column["type"] == "BIGINT"
    assert column["nullable"]
    assert "Start to delivery" in column["meaning"]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_of_every_table_is_shown(table):
    told = flow("tables", table.name).output
    assert "One row per" in told
    for name in table.columns:
        assert name[:20] in told


def test_a_table_that_is_not_there_is_told_with_the_nearest():
    ended = flow("tables", "issue_jurneys")
    assert ended.exit_code == 2
    assert "Did you mean issue_journeys?" in ended.error
    assert ended.output == ""
