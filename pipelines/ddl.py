"""A table's declaration as DuckDB statements: types, keys, comments.

Names come from declarations only and texts are escaped; nothing read from Jira ever becomes part of a statement. Files
and connections belong to ``pipelines.warehouse``.
"""

from __future__ import annotations

import inspect

import polars as pl
from polars.datatypes import DataTypeClass

from transforms.schema import Column, Table

SITE_NAME = Column(pl.String(), "Jira site the row was read from; ids are unique within a site only.")
"""Put in front of every table and key when it is published."""

KEY_LIMIT = 1_000_000
"""Rows above which no PRIMARY KEY is created: it would cost three times the load. The audit checks it instead."""

TYPES: dict[type[pl.DataType], str] = {
    pl.Boolean: "BOOLEAN",
    pl.Int8: "TINYINT",
    pl.Int16: "SMALLINT",
    pl.Int32: "INTEGER",
    pl.Int64: "BIGINT",
    pl.UInt8: "UTINYINT",
    pl.UInt16: "USMALLINT",
    pl.UInt32: "UINTEGER",
    pl.Float64: "DOUBLE",
    pl.String: "VARCHAR",
    pl.Enum: "VARCHAR",
    pl.Categorical: "VARCHAR",
    pl.Date: "DATE",
}


def published_columns(table: type[Table]) -> dict[str, Column]:
    """Columns as published: the site's name, then the declared ones in their order."""
    return {"site_name": SITE_NAME, **table.columns}


def published_key(table: type[Table]) -> tuple[str, ...]:
    """Key as published: unique across sites."""
    return ("site_name", *table.key)


def qualified(table: type[Table]) -> str:
    """Quoted ``schema.table``."""
    return f"{quoted(table.layer)}.{quoted(table.name)}"


def quoted(name: str) -> str:
    """An identifier in quotes; a name that is not a plain identifier cannot come from a declaration and is refused."""
    if not name.isidentifier():
        raise ValueError(f"{name!r} is not a name a declaration can give")
    return f'"{name}"'


def duckdb_type(dtype: pl.DataType) -> str:
    """DuckDB's type of a declared column; an Enum is text, an instant knows its zone. Raises TypeError if none."""
    if isinstance(dtype, pl.Datetime) and dtype.time_zone == "UTC":
        return "TIMESTAMPTZ"
    if isinstance(dtype, pl.List):
        return f"{duckdb_type(_instance(dtype.inner))}[]"
    if isinstance(dtype, pl.Struct):
        return f"STRUCT({', '.join(f'{quoted(f.name)} {duckdb_type(_instance(f.dtype))}' for f in dtype.fields)})"
    if type(dtype) not in TYPES:
        raise TypeError(f"{dtype} has no type in the published tables; declare another")
    return TYPES[type(dtype)]


def _instance(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def create_statements(table: type[Table], row_count: int) -> list[str]:
    """CREATE TABLE and its comments, in the order to run them."""
    lines = [_column_line(name, column) for name, column in published_columns(table).items()]
    if row_count <= KEY_LIMIT:
        lines.append(f"PRIMARY KEY ({', '.join(quoted(name) for name in published_key(table))})")
    return [
        f"CREATE TABLE {qualified(table)} (\n  " + ",\n  ".join(lines) + "\n)",
        f"COMMENT ON TABLE {qualified(table)} IS {text(table_comment(table))}",
        *(
            f"COMMENT ON COLUMN {qualified(table)}.{quoted(name)} IS {text(column.description)}"
            for name, column in published_columns(table).items()
        ),
    ]


def table_comment(table: type[Table]) -> str:
    """Grain and question, caveat and key, in one paragraph."""
    parts = [" ".join((inspect.getdoc(table) or "").split()), table.caveat, f"Key: {', '.join(published_key(table))}."]
    return " ".join(part for part in parts if part)


def _column_line(name: str, column: Column) -> str:
    return f"{quoted(name)} {duckdb_type(column.dtype)}" + ("" if column.nullable else " NOT NULL")


def text(words: str) -> str:
    """A literal: quotes in it are doubled."""
    return "'" + words.replace("'", "''") + "'"
