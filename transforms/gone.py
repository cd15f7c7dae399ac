"""Issues that no search finds any more: their time ends when they were missed, as it ends for the others at ``as_of``.

Every later table learns it from the last visit of an issue, which only going closes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from transforms.order import same_issue

INSTANT = timedelta(milliseconds=1)


def gone_by(tombstones: pl.LazyFrame, as_of: datetime) -> pl.DataFrame:
    """What was gone by ``as_of``: issue_id, gone_at, in order of id. From RawTombstones.

    A run that begins at ``as_of`` and misses an issue finds it gone just before.
    """
    gone_at = pl.col.gone_at.clip(upper_bound=as_of - INSTANT)
    known = tombstones.filter(pl.col.gone_at <= as_of).select("issue_id", gone_at)
    return known.collect().sort("issue_id")


def gone_from(visits: pl.DataFrame) -> pl.DataFrame:
    """The same from status visits in order, whose last one of an issue is closed only where the issue is gone."""
    is_gone = ~same_issue(-1) & pl.col.left_at.is_not_null()
    return visits.filter(is_gone).select("issue_id", gone_at="left_at")


def while_there(rows: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """Rows of issues in order, without those that begin after their issue was gone; each keeps its first."""
    if gone.is_empty():
        return rows
    told = rows.join(gone, on="issue_id", how="left", maintain_order="left")
    is_there = (pl.col.entered_at <= pl.col.gone_at).fill_null(True)
    return told.filter(~same_issue(1) | is_there).drop("gone_at")
