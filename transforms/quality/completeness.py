"""Is every issue's changelog whole? The proof, issue by issue, published beside the numbers."""

from __future__ import annotations

import polars as pl

from transforms.raw import REPAIR_ROUTES
from transforms.schema import Column, RowRule, Table
from transforms.wording import one_or_many


class Completeness(Table, layer="quality", key=("issue_id",)):
    """One row per issue. Answers: can its history be trusted, and if not, why not?

    A changelog is complete if as many histories came as Jira says there are, every status change leaves the status the
    one before arrived at, and the last one arrives at the status Jira shows.
    """

    issue_id = Column(pl.Int64(), "Jira's immutable id of the issue.", references="issues.issue_id")
    issue_key = Column(pl.String(), "Current key.")
    is_complete = Column(pl.Boolean(), "The changelog is whole as far as can be proved.")
    reason = Column(pl.String(), "What is wrong, in words. Empty if complete.", nullable=True)
    history_total = Column(pl.Int32(), "Histories Jira says there are. Empty where it tells none.", nullable=True)
    history_count = Column(pl.Int32(), "Distinct histories received.", minimum=0)
    continuity_break_count = Column(pl.Int32(), "Places where the chain of statuses breaks.", minimum=0)
    repair_route = Column(
        pl.String(),
        "How a changelog that was short became whole, or was last tried to: read again, on the route of a single issue,"
        " or expanded with the issue. Empty where the first reading was whole.",
        nullable=True,
        values=REPAIR_ROUTES,
    )

    incomplete_has_a_reason = RowRule(
        "a history is incomplete exactly if there is a reason",
        "is_complete = (reason IS NULL)",
    )


def prove_completeness(issues: pl.LazyFrame, status_visits: pl.LazyFrame) -> pl.LazyFrame:
    """Check every changelog against itself and against Jira's own counts; Completeness."""
    broken = status_visits.filter(pl.col.doubtful_status_id.is_not_null())
    breaks = broken.group_by("issue_id").agg(
        continuity_break_count=pl.len().cast(pl.Int32),
        jump_count=pl.col.left_at.is_not_null().sum(),
        ends_in=pl.col.status_id.filter(pl.col.left_at.is_null()).first(),
        shown=pl.col.doubtful_status_id.filter(pl.col.left_at.is_null()).first(),
    )
    checked = issues.join(breaks, on="issue_id", how="left")
    reasons = [_missing_histories(), _jumps(), _wrong_end()]
    reason = pl.concat_str(reasons, separator="; ", ignore_nulls=True)
    return Completeness.select(
        checked.with_columns(
            pl.col.continuity_break_count.fill_null(0),
            is_complete=pl.all_horizontal(part.is_null() for part in reasons),
            reason=pl.when(reason != "").then(reason),
        ).sort("issue_id")
    )


def _missing_histories() -> pl.Expr:
    said = one_or_many("history_total", "{} history", "{} histories")
    text = pl.format("Jira says {}, {} came", said, "history_count")
    return pl.when(pl.col.history_total > pl.col.history_count).then(text)


def _jumps() -> pl.Expr:
    times = pl.when(pl.col.jump_count == 1).then(pl.lit("once")).otherwise(pl.format("{} times", "jump_count"))
    text = pl.format("{} a change leaves another status than the one before arrived at", times)
    return pl.when(pl.col.jump_count > 0).then(text)


def _wrong_end() -> pl.Expr:
    text = pl.format("the changelog ends in status {}, Jira shows {}", "ends_in", "shown")
    return pl.when(pl.col.ends_in.is_not_null()).then(text)
