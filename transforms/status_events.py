"""The chain of statuses every issue went through, from its creation on.

Order: by instant, within an instant by chaining from → to, then by Jira's own ids. A silent jump is dated by the move
that caused it (bridged) or stays as a doubt. What a status means, and how long it lasted, does not belong here.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.order import INSTANT, ORDER, places_of, run_starts, same_issue, sort_changes, sort_issues, ties
from transforms.trails import first_trail, longest_chain

UNSAID = np.iinfo(np.int64).min
"""Stands for the status a change left where the change does not say."""


def status_events(issues: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Order the status changes of every issue behind one row for its creation.

    One row per status an issue entered: issue_id, entered_at, status_id, is_bridged (a silent jump, dated by the move
    that caused it), doubtful_status_id (the other status the issue may have been in from here to the next row: what the
    next change says it left, or for the last row what Jira shows now; else empty). Issues ascend; within an issue rows
    are in order. Raises ValueError for a change of an issue that ``issues`` does not have.
    """
    issues = sort_issues(issues.select("issue_id", "created_at", "status_id"))
    is_move = (pl.col.field == "status") & pl.col.to_id.is_not_null()
    moves = changes.lazy().filter(is_move).select(*ORDER, "from_id", "to_id").collect(engine="in-memory")
    moves = sort_changes(moves, (*INSTANT, "from_id", "to_id"))
    counts = _moves_of(issues["issue_id"].to_numpy(), moves["issue_id"].to_numpy())
    return _bridge(_behind_creation(issues, _chain_same_instants(moves, issues), counts), changes)


def _chain_same_instants(moves: pl.DataFrame, issues: pl.DataFrame) -> pl.DataFrame:
    """Reorder status changes of one instant that do not chain as they stand."""
    near = _near_ties(moves)
    if near.is_empty():
        return moves
    broken = same_issue(1) & (pl.col.from_id != pl.col.to_id.shift(1)).fill_null(True)
    broken_after = broken.shift(-1, fill_value=False) | _ends_elsewhere(near, issues)
    tied = same_issue(1) & (pl.col.changed_at == pl.col.changed_at.shift(1))
    groups = near.with_columns(group=(~tied).cum_sum(), is_suspect=broken | broken_after)
    groups = groups.filter(tied | tied.shift(-1, fill_value=False))
    suspects = groups.filter(pl.col.is_suspect.any().over("group"))
    if suspects.is_empty():
        return moves
    order = np.arange(len(moves))
    for group in suspects.partition_by("group", maintain_order=True):
        places = group["place"].to_list()
        order[places] = [places[i] for i in _chained(moves, group, issues)]
    return moves[order]


def _near_ties(moves: pl.DataFrame) -> pl.DataFrame:
    """Rows that share issue and instant with a neighbour, and their neighbours; ``place`` is where they lie."""
    around = np.unique((ties(moves)[:, None] + np.arange(-1, 2)).clip(0, len(moves) - 1))
    return moves[around].with_columns(place=pl.lit(pl.Series(around, dtype=pl.Int64)))


def _ends_elsewhere(moves: pl.DataFrame, issues: pl.DataFrame) -> pl.Expr:
    """Whether a row is its issue's last and leads to another status than the issue now has."""
    now = issues["status_id"].gather(places_of(moves["issue_id"], issues["issue_id"]))
    return ~same_issue(-1) & (pl.col.to_id != pl.lit(now))


def _chained(moves: pl.DataFrame, group: pl.DataFrame, issues: pl.DataFrame) -> list[int]:
    """Positions of a group's rows in an order in which each leaves where the one before arrived, if there is one."""
    first, last, issue = group["place"][0], group["place"][-1], group["issue_id"][0]
    before = moves.row(first - 1, named=True) if first else {}
    after = moves.row(last + 1, named=True) if last + 1 < len(moves) else {}
    start = before["to_id"] if before.get("issue_id") == issue else None
    now = issues.row(issues["issue_id"].search_sorted(issue), named=True)["status_id"]
    end = after["from_id"] if after.get("issue_id") == issue else now
    edges = list(zip(group["from_id"], group["to_id"], strict=True))
    return (
        first_trail(edges, start, end)
        or first_trail(edges, start, None)
        or first_trail(edges, None, end)
        or longest_chain(edges, start)
    )


