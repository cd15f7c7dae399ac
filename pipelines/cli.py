"""The ``flow`` command: each command is a few lines over the modules that do the work, imported when it is called.

What goes wrong ends in one paragraph on standard error: exit code 2 where the command, flow.toml or a variable is to be
corrected, 75 where Jira wants to be asked again later, 1 for everything else. No traceback unless asked for, never a
token.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated

import typer

from pipelines.config import load_config
from pipelines.config_errors import ConfigError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

SECRETS = ("JIRA_API_TOKEN", "JIRA_TOKEN", "FLOW_PSEUDONYM_KEY")
"""Variables whose values never reach the screen."""

SHORTEST_SECRET = 6
"""A shorter value is no token, and would blot out parts of words."""


class Flavour(StrEnum):
    """Kind of Jira site a sandbox plays."""

    CLOUD = "cloud"
    DC = "dc"


@app.callback(invoke_without_command=True)
def flow(show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Where does work wait, and which one stage is the constraint?"""
    if show_version:
        typer.echo(installed_version("jira-flow"))
        raise typer.Exit


@app.command()
def run(
    config: Annotated[Path | None, typer.Option(help="flow.toml to use; otherwise FLOW_CONFIG or ./flow.toml.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the tables; otherwise FLOW_DATA or ./data.")] = None,
    as_of: Annotated[str, typer.Option(help="Moment to speak of, as 2026-03-31T18:00:00+02:00.")] = "",
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Read a simulated company instead of a Jira site.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show Dagster's log and tracebacks.")] = False,
) -> None:
    """Pull the issues, build the tables, audit and publish them."""
    with one_paragraph(is_verbose=verbose):
        flow_config, moment = load_config(config), instant(as_of)
        from pipelines.run import run_flow
        from pipelines.sandbox_command import run_on_sandbox
        from pipelines.screen import Screen
        from pipelines.settings import RunSettings, data_folder
        from pipelines.summary import summarise

        folder = data or data_folder()
        with Screen() as screen:
            settings = RunSettings(flow_config, folder, moment, report=screen.say, report_count=screen.count)
            (run_on_sandbox if sandbox else run_flow)(settings, is_verbose=verbose)
        typer.echo("\n".join(summarise(folder)))


@app.command()
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


@app.command()
def erase(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT_ID", help="accountId; on Data Center the user's key.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the tables; otherwise FLOW_DATA or ./data.")] = None,
) -> None:
    """Erase one person from everything that was read, and prove it."""
    with one_paragraph():
        from pipelines.erase import erase_person
        from pipelines.settings import data_folder

        typer.echo(erase_person(data or data_folder(), account).told())


@app.command()
def tables() -> None:
    """List the published tables: what one row is, and what each answers."""
    from pipelines.tables_md import first_sentences
    from transforms.catalog import TABLES

    for table in TABLES:
        typer.echo(f"{table.layer}.{table.name:24} {first_sentences(table)}")


def instant(text: str) -> datetime | None:
    """An ISO instant with an offset, in UTC; None for an empty text. Raises ConfigError for anything else."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ConfigError(
            f"--as-of {text} is not a moment. Write date, time and offset from UTC, like 2026-03-31T18:00:00+02:00 or"
            " 2026-03-31T16:00:00Z."
        )
    return moment.astimezone(UTC)


@contextmanager
def one_paragraph(*, is_verbose: bool = False) -> Iterator[None]:
    """Turn whatever goes wrong inside into a paragraph on standard error and an exit code."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if is_verbose:
            raise
        paragraph, code = explain(error)
        typer.echo(f"flow: {without_secrets(paragraph)}", err=True)
        raise typer.Exit(code) from None


def explain(error: BaseException) -> tuple[str, int]:
    """What to tell of a failure, and the exit code."""
    from pipelines.failures import KNOWN_ERRORS, TO_BE_CORRECTED, TO_BE_TRIED_LATER

    text = " ".join(str(error).split())
    if isinstance(error, TO_BE_CORRECTED):
        return text, 2
    if isinstance(error, TO_BE_TRIED_LATER):
        return text, 75
    if isinstance(error, KNOWN_ERRORS):
        return text, 1
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted. The published tables are as they were.", 130
    return (
        f"Something unforeseen went wrong ({type(error).__name__}: {text}). The published tables are as they were."
        " Please run it again with --verbose and report what it shows.",
        1,
    )


def without_secrets(text: str) -> str:
    """The text with the values of secret variables blotted out."""
    for name in SECRETS:
        if len(secret := os.environ.get(name, "")) >= SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text


def main() -> None:
    """Entry point of the ``flow`` script."""
    app()


if __name__ == "__main__":
    main()
