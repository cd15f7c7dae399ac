"""Landed lines → typed columns, batch by batch, at flat memory. Pure but for the frames it returns; no site is asked.

Persons and texts were replaced before landing (``scrub``); files are read by ``landing`` and written by ``tables``.
Item values repeat, so every distinct item is interpreted once and rows are gathered from that dictionary.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl

from pipelines.jira.fields import FieldNames
from pipelines.jira.histories import distinct_histories
from pipelines.jira.instants import read_instant
from pipelines.jira.items import NAMES_SCHEMA, ItemCodes, newest_names, seen_names
from pipelines.jira.shapes import NOBODY, IssueType, LandedFields, LandedIssue, LandedLink, UnreadableIssue
from transforms.raw import RawChanges, RawComments, RawIssues, RawQuarantine, RawWorklogs
from transforms.schema import TIMESTAMP

ISSUES_PER_BATCH = 20_000
"""Lines turned into frames at once: the memory of a parse does not depend on the size of a site."""

CREATED_AT, UPDATED_AT = (list(RawIssues.columns).index(name) for name in ("created_at", "updated_at"))
"""Places in an issue row."""


class RawFrames(NamedTuple):
    """One parsed batch: rows of the tables filled from landed lines, and the names seen in changelogs."""

    issues: pl.DataFrame
    changes: pl.DataFrame
    quarantine: pl.DataFrame
    worklogs: pl.DataFrame
    comments: pl.DataFrame
    names: pl.DataFrame
    """field (status, resolution), id, name, seen_at: the newest time each name was seen."""


class Line(NamedTuple):
    """A landed line and where it lies."""

    reference: str
    text: bytes


def parse_lines(lines: Iterable[bytes], names: FieldNames | None = None, source: str = "line") -> RawFrames:
    """Parse all ``lines`` into one set of frames; references are ``source:number``, counted from 1."""
    return parse_batch((Line(f"{source}:{n}", text) for n, text in enumerate(lines, 1)), names or FieldNames())


def parse_in_batches(
    lines: Iterable[Line], names: FieldNames, batch_size: int = ISSUES_PER_BATCH
) -> Iterator[RawFrames]:
    """Parse lines of any number, ``batch_size`` at a time; concatenated, the frames equal those of one large batch."""
    rest = iter(lines)
    for first in rest:
        yield parse_batch(chain([first], islice(rest, batch_size - 1)), names)


def parse_batch(lines: Iterable[Line], names: FieldNames) -> RawFrames:
    """Parse lines into frames; what cannot be parsed becomes a quarantine row with its reason."""
    columns = _Columns(names)
    decode = msgspec.json.Decoder(LandedIssue).decode
    with _no_garbage_collection():
        for reference, text in lines:
            try:
                columns.add(decode(text))
            except (msgspec.DecodeError, ValueError, OverflowError) as error:
                columns.refuse(reference, text, error)
    return columns.frames()


class _Columns:
    """Growing columns of one batch; an issue enters wholly or not at all."""

    def __init__(self, names: FieldNames) -> None:
        self._names = names
        self._codes = ItemCodes(names)
        self._issues: list[tuple[Any, ...]] = []
        self._refused: list[tuple[str, int | None, str]] = []
        self._worklogs: list[tuple[Any, ...]] = []
        self._comments: list[tuple[Any, ...]] = []
        self._history_counts, self._item_counts, self._items = array("i"), array("i"), array("i")
        self._times, self._history_ids, self._authors = array("q"), array("q"), array("q")
        self._automated = array("b")
        self._taken = (0, 0)
        self._names_now: dict[tuple[str, str | int], tuple[str, int]] = {}

    def add(self, issue: LandedIssue) -> None:
        """Take an issue and its changelog; raises ValueError, after which ``refuse`` clears what was half taken."""
        histories = issue.changelog.histories
        ids = [int(history.id) for history in histories]
        if len(set(ids)) < len(ids):
            histories = distinct_histories(histories)
            ids = [int(history.id) for history in histories]
        row = _issue_row(issue, len(ids), self._names)
        self._history_ids.extend(ids)
        self._times.extend([read_instant(history.created) for history in histories])
        self._authors.extend([history.author for history in histories])
        self._automated.extend([history.is_automation for history in histories])
        self._item_counts.extend([len(history.items) for history in histories])
        codes = self._codes
        self._items.extend([codes[item] for history in histories for item in history.items])
        notes = _note_rows(issue)
        self._issues.append(row)
        self._worklogs += notes[0]
        self._comments += notes[1]
        self._note_names(issue.fields, row[UPDATED_AT] or row[CREATED_AT])
        self._history_counts.append(len(ids))
        self._taken = (len(self._times), len(self._items))

    def refuse(self, reference: str, text: bytes, error: Exception) -> None:
        """Record a line that cannot be parsed, and drop what was already taken of it."""
        history_count, item_count = self._taken
        for column in (self._times, self._history_ids, self._authors, self._automated, self._item_counts):
            del column[history_count:]
        del self._items[item_count:]
        try:
            notice = msgspec.json.decode(text, type=UnreadableIssue)
        except (msgspec.DecodeError, UnicodeDecodeError):
            notice = UnreadableIssue()
        issue_id = int(notice.id) if notice.id is not None and str(notice.id).isdigit() else None
        self._refused.append((reference, issue_id, notice.unreadable or str(error)))

    def frames(self) -> RawFrames:
        """All rows, changes ordered by issue as received, then by time, history and item."""
        issues = _frame(RawIssues.polars_schema(), self._issues)
        changes = self._changes(issues["issue_id"])
        values = self._codes.frame()
        rows = pl.concat([changes, values[changes["code"]]], how="horizontal")
        last_seen = changes.group_by("code").agg(seen_at=pl.col("changed_at").max())
        return RawFrames(
            issues=issues,
            changes=rows.select(*RawChanges.columns),
            quarantine=_frame(RawQuarantine.polars_schema(), self._refused),
            worklogs=_frame(RawWorklogs.polars_schema(), self._worklogs),
            comments=_frame(RawComments.polars_schema(), self._comments),
            names=newest_names(pl.concat([seen_names(values, last_seen), self._current_names()])),
        )

    def _current_names(self) -> pl.LazyFrame:
        """Names of the statuses and resolutions that issues hold now, as their own last update showed them."""
        rows = [(kind, int(identity), name, seen) for (kind, identity), (name, seen) in self._names_now.items()]
        return pl.LazyFrame(rows, schema=NAMES_SCHEMA, orient="row")

    def _note_names(self, fields: LandedFields, seen_at: int) -> None:
        for kind, named in (("status", fields.status), ("resolution", fields.resolution)):
            if named is not None and named.name:
                newest = self._names_now.get((kind, named.id))
                if newest is None or newest[1] < seen_at:
                    self._names_now[kind, named.id] = (named.name, seen_at)

    def _changes(self, issue_ids: pl.Series) -> pl.DataFrame:
        """One row per item: ids, time, author and the code of its value."""
        history_issue = np.repeat(np.arange(len(issue_ids)), np.frombuffer(self._history_counts, np.int32))
        times, history_ids = np.frombuffer(self._times, np.int64), np.frombuffer(self._history_ids, np.int64)
        order = np.lexsort((history_ids, times, history_issue))
        counts = np.frombuffer(self._item_counts, np.int32)
        of_history = np.repeat(order, counts[order])
        starts = np.cumsum(counts[order]) - counts[order]
        item_index = np.arange(len(of_history)) - np.repeat(starts, counts[order])
        first_item = np.cumsum(counts) - counts
        authors = pl.Series(np.frombuffer(self._authors, np.int64)[of_history])
        return pl.DataFrame(
            {
                "issue_id": issue_ids.gather(history_issue[of_history]),
                "changed_at": pl.Series(times[of_history]).cast(TIMESTAMP),
                "history_id": history_ids[of_history],
                "item_index": item_index.astype(np.int32),
                "code": np.frombuffer(self._items, np.int32)[first_item[of_history] + item_index].astype(np.uint32),
                "author": authors.set(authors == NOBODY, None),
                "is_automation": np.frombuffer(self._automated, np.int8)[of_history].astype(bool),
            }
        )


def _issue_row(issue: LandedIssue, history_count: int, names: FieldNames) -> tuple[Any, ...]:
    """Values in the order of RawIssues' columns."""
    fields, changelog = issue.fields, issue.changelog
    parent, resolution = fields.parent, fields.resolution
    return (
        int(issue.id),
        issue.key,
        int(fields.project.id),
        fields.project.key,
        int(fields.issuetype.id),
        fields.issuetype.name,
        _hierarchy_level(fields.issuetype),
        None if parent is None or parent.id is None else int(parent.id),
        None if parent is None else parent.key,
        int(fields.status.id),
        read_instant(fields.created),
        None if fields.updated is None else read_instant(fields.updated),
        None if resolution is None else int(resolution.id),
        fields.assignee,
        fields.flagged,
        tuple(sorted([int(version.id) for version in fields.fix_versions])),
        None if fields.issuelinks is None else _blockers(fields.issuelinks, names),
        changelog.total,
        history_count if changelog.received is None else changelog.received,
        changelog.route or None,
    )


