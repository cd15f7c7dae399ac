"""The switch and the way back: recorded, by one rename, never to what is not there."""

import json
from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl
import pytest

from pipelines import warehouse
from pipelines.versions import (
    VersionError,
    current_id,
    described,
    earlier_runs,
    new_id,
    roll_back,
    switches,
    version_ids,
    withdrawn,
)
from pipelines.warehouse import Version
from tests.flow_command import flow
from tests.pipelines.toy_tables import Parcels, parcels
from tests.transforms.quality.test_runs import run
from transforms.quality.runs import Runs, add_run

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


def publish(data, name, number=1, runs=None, keep=5):
    """A version with one parcel of that number, and a record of runs."""
    version = Version(data, name)
    runs = runs if runs is not None else add_run(earlier_runs(data), run(run_id=f"r{name}", version_id=name))
    tables = {Parcels: parcels({"parcel_id": number}).lazy(), Runs: runs}
    warehouse.stage_version(version, tables, "acme")
    warehouse.publish_version(version, keep)


def seen(data):
    """The number of the parcel readers see, in both forms."""
    with duckdb.connect(str((data / "flow.duckdb").resolve()), read_only=True) as connection:
        [(number,)] = connection.execute("SELECT parcel_id FROM core.parcels").fetchall()
    assert pl.read_parquet(data / "parquet/core/parcels.parquet")["parcel_id"].to_list() == [number]
    return number


@pytest.fixture
def three(tmp_path):
    """A folder in which three versions were published."""
    for number in (1, 2, 3):
        publish(tmp_path, f"v{number}", number)
    return tmp_path


def test_readers_are_led_back_and_forward_again(three):
    roll_back(three, "v1")
    assert (seen(three), current_id(three)) == (1, "v1")
    roll_back(three, "v3")
    assert seen(three) == 3


def test_no_byte_of_any_version_changes(three):
    before = {path: path.read_bytes() for path in (three / "versions").rglob("*") if path.is_file()}
    roll_back(three, "v2")
    assert {path: path.read_bytes() for path in (three / "versions").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "version", ["v9", "", ".", "..", "../versions/v1", "v1/", "v1/parquet", "v1; drop table", "v*"]
)
def test_a_version_that_is_not_there_is_refused(three, version):
    with pytest.raises(VersionError, match=r"nothing was changed. Kept are: v1, v2, v3\."):
        roll_back(three, version)
    assert seen(three) == 3
    assert len(switches(three)) == 3


def test_a_half_built_version_is_none(three):
    (three / "versions" / ".v4").mkdir()
    with pytest.raises(VersionError):
        roll_back(three, ".v4")


def test_going_back_to_where_one_is_changes_nothing(three):
    assert "nothing was changed" in roll_back(three, "v3")
    assert len(switches(three)) == 3


def test_every_switch_is_on_record(three):
    roll_back(three, "v1")
    recorded = [(one.before, one.version_id, one.cause) for one in switches(three)]
    assert recorded == [("", "v1", "run"), ("v1", "v2", "run"), ("v2", "v3", "run"), ("v3", "v1", "rollback")]


def test_a_line_cut_off_by_a_crash_is_left_out_of_the_record(three):
    with (three / "publications.jsonl").open("ab") as file:
        file.write(b'{"at":"2026-03-0')
    roll_back(three, "v2")
    assert [one.version_id for one in switches(three)] == ["v1", "v2", "v3", "v2"]


def test_what_was_withdrawn_and_given_back_is_not_withdrawn(three):
    roll_back(three, "v1")
    assert set(withdrawn(three)) == {"v3"}
    roll_back(three, "v3")
    assert set(withdrawn(three)) == {"v1"}


def test_the_next_run_publishes_forward_and_says_what_was_withdrawn(three):
    roll_back(three, "v1")
    runs = add_run(earlier_runs(three), run(run_id="r4", version_id="v4"), withdrawn(three))
    publish(three, "v4", 4, runs)
    assert seen(three) == 4
    record = pl.read_parquet(three / "parquet/quality/runs.parquet")
    assert record["version_id"].to_list() == ["v1", "v2", "v3", "v4"]
    assert record["withdrawn_at"].is_not_null().to_list() == [False, False, True, False]


def test_readers_of_the_withdrawn_version_keep_it(three):
    with duckdb.connect(str((three / "flow.duckdb").resolve()), read_only=True) as reader:
        roll_back(three, "v1")
        assert reader.execute("SELECT parcel_id FROM core.parcels").fetchall() == [(3,)]


def test_a_log_somebody_left_beside_either_name_is_removed(three):
    for name in ("flow.duckdb.wal", "versions/v1/flow.duckdb.wal"):
        (three / name).write_bytes(b"left by somebody who opened it for writing")
    roll_back(three, "v1")
    assert seen(three) == 1


