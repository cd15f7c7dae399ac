"""Landed batches → the raw tables as Parquet, replayed without asking Jira.

Streams batch by batch, so memory does not grow with the site. Parsing one batch belongs to ``parse``; what the tables
mean to ``transforms.raw``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import polars as pl

from pipelines.durable import PRIVATE_FOLDER, writing_parquet
from pipelines.jira.errors import DamagedError, LandingError
from pipelines.jira.items import NAMES_SCHEMA, newest_names
from pipelines.jira.ledger import Run
from pipelines.jira.parse import ISSUES_PER_BATCH, Line, RawFrames, parse_in_batches
from pipelines.jira.recovery import set_aside
from pipelines.jira.reference import Reference
from pipelines.jira.seals import CHANGE_SEALS, seal_changes
from pipelines.jira.site_store import Store
from pipelines.jira.small_tables import site_tables
from transforms.raw import RawChanges, RawComments, RawIssues, RawQuarantine, RawTombstones, RawWorklogs
from transforms.raw import RawStatusVersions as StatusVersions
from transforms.schema import Table, check_schema

STREAMED: tuple[type[Table], ...] = (RawIssues, RawChanges, RawQuarantine, RawWorklogs, RawComments)
"""Written as parts while parsing; the others are small and written whole."""


@dataclass(frozen=True)
class RawTables:
    """The raw tables of one site, and the run they come from. ``scan`` reads one lazily."""

    folder: Path
    run: Run
    issue_count: int
    change_count: int
    quarantine_count: int

    def scan(self, table: type[Table]) -> pl.LazyFrame:
        """One raw table, with the columns it declares."""
        return pl.scan_parquet(self.folder / table.name / "*.parquet")


def build_raw_tables(store: Store, folder: Path, batch_size: int = ISSUES_PER_BATCH) -> RawTables:
    """Parse the current state of a site into ``folder``/<table>/part-*.parquet, replacing what lay there.

    Raises LandingError before the first complete extraction, or where a landed file is damaged; the file is set aside
    then.
    """
    with store.ledger.held():
        try:
            return _build(store, folder, batch_size)
        except DamagedError as damaged:
            raise set_aside(store, damaged) from None


def _build(store: Store, folder: Path, batch_size: int) -> RawTables:
    run = store.ledger.latest_complete()
    if run is None:
        raise LandingError("Nothing was extracted from this site yet. Run an extraction first: flow run.")
    reference = read_reference(store, run)
    lines = current_lines(store, run)
    writer = _Writer(folder)
    for frames in parse_in_batches(lines, reference.field_names(), batch_size):
        writer.write(frames)
    tombstones = RawTombstones.select(store.ledger.tombstones().lazy()).collect()
    versions = store.ledger.statuses().rename({"valid_from": "valid_from_at"})
    writer.finish(reference, {RawTombstones: tombstones, StatusVersions: versions})
    return RawTables(folder, run, *(writer.row_counts[table.name] for table in STREAMED[:3]))


def read_reference(store: Store, run: Run) -> Reference:
    """The reference data landed by a run."""
    newest = store.ledger.batches(run.run_id, "reference")[-1]
    return msgspec.json.decode(store.landing.read_reference(newest.sha), type=Reference)


def current_lines(store: Store, run: Run) -> Iterator[Line]:
    """The line of every issue that landed last, with a reference of the form ``<hash>:<line number>``."""
    for sha, places in store.ledger.current_lines(run.era):
        wanted = set(places)
        for place, text in enumerate(store.landing.read_issues(sha)):
            if place in wanted:
                yield Line(f"{sha}:{place + 1}", text)


class _Writer:
    """Writes parts as they come, and the small tables at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = pl.DataFrame(schema=NAMES_SCHEMA)
        self._part = 0
        self.row_counts = dict.fromkeys((table.name for table in STREAMED), 0)
        shutil.rmtree(folder, ignore_errors=True)
        for place in (folder.parent, folder):
            place.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)

    def write(self, frames: RawFrames) -> None:
        """One parsed batch → one part of each streamed table."""
        for table, frame in zip(STREAMED, frames[: len(STREAMED)], strict=True):
            self._write_part(table, frame)
            self.row_counts[table.name] += frame.height
        self._write_frame(CHANGE_SEALS, seal_changes(frames.changes))
        self._names = newest_names(pl.concat([self._names, frames.names]).lazy())
        self._part += 1

    def finish(self, reference: Reference, ready: dict[type[Table], pl.DataFrame]) -> None:
        """The small tables, and an empty part where nothing was parsed."""
        if not self._part:
            for table in STREAMED:
                self._write_part(table, table.empty())
            self._write_frame(CHANGE_SEALS, seal_changes(RawChanges.empty()))
        for table, frame in (site_tables(reference, self._names) | ready).items():
            self._write_part(table, frame)

    def _write_part(self, table: type[Table], frame: pl.DataFrame) -> None:
        check_schema(table, frame)
        self._write_frame(table.name, frame)

    def _write_frame(self, name: str, frame: pl.DataFrame) -> None:
        path = self._folder / name / f"part-{self._part:05}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing_parquet(path):
            frame.write_parquet(path, compression="lz4")
