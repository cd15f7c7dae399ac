"""When what was built reached its users: the releases, and how long finished work had waited for them."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.kinds import RELEASE_STAGE
from transforms.local_days import noon_of
from transforms.schema import LABEL, TIMESTAMP, Column, RowRule, Table
from transforms.workflow import Workflow

MS_PER_DAY = 86_400_000


class Releases(Table, layer="core", key=("release_id",)):
    """One row per release (Jira version). Answers: when did it ship, how much was in it, how long had that waited?

    A release date has no time of day: noon in the calendar's zone stands for it.
    """

    release_id = Column(pl.Int64(), "Jira's id of the version.")
    release_name = Column(pl.String(), "Name.")
    project_key = Column(LABEL, "Project. Empty for a version of a project out of scope.", nullable=True)
    is_released = Column(pl.Boolean(), "Marked as released, on or before as_of.")
    release_date = Column(pl.Date(), "Release day. Empty when none was entered.", nullable=True)
    released_at = Column(TIMESTAMP, "Noon of the release day. Empty while it is not released.", nullable=True)
    issue_count = Column(
        pl.Int64(), "Issues that name it as a fix version, epics measured through children left out.", minimum=0
    )
    delivered_count = Column(pl.Int64(), "Of those, delivered by as_of.", minimum=0)
    late_count = Column(pl.Int64(), "Of those, finished only after the release.", minimum=0)
    wait_ms = Column(
        pl.Int64(), "Sum of finish to release over work delivered before it. Empty while not released.", nullable=True
    )
    wait_days_p50 = Column(
        pl.Float64(), "Median of the same in days. Empty while not released, or if nothing waited.", nullable=True
    )

    released_has_an_instant = RowRule(
        "a release has an instant exactly if it is released",
        "is_released = (released_at IS NOT NULL)",
    )
    parts_within_the_whole = RowRule(
        "late and delivered issues are among those it holds",
        "late_count <= delivered_count AND delivered_count <= issue_count",
    )


def measure_releases(
    issues: pl.LazyFrame,
    versions: pl.LazyFrame,
    projects: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    work_intervals: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Count what every version holds and how long it had waited; Releases.

    An issue in several versions counts in each. Waiting runs from done (or ready for release) to noon of the release.
    """
    dated = _dated(versions.collect(), workflow, as_of)
    members = issues.select("issue_id", release_id="fix_version_ids").explode("release_id").drop_nulls()
    done = _done_at(work_intervals)
    held = (
        members.join(issue_journeys.filter(~pl.col.is_rolled_up).select("issue_id", "outcome"), on="issue_id")
        .join(done, on="issue_id", how="left")
        .join(dated.lazy().select("release_id", "released_at"), on="release_id")
    )
    waited = pl.when(pl.col.outcome == "delivered").then(pl.col.released_at - pl.col.done_at).dt.total_milliseconds()
    counts = (
        held.with_columns(waited=waited)
        .group_by("release_id")
        .agg(
            issue_count=pl.len().cast(pl.Int64),
            delivered_count=(pl.col.outcome == "delivered").sum().cast(pl.Int64),
            late_count=(pl.col.waited < 0).sum().cast(pl.Int64),
            wait_ms=pl.col.waited.filter(pl.col.waited >= 0).sum(),
            wait_days_p50=pl.col.waited.filter(pl.col.waited >= 0).quantile(0.5, "lower") / MS_PER_DAY,
        )
    )
    keys = projects.select("project_id", pl.col.project_key.cast(LABEL))
    releases = dated.lazy().join(keys, on="project_id", how="left").join(counts, on="release_id", how="left")
    return Releases.select(
        releases.with_columns(
            pl.col("issue_count", "delivered_count", "late_count").fill_null(0),
            wait_ms=pl.when("is_released").then(pl.col.wait_ms.fill_null(0)),
            wait_days_p50=pl.when("is_released").then("wait_days_p50"),
        ).sort("release_id")
    )


def _dated(versions: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Versions with the instant of their release, where they have been released by ``as_of``."""
    zones = {stream.name: stream.calendar.zone for stream in workflow.streams}
    streams = workflow.scopes.unique("project_id", keep="first", maintain_order=True)
    placed = versions.join(
        streams.select("project_id", "value_stream"), on="project_id", how="left", maintain_order="left"
    )
    at = [
        noon_of(day, zones.get(stream, "UTC")) if day and is_released else None
        for day, is_released, stream in placed.select("release_date", "is_released", "value_stream").iter_rows()
    ]
    released_at = pl.Series(at, dtype=TIMESTAMP)
    return placed.with_columns(released_at=released_at.set(released_at > as_of, None)).select(
        "project_id",
        "release_date",
        "released_at",
        release_id="version_id",
        release_name="version_name",
        is_released=pl.col.is_released & (pl.col.release_date.is_null() | pl.col.released_at.is_not_null()),
    )


def _done_at(work_intervals: pl.LazyFrame) -> pl.LazyFrame:
    """When an issue was done but for its release: since then it waits for it or has ended, and nothing else."""
    is_over = pl.col.kind.is_in(["done", "discarded"]) | (pl.col.stage_name == RELEASE_STAGE)
    first = work_intervals.filter(pl.col.pass_number == 1)
    last_left = pl.col.left_at.filter(~is_over).max().fill_null(pl.col.entered_at.min())
    since = pl.col.entered_at.filter(is_over & (pl.col.entered_at >= last_left))
    return first.group_by("issue_id").agg(done_at=since.min())