def test_the_version_readers_are_led_to_is_never_pruned(three):
    roll_back(three, "v1")
    publish(three, "v4", 4, keep=2)
    assert version_ids(three) == ["v3", "v4"], "v1 was current until v4 was published"
    roll_back(three, "v3")
    publish(three, "v5", 5, keep=2)
    assert version_ids(three) == ["v4", "v5"]


def test_a_version_sorts_behind_those_there_are_though_the_clock_went_back(tmp_path):
    first = new_id(tmp_path, MONDAY, "aaaaaaaa")
    assert first == "20260302T080000Z-aaaaaaaa"
    publish(tmp_path, first)
    assert new_id(tmp_path, MONDAY + timedelta(days=1), "bbbbbbbb") == "20260303T080000Z-bbbbbbbb"
    for began in (MONDAY, MONDAY - timedelta(days=700)):
        assert new_id(tmp_path, began, "00000000") == "20260302T080001Z-00000000"


def test_a_folder_named_by_somebody_else_does_not_hinder(tmp_path):
    for name in ("backup", "99999999T999999Z-x"):
        (tmp_path / "versions" / name).mkdir(parents=True)
    assert new_id(tmp_path, MONDAY, "aaaaaaaa") == "20260302T080000Z-aaaaaaaa"


def test_runs_are_read_from_the_newest_version_that_can_be_read(three):
    path = three / "versions/v3/parquet/quality/runs.parquet"
    path.unlink()
    path.write_bytes(b"PAR1 and no more")
    assert earlier_runs(three).collect()["version_id"].to_list() == ["v1", "v2"]


def test_runs_recorded_before_a_column_was_added_are_kept(three):
    path = three / "versions/v3/parquet/quality/runs.parquet"
    old = pl.read_parquet(path).drop("withdrawn_at")
    path.unlink()
    old.write_parquet(path)
    runs = earlier_runs(three).collect()
    assert runs["version_id"].to_list() == ["v1", "v2", "v3"]
    assert runs.schema == Runs.polars_schema()


def test_runs_of_another_shape_count_as_absent(tmp_path):
    assert earlier_runs(tmp_path) is None
    publish(tmp_path, "v1", runs=add_run(None, run()))
    path = tmp_path / "versions/v1/parquet/quality/runs.parquet"
    old = pl.read_parquet(path).drop("as_of")
    path.unlink()
    old.write_parquet(path)
    assert earlier_runs(tmp_path) is None


def test_the_command_lists_what_there_is(three):
    roll_back(three, "v2")
    ended = flow("rollback", "--data", three)
    assert ended.exit_code == 0
    lines = ended.output.splitlines()
    assert lines[0].startswith("  v3  as of 2026-03-02 00:00 UTC, 1 issue; withdrawn ")
    assert lines[1] == "* v2  as of 2026-03-02 00:00 UTC, 1 issue"
    assert lines[-1] == "To go back: flow rollback VERSION"


def test_for_scripts_the_versions_are_json(three):
    told = json.loads(flow("rollback", "--json", "--data", three).output)
    assert [row["version_id"] for row in told] == ["v3", "v2", "v1"]
    assert [row["is_current"] for row in told] == [True, False, False]
    assert all(row["issue_count"] is not None and datetime.fromisoformat(row["as_of"]).tzinfo for row in told)


def test_after_the_way_back_scripts_see_what_was_withdrawn(three):
    told = json.loads(flow("rollback", "v2", "--json", "--data", three).output)
    assert [row["version_id"] for row in told if row["is_current"]] == ["v2"]
    assert [row["version_id"] for row in told if row["withdrawn_at"]] == ["v3"]


def test_the_command_switches_and_says_so(three):
    ended = flow("rollback", "v1", "--data", three)
    assert ended.exit_code == 0, ended.error
    assert ended.output.startswith("Readers now see v1; v3 was withdrawn and is kept.")
    assert seen(three) == 1


def test_the_command_refuses_in_one_paragraph(three):
    ended = flow("rollback", "v7", "--data", three)
    assert (ended.exit_code, ended.output) == (2, "")
    assert ended.error.startswith("flow: There is no version 'v7' in ")


def test_where_nothing_was_published_nothing_is_made(tmp_path):
    assert described(tmp_path) == [f"Nothing was published in {tmp_path} yet."]
    assert flow("rollback", "v1", "--data", tmp_path / "none").exit_code == 2
    assert not (tmp_path / "none").exists()


def test_what_was_read_from_another_site_is_no_earlier_run(three):
    assert earlier_runs(three, "acme").collect().equals(earlier_runs(three).collect())
    assert earlier_runs(three, "another").collect().is_empty()
