"""``flow rollback``: what versions there are, and the way back to one."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.one_paragraph import one_paragraph
from pipelines.commands.options import DataOption, JsonOption


def rollback(
    version: Annotated[str, typer.Argument(metavar="[VERSION]", help="Version to go back to; none lists them.")] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Lead readers back to an earlier version of all tables, at once."""
    with one_paragraph():
        from pipelines.data_folder_lock import holding
        from pipelines.settings import data_folder
        from pipelines.versions import check_kept, described, roll_back

        folder = data or data_folder()
        if version:
            check_kept(folder, version)
            with holding(folder):
                said = [roll_back(folder, version)]
        else:
            said = described(folder)
        typer.echo(_listed(folder) if as_json else "\n".join(said))


def _listed(folder: Path) -> str:
    """The versions that are there now, newest first."""
    from pipelines.versions import kept

    return json.dumps([asdict(version) for version in kept(folder)], indent=1, default=datetime.isoformat)
