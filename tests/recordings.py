"""The real recordings served as one Jira site and pulled by ``flow run``: one run per flavour for all tests.

What was pulled is judged in the tests. Nothing of the recordings is committed; their folder comes with ``shared_data``.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from pipelines.sandbox.site import site_from_issues
from tests.flow_command import Flavour, flow, serving

RECORDINGS = ("aerogear", "devlake_merico", "drill", "improvingflow")

_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []
"""Kept until the process ends, and then removed."""


@cache
def published_recordings(shared_data: Path, flavour: Flavour) -> Path:
    """Folder a run on all recordings published into; the workflow is inferred."""
    _FOLDERS.append(folder := tempfile.TemporaryDirectory(prefix="flow-recordings-"))
    data = Path(folder.name)
    config = data / "nothing_said.toml"
    config.touch()
    site = site_from_issues([shared_data / "real" / f"{name}.jsonl.gz" for name in RECORDINGS])
    with serving(site, flavour) as (_, access):
        ended = flow("run", "--config", config, "--data", data, **access)
    assert ended.exit_code == 0, ended.error
    return data
