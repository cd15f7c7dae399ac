"""The chain of statuses every issue went through, from its creation on.

Order: by instant, within an instant by chaining from → to, then by Jira's own ids. A silent jump is dated by the move
that caused it (bridged) or stays as a doubt. What a status means, and how long it lasted, does not belong here.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.order import ORDER, in_order, same_issue, sort_changes
from transforms.trails import first_trail


def status_events(issues: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Order the status changes of every issue behind one row for its creation.

    One row per status an issue entered: issue_id, entered_at, status_id, is_bridged (a silent jump, dated by the move
    that caused it), doubtful_status_id (the other status the issue may have been in from here to the next row: what the
    next change says it left, or for the last row what Jira shows now; else empty). Issues ascend; within an issue rows
    are in order. Raises ValueError for a change of an issue that ``issues`` does not have.
    """
    issues = in_order(issues.select("issue_id", "created_at", "status_id"), ["issue_id"])
    moves = changes.filter(pl.col.field == "status", pl.col.to_id.is_not_null()).select(*ORDER, "from_id", "to_id")
    ordered = _chain_same_instants(sort_changes(moves), issues)
    return _bridge(_behind_creation(issues, ordered), issues, changes)


def _chain_same_instants(moves: pl.DataFrame, issues: pl.DataFrame) -> pl.DataFrame:
    """Reorder status changes of one instant that do not chain as they stand."""
    tied = same_issue(1) & (pl.col.changed_at == pl.col.changed_at.shift(1))
    if not moves.select(tied.any()).item():
        return moves
    broken = same_issue(1) & (pl.col.from_id != pl.col.to_id.shift(1)).fill_null(True)
    broken_after = broken.shift(-1, fill_value=False) | _ends_elsewhere(moves, issues)
    groups = moves.with_columns(group=(~tied).cum_sum(), is_suspect=broken | broken_after).with_row_index("place")
    suspects = groups.filter(pl.col.is_suspect.any().over("group") & (pl.len().over("group") > 1))
    order = np.arange(len(moves))
    for group in suspects.partition_by("group", maintain_order=True):
        places = group["place"].to_list()
        order[places] = [places[i] for i in _chained(moves, group, issues)]
    return moves[order]


def _ends_elsewhere(moves: pl.DataFrame, issues: pl.DataFrame) -> pl.Expr:
    """Whether a row is its issue's last and leads to another status than the issue now has."""
    now = moves.select("issue_id").join(issues, on="issue_id", how="left", maintain_order="left")["status_id"]
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
        or list(range(len(edges)))
    )


def _behind_creation(issues: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Put a row for the creation before each issue's first change, and name the doubtful status of every row."""
    ids = issues["issue_id"].to_numpy()
    first = np.searchsorted(moves["issue_id"].to_numpy(), ids)
    counts = np.diff(first, append=len(moves))
    if not np.array_equal(np.repeat(ids, counts), moves["issue_id"].to_numpy()):
        strangers = moves.join(issues, on="issue_id", how="anti")["issue_id"].unique().sort().head(5).to_list()
        raise ValueError(f"status changes of issues that are not among the issues: {strangers}")
    creations = _creations(issues, moves, first, counts)
    arrivals = moves.select("issue_id", entered_at="changed_at", status_id="to_id", from_id="from_id")
    rows = pl.concat([creations, arrivals])
    return _doubts(rows[_interleaved(first, counts)], issues)


def _creations(issues: pl.DataFrame, moves: pl.DataFrame, first: np.ndarray, counts: np.ndarray) -> pl.DataFrame:
    """The initial status is what the first change left; creation is never later than the first change."""
    opening = moves.select("from_id", "changed_at")[np.where(counts > 0, first, 0)] if len(moves) else moves.clear()
    has_change = pl.Series(counts > 0)
    opening = issues.select(
        left=pl.when(has_change).then(opening["from_id"].extend_constant(None, len(issues) - len(opening))),
        at=pl.when(has_change).then(opening["changed_at"].extend_constant(None, len(issues) - len(opening))),
    )
    return pl.concat([issues, opening], how="horizontal").select(
        "issue_id",
        entered_at=pl.min_horizontal("created_at", "at"),
        status_id=pl.coalesce("left", "status_id"),
        from_id=pl.lit(None, pl.Int64),
    )


def _interleaved(first: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Positions, in the frame of all creations and then all changes, that put each creation before its changes."""
    total = len(first) + int(counts.sum())
    starts = first + np.arange(len(first))
    is_creation = np.zeros(total, dtype=bool)
    is_creation[starts] = True
    places = np.empty(total, dtype=np.int64)
    places[is_creation] = np.arange(len(first))
    places[~is_creation] = len(first) + np.arange(total - len(first))
    return places


def _doubts(events: pl.DataFrame, issues: pl.DataFrame) -> pl.DataFrame:
    last = ~same_issue(-1)
    now = pl.Series(np.repeat(issues["status_id"].to_numpy(), _run_lengths(events["issue_id"].to_numpy())))
    said = pl.when(last).then(pl.lit(now)).otherwise(pl.col.from_id.shift(-1))
    return events.select(
        "issue_id",
        "entered_at",
        "status_id",
        is_bridged=pl.lit(False),
        doubtful_status_id=pl.when(said != pl.col.status_id).then(said),
    )


def _run_lengths(ids: np.ndarray) -> np.ndarray:
    starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]])) if len(ids) else np.array([], dtype=np.int64)
    return np.diff(starts, append=len(ids))


def _bridge(events: pl.DataFrame, issues: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Date a silent jump by the move or change of type that caused it, where there is one in the doubtful stretch."""
    until = pl.when(same_issue(-1)).then(pl.col.entered_at.shift(-1))
    gaps = events.with_columns(until=until).with_row_index("place").filter(pl.col.doubtful_status_id.is_not_null())
    if gaps.is_empty():
        return events
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
    jump = {"entered_at": "changed_at", "status_id": "doubtful_status_id", "is_bridged": pl.lit(True)}
    return (
        pl.concat([mended, bridges.select("place", "issue_id", **jump)], how="diagonal")
        .sort("place", "is_bridged")
        .drop("place")
    )
