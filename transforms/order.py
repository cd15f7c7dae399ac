"""Sorting rows by issue and instant at the price of a check where they already are in order.

What the rows mean does not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

KEY_BITS = 62
"""Bits available to a packed sort key."""

FEW = 0.1
"""Share of rows below which it is cheaper to take them out than to go on with all."""

INSTANT = ("issue_id", "changed_at")

ORDER = (*INSTANT, "history_id", "item_index")


def sort_changes(changes: pl.DataFrame, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Sort by issue, instant, history id and item; only these ``columns``, issue_id and changed_at among them.

    Where each issue's changes lie together, oldest or newest first, whole issues are moved and nothing is sorted.
    """
    rows = changes if columns is None else changes.select(columns)
    if is_ordered(changes, ORDER):
        return rows
    places = _issue_by_issue(changes)
    moved = rows[places]
    return moved if _is_in_turn(changes, places, moved) else rows[_sorted_places(changes)]


def sort_issues(issues: pl.DataFrame) -> pl.DataFrame:
    """Sort by issue, of which no two rows are the same."""
    return issues if is_ordered(issues, ["issue_id"]) else issues[np.argsort(issues["issue_id"].to_numpy())]


def is_ordered(frame: pl.DataFrame, keys: tuple[str, ...] | list[str]) -> bool:
    """Whether rows ascend by ``keys`` (neighbours may be equal)."""
    earlier, later = frame.head(-1), frame.tail(-1)
    equal = pl.repeat(True, len(later), eager=True)
    for key in keys:
        before, here = earlier[key], later[key]
        if (equal & (before > here)).any():
            return False
        equal &= before == here
        if equal.sum() < len(equal) * FEW:
            earlier, later, equal = earlier.filter(equal), later.filter(equal), equal.filter(equal)
    return True


def in_order(frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Sort by ``keys`` unless already in that order."""
    return frame if is_ordered(frame, keys) else frame.sort(keys, maintain_order=True)


def same_issue(offset: int) -> pl.Expr:
    """Whether the row ``offset`` before (negative: after) this one exists and belongs to the same issue."""
    return (pl.col.issue_id == pl.col.issue_id.shift(offset)).fill_null(False)


def run_starts(ids: np.ndarray) -> np.ndarray:
    """Positions at which another id begins than that of the row before."""
    return np.flatnonzero(np.concatenate([np.ones(min(len(ids), 1), bool), ids[1:] != ids[:-1]]))


def _issue_by_issue(changes: pl.DataFrame) -> pl.Series:
    """Positions that lay whole runs of one issue in the order of the issues, turned round if most are newest first."""
    ids, at = changes["issue_id"].to_numpy(), changes["changed_at"].to_physical().to_numpy()
    starts = run_starts(ids)
    lengths = np.diff(starts, append=len(ids))
    newest_first = at[starts] > at[starts + lengths - 1]
    runs = np.argsort(ids[starts])
    starts, lengths = starts[runs], lengths[runs]
    ends = np.cumsum(lengths)
    rows = np.arange(len(ids), dtype=np.uint32)
    if 2 * np.count_nonzero(newest_first) > len(starts):
        return pl.Series(np.repeat((starts + ends - 1).astype(np.uint32), lengths) - rows)
    return pl.Series(np.repeat((starts - ends + lengths).astype(np.uint32), lengths) + rows)


def _is_in_turn(changes: pl.DataFrame, places: pl.Series, moved: pl.DataFrame) -> bool:
    """Whether ``places`` put ``changes`` in order; histories are looked at only where issue and instant are equal."""
    if not is_ordered(moved, INSTANT):
        return False
    return is_ordered(changes.select(ORDER)[places.gather(ties(moved))], ORDER)


def ties(rows: pl.DataFrame) -> np.ndarray:
    """Positions of rows that share issue and instant with a neighbour."""
    ids, at = rows["issue_id"].to_numpy(), rows["changed_at"].to_physical().to_numpy()
    same_instant = np.flatnonzero(at[1:] == at[:-1])
    firsts = same_instant[ids[same_instant] == ids[same_instant + 1]]
    return np.union1d(firsts, firsts + 1)


def _sorted_places(changes: pl.DataFrame) -> pl.Series:
    """Positions that sort any changes: by issue and second in one integer, then the rows that share both."""
    keys = _packed_keys(changes)
    if keys is None:
        return changes.select(pl.arg_sort_by(ORDER)).to_series()
    places = np.argsort(keys, kind="stable")
    tied = ties(changes.select("issue_id", pl.col.changed_at.dt.truncate("1s"))[places])
    in_turn = changes[places[tied]].select(pl.arg_sort_by(ORDER)).to_series().to_numpy()
    places[tied] = places[tied][in_turn]
    return pl.Series(places)


def _packed_keys(changes: pl.DataFrame) -> np.ndarray | None:
    """Issue and second in one integer, or None where they do not fit."""
    ids = changes["issue_id"].to_numpy()
    seconds = changes["changed_at"].to_physical().to_numpy() // 1_000_000
    ids, seconds = ids - ids.min(), seconds - seconds.min()
    bits = int(seconds.max()).bit_length()
    return (ids << bits) + seconds if int(ids.max()).bit_length() + bits <= KEY_BITS else None


def places_of(rows: pl.Series, ids: pl.Series) -> np.ndarray:
    """Position in the ascending ``ids`` of every row's id; rows of one id lie together and all ids are present."""
    here = rows.to_numpy()
    starts = run_starts(here)
    places = np.searchsorted(ids.to_numpy(), here[starts])
    return np.repeat(places, np.diff(starts, append=len(here)))


def number_in_issue(rows: pl.DataFrame) -> pl.Series:
    """Count the rows of each issue from 1; an issue's rows lie together."""
    starts = rows.select((~same_issue(1)).arg_true()).to_series().to_numpy()
    lengths = np.diff(starts, append=len(rows))
    return pl.Series(np.arange(1, len(rows) + 1) - np.repeat(starts, lengths), dtype=pl.Int32)
