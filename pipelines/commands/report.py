"""``flow report``: where the published report lies, opened or written anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.one_paragraph import one_paragraph
from pipelines.commands.options import DataOption


def report(
    data: DataOption = None,
    to: Annotated[Path | None, typer.Option(help="Draw it anew from the published tables, into this file.")] = None,
    opens: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Tell where the report lies; open it, or draw it anew into another file."""
    with one_paragraph():
        from pipelines.report.write import published_report, write_report
        from pipelines.settings import data_folder

        folder = data or data_folder()
        path = write_report((folder / "current").resolve(), to).path if to else published_report(folder)
        typer.echo(str(path.resolve()))
        if opens:
            typer.launch(path.resolve().as_uri())
