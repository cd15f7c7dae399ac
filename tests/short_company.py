"""A short history of the simulated company, published once by ``flow run`` for all processes of a test run."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.sandbox.company import simulate_company
from tests.flow_command import flow, serving
from tests.shared_runs import made_once

WEEKS = 34
"""Weeks of history that hold one whole quarter from its first day, and most of the one before."""

CONFIG = Path(__file__).parents[1] / "flow.toml"


def published_short_company(factory: pytest.TempPathFactory) -> Path:
    """Data folder of the published company, to be read only; whoever asks first waits for the run."""
    return made_once(factory, "short-company", _publish)


def _publish(data: Path) -> None:
    with serving(simulate_company(weeks=WEEKS), "cloud") as (_, access):
        ended = flow("run", "--config", CONFIG, "--data", data, **access)
    assert ended.exit_code == 0, ended.error
