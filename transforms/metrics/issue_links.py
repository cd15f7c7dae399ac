"""Which issues are linked to which, and which types of issue mean that something failed.

Links that say "blocks" are dependencies and belong to ``transforms.dependencies``. What follows from a link is said by
the tables that read this.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

FAILURE_TYPES = r"(?i)\b(bug|defect|incident|problem|fehler|störung)"
"""Names of issue types that mean that something delivered does not work."""


def is_failure() -> pl.Expr:
    """Whether an issue's type means that something failed, by its name (issue_type)."""
    return pl.col.issue_type.cast(pl.String).str.contains(FAILURE_TYPES)


def linked_pairs(raw_issues: pl.DataFrame, raw_changes: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Every standing link that is no dependency, both ways: issue_id, other_id, linked_at (first time).

    Former keys lead to the issue that bears another key now; links out of the extract lead nowhere and are left out.
    """
    links = raw_changes.filter(
        (pl.col.field == "link") & (pl.col.link_kind == "other") & (pl.col.changed_at <= as_of)
    ).sort("changed_at", "history_id", "item_index")
    names = _ids_by_key(raw_issues, raw_changes)
    ends = links.select(
        "issue_id", "changed_at", is_added=pl.col.to_key.is_not_null(), key=pl.coalesce("to_key", "from_key")
    )
    pairs = ends.join(names, on="key", maintain_order="left").filter(pl.col.issue_id != pl.col.other_id)
    back = pairs.rename({"issue_id": "other_id", "other_id": "issue_id"}).select(pairs.columns)
    both = pl.concat([pairs, back]).sort("changed_at", maintain_order=True)
    standing = both.group_by("issue_id", "other_id").agg(
        linked_at=pl.col.changed_at.filter("is_added").first(), stands=pl.col.is_added.last()
    )
    return standing.filter("stands").drop("stands").sort("issue_id", "other_id")


def _ids_by_key(raw_issues: pl.DataFrame, raw_changes: pl.DataFrame) -> pl.DataFrame:
    """Columns key, other_id: of current keys, and of former ones that no other issue bears now."""
    now = raw_issues.select(key="issue_key", other_id="issue_id")
    once = raw_changes.filter(pl.col.field == "key").select(key="from_key", other_id="issue_id").drop_nulls()
    known = once.join(raw_issues.select(other_id="issue_id"), on="other_id", how="semi")
    return pl.concat([now, known]).unique("key", keep="first", maintain_order=True)
