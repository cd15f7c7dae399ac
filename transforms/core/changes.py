"""Every change of a field that flow depends on, without persons and without texts."""

from __future__ import annotations

import polars as pl

from transforms.order import ORDER
from transforms.raw import CHANGE_FIELD, LINK_KINDS, RawChanges
from transforms.schema import TIMESTAMP, Column, RowRule, Table


class Changes(Table, layer="core", key=("issue_id", "history_id", "item_index")):
    """One row per changed item of an issue's changelog. Answers: what changed, when, in which order?

    Of an assignment only whether somebody was and is assigned is kept, and whether it went to another person.
    """

    issue_id = Column(pl.Int64(), "Jira's immutable id of the issue.", references="issues.issue_id")
    history_id = Column(pl.Int64(), "Jira's id of the history.")
    item_index = Column(
        pl.Int32(), "Position of the item in its history, as Jira gave it. It orders items of one field.", minimum=0
    )
    changed_at = Column(TIMESTAMP, "When, by Jira's clock.")
    field = Column(CHANGE_FIELD, "What changed.")
    from_value = Column(
        pl.Int64(),
        "Old value: id of status, resolution, version, sprint, project, type or parent; 0/1 of flag and assignment;"
        " length of a text; estimate as Jira counts it. Empty when there was none.",
        nullable=True,
    )
    to_value = Column(pl.Int64(), "New value, likewise. Empty when there is none.", nullable=True)
    from_key = Column(
        pl.String(), "Old issue key, or the key of the unlinked issue. Empty for other fields.", nullable=True
    )
    to_key = Column(
        pl.String(), "New issue key, or the key of the linked issue. Empty for other fields.", nullable=True
    )
    link_kind = Column(pl.Enum(LINK_KINDS), "Which way the link points. Empty but for links.", nullable=True)
    is_handoff = Column(pl.Boolean(), "The assignment went from one person to another.")
    is_automation = Column(pl.Boolean(), "Changed by an app or automation user.")

    handoff_is_an_assignment = RowRule("only an assignment is a hand-off", "NOT is_handoff OR field = 'assignee'")


def publish_changes(changes: pl.LazyFrame) -> pl.LazyFrame:
    """Drop the persons and order by issue and instant; Changes, from RawChanges."""
    is_person = pl.col.field == "assignee"
    values = {
        f"{end}_value": pl.when(is_person).then(pl.col(f"{end}_id").is_not_null().cast(pl.Int64)).otherwise(f"{end}_id")
        for end in ("from", "to")
    }
    is_handoff = is_person & (pl.col.from_id != pl.col.to_id).fill_null(False)
    return Changes.select(
        RawChanges.select(changes).sort(ORDER).with_columns(**values, is_handoff=is_handoff.fill_null(False))
    )
