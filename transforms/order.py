"""Sorting rows by issue and instant at the price of a check where they already are in order.

What the rows mean does not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

KEY_BITS = 62
"""Bits available to a packed sort key."""

FEW = 0.1
"""Share of rows below which it is cheaper to take them out than to go on with all."""

INSTANT = ("issue_id", "changed_at")

ORDER = (*INSTANT, "history_id", "item_index")


class Runs(NamedTuple):
    """Where the rows of each issue lie in a frame that has them together; issues ascend."""

    ids: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    is_newest_first: bool
    """Whether the rows of an issue run from its newest to its oldest; otherwise the other way round."""
    stalls: np.ndarray
    """Rows, in no order, whose next row is of the same issue and not later (if newest first: not earlier)."""


def in_runs(changes: pl.DataFrame) -> tuple[pl.DataFrame, Runs]:
    """Put each issue's changes together and in order of instant, history id and item, and say where they lie.

    Where they already are, whether oldest or newest first and issues in any order, nothing is moved.
    """
    runs = _runs_of(changes)
    if _are_in_turn(changes, runs):
        return changes, runs
    changes = changes[_sorted_places(changes)]
    return changes, _runs_of(changes)


def sort_issues(issues: pl.DataFrame) -> pl.DataFrame:
    """Sort by issue, of which no two rows are the same."""
    if is_ordered(issues, ["issue_id"]):
        return issues
    return issues[pl.Series(_ascending(issues["issue_id"].to_numpy()).astype(np.uint32))]


def is_ordered(frame: pl.DataFrame, keys: tuple[str, ...] | list[str]) -> bool:
    """Whether rows ascend by ``keys`` (neighbours may be equal)."""
    return _ascends(frame.head(-1), frame.tail(-1), keys)


def in_order(frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Sort by ``keys`` unless already in that order."""
    return frame if is_ordered(frame, keys) else frame.sort(keys, maintain_order=True)


def same_issue(offset: int) -> pl.Expr:
    """Whether the row ``offset`` before (negative: after) this one exists and belongs to the same issue."""
    return (pl.col.issue_id == pl.col.issue_id.shift(offset)).fill_null(False)


def run_starts(ids: np.ndarray) -> np.ndarray:
    """Positions at which another id begins than that of the row before."""
    return np.flatnonzero(np.concatenate([np.ones(min(len(ids), 1), bool), ids[1:] != ids[:-1]]))


def run_ends(ids: np.ndarray) -> np.ndarray:
    """Positions behind which another id begins, and the last."""
    return np.flatnonzero(np.concatenate([ids[1:] != ids[:-1], np.ones(min(len(ids), 1), bool)]))


def _ascends(earlier: pl.DataFrame, later: pl.DataFrame, keys: Sequence[str]) -> bool:
    """Whether no row of ``earlier`` comes by ``keys`` after the row of ``later`` in the same place."""
    equal = pl.repeat(True, len(later), eager=True)
    for key in keys:
        before, here = earlier[key], later[key]
        if (equal & (before > here)).any():
            return False
        equal &= before == here
        if equal.sum() < len(equal) * FEW:
            earlier, later, equal = earlier.filter(equal), later.filter(equal), equal.filter(equal)
    return True


def _runs_of(changes: pl.DataFrame) -> Runs:
    """Runs of one issue, issues ascending, in the direction most of them have."""
    ids, at = changes["issue_id"].to_numpy(), changes["changed_at"].to_physical().to_numpy()
    starts = run_starts(ids)
    lengths = np.diff(starts, append=len(ids))
    is_newest_first = bool(2 * np.count_nonzero(at[starts] > at[starts + lengths - 1]) > len(starts))
    is_stalled = at[1:] >= at[:-1] if is_newest_first else at[1:] <= at[:-1]
    is_stalled[starts[1:] - 1] = False
    by_issue = _ascending(ids[starts])
    return Runs(ids[starts][by_issue], starts[by_issue], lengths[by_issue], is_newest_first, np.flatnonzero(is_stalled))


def _are_in_turn(changes: pl.DataFrame, runs: Runs) -> bool:
    """Whether no issue has two runs and each is in order; histories are looked at only where instants are equal."""
    if np.any(runs.ids[1:] == runs.ids[:-1]):
        return False
    earlier, later = (runs.stalls + 1, runs.stalls) if runs.is_newest_first else (runs.stalls, runs.stalls + 1)
    at = changes["changed_at"].to_physical().to_numpy()
    if np.any(at[earlier] > at[later]):
        return False
    stalled = changes.select(ORDER)
    return _ascends(stalled[earlier], stalled[later], ORDER)


def _ascending(ids: np.ndarray) -> np.ndarray:
    """Positions that sort ids: in the low bits of what is sorted where they fit, as that needs no look-ups."""
    if len(ids) < 2:
        return np.arange(len(ids))
    low, bits = int(ids.min()), len(ids).bit_length()
    if (int(ids.max()) - low).bit_length() + bits > KEY_BITS:
        return np.argsort(ids)
    keys: np.ndarray = (ids - low << bits) | np.arange(len(ids))
    keys.sort()
    keys &= (1 << bits) - 1
    return keys


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
