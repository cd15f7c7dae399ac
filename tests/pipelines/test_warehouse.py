"""Versions: built aside, switched at once, gone without trace when they fail."""

import os
import struct
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import durable, versions, warehouse
from pipelines.versions import current_id, version_ids
from pipelines.warehouse import Version, WarehouseError
from tests.pipelines.toy_tables import NOON, Depots, Parcels, depots, parcels


def publish(data, name, frame=None, keep=5):
    version = Version(data, name)
    warehouse.stage_version(version, {Parcels: (parcels() if frame is None else frame).lazy()}, "acme")
    warehouse.publish_version(version, keep)
    return version


def read(path, query="SELECT * FROM core.parcels ORDER BY ALL"):
    with duckdb.connect(str(path.resolve()), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(query).fetchall()


def every_file(folder):
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and not path.is_symlink()
    )


def test_a_published_table_holds_the_rows_with_the_site_in_front(tmp_path):
    publish(tmp_path, "v1", parcels({}, {"leg_number": 2, "carrier": None, "arrived_at": None, "stop_ids": []}))
    first, second = read(tmp_path / "flow.duckdb")
    assert first == ("acme", 1, 1, "red", "van", first[5], [7], 0.5, NOON.date())
    assert first[5] == NOON
    assert second[:6] == ("acme", 1, 2, "red", None, None)
    assert second[6] == []


def test_what_does_not_fit_into_memory_is_laid_where_only_the_owner_looks(tmp_path):
    version = Version(tmp_path, "v1")
    (tmp_path / "work").mkdir(mode=0o700)
    warehouse.stage_version(version, {Parcels: parcels().lazy()}, "acme")
    with warehouse.reading(version) as connection:
        connection.execute("SET memory_limit = '60MB'")
        connection.execute("CREATE TEMP TABLE much AS SELECT hash(range) AS a FROM range(20_000_000)")
        spilt = connection.execute("SELECT path FROM duckdb_temporary_files()").fetchall()
    assert spilt
    assert all(Path(path).is_relative_to(tmp_path / "work" / "spill") for (path,) in spilt)
    assert list((tmp_path / "work").iterdir()) == []


def test_parquet_holds_the_same_rows_as_duckdb(tmp_path):
    publish(tmp_path, "v1", parcels({}, {"leg_number": 2}))
    frame = pl.read_parquet(tmp_path / "parquet" / "core" / "parcels.parquet")
    assert frame.columns[0] == "site_name"
    assert frame.drop("site_name").equals(parcels({}, {"leg_number": 2}))


def test_the_file_is_of_the_oldest_format_every_client_opens(tmp_path):
    publish(tmp_path, "v1")
    header = (tmp_path / "flow.duckdb").read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert struct.unpack("<Q", header[12:20]) == (65,), (
        "65 is the format of DuckDB 1.2; newer clients write higher ones"
    )


def test_comments_and_keys_reach_the_published_file(tmp_path):
    publish(tmp_path, "v1")
    [(comment,)] = read(tmp_path / "flow.duckdb", "SELECT comment FROM duckdb_tables()")
    assert comment.startswith("One row per leg of a parcel's journey.")
    [(column,)] = read(tmp_path / "flow.duckdb", "SELECT comment FROM duckdb_columns() WHERE column_name = 'colour'")
    assert column == "Colour of the wrapping."
    query = "SELECT constraint_column_names FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'"
    assert read(tmp_path / "flow.duckdb", query) == [(["site_name", "parcel_id", "leg_number"],)]


def test_the_published_names_lead_through_one_link(tmp_path):
    publish(tmp_path, "v1")
    assert (tmp_path / "current").readlink() == Path("versions/v1")
    assert (tmp_path / "flow.duckdb").readlink() == Path("current/flow.duckdb")
    assert (tmp_path / "parquet").readlink() == Path("current/parquet")
    assert (tmp_path / "report.html").readlink() == Path("current/report.html")


def test_a_new_version_replaces_all_files_at_once(tmp_path):
    publish(tmp_path, "v1")
    publish(tmp_path, "v2", parcels({"parcel_id": 2}))
    assert read(tmp_path / "flow.duckdb", "SELECT parcel_id FROM core.parcels") == [(2,)]
    assert pl.read_parquet(tmp_path / "parquet/core/parcels.parquet")["parcel_id"].to_list() == [2]


def test_a_reader_keeps_the_version_it_opened(tmp_path):
    publish(tmp_path, "v1")
    with duckdb.connect(str((tmp_path / "flow.duckdb").resolve()), read_only=True) as reader:
        publish(tmp_path, "v2", parcels({"parcel_id": 2}))
        assert reader.execute("SELECT parcel_id FROM core.parcels").fetchall() == [(1,)]


def test_nothing_is_published_while_a_version_is_built(tmp_path):
    publish(tmp_path, "v1")
    warehouse.stage_version(Version(tmp_path, "v2"), {Parcels: parcels({"parcel_id": 2}).lazy()}, "acme")
    assert (tmp_path / "current").readlink() == Path("versions/v1")
    assert read(tmp_path / "flow.duckdb", "SELECT parcel_id FROM core.parcels") == [(1,)]


