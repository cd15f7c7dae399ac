"""Data that tests of several folders look at: real Jira data where there are any, and one published simulated company."""

import fcntl
import os
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("FLOW_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real Jira data; the test is skipped where it is absent."""
    if not (SHARED_DATA / "real").is_dir():
        pytest.skip(f"real Jira data not found at {SHARED_DATA}; set FLOW_SHARED_DATA to their folder")
    return SHARED_DATA


SHORT_WEEKS = 34
"""Weeks of the simulated company's history that still hold two whole quarters."""


@pytest.fixture(scope="session")
def short_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data folder of one ``flow run`` on a short simulated company, for all processes of a test run; read only."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    data = shared / "short-company"
    with (shared / "short-company.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (data / "flow.duckdb").exists():
            _publish_short_company(data)
    return data


def _publish_short_company(data: Path) -> None:
    from pipelines.sandbox.company import simulate_company
    from tests.flow_command import flow, serving

    config = Path(__file__).parents[1] / "flow.toml"
    with serving(simulate_company(weeks=SHORT_WEEKS), "cloud") as (_, access):
        ended = flow("run", "--config", config, "--data", data, **access)
    assert ended.exit_code == 0, ended.error
