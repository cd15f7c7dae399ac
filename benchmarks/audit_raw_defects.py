"""Defects to plant in raw tables, before anything is computed of them, each with the rule that has to name it.

They are what a lost or doubled file, a broken disk or a parser's fault would leave. Unless it is the parser's fault,
the seals of the changes are what they were when the answers were parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from pipelines.jira.seals import CHANGE_SEALS, seal_changes

Raw = Mapping[str, pl.DataFrame]

CHANGES = "raw_changes"


@dataclass(frozen=True)
class RawDefect:
    """One thing that is wrong: what becomes of the raw tables, and which rule of which table has to say so.

    With a ``refusal`` the calculations themselves have to refuse the tables, in these words.
    """

    name: str
    table_name: str
    rule: str
    spoil: Callable[[Raw], Raw]
    refusal: str = ""


def _changes(spoil: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Raw], Raw]:
    return lambda raw: {**raw, CHANGES: spoil(raw[CHANGES])}


def _a_history(changes: pl.DataFrame) -> pl.Expr:
    """The middle one of the status changes that are neither the first nor the last of their issue."""
    moves = changes.filter(field="status").sort("issue_id", "changed_at")
    inner = moves.filter(pl.int_range(pl.len()).over("issue_id").is_between(1, pl.len().over("issue_id") - 2))
    row = inner.row(inner.height // 2, named=True)
    return (pl.col.issue_id == row["issue_id"]) & (pl.col.history_id == row["history_id"])


def _an_issue(changes: pl.DataFrame) -> pl.Expr:
    return pl.col.issue_id == changes["issue_id"][changes.height // 2]


def _doubled(changes: pl.DataFrame, **otherwise: pl.Expr) -> pl.DataFrame:
    return pl.concat([changes, changes.filter(_a_history(changes)).with_columns(**otherwise)])


def _shifted(changes: pl.DataFrame, by: timedelta) -> pl.DataFrame:
    return changes.with_columns(pl.col.changed_at + by)


def _misread(raw: Raw, by: timedelta) -> Raw:
    """The parser took the instants of changes for those of another zone, and sealed them so."""
    changes = _shifted(raw[CHANGES], by)
    return {**raw, CHANGES: changes, CHANGE_SEALS: seal_changes(changes)}


def _swapped(changes: pl.DataFrame) -> pl.DataFrame:
    here = _a_history(changes)
    ends = {f"{end}_id": pl.when(here).then(f"{other}_id").otherwise(f"{end}_id")
            for end, other in (("from", "to"), ("to", "from"))}  # fmt: skip
    return changes.with_columns(**ends)


def _without_an_issue(raw: Raw) -> Raw:
    return {**raw, "raw_issues": raw["raw_issues"].filter(~_an_issue(raw[CHANGES]))}


KEPT = "changes_keep_their_seals"

RAW_DEFECTS: tuple[RawDefect, ...] = (
    RawDefect("raw change twice", "changes", "key_unique", _changes(_doubled)),
    RawDefect("raw history twice under two numbers", "changes", KEPT,
              _changes(lambda c: _doubled(c, history_id=pl.col.history_id + 10_000_000_000))),
    RawDefect("raw history dropped", "changes", KEPT, _changes(lambda c: c.filter(~_a_history(c)))),
    RawDefect("raw histories of an issue dropped", "changes", KEPT, _changes(lambda c: c.filter(~_an_issue(c)))),
    RawDefect("file of raw changes lost", "changes", KEPT,
              _changes(lambda c: c.filter(pl.col.issue_id < c["issue_id"].quantile(0.7, "nearest")))),
    RawDefect("ends of a raw change swapped", "changes", KEPT, _changes(_swapped)),
    RawDefect("raw changes in a shifted zone", "changes", KEPT, _changes(lambda c: _shifted(c, timedelta(hours=2)))),
    RawDefect("zone of changes misread eastward", "changes", "changes_are_told_in_the_issues_zone",
              lambda raw: _misread(raw, timedelta(hours=5, minutes=30))),
    RawDefect("zone of changes misread westward", "changes", "changes_are_told_in_the_issues_zone",
              lambda raw: _misread(raw, timedelta(hours=-5))),
    RawDefect("raw issue lost", "changes", "issue_id_known", _without_an_issue,
              "status changes of issues that are not among the issues"),
)  # fmt: skip
