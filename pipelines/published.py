"""Reading what is published: the DuckDB file everybody may open, read-only and cut off from everything else.

Writing and switching versions belongs to ``pipelines.warehouse``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

CUT_OFF = {"enable_external_access": "false", "autoinstall_known_extensions": "false"}
"""No file, no network, no extension: a question is answered from the published tables alone."""


class NothingPublishedError(Exception):
    """There are no published tables in the data folder. The message is one paragraph."""


class QueryError(Exception):
    """DuckDB does not understand a question. The message is one paragraph with its own hint."""


@dataclass(frozen=True)
class Answer:
    """Rows of an answer, as plain Python values."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@contextmanager
def reading_published(data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published tables, read-only, instants in UTC. Raises NothingPublishedError."""
    path = data / "flow.duckdb"
    if not path.exists():
        raise NothingPublishedError(
            f"{path} is not there: nothing was published in this folder yet. Run flow run (or flow run --sandbox to try"
            " it without a Jira site), or name the folder with --data."
        )
    with duckdb.connect(str(path.resolve()), read_only=True, config=dict(CUT_OFF)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def ask(data: Path, question: str) -> Answer:
    """Answer SQL from the published tables. Raises NothingPublishedError and QueryError."""
    with reading_published(data) as connection:
        try:
            result = connection.execute(question)
            columns = tuple(column[0] for column in result.description or ())
            return Answer(columns, result.fetchall() if columns else [])
        except (duckdb.Error, RuntimeError) as error:
            raise QueryError(f"DuckDB cannot answer this. {_what_is_wrong(error)}") from None


def _what_is_wrong(error: Exception) -> str:
    """DuckDB's own words up to the quoted statement, and where to look."""
    told = " ".join(str(error).split("\n\nLINE ")[0].split("\nLINE ")[0].split())
    return f"{told.rstrip('.')}. flow tables lists the tables, flow tables NAME a table's columns."
