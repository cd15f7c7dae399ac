"""Why figures of closed periods changed, from two editions of the core tables: definitions, data, or what came after.

What changed is found in ``restatements``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

import polars as pl

REASONS = {
    "calculations": "another version of the calculations",
    "definitions": "the definitions of the value stream changed",
    "moved_issues": "issues moved between value streams, and took their past along",
    "corrected_history": "Jira's own record of the past changed: changes or issues it had shown are gone",
    "late_data": "changes of that time had not been read when it was published",
    "later_events": "something that happened since tells otherwise of that time, as work that was reopened",
}
"""Reasons, the first that applies counts."""


class Edition(NamedTuple):
    """One publication: core.issues and core.changes as it had them, its moment, and the calculations' version."""

    issues: pl.LazyFrame
    changes: pl.LazyFrame
    as_of: datetime
    flow_version: str


def explain_restatements(
    found: pl.DataFrame,
    before: Edition,
    now: Edition,
    what_changed: Callable[[str, str, str], str] = lambda stream, old, new: "",
) -> pl.DataFrame:
    """Columns reason and explanation for every row of ``find_restatements``.

    ``what_changed`` tells in words what differs between two definition versions of a stream; empty if it is not known.
    """
    old, new = pl.col.published_definition_version, pl.col.restated_definition_version
    is_redefined = old.is_not_null() & new.is_not_null() & (old != new)
    if before.flow_version != now.flow_version:
        reasons = pl.Series("reason", ["calculations"] * len(found), pl.String)
    else:
        streams = found.select(pl.col.value_stream.cast(pl.String)).to_series()
        told = _streams_told(before, now, set(streams)) if not found.select(is_redefined.all()).item() else {}
        reasons = found.select(
            reason=pl.when(is_redefined)
            .then(pl.lit("definitions"))
            .otherwise(pl.coalesce(_if_in(reason, names) for reason, names in {**told, "later_events": None}.items()))
        ).get_column("reason")
    told_of = found.select(pl.col.value_stream.cast(pl.String), old, new).with_columns(reasons)
    unique = told_of.unique(maintain_order=True)
    words = [_words(row, what_changed) for row in unique.iter_rows(named=True)]
    explained = unique.with_columns(explanation=pl.Series(words, dtype=pl.String))
    joined = told_of.join(explained, on=told_of.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined.select("reason", "explanation")


def _if_in(reason: str, names: set[str] | None) -> pl.Expr:
    """The reason for rows of these streams; for all where none are named."""
    if names is None:
        return pl.lit(reason)
    return pl.when(pl.col.value_stream.cast(pl.String).is_in(sorted(names))).then(pl.lit(reason))


def _streams_told(before: Edition, now: Edition, streams: set[str]) -> dict[str, set[str]]:
    """Value streams whose data of the past differ between two editions, by reason, in the order of REASONS."""
    issue = ("issue_id", pl.col.value_stream.cast(pl.String), "is_deleted", "created_at")
    old, new = (edition.issues.select(issue).collect() for edition in (before, now))
    both = old.join(new, on="issue_id", suffix="_now")
    moved = both.filter(pl.col.value_stream != pl.col.value_stream_now)
    key = ["issue_id", "history_id", "item_index"]
    past = pl.col.changed_at <= before.as_of
    had, has = (edition.changes.filter(past).select(key) for edition in (before, now))
    gone, come = (
        one.join(other, on=key, how="anti").select("issue_id").collect() for one, other in ((had, has), (has, had))
    )
    lost = [old.join(new, on="issue_id", how="anti"), both.filter(~pl.col.is_deleted & pl.col.is_deleted_now)]
    found = new.join(old, on="issue_id", how="anti").filter(pl.col.created_at <= before.as_of)
    return {
        "moved_issues": _names(moved["value_stream"], moved["value_stream_now"]) & streams,
        "corrected_history": _names(*(part["value_stream"] for part in lost), _of(gone, new)["value_stream"]) & streams,
        "late_data": _names(found["value_stream"], _of(come, new)["value_stream"]) & streams,
    }


def _of(ids: pl.DataFrame, issues: pl.DataFrame) -> pl.DataFrame:
    return issues.join(ids, on="issue_id", how="semi")


def _names(*columns: pl.Series) -> set[str]:
    return {name for column in columns for name in column}


def _words(row: Mapping[str, str], what_changed: Callable[[str, str, str], str]) -> str:
    if row["reason"] != "definitions":
        return REASONS[row["reason"]]
    versions = row["published_definition_version"], row["restated_definition_version"]
    known = what_changed(row["value_stream"], *versions)
    return f"{REASONS['definitions']}: {known}" if known else REASONS["definitions"]


def name_changes(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """What differs between two editions of a stream's definition, part by part, in words."""
    return ", ".join(part for part in after if before.get(part) != after[part])
