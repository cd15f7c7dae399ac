"""Disks that are full or closed, files that are damaged, clocks that jump: what is told, and that all comes right."""

import os
import re
import shutil
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError

from pipelines.config_errors import ConfigError
from pipelines.jira.erasure import landed_batches
from pipelines.jira.landing import Landing
from pipelines.landed import LandedStore
from pipelines.offline import landed_before
from pipelines.versions import current_id, version_ids
from tests.flow_command import all_bytes, flow, serving
from tests.pipelines.sandbox.sites import MONDAY, small_site
from tests.pipelines.small_disk import close, free_kilobytes, resize, small_disk
from transforms.catalog import TABLES

COMPARED = [table for table in TABLES if table.layer != "quality"]


@pytest.fixture(autouse=True)
def unaudited(monkeypatch):
    """Skip the audit, which takes seconds and writes nothing."""
    monkeypatch.setattr("pipelines.audit.audit", lambda connection, tables, given: [])


@pytest.fixture
def earlier(published, tmp_path):
    """A data folder in which a version was published before, free to be written to."""
    return shutil.copytree(published.data, tmp_path / "earlier", symlinks=True)


def run(data, *more):
    """``flow run`` on the small site, as the run before named it."""
    with serving(small_site(), "cloud") as (_, access):
        config = data.parent / "flow.toml"
        config.write_text('[jira]\nsite_name = "tiny"\n')
        return flow("run", "--data", data, "--config", config, *more, **access)


def assert_told(ended, *words):
    """It failed, and said why in one paragraph."""
    assert ended.exit_code == 1, ended.error
    told = ended.error.strip().splitlines()[-1]
    assert told.startswith("flow: ")
    assert "Traceback" not in ended.error
    for word in words:
        assert word in told, told


def assert_same_tables(data, other):
    """The metrics and core tables of two folders hold the same bytes."""
    for table in COMPARED:
        path = f"parquet/{table.layer}/{table.name}.parquet"
        assert (data / path).read_bytes() == (other / path).read_bytes(), table.name


@pytest.mark.parametrize("room", [40, 2600], ids=lambda kilobytes: f"{kilobytes} KB free")
def test_a_full_disk_leaves_what_was_published_and_the_next_run_goes_on(published, tmp_path, room):
    with small_disk(tmp_path / "disk", 64_000) as disk:
        data = shutil.copytree(published.data, disk / "data", symlinks=True)
        resize(disk, 64_000 - free_kilobytes(disk) + room)
        before, current = all_bytes(data), current_id(data)
        assert_told(run(data), "no room left on the disk", "The published tables are as they were.")
        assert (all_bytes(data), current_id(data)) == (before, current)
        assert not list((data / "versions").glob(".*")), "no half-built version takes the room that is left"
        if room > 1000:
            resize(disk, 64_000)
            ended = run(data)
            assert ended.exit_code == 0, ended.error
            assert current_id(data) != current
            assert_same_tables(data, published.data)


def test_a_disk_that_cannot_be_written_is_named(published, tmp_path):
    with small_disk(tmp_path / "disk", 64_000) as disk:
        data = shutil.copytree(published.data, disk / "data", symlinks=True)
        before = all_bytes(data)
        close(disk)
        with serving(small_site(), "cloud") as (_, access):
            ended = flow("run", "--data", data, **access)
        assert_told(ended, "may not be written", str(data), "--data")
        assert_told(flow("rollback", version_ids(data)[0], "--data", data), "may not be written")
        assert all_bytes(data) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere; a closed disk is tested instead")
def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    assert_told(run(tmp_path / "data"), "may not be written")


def test_everything_is_rebuilt_from_what_landed_without_asking_jira(published, earlier):
    for path in [earlier / "work.duckdb", *(earlier / "parameters").rglob("*.json")]:
        path.write_bytes(b"\0" * 5000)
    shutil.rmtree(earlier / "work")
    ended = flow("run", "--offline", "--data", earlier)
    assert ended.exit_code == 0, ended.error
    assert "Note: The working store" in ended.error
    assert "was rebuilt from 1 landed runs, without asking Jira" in ended.error
    assert len(version_ids(earlier)) == 2
    assert_same_tables(earlier, published.data)


def test_what_is_rebuilt_can_speak_of_an_earlier_moment_and_of_no_later_one(published):
    landed = LandedStore(published.data / "raw" / "landed.json")
    for moment, spoken_of in ((None, small_site().now), (MONDAY, MONDAY)):
        settings = replace(published.settings, is_offline=True, as_of=moment, report=lambda _: None)
        assert landed_before(settings, landed).as_of == spoken_of
        assert landed_before(settings, landed).request_count == 0
    late = replace(settings, as_of=small_site().now + timedelta(seconds=1))
    with pytest.raises(ConfigError, match="lies after the last reading"):
        landed_before(late, landed)


def test_nothing_is_rebuilt_from_nothing(tmp_path):
    ended = flow("run", "--offline", "--data", tmp_path / "data")
    assert ended.exit_code == 2
    assert "Nothing was read into" in ended.error


def test_a_sandbox_and_no_site_at_all_contradict_each_other(tmp_path):
    ended = flow("run", "--offline", "--sandbox", "--data", tmp_path / "data")
    assert ended.exit_code == 2
    assert "leave one of them out" in ended.error


def test_a_damaged_batch_is_named_with_its_file_and_read_again_by_the_next_run(published, earlier):
    landing = Landing(earlier / "raw" / "tiny")
    [sha] = landed_batches(landing)
    path = landing.path("issues", sha)
    path.write_bytes(path.read_bytes()[:-7])
    before = all_bytes(earlier)
    assert_told(run(earlier), str(path), "set aside", "Run again")
    assert all_bytes(earlier) == before
    ended = run(earlier)
    assert ended.exit_code == 0, ended.error
    assert_same_tables(earlier, published.data)


def test_a_clock_that_went_back_a_year_changes_no_number(published, earlier):
    """What lies there looks as if made a year from now."""
    ahead = timedelta(days=365).total_seconds()
    for path in earlier.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (path.stat().st_atime + ahead, path.stat().st_mtime + ahead))
    old = current_id(earlier)
    newer = re.sub(r"^\d{4}", lambda year: str(int(year[0]) + 1), old)
    (earlier / "versions" / old).rename(earlier / "versions" / newer)
    (earlier / "current").unlink()
    (earlier / "current").symlink_to(f"versions/{newer}")
    for path in (earlier / "parameters" / "workflow").glob("*.json"):
        path.rename(path.with_name(re.sub(r"^\d{4}", lambda year: str(int(year[0]) + 1), path.name)))
    ended = run(earlier)
    assert ended.exit_code == 0, ended.error
    assert version_ids(earlier) == [newer, current_id(earlier)]
    assert_same_tables(earlier, published.data)
    with duckdb.connect(str((earlier / "flow.duckdb").resolve()), read_only=True) as connection:
        [(version,)] = connection.execute("SELECT last(version_id) FROM quality.runs").fetchall()
    assert version == current_id(earlier)


def test_a_run_told_to_stop_says_so_in_one_paragraph(tmp_path, monkeypatch):
    """Dagster turns Ctrl-C and a shutting machine into an error of its own."""

    class Stopped:
        def resolve_job_def(self, _):
            return self

        def execute_in_process(self, **_):
            raise DagsterExecutionInterruptedError

    monkeypatch.setattr("pipelines.run.build_definitions", lambda *_, **__: Stopped())
    ended = flow("run", "--data", tmp_path / "data")
    assert ended.exit_code == 130
    assert ended.error.strip() == "flow: Interrupted. The published tables are as they were."
