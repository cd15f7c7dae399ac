"""Landed lines → typed columns, batch by batch, at flat memory. Pure but for the frames it returns; no site is asked.

Persons and texts were replaced before landing (``scrub``); files are read by ``landing`` and written by ``tables``.
What becomes which column belongs to ``issue_columns`` and ``change_columns``.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, NamedTuple

import msgspec
import polars as pl

from pipelines.jira.change_columns import ChangeColumns
from pipelines.jira.fields import FieldNames
from pipelines.jira.instants import read_instants
from pipelines.jira.issue_columns import IssueColumns
from pipelines.jira.items import newest_names
from pipelines.jira.replayed import ReplayedIssue, replay
from pipelines.jira.shapes import NOBODY, LandedIssue, LandedNote, UnreadableIssue
from transforms.raw import RawComments, RawQuarantine, RawWorklogs
from transforms.schema import TIMESTAMP, Table

ISSUES_PER_BATCH = 20_000
"""Lines turned into frames at once: the memory of a parse does not depend on the size of a site."""

LINES_AT_ONCE = 100
"""Lines whose values become columns together: enough to work in bulk, few enough to stay in the processor's cache."""


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
    batch, rest = _Batch(names), iter(lines)
    with _no_garbage_collection():
        while chunk := list(islice(rest, LINES_AT_ONCE)):
            batch.take(chunk)
    return batch.frames()


class _Batch:
    """Growing columns of one batch; an issue enters wholly or not at all."""

    def __init__(self, names: FieldNames) -> None:
        self._issues, self._changes = IssueColumns(names), ChangeColumns(names)
        self._worklogs: list[tuple[Any, ...]] = []
        self._comments: list[tuple[Any, ...]] = []
        self._refused: list[tuple[str, int | None, str]] = []

    def take(self, lines: Sequence[Line]) -> None:
        """Take issues in order; where that fails, half of them at a time, down to the line that has to be refused."""
        try:
            self._take_all(lines)
        except (msgspec.DecodeError, ValueError, OverflowError) as error:
            if len(lines) > 1:
                self.take(lines[: len(lines) // 2])
                self.take(lines[len(lines) // 2 :])
            else:
                self._refuse(lines[0], error)

    def frames(self) -> RawFrames:
        """All rows, changes ordered by issue as received, then by time, history and item."""
        issues = self._issues.frame()
        changes, names = self._changes.frames(issues["issue_id"])
        return RawFrames(
            issues=issues,
            changes=changes,
            quarantine=_frame(RawQuarantine, self._refused),
            worklogs=_frame(RawWorklogs, self._worklogs),
            comments=_frame(RawComments, self._comments),
            names=newest_names(pl.concat([names, self._issues.current_names()])),
        )

    def _take_all(self, lines: Sequence[Line]) -> None:
        """Read everything before anything grows."""
        issues = [replay(text) for _, text in lines]
        histories = self._changes.read(issues)
        columns = self._issues.read(issues, histories.history_count.tolist())
        worklogs, comments = _worklog_rows(issues), _comment_rows(issues)
        self._changes.add(histories)
        self._issues.add(columns)
        self._worklogs += worklogs
        self._comments += comments

    def _refuse(self, line: Line, error: Exception) -> None:
        """Record a line that cannot be parsed."""
        try:
            notice = msgspec.json.decode(line.text, type=UnreadableIssue)
        except (msgspec.DecodeError, UnicodeDecodeError):
            notice = UnreadableIssue()
        issue_id = int(notice.id) if notice.id is not None and str(notice.id).isdigit() else None
        self._refused.append((line.reference, issue_id, notice.unreadable or _reason(line.text, error)))


def _reason(text: bytes, error: Exception) -> str:
    """Why a line was refused; the whole shape names the place in the line that ``error`` knows in one piece only."""
    try:
        msgspec.json.decode(text, type=LandedIssue)
    except (msgspec.DecodeError, UnicodeDecodeError) as whole:
        return str(whole)
    return str(error)


def _worklog_rows(issues: Sequence[ReplayedIssue]) -> list[tuple[Any, ...]]:
    """Rows of RawWorklogs."""
    notes = [(issue.id, note) for issue in issues for note in issue.worklogs]
    return [
        (number, int(note.id), at, note.seconds or 0, _author(note))
        for (number, note), at in zip(notes, _instants(notes), strict=True)
    ]


def _comment_rows(issues: Sequence[ReplayedIssue]) -> list[tuple[Any, ...]]:
    """Rows of RawComments."""
    notes = [(issue.id, note) for issue in issues for note in issue.comments]
    return [
        (number, int(note.id), at, _author(note)) for (number, note), at in zip(notes, _instants(notes), strict=True)
    ]


def _instants(notes: Sequence[tuple[int, LandedNote]]) -> list[int]:
    return list(read_instants([note.at for _, note in notes]))


def _author(note: LandedNote) -> int | None:
    return None if note.author == NOBODY else note.author


def _frame(table: type[Table], rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows in the order of the declared columns, instants in microseconds → frame."""
    schema = table.polars_schema()
    plain = {name: pl.Int64() if dtype == TIMESTAMP else dtype for name, dtype in schema.items()}
    return pl.DataFrame(rows, schema=plain, orient="row").cast(schema)


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
