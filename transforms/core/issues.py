"""What every issue is. What happened to it is in the other core tables."""

from __future__ import annotations

import polars as pl

from transforms.families import name_parents
from transforms.raw import GONE_REASONS
from transforms.schema import LABEL, TIMESTAMP, Column, RowRule, Table
from transforms.workflow import Workflow
from transforms.workflow_index import assign_streams


class Issues(Table, layer="core", key=("issue_id",)):
    """One row per issue Jira listed, live or gone. Answers: what is it, and which value stream does it belong to?"""

    issue_id = Column(pl.Int64(), "Jira's immutable id of the issue; keys change when an issue moves, ids do not.")
    issue_key = Column(pl.String(), "Current key.")
    value_stream = Column(LABEL, "Value stream the issue belongs to now, by project and type.")
    project_key = Column(LABEL, "Current project.")
    issue_type = Column(LABEL, "Current type.")
    hierarchy_level = Column(pl.Int8(), "-1 sub-task, 0 standard, 1 epic, 2 and more above epics.")
    parent_id = Column(
        pl.Int64(), "Parent issue, which may lie outside the extract. Empty for an issue without one.", nullable=True
    )
    status_id = Column(pl.Int64(), "Status Jira shows now.", references="statuses.status_id")
    resolution_name = Column(LABEL, "Resolution Jira shows now. Empty while unresolved.", nullable=True)
    is_deleted = Column(pl.Boolean(), "Gone from the site or out of scope; its history is kept.")
    gone_reason = Column(LABEL, "Why it is gone. Empty for a live issue.", nullable=True, values=GONE_REASONS)
    moved_to_key = Column(
        pl.String(), "Key it had when it was found out of scope. Empty unless it moved there.", nullable=True
    )
    created_at = Column(TIMESTAMP, "Creation by Jira's clock.")
    updated_at = Column(TIMESTAMP, "Last update by Jira's clock. Empty where Jira gives none.", nullable=True)

    gone_has_a_reason = RowRule(
        "an issue is gone exactly if there is a reason",
        "is_deleted = (gone_reason IS NOT NULL)",
    )


def describe_issues(
    issues: pl.LazyFrame, resolutions: pl.LazyFrame, tombstones: pl.LazyFrame, workflow: Workflow
) -> pl.LazyFrame:
    """Name the value stream, parent, resolution and fate of every issue.

    Issues, from RawIssues, RawResolutions and RawTombstones.
    """
    placed = name_parents(assign_streams(issues.collect(), workflow))
    named = placed.join(resolutions.collect(), on="resolution_id", how="left", maintain_order="left")
    gone = tombstones.select("issue_id", "moved_to_key", gone_reason="reason").collect()
    labels = ("value_stream", "project_key", "issue_type", "resolution_name", "gone_reason")
    return Issues.select(
        named.join(gone, on="issue_id", how="left", maintain_order="left")
        .lazy()
        .with_columns(pl.col(labels).cast(LABEL), is_deleted=pl.col.gone_reason.is_not_null())
    )
