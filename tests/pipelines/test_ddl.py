"""A declaration as DuckDB statements."""

import duckdb
import polars as pl
import pytest

from pipelines import ddl
from tests.pipelines.toy_tables import Depots, Parcels
from transforms.catalog import TABLES
from transforms.schema import TIMESTAMP


def created(table, row_count=0):
    connection = duckdb.connect()
    connection.execute(f"CREATE SCHEMA {table.layer}")
    for statement in ddl.create_statements(table, row_count):
        connection.execute(statement)
    return connection


def test_every_column_is_created_in_order_with_its_type_and_the_site_in_front():
    rows = (
        created(Parcels)
        .execute("SELECT column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY column_index")
        .fetchall()
    )
    assert rows == [
        ("site_name", "VARCHAR"),
        ("parcel_id", "BIGINT"),
        ("leg_number", "INTEGER"),
        ("colour", "VARCHAR"),
        ("carrier", "VARCHAR"),
        ("arrived_at", "TIMESTAMP WITH TIME ZONE"),
        ("stop_ids", "BIGINT[]"),
        ("weight_share", "DOUBLE"),
        ("posted_date", "DATE"),
    ]


def test_only_nullable_columns_may_be_empty():
    rows = (
        created(Parcels)
        .execute("SELECT column_name FROM duckdb_columns() WHERE NOT internal AND is_nullable")
        .fetchall()
    )
    assert {name for (name,) in rows} == {"carrier", "arrived_at", "weight_share", "posted_date"}


def test_the_primary_key_begins_with_the_site():
    [(columns,)] = (
        created(Parcels)
        .execute("SELECT constraint_column_names FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'")
        .fetchall()
    )
    assert columns == ["site_name", "parcel_id", "leg_number"]


def test_a_table_of_a_million_rows_has_a_primary_key_and_a_larger_one_has_none():
    query = "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'"
    assert created(Depots, 1_000_000).execute(query).fetchone() == (1,)
    assert created(Depots, 1_000_001).execute(query).fetchone() == (0,)


def test_the_table_comment_holds_grain_question_caveat_and_key_even_with_an_apostrophe():
    [(parcel_comment,)] = created(Parcels).execute("SELECT comment FROM duckdb_tables()").fetchall()
    [(depot_comment,)] = created(Depots, 2_000_000).execute("SELECT comment FROM duckdb_tables()").fetchall()
    assert parcel_comment == (
        "One row per leg of a parcel's journey. Answers: whose is it, and when did it move? It's only here for tests."
        " Key: site_name, parcel_id, leg_number."
    )
    assert depot_comment.endswith("Closed depots are missing. Key: site_name, depot_id.")


def test_every_column_is_commented():
    rows = created(Parcels).execute("SELECT column_name, comment FROM duckdb_columns() WHERE NOT internal").fetchall()
    assert dict(rows) == {name: column.description for name, column in ddl.published_columns(Parcels).items()}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_published_table_can_be_created(table):
    connection = created(table)
    assert connection.execute(f"SELECT count(*) FROM {table.layer}.{table.name}").fetchone() == (0,)


@pytest.mark.parametrize("name", ["issues; DROP TABLE x", 'a"b', "two words", "", "core.issues"])
def test_what_is_no_identifier_never_reaches_a_statement(name):
    with pytest.raises(ValueError, match="is not a name a declaration can give"):
        ddl.quoted(name)


def test_a_naive_time_has_no_published_type():
    assert ddl.duckdb_type(TIMESTAMP) == "TIMESTAMPTZ"
    with pytest.raises(TypeError, match="declare another"):
        ddl.duckdb_type(pl.Datetime("us"))


@pytest.mark.parametrize("dtype", [pl.Int128(), pl.Duration("ms"), pl.Object()])
def test_a_type_that_duckdb_would_misread_is_refused(dtype):
    with pytest.raises(TypeError, match="has no type in the published tables"):
        ddl.duckdb_type(dtype)
