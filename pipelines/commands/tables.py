"""``flow tables``: what is published, and what its columns mean."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.one_paragraph import one_paragraph
from pipelines.commands.options import JsonOption
from pipelines.config_errors import ConfigError

if TYPE_CHECKING:
    from transforms.schema import Table


def tables(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A table, to see its columns.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List the published tables: what one row is, and what each answers; or the columns of one."""
    with one_paragraph():
        from transforms.catalog import TABLES

        chosen = [_find(name)] if name else list(TABLES)
        if as_json:
            typer.echo(json.dumps([_described(table, has_columns=bool(name)) for table in chosen], indent=1))
        elif name:
            _show_columns(chosen[0])
        else:
            _show_list(chosen)


def _show_list(chosen: list[type[Table]]) -> None:
    from pipelines.tables_md import first_sentences

    for table in chosen:
        typer.echo(f"{table.layer}.{table.name:24} {first_sentences(table)}")


def _show_columns(table: type[Table]) -> None:
    from pipelines.screen import show_table

    described = _described(table, has_columns=True)
    typer.echo(f"{described['table']}: {described['answers']}\nKey: {', '.join(described['key'])}.\n")
    rows = [
        (c["name"], c["type"] + (", may be empty" if c["nullable"] else ""), c["meaning"]) for c in described["columns"]
    ]
    show_table(("column", "type", "meaning"), rows, is_folded=True)


def _described(table: type[Table], *, has_columns: bool) -> dict[str, Any]:
    """A table as JSON values."""
    from pipelines import ddl
    from pipelines.tables_md import first_sentences, meaning

    key = list(ddl.published_key(table))
    described = {"table": f"{table.layer}.{table.name}", "answers": first_sentences(table), "key": key}
    columns = [
        {"name": name, "type": ddl.duckdb_type(column.dtype), "nullable": column.nullable, "meaning": meaning(column)}
        for name, column in table.columns.items()
    ]
    return described | ({"columns": columns} if has_columns else {})


def _find(name: str) -> type[Table]:
    """The table of this name, with or without its schema. Raises ConfigError."""
    from transforms.catalog import TABLES

    by_name = {table.name: table for table in TABLES} | {f"{table.layer}.{table.name}": table for table in TABLES}
    if (found := by_name.get(name.strip().casefold())) is None:
        near = difflib.get_close_matches(name.casefold(), by_name, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ConfigError(f"There is no published table '{name}'.{hint} flow tables lists them all.")
    return found
