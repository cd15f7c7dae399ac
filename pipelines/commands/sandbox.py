"""``flow sandbox``: a Jira site on this machine."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.one_paragraph import one_paragraph


class Flavour(StrEnum):
    """Kind of Jira site a sandbox plays."""

    CLOUD = "cloud"
    DC = "dc"


def sandbox(
    flavour: Annotated[Flavour, typer.Option(help="Kind of Jira site to play.")] = Flavour.CLOUD,
    issues: Annotated[
        list[Path] | None,
        typer.Option(help="Recorded issues, one a line (.jsonl, .jsonl.gz); none: a simulated company."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on loopback; 0 takes any free one.")] = 0,
    faults: Annotated[
        Path | None, typer.Option(help="Trouble to make on the way, a TOML or JSON file; see --list-faults.")
    ] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Tell what a fault file may hold.")] = False,
) -> None:
    """Serve recorded issues or a simulated company as a Jira site on this machine."""
    with one_paragraph():
        from pipelines.sandbox.faults.catalogue import fault_table
        from pipelines.sandbox_command import serve

        if list_faults:
            typer.echo(fault_table())
            return
        serve(flavour.value, issues or [], port, typer.echo, faults)
