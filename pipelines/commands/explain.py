"""``flow explain``: where every number of one issue comes from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.one_paragraph import one_paragraph
from pipelines.commands.options import ConfigOption, DataOption, JsonOption

if TYPE_CHECKING:
    from transforms.calendar import WorkingCalendar


def explain_issue(
    issue_key: Annotated[str, typer.Argument(metavar="ISSUE-KEY", help="Key of the issue, as SHOP-123.")],
    as_json: JsonOption = False,
    site: Annotated[str, typer.Option(help="Site, where several have an issue of this key.")] = "",
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Tell one issue's life as touch and wait, with every number derived."""
    with one_paragraph():
        from pipelines.config import load_config
        from pipelines.life.account import account_for, document
        from pipelines.life.display_names import assignee_names
        from pipelines.life.record import read_record
        from pipelines.life.touch import known_touch
        from pipelines.life.words import told
        from pipelines.screen import show_lines
        from pipelines.settings import data_folder

        folder = data or data_folder()
        record = read_record(folder, issue_key, site)
        own = _own_folder(folder, record.issue["site_name"])
        calendar = _calendar_of(own, str(record.journey["value_stream"]))
        named = load_config(config).display_names(record.issue["site_name"])
        touch, names = known_touch(own / "work", record, calendar), assignee_names(own, record, named, os.environ)
        account = account_for(record, calendar, touch, names)
        if as_json:
            typer.echo(json.dumps(document(account), indent=1, default=_plain))
        else:
            show_lines(told(account, calendar))


def _own_folder(folder: Path, site: str) -> Path:
    """Where the site's own working store and parameters lie: of several sites each has a folder of its own."""
    from pipelines.settings import site_folder

    own = site_folder(folder, site)
    return own if own.exists() else folder


def _calendar_of(folder: Path, value_stream: str) -> WorkingCalendar | None:
    """The calendar of a value stream as the last run used it; None where it is not known any more."""
    from pipelines.parameters import WorkflowStore

    try:
        streams = WorkflowStore(folder / "parameters" / "workflow").newest().streams
    except FileNotFoundError:
        return None
    return next((stream.calendar for stream in streams if stream.name == value_stream), None)


def _plain(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
