"""``flow erase``: take one person out of everything that was read."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands.one_paragraph import one_paragraph
from pipelines.commands.options import DataOption


def erase(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT_ID", help="accountId; on Data Center the user's key.")],
    data: DataOption = None,
) -> None:
    """Erase one person from everything that was read, and prove it."""
    with one_paragraph():
        from pipelines.erase import erase_person
        from pipelines.settings import data_folder

        typer.echo(erase_person(data or data_folder(), account).told())
