"""What tools built on SQLAlchemy see of the published file: tables, columns, comments, keys."""

import duckdb
import pytest
import sqlalchemy as sa

from pipelines import ddl, warehouse
from pipelines.duckdb_dialect import lend
from pipelines.warehouse import Version
from tests.pipelines.toy_tables import Depots, Parcels, depots, parcels


@pytest.fixture
def seen(tmp_path):
    """An inspector of a published file."""
    version = Version(tmp_path, "v1")
    warehouse.stage_version(version, {Parcels: parcels().lazy(), Depots: depots(1).lazy()}, "acme")
    warehouse.publish_version(version)
    with (
        duckdb.connect(str((tmp_path / "flow.duckdb").resolve()), read_only=True) as connection,
        lend(connection) as url,
    ):
        engine = sa.create_engine(url)
        yield sa.inspect(engine)
        engine.dispose()


def test_tables_are_found_by_schema(seen):
    assert {"core", "quality"} <= set(seen.get_schema_names())
    assert seen.get_table_names("core") == ["parcels"]
    assert seen.has_table("depots", "quality")
    assert not seen.has_table("depots", "core")


def test_a_table_says_what_a_row_is(seen):
    assert seen.get_table_comment("parcels", "core")["text"] == ddl.table_comment(Parcels)


def test_every_column_says_what_it_means(seen):
    columns = {column["name"]: column for column in seen.get_columns("parcels", "core")}
    declared = ddl.published_columns(Parcels)
    assert {name: column["comment"] for name, column in columns.items()} == {
        name: column.description for name, column in declared.items()
    }
    assert {name for name, column in columns.items() if column["nullable"]} == {
        name for name, column in declared.items() if column.nullable
    }


def test_the_key_is_seen(seen):
    assert seen.get_pk_constraint("parcels", "core")["constrained_columns"] == ["site_name", "parcel_id", "leg_number"]


def test_a_large_table_names_its_key_in_its_comment(seen, monkeypatch, tmp_path):
    monkeypatch.setattr(ddl, "KEY_LIMIT", 0)
    version = Version(tmp_path, "v2")
    warehouse.stage_version(version, {Parcels: parcels().lazy()}, "acme")
    with duckdb.connect(str(version.database), read_only=True) as connection, lend(connection) as url:
        engine = sa.create_engine(url)
        large = sa.inspect(engine)
        assert large.get_pk_constraint("parcels", "core")["constrained_columns"] == []
        assert large.get_table_comment("parcels", "core")["text"].endswith("Key: site_name, parcel_id, leg_number.")
        engine.dispose()
