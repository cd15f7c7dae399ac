"""``flow sql``: a question to the published tables."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.one_paragraph import one_paragraph
from pipelines.commands.options import DataOption, JsonOption
from pipelines.config_errors import ConfigError
from transforms.wording import counted

if TYPE_CHECKING:
    from pipelines.published import Answer

SHOWN_ROWS = 200
"""Rows a table on the screen has at most; --csv and --json give all."""


def sql(
    question: Annotated[
        str, typer.Argument(metavar="SQL", help="One question in SQL; - reads it from standard input.")
    ],
    as_csv: Annotated[bool, typer.Option("--csv", help="Answer with CSV.")] = False,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Ask the published tables, read-only."""
    with one_paragraph():
        if as_csv and as_json:
            raise ConfigError("--csv and --json are both given. Choose one of them, or neither for a table.")
        from pipelines.published import ask
        from pipelines.settings import data_folder

        asked = sys.stdin.read() if question == "-" else question
        show = _show_json if as_json else _show_csv if as_csv else _show_table
        show(ask(data or data_folder(), asked))


def _show_json(answer: Answer) -> None:
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    typer.echo(json.dumps(rows, indent=1, default=str, ensure_ascii=True))


def _show_csv(answer: Answer) -> None:
    from pipelines.plain_text import plain_text

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.columns)
    shown = plain_text if sys.stdout.isatty() else (lambda value: value)
    writer.writerows([shown(value) for value in row] for row in answer.rows)


def _show_table(answer: Answer) -> None:
    from pipelines.screen import show_table

    show_table(answer.columns, answer.rows[:SHOWN_ROWS])
    if more := len(answer.rows) - SHOWN_ROWS if len(answer.rows) > SHOWN_ROWS else 0:
        typer.echo(f"… and {counted(more, 'more row')}; --csv and --json give all.")
