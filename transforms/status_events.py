"""The chain of statuses every issue went through, from its creation on.

Order: by instant, within an instant by chaining from → to, then by Jira's own ids. A silent jump is dated by the move
that caused it (bridged) or stays as a doubt. What a status means, and how long it lasted, does not belong here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from transforms.order import INSTANT, ORDER, Runs, in_runs, places_of, same_issue, sort_issues
from transforms.trails import first_trail, longest_chain


class _Layout(NamedTuple):
    """Places of the rows to come: one for the creation of each issue, behind it one for each of its changes."""

    borders: np.ndarray
    """Where each issue's creation lies, and the end behind all issues."""
    origins: np.ndarray
    """Row of the changes at which, of each issue, one before its oldest would lie."""
    changes: np.ndarray
    """Row of the change in each place; any for a creation and for the end."""


def status_events(issues: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Order the status changes of every issue behind one row for its creation.

    One row per status an issue entered: issue_id, entered_at, status_id, is_bridged (a silent jump, dated by the move
    that caused it), doubtful_status_id (the other status the issue may have been in from here to the next row: what the
    next change says it left, or for the last row what Jira shows now; else empty). Issues ascend; within an issue rows
    are in order. Raises ValueError for a change of an issue that ``issues`` does not have.
    """
    issues = sort_issues(issues.select("issue_id", "created_at", "status_id"))
    moves, runs = in_runs(_moves(changes))
    layout = _lay(issues["issue_id"].to_numpy(), runs)
    around = _around(runs.stalls, layout, moves, issues)
    _chain_same_instants(layout, moves, around, issues)
    unchained = np.union1d(_places(_breaks(moves, runs), layout, moves, issues), around)
    return _bridge(_behind_creation(issues, moves, layout, unchained), changes)


def _moves(changes: pl.DataFrame) -> pl.DataFrame:
    """Changes of status. Columns that are read as a whole lie in one piece: each look at pieces would copy them."""
    is_move = changes.select((pl.col.field == "status") & pl.col.to_id.is_not_null()).to_series()
    moves = changes.select(*ORDER, "from_id", "to_id")
    moves = moves if is_move.all() else moves.filter(is_move)
    return moves.with_columns(moves.select(*INSTANT, "from_id", "to_id").rechunk())


def _lay(ids: np.ndarray, runs: Runs) -> _Layout:
    """Give every issue as many places as it has changes, and one more. Raises ValueError for a change of no issue."""
    movers = _places_among(ids, runs.ids)
    lengths, origins = np.ones(len(ids), np.int64), np.zeros(len(ids), np.int64)
    lengths[movers] += runs.lengths
    origins[movers] = runs.starts + runs.lengths if runs.is_newest_first else runs.starts - 1
    borders = np.concatenate([[0], np.cumsum(lengths)])
    return _Layout(borders, origins, _rows_by_place(borders, origins, -1 if runs.is_newest_first else 1))


def _places_among(ids: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Where in ``ids`` the issues that moved are; both ascend. Raises ValueError for one that is not among them."""
    places = np.searchsorted(ids, moved)
    if not np.array_equal(ids.take(places, mode="clip") if len(ids) else ids, moved):
        strangers = np.setdiff1d(moved, ids)[:5].tolist()
        raise ValueError(f"status changes of issues that are not among the issues: {strangers}")
    return places


def _rows_by_place(borders: np.ndarray, origins: np.ndarray, step: int) -> np.ndarray:
    """Count the rows of each issue from its origin on; in 32 bits, which wrap on the way but not in the end."""
    rows = np.full(borders[-1] + 1, step % 2**32, np.uint32)
    offsets = np.append(origins - step * borders[:-1], 0)
    rows[borders] = (np.diff(offsets, prepend=step) + step).astype(np.uint32)
    np.cumsum(rows, dtype=np.uint32, out=rows)
    rows[borders] = 0
    return rows


def _places(rows: np.ndarray, layout: _Layout, moves: pl.DataFrame, issues: pl.DataFrame) -> np.ndarray:
    """Where these changes lie before any is given another place."""
    issue = np.searchsorted(issues["issue_id"].to_numpy(), moves["issue_id"].to_numpy()[rows])
    places: np.ndarray = layout.borders[issue] + np.abs(rows - layout.origins[issue])
    return places


def _around(ties: np.ndarray, layout: _Layout, moves: pl.DataFrame, issues: pl.DataFrame) -> np.ndarray:
    """Places of changes that share issue and instant with the row behind them, of that one, and of their neighbours."""
    places = _places(np.concatenate([ties, ties + 1]), layout, moves, issues)
    is_near = np.zeros(len(layout.changes), bool)
    for step in (-1, 0, 1):
        is_near[places + step] = True
    is_near[layout.borders] = False
    return np.flatnonzero(is_near)


def _chain_same_instants(layout: _Layout, moves: pl.DataFrame, around: np.ndarray, issues: pl.DataFrame) -> None:
    """Give changes of one instant other places of theirs where they do not chain as they stand."""
    rows = layout.changes[around]
    layout.changes[around] = rows[_in_chain(moves[rows], issues)]


def _in_chain(near: pl.DataFrame, issues: pl.DataFrame) -> np.ndarray:
    """Positions that put rows of one instant in an order that chains; ``near`` holds such rows and their neighbours."""
    order = np.arange(len(near))
    if near.is_empty():
        return order
    broken = same_issue(1) & (pl.col.from_id != pl.col.to_id.shift(1)).fill_null(True)
    broken_after = broken.shift(-1, fill_value=False) | _ends_elsewhere(near, issues)
    tied = same_issue(1) & (pl.col.changed_at == pl.col.changed_at.shift(1))
    groups = near.with_columns(place=pl.int_range(pl.len()), group=(~tied).cum_sum(), is_suspect=broken | broken_after)
    groups = groups.filter(tied | tied.shift(-1, fill_value=False))
    suspects = groups.filter(pl.col.is_suspect.any().over("group"))
    for group in suspects.partition_by("group", maintain_order=True):
        places = group["place"].to_list()
        order[places] = [places[i] for i in _chained(near, group, issues)]
    return order


def _ends_elsewhere(moves: pl.DataFrame, issues: pl.DataFrame) -> pl.Expr:
    """Whether a row is its issue's last and leads to another status than the issue now has."""
    now = issues["status_id"].gather(places_of(moves["issue_id"], issues["issue_id"]))
    return ~same_issue(-1) & (pl.col.to_id != pl.lit(now))


def _chained(near: pl.DataFrame, group: pl.DataFrame, issues: pl.DataFrame) -> list[int]:
    """Positions of a group's rows in an order in which each leaves where the one before arrived, if there is one."""
    first, last, issue = group["place"][0], group["place"][-1], group["issue_id"][0]
    before = near.row(first - 1, named=True) if first else {}
    after = near.row(last + 1, named=True) if last + 1 < len(near) else {}
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


def _breaks(moves: pl.DataFrame, runs: Runs) -> np.ndarray:
    """Rows that lead elsewhere than the next change of their issue says it left, as the rows lie."""
    earlier, later = (moves.tail(-1), moves.head(-1)) if runs.is_newest_first else (moves.head(-1), moves.tail(-1))
    is_broken = (earlier["to_id"] != later["from_id"]).fill_null(False).to_numpy(writable=True)
    is_broken[runs.starts[runs.starts > 0] - 1] = False
    return np.flatnonzero(is_broken) + int(runs.is_newest_first)


def _behind_creation(issues: pl.DataFrame, moves: pl.DataFrame, layout: _Layout, unchained: np.ndarray) -> pl.DataFrame:
    """Put a row for the creation before each issue's first change, and name the doubtful status of every row.

    The initial status is what the first change left; creation is never later than the first change. ``unchained`` are
    the places behind which a change may have left another status than the one entered there.
    """
    moves = moves if len(moves) else moves.clear(1)
    firsts, lasts, now = layout.borders[:-1], layout.borders[1:] - 1, issues["status_id"]
    entered, status = moves.select("changed_at", "to_id")[pl.Series(layout.changes[:-1])]
    left = moves["from_id"].gather(layout.changes[firsts + 1])
    status.scatter(firsts, left.zip_with(pl.Series(firsts < lasts) & left.is_not_null(), now))
    entered.scatter(firsts, _begun(issues["created_at"], entered.gather(np.minimum(firsts + 1, lasts)), firsts < lasts))
    return pl.DataFrame(
        {
            "issue_id": np.repeat(issues["issue_id"].to_numpy(), np.diff(layout.borders)),
            "entered_at": entered,
            "status_id": status,
            "is_bridged": pl.repeat(False, len(status), eager=True),
            "doubtful_status_id": _doubts(status, now, moves["from_id"], layout, unchained),
        }
    )


def _begun(created: pl.Series, changed: pl.Series, has_changed: np.ndarray) -> pl.Series:
    """Creation, or the first change where there is one and it is earlier."""
    return changed.zip_with(pl.Series(has_changed) & (changed < created), created)


def _doubts(status: pl.Series, now: pl.Series, left: pl.Series, layout: _Layout, unchained: np.ndarray) -> pl.Series:
    """The status that the next change, or for the last row Jira now, says the issue was in, where it is another."""
    ahead = unchained + 1
    ahead = ahead[layout.borders[np.searchsorted(layout.borders, ahead)] != ahead]
    places = pl.Series(np.concatenate([ahead - 1, layout.borders[1:] - 1]))
    said = pl.concat([left.gather(layout.changes[ahead]), now])
    doubtful = (said != status.gather(places)).arg_true()
    nowhere = pl.repeat(None, len(status), dtype=pl.Int64, eager=True)
    return nowhere.scatter(places.gather(doubtful), said.gather(doubtful))


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
