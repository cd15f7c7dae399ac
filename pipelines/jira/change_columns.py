"""Changelogs of replayed issues → the columns of RawChanges, a chunk of issues at a time.

Lists of items repeat, and so do items: every distinct one is read once, and rows are gathered from that dictionary.
What an item means belongs to ``items``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl
from msgspec import Raw

from pipelines.jira.fields import FieldNames
from pipelines.jira.histories import distinct_histories
from pipelines.jira.instants import read_instants
from pipelines.jira.items import ItemCodes, seen_names
from pipelines.jira.replayed import Repeated, ReplayedHistory, ReplayedIssue
from pipelines.jira.shapes import NOBODY, Item, LandedHistory
from transforms.raw import RawChanges
from transforms.schema import TIMESTAMP

Changelog = list[ReplayedHistory]

_OF_ITEMS = ("field", "from_id", "to_id", "from_key", "to_key", "link_kind")
"""Columns that an item tells; the others are of its history or of its issue."""


class HistoryChunk(NamedTuple):
    """Columns of the histories of a chunk of issues, the first one per issue."""

    history_count: np.ndarray
    history_id: np.ndarray
    at: np.ndarray
    author: np.ndarray
    is_automation: np.ndarray
    items: np.ndarray
    """Code of the list of items."""


class ChangeColumns:
    """Growing columns of one batch."""

    def __init__(self, names: FieldNames) -> None:
        """``names`` knows the phrases of links."""
        self._items = ItemCodes(names)
        self._lists = Repeated(self._read_items)
        self._chunks = [self._columns([])]

    def read(self, issues: Sequence[ReplayedIssue]) -> HistoryChunk:
        """The distinct histories of ``issues``; raises ValueError or OverflowError, and has read none then."""
        changelogs = [issue.changelog.histories for issue in issues]
        chunk = self._columns(changelogs)
        return self._columns([_distinct(one) for one in changelogs]) if _repeats(chunk) else chunk

    def add(self, chunk: HistoryChunk) -> None:
        """Take a chunk that was read."""
        self._chunks.append(chunk)

    def frames(self, issue_ids: pl.Series) -> tuple[pl.DataFrame, pl.LazyFrame]:
        """RawChanges of all issues taken, each issue's by time, history and item; and the names they tell."""
        histories = HistoryChunk(*map(np.concatenate, zip(*self._chunks, strict=True)))
        issue = np.repeat(np.arange(len(issue_ids)), histories.history_count)
        order = _order(issue, histories)
        at_history, item_index, code = self._unfold(order, histories.items[order])
        values, codes = self._items.frame(), pl.Series(code, dtype=pl.get_index_type())
        changed_at = pl.Series(histories.at[at_history]).cast(TIMESTAMP)
        authors = pl.Series(histories.author[at_history])
        own = pl.DataFrame(
            {
                "issue_id": issue_ids.gather(issue[at_history]),
                "changed_at": changed_at,
                "history_id": histories.history_id[at_history],
                "item_index": item_index.astype(np.int32),
                "author": authors.set(authors == NOBODY, None),
                "is_automation": histories.is_automation[at_history],
            }
        )
        last_seen = pl.LazyFrame({"code": codes, "seen_at": changed_at}).group_by("code").agg(pl.col("seen_at").max())
        changes = own.hstack(values.select(_OF_ITEMS)[codes]).select(*RawChanges.columns)
        return changes, seen_names(values, last_seen.collect())

    def _unfold(self, order: np.ndarray, lists: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One row per item of the histories at ``order``, which hold ``lists``: history, place in it, code."""
        meanings = self._lists.meanings
        lengths = np.array([len(codes) for codes in meanings], np.int64)
        begins = np.cumsum(lengths) - lengths
        counts = lengths[lists]
        item_index = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        laid = np.array([code for codes in meanings for code in codes], np.int64)
        return np.repeat(order, counts), item_index, laid[np.repeat(begins[lists], counts) + item_index]

    def _columns(self, changelogs: Sequence[Changelog]) -> HistoryChunk:
        histories = [history for changelog in changelogs for history in changelog]
        return HistoryChunk(
            np.array([len(changelog) for changelog in changelogs], np.int64),
            np.array([history.id for history in histories], np.int64),
            read_instants([history.created for history in histories]),
            np.array([history.author for history in histories], np.int64),
            np.frombuffer(bytes([history.is_automation for history in histories]), bool),
            self._lists.codes([history.items for history in histories]),
        )

    def _read_items(self, piece: bytes) -> list[int]:
        """Codes of the items of one list."""
        return [self._items[item] for item in msgspec.json.decode(piece, type=list[Item])]


def _repeats(chunk: HistoryChunk) -> bool:
    """Whether some changelog holds a history twice."""
    issue, ids = np.repeat(np.arange(len(chunk.history_count)), chunk.history_count), chunk.history_id
    is_same = issue[1:] == issue[:-1]
    rises = (ids[1:] > ids[:-1])[is_same]
    falls = (ids[1:] < ids[:-1])[is_same]
    if rises.all() or falls.all():
        return False
    order = np.lexsort((ids, issue))
    issue, ids = issue[order], ids[order]
    return bool(((issue[1:] == issue[:-1]) & (ids[1:] == ids[:-1])).any())


def _distinct(changelog: Changelog) -> Changelog:
    """The same changelog with one history per id, which holds the items of all its copies."""
    decode = msgspec.json.Decoder(list[Item]).decode
    whole = [LandedHistory(one.id, one.created, one.author, one.is_automation, decode(one.items)) for one in changelog]
    return [
        ReplayedHistory(int(one.id), one.created, one.author, one.is_automation, Raw(msgspec.json.encode(one.items)))
        for one in distinct_histories(whole)
    ]


def _order(issue: np.ndarray, histories: HistoryChunk) -> np.ndarray:
    """Positions that put histories in order of time and id within their issue; nothing is sorted that is in order."""
    at, ids = histories.at, histories.history_id
    is_later = (at[1:] > at[:-1]) | ((at[1:] == at[:-1]) & (ids[1:] > ids[:-1]))
    if (is_later | (issue[1:] != issue[:-1])).all():
        return np.arange(len(issue))
    return np.lexsort((ids, at, issue))
