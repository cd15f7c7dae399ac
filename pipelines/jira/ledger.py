"""Which landed batches belong to which run, and which of them are the current state of a site.

Kept in the private working store. Connections are opened for each step only, so that other processes can look in
between. File contents belong to ``landing``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipelines.jira.landing import PRIVATE_FILE, PRIVATE_FOLDER

Kind = Literal["issues", "reference"]

_DDL = """
create schema if not exists ledger;
create table if not exists ledger.runs (
    number bigint not null, run_id varchar not null, site_name varchar not null, server_started_at timestamptz not null,
    as_of timestamptz not null, status varchar not null, finished_at timestamptz, primary key (site_name, run_id));
create table if not exists ledger.batches (
    run_id varchar not null, site_name varchar not null, sequence integer not null, kind varchar not null,
    sha varchar not null, issue_count bigint not null, first_id bigint, last_id bigint, landed_at timestamptz not null,
    primary key (site_name, run_id, kind, sequence));
"""


@dataclass(frozen=True)
class Batch:
    """One landed file of a run. ``sequence`` counts from 0 within run and kind."""

    sequence: int
    kind: Kind
    sha: str
    issue_count: int = 0
    first_id: int | None = None
    last_id: int | None = None


@dataclass(frozen=True)
class Run:
    """One extraction; instants are the site's clock."""

    run_id: str
    server_started_at: datetime
    as_of: datetime
    status: str


class Ledger:
    """Runs and batches of one site."""

    def __init__(self, path: Path, site_name: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """``path`` is ``<data>/work.duckdb``; ``now`` stamps landed_at and finished_at, which no figure depends on."""
        self._path, self._site_name, self._now = path, site_name, now
        self._has_tables = False

    def start(self, run_id: str, server_started_at: datetime, as_of: datetime) -> None:
        """Open a run, numbered in order of opening; it counts for nothing until it is complete."""
        self._execute(
            "insert into ledger.runs select coalesce(max(number), 0) + 1, ?, ?, ?, ?, 'running', null from ledger.runs",
            [run_id, self._site_name, server_started_at, as_of],
        )

    def record(self, run_id: str, batch: Batch) -> None:
        """Note a batch that is durable on disk."""
        self._execute(
            "insert into ledger.batches values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [run_id, self._site_name, batch.sequence, batch.kind, batch.sha, batch.issue_count, batch.first_id,
             batch.last_id, self._now()],
        )  # fmt: skip

    def finish(self, run_id: str, status: Literal["complete", "failed"]) -> None:
        """Close a run; only a complete one becomes the current state."""
        self._execute(
            "update ledger.runs set status = ?, finished_at = ? where site_name = ? and run_id = ?",
            [status, self._now(), self._site_name, run_id],
        )

    def latest_complete(self) -> Run | None:
        """The run whose batches are the current state, or None before the first."""
        rows = self._execute(
            "select run_id, server_started_at, as_of, status from ledger.runs"
            " where site_name = ? and status = 'complete' order by number desc limit 1",
            [self._site_name],
        )
        return Run(rows[0][0], rows[0][1].astimezone(UTC), rows[0][2].astimezone(UTC), rows[0][3]) if rows else None

    def batches(self, run_id: str, kind: Kind) -> list[Batch]:
        """Batches of a run in the order they landed."""
        rows = self._execute(
            "select sequence, kind, sha, issue_count, first_id, last_id from ledger.batches"
            " where site_name = ? and run_id = ? and kind = ? order by sequence",
            [self._site_name, run_id, kind],
        )
        return [Batch(*row) for row in rows]

    def _execute(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        is_new = not self._path.exists()
        self._has_tables = self._has_tables and not is_new
        self._path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with duckdb.connect(self._path) as connection:
            if is_new:
                self._path.chmod(PRIVATE_FILE)
            if not self._has_tables:
                connection.execute(_DDL)
                self._has_tables = True
            return connection.execute(sql, parameters).fetchall()
