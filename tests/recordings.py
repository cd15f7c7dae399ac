"""The real recordings served as one Jira site and pulled by ``flow run``: one run per flavour for all tests.

What was pulled is judged in the tests. Nothing of the recordings is committed; their folder comes with ``shared_data``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.sandbox.site import site_from_issues
from tests.flow_command import Flavour, flow, serving
from tests.shared_runs import made_once

RECORDINGS = ("aerogear", "devlake_merico", "drill", "improvingflow")


def published_recordings(factory: pytest.TempPathFactory, shared_data: Path, flavour: Flavour) -> Path:
    """Folder a run on all recordings published into; the workflow is inferred."""

    def publish(data: Path) -> None:
        data.mkdir()
        config = data / "nothing_said.toml"
        config.touch()
        site = site_from_issues([shared_data / "real" / f"{name}.jsonl.gz" for name in RECORDINGS])
        with serving(site, flavour) as (_, access):
            ended = flow("run", "--config", config, "--data", data, **access)
        assert ended.exit_code == 0, ended.error

    return made_once(factory, f"recordings-{flavour}", publish)
