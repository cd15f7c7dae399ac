"""An open DuckDB connection, lent to SQLAlchemy: what lets Great Expectations read tables that are not published yet.

Great Expectations reads rows after it has closed its connection, and DuckDB throws unread rows away on close; so rows
are buffered here, and closing, committing and rolling back do nothing. The packaged dialects do not do that, and do not
run on current versions. Only what the audit needs is here; everything else about DuckDB belongs elsewhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGCompiler
from sqlalchemy.engine import default

_LENT: dict[str, duckdb.DuckDBPyConnection] = {}
"""Connections lent out at the moment, by the handle in their URL."""

_TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "BOOLEAN": sa.Boolean,
    "TINYINT": sa.SmallInteger,
    "SMALLINT": sa.SmallInteger,
    "INTEGER": sa.Integer,
    "BIGINT": sa.BigInteger,
    "DOUBLE": sa.Double,
    "VARCHAR": sa.String,
    "DATE": sa.Date,
    "TIMESTAMP WITH TIME ZONE": sa.TIMESTAMP,
}


@contextmanager
def lend(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """A URL under which SQLAlchemy reaches ``connection`` for as long as the block lasts; it stays the caller's."""
    handle = uuid.uuid4().hex
    _LENT[handle] = connection
    try:
        yield f"duckdb+flow:///?handle={handle}"
    finally:
        del _LENT[handle]


class BufferedCursor:
    """A DB-API cursor that holds all rows of its answer."""

    arraysize = 1

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Sequence[Any] | None = None
        self.rowcount = -1

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement and fetch its whole answer."""
        answer = self._connection.execute(statement, list(parameters))
        self.description = answer.description
        self._rows = answer.fetchall()

    def fetchone(self) -> Any:
        """Next row, or None."""
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[Any]:
        """Next rows."""
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchall(self) -> list[Any]:
        """All rows left."""
        return self.fetchmany(len(self._rows))

    def close(self) -> None:
        """Rows stay readable: Great Expectations reads them late."""


class LentConnection:
    """A DB-API connection over one that belongs to somebody else."""

    def __init__(self, handle: str) -> None:
        self._connection = _LENT[handle]

    def cursor(self) -> BufferedCursor:
        """A new cursor."""
        return BufferedCursor(self._connection)

    def commit(self) -> None:
        """Nothing: the audit only reads."""

    rollback = close = commit


class FlowDialect(default.DefaultDialect):
    """SQL text as for PostgreSQL, names and types from DuckDB's own catalogue functions."""

    name = "duckdb"
    driver = "flow"
    statement_compiler = PGCompiler
    supports_statement_cache = True
    supports_native_boolean = True
    supports_comments = True
    _backslash_escapes = False

    @classmethod
    def import_dbapi(cls) -> Any:
        """DuckDB's module, for its exceptions and parameter style."""
        return duckdb

    def create_connect_args(self, url: sa.URL) -> tuple[list[str], dict[str, Any]]:
        """The handle of the lent connection."""
        return [str(url.query["handle"])], {}

    def connect(self, *arguments: Any, **_: Any) -> Any:
        """Take up a lent connection."""
        return LentConnection(*arguments)

    def initialize(self, connection: sa.Connection) -> None:
        """Nothing to ask of an embedded database."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Nothing: a rollback would throw away rows that are still to be read."""

    def has_table(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> bool:
        """Whether the table exists."""
        return table_name in self.get_table_names(connection, schema)

    def get_schema_names(self, connection: Any, **_: Any) -> list[str]:
        """Schemas of the database in use."""
        query = sa.text("SELECT schema_name FROM duckdb_schemas() WHERE database_name = current_database()")
        return [row[0] for row in connection.execute(query)]

    def get_table_names(self, connection: Any, schema: str | None = None, **_: Any) -> list[str]:
        """Tables of a schema."""
        query = sa.text(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = :schema"
        )
        return [row[0] for row in connection.execute(query, {"schema": schema or "main"})]

    def get_view_names(self, connection: Any, schema: str | None = None, **_: Any) -> list[str]:
        """None: the published tables have no views."""
        return []

    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> list[Any]:
        """Name, type, nullability and comment of every column."""
        query = sa.text(
            "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns()"
            " WHERE database_name = current_database() AND schema_name = :schema AND table_name = :table_name"
            " ORDER BY column_index"
        )
        rows = connection.execute(query, {"schema": schema or "main", "table_name": table_name})
        return [
            {"name": name, "type": _TYPES.get(data_type, sa.types.NullType)(), "nullable": nullable, "default": None,
             "comment": comment}
            for name, data_type, nullable, comment in rows
        ]  # fmt: skip

    def get_table_comment(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Any:
        """What one row is, and what the table answers."""
        query = sa.text(
            "SELECT comment FROM duckdb_tables() WHERE database_name = current_database()"
            " AND schema_name = :schema AND table_name = :table_name"
        )
        return {"text": connection.execute(query, {"schema": schema or "main", "table_name": table_name}).scalar()}

    def get_pk_constraint(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Any:
        """Columns of the primary key; none for a large table, whose key the audit checks and its comment names."""
        query = sa.text(
            "SELECT constraint_column_names FROM duckdb_constraints() WHERE database_name = current_database()"
            " AND constraint_type = 'PRIMARY KEY' AND schema_name = :schema AND table_name = :table_name"
        )
        key = connection.execute(query, {"schema": schema or "main", "table_name": table_name}).scalar()
        return {"constrained_columns": list(key or ()), "name": None}

    def get_foreign_keys(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> list[Any]:
        """None."""
        return []

    def get_indexes(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> list[Any]:
        """None."""
        return []


registry.register("duckdb.flow", __name__, FlowDialect.__name__)
