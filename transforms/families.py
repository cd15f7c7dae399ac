"""Parents and children: which issues are measured through their children.

How the children's time adds up to the parent's is ``core.epics``.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.workflow import Workflow


def name_parents(issues: pl.DataFrame) -> pl.DataFrame:
    """Fill parent_id where Jira gave only the parent's key (epic links); RawIssues in, RawIssues out."""
    ids = issues.select(parent_key="issue_key", found_id="issue_id")
    named = issues.join(ids, on="parent_key", how="left", maintain_order="left")
    return named.with_columns(parent_id=pl.coalesce("parent_id", "found_id")).drop("found_id")


def rolled_up_ids(issues: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.Series:
    """Issues above the level at which work is counted that have children by ``as_of`` (METHODS §2.1)."""
    above = issues.filter(pl.col.hierarchy_level > workflow.flow_level)["issue_id"]
    born = name_parents(issues).filter(pl.col.created_at <= as_of)
    parents = born["parent_id"].drop_nulls().unique()
    return above.filter(above.is_in(parents.to_list())).sort()
