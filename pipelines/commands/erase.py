"""``flow erase``: take one person out of everything that was read."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands.one_paragraph import one_paragraph
from pipelines.commands.options import ConfigOption, DataOption


def erase(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT_ID", help="accountId; on Data Center the user's key.")],
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Erase one person from everything that was read, and prove it."""
    with one_paragraph():
        from pipelines.config import load_config
        from pipelines.erase import erase_person
        from pipelines.settings import data_folder

        is_named = load_config(config).names_anywhere(account)
        typer.echo(erase_person(data or data_folder(), account).told())
        if is_named:
            typer.echo("flow.toml still names this account: take it out of display_names there.")
