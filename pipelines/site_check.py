"""flow.toml against the site, before a pull that may take hours. What is compared is decided in ``transforms``."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.config import FlowConfig
from pipelines.jira import JiraSession, Reference, list_issue_types
from transforms.known_names import KnownNames, check_names
from transforms.raw import RawIssues, RawStatuses


def check_site(config: FlowConfig, session: JiraSession, reference: Reference, raw_folder: Path) -> list[str]:
    """Sentences worth telling; raises WorkflowError where flow.toml names what the site does not have.

    ``raw_folder`` holds what an earlier run read, if there was one.
    """
    names_types = any(stream.issue_types for stream in config.value_stream)
    earlier = _seen_before(raw_folder, RawStatuses.name, "status_id", "status_name")
    known = KnownNames(
        statuses=earlier | {status_id: name for status_id, name, _, _ in reference.status_rows()},
        projects=_seen_before(raw_folder, RawIssues.name, "project_id", "project_key")
        | {int(project.id): project.key for project in reference.projects},
        resolutions=_seen_before(raw_folder, "raw_resolutions", "resolution_id", "resolution_name")
        | {int(resolution.id): resolution.name for resolution in reference.resolutions},
        issue_types=list_issue_types(session) if names_types else {},
        has_histories=bool(earlier),
    )
    return check_names(config.rules(reference.time_zone), known)


def _seen_before(raw_folder: Path, table: str, identity: str, name: str) -> dict[int, str]:
    """Names an earlier run read, by id."""
    if not any((raw_folder / table).glob("*.parquet")):
        return {}
    rows = pl.scan_parquet(raw_folder / table / "*.parquet").select(identity, name).unique().collect()
    return dict(rows.drop_nulls().iter_rows())
