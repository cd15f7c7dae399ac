"""Landed batches → the raw tables as Parquet, replayed without asking Jira.

Streams batch by batch, so memory does not grow with the site. Parsing one batch belongs to ``parse``; what the tables
mean to ``transforms.raw``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec
import polars as pl

from pipelines.jira.errors import LandingError
from pipelines.jira.extract import Store
from pipelines.jira.items import NAMES_SCHEMA, newest_names
from pipelines.jira.ledger import Batch, Run
from pipelines.jira.parse import ISSUES_PER_BATCH, Line, RawFrames, parse_in_batches
from pipelines.jira.reference import Reference
from transforms.raw import (
    RawChanges,
    RawIssues,
    RawProjects,
    RawQuarantine,
    RawResolutions,
    RawStatuses,
    RawVersions,
)
from transforms.schema import Table, check_schema

STREAMED: tuple[type[Table], ...] = (RawIssues, RawChanges, RawQuarantine)
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

    Raises LandingError before the first complete extraction, or where a landed file is damaged.
    """
    run = store.ledger.latest_complete()
    if run is None:
        raise LandingError("Nothing was extracted from this site yet. Run an extraction first: flow run.")
    reference = read_reference(store, run)
    lines = current_lines(store, store.ledger.batches(run.run_id, "issues"))
    writer = _Writer(folder)
    for frames in parse_in_batches(lines, reference.field_names(), batch_size):
        writer.write(frames)
    writer.finish(reference)
    return RawTables(folder, run, *(writer.row_counts[table.name] for table in STREAMED))


def read_reference(store: Store, run: Run) -> Reference:
    """The reference data landed by a run."""
    (batch,) = store.ledger.batches(run.run_id, "reference")
    return msgspec.json.decode(store.landing.read_reference(batch.sha), type=Reference)


def current_lines(store: Store, batches: Sequence[Batch]) -> Iterator[Line]:
    """Every landed line of these batches, in order, with a reference of the form ``<hash>:<line number>``."""
    for batch in batches:
        for number, text in enumerate(store.landing.read_issues(batch.sha), 1):
            yield Line(f"{batch.sha}:{number}", text)


class _Writer:
    """Writes parts as they come, and the small tables at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = pl.DataFrame(schema=NAMES_SCHEMA)
        self._part = 0
        self.row_counts = dict.fromkeys((table.name for table in STREAMED), 0)
        shutil.rmtree(folder, ignore_errors=True)

    def write(self, frames: RawFrames) -> None:
        """One parsed batch → one part of each streamed table."""
        for table, frame in zip(STREAMED, (frames.issues, frames.changes, frames.quarantine), strict=True):
            self._write_part(table, frame)
            self.row_counts[table.name] += frame.height
        self._names = newest_names(pl.concat([self._names, frames.names]).lazy())
        self._part += 1

    def finish(self, reference: Reference) -> None:
        """The small tables, and an empty part where nothing was parsed."""
        if not self._part:
            for table in STREAMED:
                self._write_part(table, table.empty())
        for table, frame in small_tables(reference, self._names).items():
            self._write_part(table, frame)

    def _write_part(self, table: type[Table], frame: pl.DataFrame) -> None:
        check_schema(table, frame)
        (self._folder / table.name).mkdir(parents=True, exist_ok=True)
        frame.write_parquet(self._folder / table.name / f"part-{self._part:05}.parquet", compression="lz4")


def small_tables(reference: Reference, names: pl.DataFrame) -> dict[type[Table], pl.DataFrame]:
    """Statuses, projects, versions and resolutions: what the site lists, then what only changelogs still name."""
    projects = [(int(project.id), project.key, project.name) for project in reference.projects]
    versions = [
        (int(version.id), version.project_id, version.name, _day(version.release_date), version.released)
        for version in reference.versions
    ]
    resolutions = {int(resolution.id): resolution.name for resolution in reference.resolutions}
    seen = {identity: name for identity, name in _seen(names, "resolution") if identity not in resolutions}
    return {
        RawStatuses: _statuses(reference, names),
        RawProjects: _table(RawProjects, projects),
        RawVersions: _table(RawVersions, versions),
        RawResolutions: _table(RawResolutions, [*(resolutions | seen).items()]),
    }


def _statuses(reference: Reference, names: pl.DataFrame) -> pl.DataFrame:
    listed = [
        (int(status.id), status.name, status.category.key if status.category else None, True)
        for status in reference.statuses
    ]
    known = {row[0] for row in listed}
    gone = [(identity, name, None, False) for identity, name in _seen(names, "status") if identity not in known]
    return _table(RawStatuses, [*listed, *gone])


def _seen(names: pl.DataFrame, field: str) -> list[tuple[int, str]]:
    return names.filter(pl.col("field") == field).select("id", "name").rows()


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _table(table: type[Table], rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    """Rows in the order of the declared columns → frame, ordered by key."""
    return pl.DataFrame(rows, schema=table.polars_schema(), orient="row").sort(table.key)
