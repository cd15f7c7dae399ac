"""The data dictionary ``transforms/TABLES.md``, written from the declarations: ``python -m pipelines.tables_md``."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from pipelines import ddl
from pipelines.bi.views import views_page
from transforms.catalog import TABLES
from transforms.schema import Column, Table

PLACE = Path(__file__).parents[1] / "transforms" / "TABLES.md"

PREFACE = """\
# Tables

Every published table, column by column. Generated from the declarations by `make tables`; do not edit.

The same tables lie in `flow.duckdb`, a schema for each part below, and as `parquet/<schema>/<table>.parquet`. Every
table begins with `site_name`, and every key with it too: ids are unique within a Jira site only. `_at` is an instant in
UTC, `_ms` are milliseconds by the clock and `_working_ms` those within the working calendar, `_share` is a fraction.
"""


def render(tables: Iterable[type[Table]] = TABLES) -> str:
    """The whole page."""
    by_layer = itertools.groupby(tables, key=lambda table: table.layer)
    sections = (f"\n## {layer}\n" + "".join(map(_section, group)) for layer, group in by_layer)
    return PREFACE + "".join(sections) + views_page(list(tables))


def first_sentences(table: type[Table]) -> str:
    """Grain and question, in one line."""
    return " ".join((inspect.getdoc(table) or "").split("\n\n")[0].split())


def _section(table: type[Table]) -> str:
    doc = inspect.getdoc(table) or ""
    caveat = f"\n**Caveat:** {table.caveat}\n" if table.caveat else ""
    key = ", ".join(f"`{name}`" for name in ddl.published_key(table))
    heading = f"\n### {table.layer}.{table.name}\n\n{doc}\n{caveat}\nKey: {key}.\n\n"
    return heading + "\n".join(("| column | type | meaning |", "|---|---|---|", *_rows(table))) + "\n"


def _rows(table: type[Table]) -> Iterator[str]:
    for name, column in table.columns.items():
        optional = "" if not column.nullable else ", may be empty"
        yield f"| `{name}` | {ddl.duckdb_type(column.dtype)}{optional} | {meaning(column)} |"


def meaning(column: Column) -> str:
    """What a column means and may hold, fit for a Markdown table."""
    values = column.values or (tuple(column.dtype.categories) if isinstance(column.dtype, pl.Enum) else ())
    allowed = f" One of {', '.join(f'`{value}`' for value in values)}." if values else ""
    return (column.description + allowed).replace("|", "\\|")


if __name__ == "__main__":
    PLACE.write_text(render(), encoding="utf-8")
