"""``flow doctor``: is everything there that a run needs?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipelines.commands.one_paragraph import one_paragraph, without_secrets
from pipelines.commands.options import ConfigOption, DataOption, JsonOption, VerboseOption
from pipelines.config import load_config
from pipelines.config_errors import ConfigError

if TYPE_CHECKING:
    from pipelines.doctor.findings import Finding

MARKS = {"ok": "ok", "warn": "WARN", "fail": "FAIL", "skipped": "–"}


def doctor(
    config: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False, verbose: VerboseOption = False
) -> None:
    """Check credentials, permissions, clock, scope, flow.toml, disk and tables; each with its fix."""
    with one_paragraph(is_verbose=verbose):
        from pipelines.settings import data_folder

        findings = []
        for finding in _look(config, data or data_folder()):
            findings.append(finding)
            if not as_json:
                _show(finding)
        if as_json:
            typer.echo(without_secrets(json.dumps([asdict(finding) for finding in findings], indent=1)))
        if any(finding.state == "fail" for finding in findings):
            raise typer.Exit(1)


def _look(config: Path | None, data: Path) -> Iterator[Finding]:
    from pipelines.config import FlowConfig
    from pipelines.doctor.machine import check_machine
    from pipelines.doctor.site import check_site_of
    from pipelines.settings import RunSettings

    yield from check_machine(config, data)
    try:
        settings = RunSettings(load_config(config), data)
    except ConfigError:
        settings = RunSettings(FlowConfig(), data)
    for site in settings.config.site:
        for finding in check_site_of(settings.of_site(site.name)):
            yield replace(finding, check=f"{site.name} {finding.check}")
    if not settings.config.site:
        yield from check_site_of(settings)


def _show(finding: Finding) -> None:
    """One line for what was found, and one for what to do."""
    from pipelines.plain_text import plain_text

    says = plain_text(without_secrets(finding.says))
    typer.echo(f"{MARKS[finding.state]:5} {finding.check:16} {says}")
    if finding.fix:
        typer.echo(f"{'':22} → {plain_text(without_secrets(finding.fix))}")