def _note_rows(issue: LandedIssue) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Rows of RawWorklogs and RawComments."""
    number = int(issue.id)
    worklogs = [
        (number, int(note.id), read_instant(note.at), note.seconds or 0, None if note.author == NOBODY else note.author)
        for note in issue.worklogs
    ]
    comments = [
        (number, int(note.id), read_instant(note.at), None if note.author == NOBODY else note.author)
        for note in issue.comments
    ]
    return worklogs, comments


def _hierarchy_level(issue_type: IssueType) -> int:
    """Jira's own level; without one, sub-tasks and epics are told by what they are called untranslated."""
    if issue_type.hierarchy_level is not None:
        return issue_type.hierarchy_level
    if issue_type.subtask:
        return -1
    return 1 if "Epic" in (issue_type.name, issue_type.untranslated_name) else 0


def _blockers(links: list[LandedLink], names: FieldNames) -> tuple[str, ...]:
    """Keys of the issues this one is blocked by now."""
    return tuple(sorted({link.key for link in links if names.link_kind(link.phrase) == "blocked_by"}))


def _frame(schema: pl.Schema, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows of tuples → columns of exactly these types."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    series = [_series(name, dtype, list(values)) for (name, dtype), values in zip(schema.items(), columns, strict=True)]
    return pl.DataFrame(series)


def _series(name: str, dtype: pl.DataType, values: list[Any]) -> pl.Series:
    if dtype == TIMESTAMP:
        return pl.Series(name, values, dtype=pl.Int64()).cast(TIMESTAMP)
    if isinstance(dtype, pl.List):
        codes: dict[Any, int] = {}
        places = [codes.setdefault(value, len(codes)) for value in values]
        return pl.Series(name, list(codes), dtype=dtype).gather(places)
    return pl.Series(name, values, dtype=dtype)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Millions of live structs without cycles: scanning them costs a third of the time and frees nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
