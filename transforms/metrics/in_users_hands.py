"""From code done to users' hands: when delivered work was done, and when the release that holds it went out.

Measured by release dates wherever a stream enters them, whether or not its delivery point is the release. Releases as
such are ``core.releases``; how long the wait lasts is said by the tables that read this.
"""

from __future__ import annotations

import polars as pl

from transforms.workflow import TERMINAL_KINDS


def waits_for_release(
    issues: pl.LazyFrame, releases: pl.LazyFrame, journeys: pl.DataFrame, status_visits: pl.DataFrame
) -> pl.DataFrame:
    """One row per delivered journey that a release holds: issue_id, value_stream, done_at, released_at.

    ``issues`` are RawIssues, ``releases`` core's, ``journeys`` those that count, ``status_visits`` as
    ``cut_where_ended`` has them. The earliest dated release of an issue
    counts; one before the work was done leaves no wait. released_at is empty while no release has gone out. Work whose
    versions were released without a date is left out: nobody knows when it arrived.
    """
    versions = issues.select("issue_id", release_id="fix_version_ids").explode("release_id").drop_nulls()
    known = releases.filter(pl.col.released_at.is_not_null() | ~pl.col.is_released)
    held = versions.join(known, on="release_id").group_by("issue_id").agg(pl.col.released_at.min()).collect()
    delivered = journeys.filter(pl.col.outcome == "delivered").select("issue_id", "value_stream", "finished_at")
    waits = delivered.join(held, on="issue_id").join(_done_at(delivered, status_visits), on="issue_id", how="left")
    waits = waits.with_columns(done_at=pl.coalesce("done_at", "finished_at"))
    reached = pl.when(pl.col.released_at.is_not_null()).then(pl.max_horizontal("released_at", "done_at"))
    return waits.select("issue_id", "value_stream", "done_at", released_at=reached).sort("issue_id")


def _done_at(delivered: pl.DataFrame, status_visits: pl.DataFrame) -> pl.DataFrame:
    """When each journey left its last status that is not terminal: under delivery by release, before its finish."""
    left = status_visits.filter(~pl.col.work_kind.is_in(TERMINAL_KINDS)).join(delivered, on="issue_id")
    left = left.filter(pl.col.left_at <= pl.col.finished_at)
    return left.group_by("issue_id").agg(done_at=pl.col.left_at.max())
