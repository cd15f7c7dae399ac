"""Options that several commands share, and how a text given to one is read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.config_errors import ConfigError

ConfigOption = Annotated[Path | None, typer.Option(help="flow.toml to use; otherwise FLOW_CONFIG or ./flow.toml.")]

DataOption = Annotated[Path | None, typer.Option(help="Folder of the tables; otherwise FLOW_DATA or ./data.")]

JsonOption = Annotated[bool, typer.Option("--json", help="Answer with JSON on standard output, for scripts.")]

VerboseOption = Annotated[bool, typer.Option("--verbose", help="Show tracebacks, and Dagster's log in a run.")]


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
