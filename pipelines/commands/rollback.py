"""``flow rollback``: what versions there are, and the way back to one."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands.one_paragraph import one_paragraph
from pipelines.commands.options import DataOption


def rollback(
    version: Annotated[str, typer.Argument(metavar="[VERSION]", help="Version to go back to; none lists them.")] = "",
    data: DataOption = None,
) -> None:
    """Lead readers back to an earlier version of all tables, at once."""
    with one_paragraph():
        from pipelines.run import holding
        from pipelines.settings import data_folder
        from pipelines.versions import check_kept, described, roll_back

        folder = data or data_folder()
        if not version:
            typer.echo("\n".join(described(folder)))
            return
        check_kept(folder, version)
        with holding(folder):
            typer.echo(roll_back(folder, version))
