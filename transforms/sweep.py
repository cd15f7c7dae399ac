"""One pass over everything that happened to an issue: the state it was in after every instant, as columns.

Merges the status visits with the timelines of flag, assignee, resolution, links and release. What the states mean for
an issue's time is said in ``work_intervals``, where its journey ends in ``passes``.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from transforms.order import in_order, same_issue
from transforms.states import Timeline

STATUS_STATES = ("visit_number", "status_row", "doubtful_row", "is_revisit")
"""States that come with a visit: its number, rows of the workflow index (doubtful: -1 for none), whether it returns."""


def sweep(visits: pl.DataFrame, timelines: dict[str, Timeline], as_of: datetime) -> pl.DataFrame:
    """State of every issue from each instant up to ``as_of``: issue_id, entered_at, STATUS_STATES, one per timeline.

    ``visits`` hold issue_id, entered_at and STATUS_STATES, in order, each issue's first row its creation. Of what
    happened in one instant every step is a row, status changes first; ``holds`` tells the state that came out of it.
    """
    rows = visits.select("issue_id", "entered_at", *STATUS_STATES)
    firsts = rows.select((~same_issue(1)).arg_true()).to_series()
    rows = rows.with_columns(_opening(timeline, rows, firsts).alias(name) for name, timeline in timelines.items())
    created = rows[firsts].select("issue_id", created_at="entered_at")
    moves = [_moves(name, timeline, created, as_of) for name, timeline in timelines.items() if len(timeline.changes)]
    rows = in_order(pl.concat([rows, *moves], how="diagonal"), ["issue_id", "entered_at"])
    return rows.with_columns(pl.col(*STATUS_STATES, *timelines).forward_fill())


def holds() -> pl.Expr:
    """Whether a row's state lasts: the issue's next row lies later."""
    return ~(same_issue(-1) & (pl.col.entered_at == pl.col.entered_at.shift(-1)))


def _opening(timeline: Timeline, rows: pl.DataFrame, firsts: pl.Series) -> pl.Series:
    """The timeline's initial value on the first row of every issue, empty elsewhere."""
    places = np.searchsorted(timeline.initial["issue_id"].to_numpy(), rows["issue_id"].gather(firsts).to_numpy())
    states = pl.repeat(None, len(rows), dtype=pl.Int64, eager=True)
    return states.scatter(firsts, timeline.initial["value"].gather(places))


def _moves(name: str, timeline: Timeline, created: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Changes of a timeline up to ``as_of``; one older than its issue counts from the issue's beginning."""
    moves = timeline.changes.join(created, on="issue_id", maintain_order="left").filter(pl.col.entered_at <= as_of)
    return moves.select(
        "issue_id", pl.max_horizontal("entered_at", "created_at").alias("entered_at"), pl.col.value.alias(name)
    )
