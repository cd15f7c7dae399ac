"""The ``flow`` command: which commands there are. Each is a file of ``pipelines.commands``.

How a command ends, and with which exit code, is said in ``pipelines.commands.one_paragraph``.
"""

from __future__ import annotations

from importlib.metadata import version as installed_version
from typing import Annotated

import typer

from pipelines.commands.doctor import doctor
from pipelines.commands.erase import erase
from pipelines.commands.explain import explain_issue
from pipelines.commands.init import init
from pipelines.commands.one_paragraph import exit_code_table
from pipelines.commands.report import report
from pipelines.commands.rollback import rollback
from pipelines.commands.run import run
from pipelines.commands.sandbox import sandbox
from pipelines.commands.sql import sql
from pipelines.commands.tables import tables

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, epilog=exit_code_table())


@app.callback(invoke_without_command=True)
def flow(show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Where does work wait, and which one stage is the constraint?"""
    if show_version:
        typer.echo(installed_version("jira-flow"))
        raise typer.Exit


for command in (init, doctor, run, report, sql, tables, rollback, erase, sandbox):
    app.command()(command)
app.command("explain")(explain_issue)


def main() -> None:
    """Entry point of the ``flow`` script."""
    app()


if __name__ == "__main__":
    main()
