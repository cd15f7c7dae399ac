"""What went out together, after how long, and what came back: one row per release.

Whether that makes a spiral of fear is ``deploy_fear``; versions as Jira knows them are ``core.releases``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from transforms.definitions import cut_where_ended
from transforms.metrics.in_users_hands import waits_for_release
from transforms.metrics.issue_links import is_failure, linked_pairs
from transforms.metrics.period_tables import MS_PER_DAY, definition_version_column, note_column
from transforms.schema import LABEL, TIMESTAMP, Column, Table
from transforms.statistics.order_statistics import MINIMUM_SAMPLE
from transforms.wording import lacking
from transforms.workflow import Workflow

SOURCES = ("version", "deliveries")
"""A version with its release date, or deliveries close together in a stream that has no versions."""

CLOSE = timedelta(minutes=30)
"""Deliveries no further apart than this from the one before went out together."""

FOLLOW_UP = timedelta(days=14)
"""How long after a release a bug linked to its work, or a hotfix, counts as its failure."""

HOTFIX = r"(?i)hot-?fix|patch"
"""Names of releases that repair another one."""


class ReleaseBatches(Table, layer="metrics", key=("value_stream", "batch_number")):
    """One row per release of a value stream. Answers: how big are releases, how far apart, and what do they break?

    A version's release day (noon stands for its time), or, in streams none of whose work is in a released version, a
    cluster of deliveries no more than 30 minutes apart. Delivered work counts once, in its earliest release.
    """

    value_stream = Column(LABEL, "Value stream.")
    batch_number = Column(pl.Int32(), "1, 2, … in the order in which the stream released.", minimum=1)
    source = Column(pl.String(), "How the release is known.", values=SOURCES)
    release_id = Column(
        pl.Int64(),
        "Jira's id of the version. Empty for a cluster of deliveries.",
        nullable=True,
        references="releases.release_id",
    )
    release_name = Column(pl.String(), "Name of the version. Empty likewise.", nullable=True)
    is_hotfix = Column(pl.Boolean(), "Its name says hotfix or patch.")
    released_at = Column(TIMESTAMP, "Noon of the release day, or the last delivery of the cluster.")
    issue_count = Column(pl.Int64(), "Issues in it, delivered by as_of.", minimum=0)
    days_since_previous = Column(
        pl.Float64(), "Days since the stream's release before. Empty for its first.", nullable=True, minimum=0
    )
    wait_days_total = Column(
        pl.Float64(), "Days its issues had waited for it, together, from done (or ready for release).", minimum=0
    )
    wait_days_p50 = Column(
        pl.Float64(), "Median of the same per issue. Empty below 6 issues (note).", nullable=True, minimum=0
    )
    bug_count = Column(
        pl.Int64(),
        "Bugs and incidents linked to its issues, created within 14 days. Empty while those have not passed (note).",
        nullable=True,
        minimum=0,
    )
    hotfix_count = Column(pl.Int64(), "Hotfixes released within 14 days. Empty likewise.", nullable=True, minimum=0)
    definition_version = definition_version_column()
    note = note_column()


def gather_release_batches(
    raw_issues: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    status_visits: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    releases: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Gather what went out together; ReleaseBatches."""
    journeys = issue_journeys.filter("is_counted").collect()
    if journeys.is_empty():
        return ReleaseBatches.empty().lazy()
    issues, visits = raw_issues.collect(), cut_where_ended(status_visits.collect(), workflow, as_of)
    versioned = _in_versions(issues, releases.collect(), journeys, visits)
    clustered = _in_clusters(journeys, visits, versioned["value_stream"].unique())
    members = pl.concat([versioned, clustered], how="diagonal")
    batches = _batches(members)
    links = linked_pairs(issues, raw_changes.collect(), as_of)
    batches = _with_failures(batches, members, links, issue_journeys.collect(), as_of)
    return ReleaseBatches.select(_noted(batches, workflow).lazy())


def _in_versions(
    issues: pl.DataFrame, releases: pl.DataFrame, journeys: pl.DataFrame, visits: pl.DataFrame
) -> pl.DataFrame:
    """Delivered issues with the earliest version that brought them out: the release,, issue_id, ready_at."""
    out = releases.filter(pl.col.released_at.is_not_null()).select("release_id", "release_name", "released_at")
    held = issues.select("issue_id", release_id="fix_version_ids").explode("release_id").drop_nulls()
    first = held.join(out, on="release_id").sort("released_at", "release_id").unique("issue_id", keep="first")
    done = waits_for_release(issues.lazy(), releases.lazy(), journeys, visits)
    done = _with_ready(done.select("issue_id", "value_stream", "done_at"), visits).drop("done_at")
    return first.join(done, on="issue_id").with_columns(source=pl.lit("version"), batch=pl.format("v{}", "release_id"))


