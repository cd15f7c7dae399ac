"""What one run is told: configuration, folder, moment, and how to reach Jira. The resource every asset can ask for.

Nothing is read from the environment before an asset needs it, so the graph loads anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pipelines.config import FlowConfig
from pipelines.jira import Connection, connection_from_environment, connection_from_variables
from pipelines.store import Report


def data_folder() -> Path:
    """Where tables are kept: FLOW_DATA, or ``data`` in the working directory."""
    return Path(os.environ.get("FLOW_DATA", "data"))


def environment_connection() -> Connection:
    """The site the JIRA_* variables name; raises MissingSettingError naming the one that lacks."""
    return connection_from_environment(os.environ)


def keep_quiet(_: str) -> None:
    """Tell nobody: under Dagster's own interface the event log is the progress."""


def keep_uncounted(done: int, total: int | None) -> None:
    """Count for nobody."""


@dataclass(frozen=True)
class RunSettings:
    """One run's settings; the defaults are those of a scheduled run."""

    config: FlowConfig
    data: Path
    as_of: datetime | None = None
    """The moment the tables speak of; None takes the site's own clock."""
    site_name: str = ""
    """Name of the site in the tables; empty takes flow.toml's, or the host of JIRA_URL."""
    find_connection: Callable[[], Connection] = environment_connection
    is_offline: bool = False
    """Whether the tables are built from what was read before, without asking Jira."""
    report: Report = keep_quiet
    report_count: Callable[[int, int | None], None] = keep_uncounted
    """Told how many issues have landed so far, of how many where that is known."""
    is_attended: bool = False
    """Whether somebody waits for the run and hears of a failure at once; else what may pass is tried again."""
    is_held: bool = False
    """Whether who started the run keeps the data folder for it; else the run does so itself."""

    @property
    def raw_folder(self) -> Path:
        """Where the raw tables lie."""
        return self.data / "work" / "parsed"

    def name_of(self, connection: Connection) -> str:
        """The name the site is published under: the run's own, flow.toml's, or its host."""
        named = self.site_name or self.config.jira.site_name
        return named or connection.url.split("://")[-1].split("/")[0].split(":")[0]

    def of_site(self, name: str) -> RunSettings:
        """The same for one of several sites: its own part of flow.toml, its own data folder, its own credentials."""
        [site] = (site for site in self.config.site if site.name == name)
        return replace(
            self,
            config=self.config.of_site(name),
            data=site_folder(self.data, name),
            find_connection=lambda: connection_from_variables(os.environ, site.url, site.token_env, site.email_env),
            report=lambda line: self.report(f"{name}: {line}"),
        )


def site_folder(data: Path, name: str) -> Path:
    """The data folder of one of several sites."""
    return data / "sites" / name
