"""What an issue's changes were when they were parsed, in a few numbers that the raw tables cannot lose with them.

The audit holds the published changes against these seals: whatever happened to a raw table on its way shows.
"""

from __future__ import annotations

import polars as pl

CHANGE_SEALS = "change_seals"
"""Folder of the seals beside the raw tables."""


def seal_changes(changes: pl.DataFrame) -> pl.DataFrame:
    """RawChanges → one row per issue that has changes: issue_id, change_count, and the sums of what they hold.

    instant_sum in ms; history_sum of their histories' ids; from_sum and to_sum of their values, but for assignments.
    """
    is_value = pl.col.field != "assignee"
    return changes.group_by("issue_id").agg(
        change_count=pl.len().cast(pl.Int64),
        instant_sum=pl.col.changed_at.dt.epoch("ms").sum(),
        history_sum=pl.col.history_id.sum(),
        from_sum=pl.col.from_id.filter(is_value).sum(),
        to_sum=pl.col.to_id.filter(is_value).sum(),
    )
