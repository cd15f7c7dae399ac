"""The README's ways to query the tables, run as they stand there."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.readme import README, blocks
from tests.short_company import published_short_company

SECTION = "Query from anywhere"

PATHS = re.findall(r'"(data/parquet/[^"]+)"', README.read_text(encoding="utf-8"))


@pytest.fixture
def beside_data(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").symlink_to(published_short_company(tmp_path_factory))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def title(block: str) -> str:
    return block.splitlines()[0]


def by_sql(folder: Path) -> dict[str, float]:
    """The share of waiting in the cycle time of delivered work, epics not counted beside their issues."""
    query = """
        SELECT value_stream, sum(wait_ms) / sum(cycle_ms) FROM core.issue_journeys
        WHERE outcome = 'delivered' AND cycle_ms > 0 AND is_counted GROUP BY value_stream
    """
    with duckdb.connect(str(folder / "data" / "flow.duckdb"), read_only=True) as tables:
        found = dict(tables.execute(query).fetchall())
    assert len(found) == 6
    return found


def test_duckdbs_own_command_line_reads_the_tables(beside_data: Path):
    [line] = blocks("sh", SECTION)
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env={"PATH": programs}, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "value_stream" in ended.stdout
    assert ended.stdout.count("│") > 10


@pytest.mark.parametrize("block", blocks("python", SECTION), ids=title)
def test_frames_read_from_parquet_tell_how_much_was_waiting(beside_data: Path, block: str):
    names: dict = {}
    exec(compile(block, str(README), "exec"), names)
    waiting = names["waiting"]
    if isinstance(waiting, pl.DataFrame):
        assert dict(waiting.iter_rows()) == pytest.approx(by_sql(beside_data))
    else:
        assert (waiting.wait_ms / waiting.cycle_ms).to_dict() == pytest.approx(by_sql(beside_data))


def test_r_without_a_package_tells_the_same(beside_data: Path):
    if shutil.which("Rscript") is None:
        pytest.skip("no Rscript found, so R's recipe was not run; install r-base-core")
    [block] = blocks("r", SECTION)
    (beside_data / ".venv").symlink_to(sys.prefix)
    (beside_data / "recipe.R").write_text(f"{block}\nwrite.csv(waiting)\n", encoding="utf-8")
    ended = subprocess.run(["Rscript", "recipe.R"], capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    rows = list(csv.reader(ended.stdout.splitlines()))[1:]
    assert {stream: float(share) for stream, share in rows} == pytest.approx(by_sql(beside_data))


@pytest.mark.parametrize("path", sorted(set(PATHS)))
def test_every_parquet_file_the_readme_names_is_published(beside_data: Path, path: str):
    assert (beside_data / path).is_file()


def test_what_the_readme_asks_of_make_is_a_target():
    targets = set(re.findall(r"^(\w+):", (README.parent / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make (\w+)`", README.read_text(encoding="utf-8"))) <= targets
