"""The metric the README adds, really added: to a copy of the sources, which then publishes it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.flow_command import UNSET, in_duckdb, published, serving
from tests.pipelines.sandbox.sites import small_site
from tests.readme import blocks

ROOT = Path(__file__).parents[1]

EXAMPLE = {block.splitlines()[0].split(":")[0].removeprefix("# "): block for block in blocks("python", "Add a metric")}
"""File → the lines the README puts there."""

NEW_FILE, CATALOGUE, ASSETS = EXAMPLE

FIRST_METRIC = "    ValueStreamMap,\n"


def code(file: str) -> str:
    """A block without the line that says where it goes."""
    return EXAMPLE[file].partition("\n")[2]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources in which somebody followed the README."""
    copy = tmp_path_factory.mktemp("house")
    for package in ("pipelines", "transforms"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    assert not (copy / NEW_FILE).exists()
    (copy / NEW_FILE).write_text(code(NEW_FILE), encoding="utf-8")
    imported, _, listed = code(CATALOGUE).partition("\n")
    catalogue = (copy / CATALOGUE).read_text(encoding="utf-8")
    catalogue = catalogue.replace("\n\nfrom ", f"\n\n{imported}\nfrom ", 1)
    (copy / CATALOGUE).write_text(catalogue.replace(FIRST_METRIC, FIRST_METRIC + listed, 1), encoding="utf-8")
    with (copy / ASSETS).open("a", encoding="utf-8") as assets:
        assets.write("\n\n" + code(ASSETS))
    return copy


@pytest.fixture(scope="module")
def data(house: Path) -> Path:
    """What a run of that copy published of a small site."""
    with serving(small_site(), "cloud") as (_, access):
        run(house, "pipelines.cli", "run", "--config", str(ROOT / "flow.toml"), "--data", "data", **access)
    return house / "data"


def run(house: Path, module: str, *arguments: str, **variables: str) -> str:
    usual = {name: value for name, value in os.environ.items() if name not in UNSET}
    environment = usual | variables | {"PYTHONPATH": str(house)}
    command = [sys.executable, "-m", module, *arguments]
    ended = subprocess.run(
        command, cwd=house, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_example_is_one_file_one_catalogue_line_and_an_asset_of_three_lines():
    assert (CATALOGUE, ASSETS) == ("transforms/catalog.py", "pipelines/assets/metrics.py")
    assert code(CATALOGUE).splitlines() == [
        "from transforms.metrics.never_started import NeverStarted",
        "    NeverStarted,",
    ]
    definition = code(ASSETS).partition("@table_asset")[2].splitlines()
    assert len(definition[1:]) == 3


def test_the_metric_is_published_and_counts_what_the_journeys_say(data: Path):
    journeys = in_duckdb(data, "core", "issue_journeys").filter(
        pl.col.finished_at.is_not_null() & ~pl.col.is_rolled_up & (pl.col.hierarchy_level == 0)
    )
    expected = journeys.group_by("value_stream").agg(pl.len(), pl.col.is_never_started.sum()).sort("value_stream")
    found = in_duckdb(data, "metrics", "never_started").drop("site_name").sort("value_stream")
    assert found.rows() == expected.rows()
    assert found.height > 0
    assert published(data, "metrics", "never_started").drop("site_name").sort("value_stream").rows() == found.rows()


def test_the_metric_is_described_in_the_database(data: Path):
    with duckdb.connect(data / "flow.duckdb", read_only=True) as base:
        [table] = base.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'never_started'").fetchall()
        columns = base.execute(
            "SELECT column_name, is_nullable, comment FROM duckdb_columns() WHERE table_name = 'never_started'"
        ).fetchall()
    assert table[0].startswith("One row per value stream")
    assert ("ended_count", False, "Issues that have ended.") in columns
    assert [name for name, *_ in columns] == ["site_name", "value_stream", "ended_count", "never_started_count"]


def test_the_metric_is_validated_by_its_declaration(data: Path):
    rules = in_duckdb(data, "quality", "validations").filter(pl.col.table_name == "never_started")
    assert rules.height >= 3
    assert rules["is_passed"].all()
    assert any("never_started_count" in statement for statement in rules["statement"])


def test_the_metric_stands_in_the_data_dictionary_and_in_the_list_of_tables(house: Path):
    run(house, "pipelines.tables_md")
    assert "### metrics.never_started\n" in (house / "transforms" / "TABLES.md").read_text(encoding="utf-8")
    assert "how much of it was never started?" in run(house, "pipelines.cli", "tables")
