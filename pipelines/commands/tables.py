"""``flow tables``: what is published."""

from __future__ import annotations

import typer


def tables() -> None:
    """List the published tables: what one row is, and what each answers."""
    from pipelines.tables_md import first_sentences
    from transforms.catalog import TABLES

    for table in TABLES:
        typer.echo(f"{table.layer}.{table.name:24} {first_sentences(table)}")