def _behind_creation(issues: pl.DataFrame, moves: pl.DataFrame, counts: np.ndarray) -> pl.DataFrame:
    """Put a row for the creation before each issue's first change, and name the doubtful status of every row.

    The initial status is what the first change left; creation is never later than the first change.
    """
    ids, now, created = (issues[name].to_physical().to_numpy() for name in ("issue_id", "status_id", "created_at"))
    lasts = np.cumsum(counts + 1) - 1
    firsts = lasts - counts
    said = _laid(moves["from_id"].fill_null(UNSAID), lasts, now)
    initial = np.where(said[firsts] == UNSAID, now, said[firsts])
    status = _laid(moves["to_id"], firsts, initial)
    entered = _laid(moves["changed_at"], firsts, created)
    entered[firsts] = np.minimum(created, entered[np.minimum(firsts + 1, lasts)])
    doubtful = np.flatnonzero(said != status)
    doubtful = doubtful[said[doubtful] != UNSAID]
    return pl.DataFrame(
        {
            "issue_id": np.repeat(ids, counts + 1),
            "entered_at": pl.Series(entered).cast(issues.schema["created_at"]),
            "status_id": status,
            "is_bridged": pl.repeat(False, len(status), eager=True),
            "doubtful_status_id": pl.repeat(None, len(status), dtype=pl.Int64, eager=True).scatter(
                doubtful, said[doubtful]
            ),
        }
    )


def _laid(values: pl.Series, places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """``others`` at these ``places`` and ``values`` at all that are left, both in their order."""
    is_free = np.ones(len(values) + len(others), bool)
    is_free[places] = False
    laid = np.empty(len(is_free), np.int64)
    laid[is_free] = values.to_physical().to_numpy()
    laid[places] = others
    return laid


def _moves_of(ids: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """How many changes each of the issues has; both ascend. Raises ValueError for a change of none of them."""
    starts = run_starts(moved)
    places = np.searchsorted(ids, moved[starts])
    if not np.array_equal(ids.take(places, mode="clip") if len(ids) else ids, moved[starts]):
        strangers = np.setdiff1d(moved, ids)[:5].tolist()
        raise ValueError(f"status changes of issues that are not among the issues: {strangers}")
    counts = np.zeros(len(ids), np.int64)
    counts[places] = np.diff(starts, append=len(moved))
    return counts


def _bridge(events: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Date a silent jump by the move or change of type that caused it, where there is one in the doubtful stretch."""
    if events["doubtful_status_id"].null_count() == len(events):
        return events
    until = pl.when(same_issue(-1)).then(pl.col.entered_at.shift(-1))
    gaps = events.with_columns(until=until).with_row_index("place").filter(pl.col.doubtful_status_id.is_not_null())
    moved = changes.filter(pl.col.field.is_in(["project", "issue_type"])).select("issue_id", "changed_at")
    bridges = gaps.join(moved, on="issue_id").filter(
        pl.col.changed_at >= pl.col.entered_at, pl.col.until.is_null() | (pl.col.changed_at < pl.col.until)
    )
    bridges = bridges.group_by("place").agg(pl.col.changed_at.min(), pl.col("issue_id", "doubtful_status_id").first())
    if bridges.is_empty():
        return events
    mended = events.with_row_index("place").with_columns(
        doubtful_status_id=pl.when(~pl.col.place.is_in(bridges["place"].to_list())).then("doubtful_status_id")
    )
    jumps = bridges.select(
        "place", "issue_id", entered_at="changed_at", status_id="doubtful_status_id", is_bridged=pl.lit(True)
    )
    return pl.concat([mended, jumps], how="diagonal").sort("place", "is_bridged").drop("place")