def test_a_row_that_breaks_the_key_leaves_the_published_bytes_and_nothing_else(tmp_path):
    publish(tmp_path, "v1")
    before, bytes_before = every_file(tmp_path), (tmp_path / "flow.duckdb").read_bytes()
    with pytest.raises(duckdb.ConstraintException):
        warehouse.stage_version(Version(tmp_path, "v2"), {Parcels: parcels({}, {}).lazy()}, "acme")
    assert every_file(tmp_path) == before
    assert (tmp_path / "flow.duckdb").read_bytes() == bytes_before


def test_an_empty_value_where_none_may_be_leaves_nothing_behind(tmp_path):
    bad = parcels().with_columns(parcel_id=pl.lit(None, pl.Int64))
    with pytest.raises(duckdb.ConstraintException, match="parcel_id"):
        warehouse.stage_version(Version(tmp_path, "v1"), {Parcels: bad.lazy()}, "acme")
    assert every_file(tmp_path) == []


def test_a_failure_while_tables_are_added_removes_the_build(tmp_path):
    version = Version(tmp_path, "v1")
    warehouse.stage_version(version, {Parcels: parcels().lazy()}, "acme")
    with pytest.raises(duckdb.ConstraintException):
        warehouse.add_tables(version, {Depots: depots(1, 1).lazy()}, "acme")
    assert not version.building.exists()


def test_tables_added_later_are_published_with_the_others(tmp_path):
    version = Version(tmp_path, "v1")
    warehouse.stage_version(version, {Parcels: parcels().lazy()}, "acme")
    warehouse.add_tables(version, {Depots: depots(1, 2).lazy()}, "acme")
    warehouse.publish_version(version)
    assert read(tmp_path / "flow.duckdb", "SELECT depot_id FROM quality.depots") == [(1,), (2,)]
    assert (tmp_path / "parquet/quality/depots.parquet").exists()


def test_a_file_somebody_else_put_there_is_not_overwritten(tmp_path):
    (tmp_path / "flow.duckdb").write_text("precious")
    with pytest.raises(WarehouseError, match="was not made by this pipeline"):
        publish(tmp_path, "v1")
    assert (tmp_path / "flow.duckdb").read_text() == "precious"
    assert not list((tmp_path / "versions").iterdir())


def test_a_stale_write_ahead_log_is_removed(tmp_path):
    publish(tmp_path, "v1")
    (tmp_path / "flow.duckdb.wal").write_bytes(b"left by somebody who opened it for writing")
    publish(tmp_path, "v2")
    assert not (tmp_path / "flow.duckdb.wal").exists()
    assert read(tmp_path / "flow.duckdb", "SELECT count(*) FROM core.parcels") == [(1,)]


def test_the_last_five_versions_stay(tmp_path):
    for number in range(1, 8):
        publish(tmp_path, f"v{number}")
    assert sorted(path.name for path in (tmp_path / "versions").iterdir()) == ["v3", "v4", "v5", "v6", "v7"]


def test_what_an_interrupted_run_left_is_swept(tmp_path):
    publish(tmp_path, "v1")
    warehouse.stage_version(Version(tmp_path, "v2"), {Parcels: parcels().lazy()}, "acme")
    warehouse.sweep_builds(tmp_path)
    assert [path.name for path in (tmp_path / "versions").iterdir()] == ["v1"]


def test_sweeping_an_empty_folder_does_nothing(tmp_path):
    warehouse.sweep_builds(tmp_path)
    assert every_file(tmp_path) == []


def test_a_build_is_found_by_its_run(tmp_path):
    version = Version(tmp_path, "20260302T120000Z-abcd1234")
    warehouse.stage_version(version, {Parcels: parcels().lazy()}, "acme")
    assert warehouse.find_build(tmp_path, "abcd1234") == version


def test_as_many_versions_stay_as_are_asked_for(tmp_path):
    for number in range(1, 5):
        publish(tmp_path, f"v{number}", keep=2)
    assert version_ids(tmp_path) == ["v3", "v4"]


def test_published_files_let_nobody_write_and_others_read(tmp_path):
    before = os.umask(0o027)
    try:
        publish(tmp_path, "v1")
    finally:
        os.umask(before)
    for name in ("flow.duckdb", "parquet/core/parcels.parquet"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o440


def test_everything_is_on_disk_before_the_switch(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(
        durable.os, "fsync", lambda descriptor: done.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
    )
    monkeypatch.setattr(warehouse, "switch", lambda *_: done.append("switch"))
    version = publish(tmp_path, "v1")
    flushed = done[: done.index("switch")]
    files = {str(version.building / name) for name in ("flow.duckdb", "parquet/core/parcels.parquet")}
    folders = {str(version.building), str(version.building / "parquet" / "core"), str(version.building.parent)}
    assert files | folders <= set(flushed)
    assert flushed.index(str(version.building / "flow.duckdb")) < flushed.index(str(version.building))


def test_a_switch_that_cannot_be_recorded_leaves_the_old_version_and_no_build(tmp_path, monkeypatch):
    publish(tmp_path, "v1")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(versions, "append_durably", full)
    with pytest.raises(OSError, match="No space left"):
        publish(tmp_path, "v2")
    assert version_ids(tmp_path) == ["v1"]
    assert current_id(tmp_path) == "v1"


def test_a_folder_with_a_quote_in_its_name_works(tmp_path):
    publish(tmp_path / "o'brien", "v1")
    assert read(tmp_path / "o'brien" / "flow.duckdb", "SELECT count(*) FROM core.parcels") == [(1,)]
