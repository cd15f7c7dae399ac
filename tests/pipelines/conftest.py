"""One small site, pulled and published once: what several tests look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from pipelines.config import FlowConfig
from pipelines.jira import Connection
from pipelines.run import run_flow
from pipelines.sandbox.server import DEFAULT_EMAIL, DEFAULT_TOKEN, start
from pipelines.sandbox.site import Site
from pipelines.settings import RunSettings
from tests.pipelines.flow_toml import written
from tests.pipelines.sandbox.sites import small_site

__all__ = ["written"]


@dataclass(frozen=True)
class Published:
    """A published data folder, what was told while it was made, and how it was."""

    settings: RunSettings
    told: list[str]

    @property
    def data(self) -> Path:
        return self.settings.data

    def rows(self, query: str) -> list[tuple]:
        """Ask the published DuckDB file."""
        with duckdb.connect(str((self.data / "flow.duckdb").resolve()), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(query).fetchall()


def publish(site: Site, data: Path, flavour: str = "cloud", config: FlowConfig | None = None, **settings) -> Published:
    """Serve a site on loopback, run the whole graph on it, publish into ``data``."""
    told: list[str] = []
    with start(site, flavour) as sandbox:
        email = DEFAULT_EMAIL if flavour == "cloud" else None
        connection = Connection(sandbox.url, email, DEFAULT_TOKEN)
        usual = {"site_name": "tiny", "find_connection": lambda: connection, "report": told.append}
        made = RunSettings(config or FlowConfig(), data, **(usual | settings))
        run_flow(made)
    return Published(made, told)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The small site of the sandbox's own tests, published once; not to be written to."""
    return publish(small_site(), tmp_path_factory.mktemp("published") / "data")
