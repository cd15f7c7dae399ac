"""Whether anybody looked at what came of delivered work, as far as Jira holds a trace of it (METHODS §4.15).

Bugs that lead back to delivered work are ``failure_demand``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from transforms.metrics.issue_links import is_failure, linked_pairs
from transforms.metrics.period_tables import (
    MS_PER_DAY,
    PERIOD_KEY,
    PeriodTable,
    as_note,
    cells,
    definition_version_column,
    estimate_columns,
    note_column,
    percentile_columns,
    percentiles_by,
    too_few,
)
from transforms.metrics.periods import periods
from transforms.metrics.slots import events_in_periods
from transforms.row_rules import all_of
from transforms.schema import Column, RowRule
from transforms.statistics.proportions import wilson
from transforms.wording import lacking
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

FOLLOW_UP = timedelta(days=60)
"""How long after delivery a trace of its outcome counts."""

MINIMUM_SHARE_SAMPLE = 30
"""Followed deliveries below which no share is published."""

PERCENTS = (50,)

KEY = list(PERIOD_KEY)


class FeedbackLoops(
    PeriodTable, layer="metrics", key=PERIOD_KEY, caveat="What is recorded outside Jira is not seen: a lower bound."
):
    """One row per value stream and period. Answers: did anybody record what came of the work that was delivered?

    Features are delivered issues that are no bugs or incidents. A trace is, within 60 days after delivery, a new link
    to an issue that is no bug, or a comment by somebody who never changed a status in the stream. A feature counts in
    the period of its delivery once its 60 days are over.
    """

    delivered_count = Column(pl.Int64(), "Features delivered in the period.", minimum=0)
    followed_count = Column(pl.Int64(), "Of those, delivered at least 60 days before as_of: the n.", minimum=0)
    linked_count = Column(pl.Int64(), "Of those, linked to another issue afterwards.", minimum=0)
    commented_count = Column(pl.Int64(), "Of those, commented on from outside the team afterwards.", minimum=0)
    traced_count = Column(pl.Int64(), "Of those, with either.", minimum=0)
    locals().update(estimate_columns("traced_share", "Share of the followed features with a trace of their outcome."))
    locals().update(percentile_columns("trace_days", "of the traced ones had it within this many days.", PERCENTS))
    definition_version = definition_version_column()
    note = note_column()

    parts_within_the_whole = RowRule(
        "traces are links and comments, and found of followed features only",
        all_of(
            "greatest(linked_count, commented_count) <= traced_count",
            "traced_count <= linked_count + commented_count",
            "traced_count <= followed_count",
            "followed_count <= delivered_count",
        ),
    )


def find_feedback_loops(
    raw_issues: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    raw_comments: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Look for a trace of the outcome of everything delivered; FeedbackLoops."""
    journeys = issue_journeys.filter("is_counted").collect()
    if journeys.is_empty():
        return FeedbackLoops.empty().lazy()
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    features = journeys.filter((pl.col.outcome == "delivered") & ~is_failure())
    features = features.select("issue_id", "value_stream", "finished_at").with_columns(
        is_followed=pl.col.finished_at + FOLLOW_UP <= as_of
    )
    changes = raw_changes.collect()
    links = _links(linked_pairs(raw_issues.collect(), changes, as_of), journeys)
    comments = _comments(raw_comments.collect(), changes, journeys)
    for name, traces in (("linked_at", links), ("commented_at", comments)):
        features = features.join(_first_after(features, traces, name), on="issue_id", how="left")
    placed = events_in_periods(_with_days(features), "finished_at", grid)
    rows = cells(workflow, grid)
    for part in (_counts(placed), percentiles_by(placed, KEY, {"trace_days": "trace_days"}, PERCENTS)):
        rows = rows.join(part, on=KEY, how="left", maintain_order="left")
    return FeedbackLoops.select(_finished(rows).lazy())


def _links(pairs: pl.DataFrame, journeys: pl.DataFrame) -> pl.DataFrame:
    """Links to issues that are no bugs: issue_id, at."""
    failures = journeys.filter(is_failure()).select(other_id="issue_id")
    return pairs.join(failures, on="other_id", how="anti").select("issue_id", at="linked_at")


def _comments(comments: pl.DataFrame, changes: pl.DataFrame, journeys: pl.DataFrame) -> pl.DataFrame:
    """Comments by people who never changed a status in the issue's value stream: issue_id, at."""
    streams = journeys.select("issue_id", "value_stream")
    team = changes.filter((pl.col.field == "status") & pl.col.author.is_not_null()).join(streams, on="issue_id")
    team = team.select("value_stream", "author").unique()
    written = comments.filter(pl.col.author.is_not_null()).join(streams, on="issue_id")
    return written.join(team, on=["value_stream", "author"], how="anti").select("issue_id", at="created_at")


def _first_after(features: pl.DataFrame, traces: pl.DataFrame, name: str) -> pl.DataFrame:
    within = (pl.col.at > pl.col.finished_at) & (pl.col.at <= pl.col.finished_at + FOLLOW_UP)
    found = traces.join(features.filter("is_followed").select("issue_id", "finished_at"), on="issue_id").filter(within)
    return found.group_by("issue_id").agg(pl.col.at.min().alias(name))


def _with_days(features: pl.DataFrame) -> pl.DataFrame:
    first = pl.min_horizontal("linked_at", "commented_at")
    return features.with_columns(trace_days=(first - pl.col.finished_at).dt.total_milliseconds() / MS_PER_DAY)


def _counts(placed: pl.DataFrame) -> pl.DataFrame:
    return placed.group_by(KEY).agg(
        delivered_count=pl.len(),
        followed_count=pl.col.is_followed.sum(),
        linked_count=pl.col.linked_at.is_not_null().sum(),
        commented_count=pl.col.commented_at.is_not_null().sum(),
        traced_count=pl.col.trace_days.is_not_null().sum(),
    )


def _finished(rows: pl.DataFrame) -> pl.DataFrame:
    rows = rows.with_columns(pl.col("^.*_count$").fill_null(0).cast(pl.Int64))
    n = np.where(rows["followed_count"].to_numpy() >= MINIMUM_SHARE_SAMPLE, rows["followed_count"].to_numpy(), 0)
    found = wilson(np.where(n > 0, rows["traced_count"].to_numpy(), 0), n)
    rows = rows.with_columns(
        pl.Series(f"traced_share{end}", values).fill_nan(None)
        for end, values in zip(("", "_low", "_high"), found, strict=True)
    )
    few = pl.when(pl.col.followed_count < MINIMUM_SHARE_SAMPLE).then(
        lacking(
            f"traced_share needs {MINIMUM_SHARE_SAMPLE} features followed for {FOLLOW_UP.days} days", "followed_count"
        )
    )
    return rows.with_columns(note=as_note([few, *too_few(PERCENTS, "traced_count", "traced features")])).sort(KEY)
