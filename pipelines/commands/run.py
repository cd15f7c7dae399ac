"""``flow run``: pull, compute, audit, publish, and say what was found."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands.one_paragraph import one_paragraph, without_secrets
from pipelines.commands.options import ConfigOption, DataOption, JsonOption, VerboseOption, instant
from pipelines.config import load_config
from pipelines.config_errors import ConfigError
from pipelines.plain_text import plain_text


def run(
    config: ConfigOption = None,
    data: DataOption = None,
    as_of: Annotated[str, typer.Option(help="Moment to speak of, as 2026-03-31T18:00:00+02:00.")] = "",
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Read a simulated company instead of a Jira site.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Build from what was read before, without asking Jira.")
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Pull the issues, build the tables, audit and publish them."""
    with one_paragraph(is_verbose=verbose, tell=_tell_failure if as_json else None):
        flow_config, moment = load_config(config), instant(as_of)
        from pipelines.run import run_flow
        from pipelines.run_document import document, written
        from pipelines.sandbox_command import run_on_sandbox
        from pipelines.screen import Screen
        from pipelines.settings import RunSettings, data_folder
        from pipelines.summary import summarise

        if sandbox and offline:
            raise ConfigError("--sandbox reads a site and --offline reads none: leave one of them out.")
        folder = data or data_folder()
        with Screen() as screen:
            settings = RunSettings(
                flow_config, folder, moment, is_offline=offline, report=screen.say, report_count=screen.count
            )
            (run_on_sandbox if sandbox else run_flow)(settings, is_verbose=verbose)
        if as_json:
            typer.echo(without_secrets(written(document(folder))))
        else:
            typer.echo("\n".join(map(plain_text, summarise(folder))))


def _tell_failure(paragraph: str, exit_status: int) -> None:
    from pipelines.run_document import failure, written

    typer.echo(written(failure(paragraph, exit_status)))
