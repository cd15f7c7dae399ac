"""The working store refuses what was not declared and hands on what was written."""

import os

import dagster as dg
import polars as pl
import pytest

from pipelines.store import RawStore, TableStore, describe
from tests.pipelines.toy_tables import Depots, Parcels, depots, parcels
from transforms.schema import SchemaError


@pytest.fixture
def told():
    return []


@pytest.fixture
def store(tmp_path, told):
    return TableStore(tmp_path / "work", [Parcels, Depots], told.append)


def files(store, table):
    return sorted(path.name for path in store._place(table).iterdir())


def test_a_table_is_read_as_it_was_written(store):
    store.write(Parcels, parcels({}, {"leg_number": 2}), "run1")
    assert store.scan(Parcels).collect().equals(parcels({}, {"leg_number": 2}))


def test_rows_keep_their_order(store):
    frame = depots(*range(1000, 0, -1))
    store.write(Depots, frame, "run1")
    assert store.scan(Depots).collect()["depot_id"].to_list() == list(range(1000, 0, -1))


def test_the_newest_run_is_read(store):
    store.write(Depots, depots(1), "b")
    store.write(Depots, depots(2), "a")
    assert store.scan(Depots).collect()["depot_id"].to_list() == [2]


def test_two_runs_stay(store):
    for run in ("r1", "r2", "r3"):
        store.write(Depots, depots(1), run)
    assert files(store, Depots) == ["r2.parquet", "r3.parquet"]


def test_the_newest_run_is_read_though_the_clock_went_back(store):
    os.utime(store.write(Depots, depots(1), "r1"), (4_000_000_000, 4_000_000_000))
    store.write(Depots, depots(2), "r2")
    store.write(Depots, depots(3), "r3")
    assert store.scan(Depots).collect()["depot_id"].to_list() == [3]
    assert files(store, Depots) == ["r2.parquet", "r3.parquet"]


@pytest.mark.parametrize(
    ("flaw", "says"),
    [
        (lambda frame: frame.drop("is_open"), "column is_open is missing"),
        (lambda frame: frame.with_columns(extra=1), "column extra is not declared"),
        (lambda frame: frame.with_columns(pl.col.depot_id.cast(pl.Int32)), "column depot_id is Int32, declared Int64"),
        (lambda frame: frame.select("is_open", "depot_id"), "columns are in the order"),
        (lambda frame: pl.concat([frame, frame]), r"key \('depot_id',\) is not unique"),
        (lambda frame: frame.with_columns(is_open=pl.lit(None, pl.Boolean)), "is_open is empty in 1 row"),
    ],
)
def test_what_was_not_declared_is_refused_and_the_old_table_stays(store, flaw, says):
    store.write(Depots, depots(7), "good")
    with pytest.raises(SchemaError, match=says):
        store.write(Depots, flaw(depots(1)), "bad")
    assert files(store, Depots) == ["good.parquet"]
    assert store.scan(Depots).collect()["depot_id"].to_list() == [7]


def test_the_store_is_closed_to_others(store, tmp_path):
    store.write(Depots, depots(1), "run1")
    assert (tmp_path / "work").stat().st_mode & 0o777 == 0o700


def test_reading_a_table_no_run_has_made_says_so(store):
    with pytest.raises(FileNotFoundError, match="no run has made parcels yet"):
        store.scan(Parcels)


def test_dagster_hands_lazy_frames_from_asset_to_asset(store, told):
    @dg.asset(name="depots", io_manager_key="tables")
    def first():
        return depots(1, 2).lazy()

    seen = []

    @dg.asset
    def second(depots):
        seen.append(depots)

    result = dg.materialize([first, second], resources={"tables": store})
    assert isinstance(seen[0], pl.LazyFrame)
    assert seen[0].collect().equals(depots(1, 2))
    [event] = result.asset_materializations_for_node("depots")
    assert event.metadata["dagster/row_count"].value == 2
    assert told == ["depots: 2 rows"]


def test_dagster_learns_columns_types_meaning_and_where_a_table_is_published():
    metadata = describe(Parcels)
    assert metadata["dagster/relation_identifier"] == "flow.core.parcels"
    columns = {column.name: column for column in metadata["dagster/column_schema"].columns}
    assert list(columns) == list(Parcels.columns)
    assert columns["arrived_at"].type == "TIMESTAMPTZ"
    assert columns["arrived_at"].description == "Arrival. Empty on the way."
    assert columns["arrived_at"].constraints.nullable
    assert not columns["parcel_id"].constraints.unique, "only the pair is unique"
    assert describe(Depots)["dagster/column_schema"].columns[0].constraints.unique


def test_raw_tables_are_read_part_by_part_in_order(tmp_path):
    (tmp_path / "depots").mkdir()
    for part, ids in enumerate([(3, 1), (2,)]):
        depots(*ids).write_parquet(tmp_path / "depots" / f"part-{part:05}.parquet")
    assert RawStore(tmp_path, [Depots]).scan(Depots).collect()["depot_id"].to_list() == [3, 1, 2]


def test_reading_a_raw_table_before_it_was_parsed_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="depots was not parsed yet"):
        RawStore(tmp_path, [Depots]).scan(Depots)