def _in_clusters(journeys: pl.DataFrame, visits: pl.DataFrame, versioned: pl.Series) -> pl.DataFrame:
    """Deliveries close together in streams without versions: the release,, issue_id, ready_at."""
    delivered = journeys.filter((pl.col.outcome == "delivered") & ~pl.col.value_stream.is_in(versioned.implode()))
    delivered = delivered.select("issue_id", "value_stream", done_at="finished_at")
    delivered = delivered.sort("value_stream", "done_at", "issue_id")
    apart = pl.col.done_at - pl.col.done_at.shift(1).over("value_stream")
    delivered = delivered.with_columns(cluster=(apart.is_null() | (apart > CLOSE)).cum_sum())
    return _with_ready(delivered, visits).select(
        "issue_id", "value_stream", "ready_at", source=pl.lit("deliveries"), batch=pl.format("c{}", "cluster"),
        released_at=pl.col.done_at.max().over("cluster"),
    )  # fmt: skip


def _with_ready(done: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Add ready_at: when an issue began to wait in the queue it left when it was done; without one, done_at."""
    queued = visits.filter((pl.col.work_kind == "queue") & (pl.col.elapsed_ms > 0))
    queued = queued.select("issue_id", ready_at="entered_at", done_at="left_at").unique(["issue_id", "done_at"])
    ready = done.join(queued, on=["issue_id", "done_at"], how="left")
    return ready.with_columns(ready_at=pl.coalesce("ready_at", "done_at"))


def _batches(members: pl.DataFrame) -> pl.DataFrame:
    """Releases in order with size, distance and wait."""
    waited = pl.max_horizontal((pl.col.released_at - pl.col.ready_at).dt.total_milliseconds(), 0) / MS_PER_DAY
    batches = (
        members.with_columns(waited=waited)
        .group_by("value_stream", "source", "batch")
        .agg(
            pl.col("release_id", "release_name", "released_at").first(),
            issue_count=pl.len().cast(pl.Int64),
            wait_days_total=pl.col.waited.sum(),
            wait_days_p50=pl.col.waited.quantile(0.5, "lower"),
        )
    )
    batches = batches.sort("value_stream", "released_at", "release_id", "batch")
    since = (pl.col.released_at - pl.col.released_at.shift(1).over("value_stream")).dt.total_milliseconds()
    return batches.with_columns(
        batch_number=pl.int_range(1, pl.len() + 1).over("value_stream").cast(pl.Int32),
        days_since_previous=since / MS_PER_DAY,
        is_hotfix=pl.col.release_name.str.contains(HOTFIX).fill_null(False),
        wait_days_p50=pl.when(pl.col.issue_count >= MINIMUM_SAMPLE[0.5]).then("wait_days_p50"),
    )


def _with_failures(
    batches: pl.DataFrame, members: pl.DataFrame, links: pl.DataFrame, journeys: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """Bugs linked to a release's issues and hotfixes after it, once their time has passed."""
    bugs = journeys.filter(is_failure()).select(other_id="issue_id", bug_at="created_at")
    key = ["value_stream", "batch"]
    within = (pl.col.bug_at >= pl.col.released_at) & (pl.col.bug_at < pl.col.released_at + FOLLOW_UP)
    found = members.join(links, on="issue_id").join(bugs, on="other_id").filter(within)
    counts = found.group_by(key).agg(bug_count=pl.col.other_id.n_unique().cast(pl.Int64))
    repairs = batches.filter("is_hotfix").select("value_stream", repaired_at="released_at", repair="batch")
    after = (
        batches.select(*key, "released_at")
        .join(repairs, on="value_stream")
        .filter(
            (pl.col.repair != pl.col.batch)
            & (pl.col.repaired_at > pl.col.released_at)
            & (pl.col.repaired_at < pl.col.released_at + FOLLOW_UP)
        )
    )
    fixes = after.group_by(key).agg(hotfix_count=pl.len().cast(pl.Int64))
    for part in (counts, fixes):
        batches = batches.join(part, on=key, how="left", maintain_order="left")
    is_over = pl.col.released_at + FOLLOW_UP <= as_of
    return batches.with_columns(pl.when(is_over).then(pl.col("bug_count", "hotfix_count").fill_null(0)))


def _noted(batches: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    versions = {stream.name: workflow.definition_version(stream.name) for stream in workflow.streams}
    few = pl.when(pl.col.issue_count < MINIMUM_SAMPLE[0.5]).then(
        lacking(f"wait_days_p50 needs {MINIMUM_SAMPLE[0.5]} issues", "issue_count")
    )
    young = pl.when(pl.col.bug_count.is_null()).then(pl.lit("bugs and hotfixes: 14 days have not passed"))
    text = pl.concat_str([few, young], separator="; ", ignore_nulls=True)
    return batches.with_columns(
        note=pl.when(text != "").then(text),
        definition_version=pl.col.value_stream.cast(pl.String).replace_strict(versions, return_dtype=pl.String),
    )
