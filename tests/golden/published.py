"""The golden stories pulled from a sandbox by ``flow run``: one run per flavour for all tests of a process."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from pipelines.sandbox.site import Site, site_from_issues
from tests.flow_command import Flavour, flow, serving
from tests.golden.adapter import CASES, SITE_NOW, story_issues

CONFIG = Path(__file__).parents[1] / "golden_flow.toml"

MOMENT = min(case["as_of"] for case in CASES)
"""When the one story that stays open is read; the others had ended before."""

_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []
"""Kept until the process ends, and then removed."""


def golden_site(flavour: Flavour) -> Site:
    """A Jira site with the golden stories and nothing else."""
    return site_from_issues(story_issues(flavour), now=SITE_NOW)


@cache
def published_golden(flavour: Flavour) -> Path:
    """Folder a run on the golden site published into; nobody may write there."""
    _FOLDERS.append(folder := tempfile.TemporaryDirectory(prefix="flow-golden-"))
    with serving(golden_site(flavour), flavour) as (_, access):
        ended = flow("run", "--config", CONFIG, "--data", folder.name, "--as-of", MOMENT, **access)
    assert ended.exit_code == 0, ended.error
    return Path(folder.name)
