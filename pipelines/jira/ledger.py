"""Which landed batches belong to which run, and what of them is the current state of a site.

Kept in the private working store. Outside of ``held`` a connection is opened for each step, so that other processes can
look in between; a step is one transaction. File contents belong to ``landing``, what a run reads to ``plan``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import polars as pl

from pipelines.durable import PRIVATE_FOLDER, private_files

Kind = Literal["issues", "reference"]
Mode = Literal["full", "window"]
Reason = Literal["deleted_or_no_access", "moved_out", "archived"]

_DDL = """
create schema if not exists extraction;
create table if not exists extraction.runs (
    number bigint not null, run_id varchar not null, site_name varchar not null, server_started_at timestamptz not null,
    as_of timestamptz not null, status varchar not null, finished_at timestamptz, mode varchar not null,
    since timestamptz, has_census boolean not null, is_rescan boolean not null, scope_sha varchar not null,
    shape_sha varchar not null, era bigint not null, primary key (site_name, run_id));
create table if not exists extraction.batches (
    run_id varchar not null, site_name varchar not null, sequence integer not null, kind varchar not null,
    sha varchar not null, issue_count bigint not null, ids bigint[] not null, project_ids bigint[] not null,
    after_id bigint, until_id bigint, landed_at timestamptz not null, primary key (site_name, run_id, kind, sequence));
alter table extraction.batches add column if not exists unrepaired_ids bigint[];
create table if not exists extraction.tombstones (
    site_name varchar not null, issue_id bigint not null, reason varchar not null, gone_at timestamptz not null,
    run_number bigint not null, primary key (site_name, issue_id));
alter table extraction.tombstones add column if not exists moved_to_key varchar;
create table if not exists extraction.facts (
    site_name varchar not null, name varchar not null, value varchar not null, primary key (site_name, name));
create table if not exists extraction.statuses (
    site_name varchar not null, status_id bigint not null, valid_from timestamptz not null,
    status_name varchar not null, category varchar, is_listed boolean not null,
    primary key (site_name, status_id, valid_from));
"""

_RUN_COLUMNS = (
    "run_id, server_started_at, as_of, status, mode, since, has_census, is_rescan, scope_sha, shape_sha, number, era"
)

_OPEN = f"""
insert into extraction.runs
select coalesce(max(number), 0) + 1, $id, $site, $started, $as_of, 'running', null, $mode, $since, $census, $rescan,
       $scope, $shape, coalesce(nullif($era, 0), coalesce(max(number), 0) + 1)
from extraction.runs returning {_RUN_COLUMNS}
"""  # noqa: S608

_CURRENT = """
with lines as (
    select unnest(ids) as issue_id, unnest(project_ids) as project_id, unnest(range(len(ids))) as place,
           sha, number, sequence
    from extraction.batches join extraction.runs using (site_name, run_id)
    where site_name = ? and kind = 'issues' and status = 'complete' and era = ?),
newest as (
    select issue_id, arg_max({'sha': sha, 'place': place}, (number, sequence)) as line,
           coalesce(arg_max(project_id, (number, sequence)) filter (project_id > 0), 0) as project_id
    from lines group by issue_id)
"""
"""Of every issue the line that landed last and the last project known; ``place`` counts lines from 0."""

_UNREPAIRED = """
with read as (
    select unnest(ids) as issue_id, number, sequence, unrepaired_ids
    from extraction.batches join extraction.runs using (site_name, run_id)
    where site_name = ? and kind = 'issues' and status = 'complete' and era = ?),
newest as (
    select issue_id, max((number, sequence)) as reading, arg_max(unrepaired_ids, (number, sequence)) as short_ids
    from read group by issue_id)
select issue_id from newest where list_contains(short_ids, issue_id) order by reading, issue_id
"""


@dataclass(frozen=True)
class Batch:
    """One landed file of a run. ``sequence`` counts from 0 within run and kind; ``ids`` are in the order of lines."""

    sequence: int
    kind: Kind
    sha: str
    ids: tuple[int, ...] = ()
    project_ids: tuple[int, ...] = ()
    """Of each line; 0 where it could not be read."""
    after_id: int | None = None
    until_id: int | None = None
    """Every matching issue with ``after_id < id <= until_id`` is in the batch; empty where ids were asked by name."""
    unrepaired_ids: tuple[int, ...] = ()
    """Issues that are short or were not sent, and may be whole when they are read again."""


@dataclass(frozen=True)
class Run:
    """One extraction; instants are the site's clock."""

    run_id: str
    server_started_at: datetime
    """The watermark of the next run, once this one is complete."""
    as_of: datetime
    status: str = "running"
    mode: Mode = "full"
    since: datetime | None = None
    """Issues updated from then on were read; empty where all were."""
    has_census: bool = False
    is_rescan: bool = False
    scope_sha: str = ""
    shape_sha: str = ""
    number: int = 0
    era: int = 0
    """Number of the run that began with this scope: runs of other eras say nothing about the current state."""


@dataclass(frozen=True)
class Tombstone:
    """An issue that is gone; of one that moved out of scope, the key it was found under."""

    issue_id: int
    reason: Reason
    moved_to_key: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What becomes true together with a run's completion."""

    gone: tuple[Tombstone, ...] = ()
    statuses: Sequence[tuple[int, str, str | None, bool]] = field(default=())
    """(id, name, category, whether it is listed) of every status known now."""


class Ledger:
    """Runs and batches of one site."""

    def __init__(self, path: Path, site_name: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """``path`` is ``<data>/work.duckdb``; ``now`` stamps landed_at and finished_at, which no figure depends on."""
        self._path, self._site_name, self._now = path, site_name, now
        self._has_tables = False
        self._held: duckdb.DuckDBPyConnection | None = None

    @property
    def path(self) -> Path:
        """The DuckDB file of the ledger."""
        return self._path

    @property
    def site_name(self) -> str:
        """Whose runs these are."""
        return self._site_name

    def connected(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection, for what is no everyday step (``ledger_repair``)."""
        return self._connected()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep one connection for many steps, each still a transaction of its own: opening one costs 50 ms."""
        if self._held:
            yield
            return
        with private_files():  # while it is open, a log of what is written lies beside it
            self._held = self._open()
            try:
                yield
            finally:
                self._held.close()
                self._held = None

    def start(self, run: Run) -> Run:
        """Open a run, numbered in order of opening; it counts for nothing until it is complete."""
        rows = self._execute(
            _OPEN,
            {"id": run.run_id, "site": self._site_name, "started": run.server_started_at, "as_of": run.as_of,
             "mode": run.mode, "since": run.since, "census": run.has_census, "rescan": run.is_rescan,
             "scope": run.scope_sha, "shape": run.shape_sha, "era": run.era},
        )  # fmt: skip
        return _run(rows[0])

    def take_up(self, run: Run) -> None:
        """Go on with a run that broke off, as of a later moment, and with a census if one is due by now."""
        self._execute(
            "update extraction.runs set status = 'running', as_of = ?, has_census = ?"
            " where site_name = ? and run_id = ?",
            [run.as_of, run.has_census, self._site_name, run.run_id],
        )

    def record(self, run_id: str, batch: Batch) -> None:
        """Note a batch that is durable on disk."""
        self._execute(
            "insert into extraction.batches values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [run_id, self._site_name, batch.sequence, batch.kind, batch.sha, len(batch.ids), list(batch.ids),
             list(batch.project_ids), batch.after_id, batch.until_id, self._now(), list(batch.unrepaired_ids)],
        )  # fmt: skip

    def fail(self, run_id: str) -> None:
        """Close a run that broke off; its batches wait to be taken up."""
        self._execute(
            "update extraction.runs set status = 'failed', finished_at = ? where site_name = ? and run_id = ?",
            [self._now(), self._site_name, run_id],
        )

    def complete(self, run: Run, outcome: Outcome | None = None) -> None:
        """Close a whole run in one transaction: state, watermark, tombstones and statuses move together."""
        outcome, site, at = outcome or Outcome(), self._site_name, run.server_started_at
        steps: list[tuple[str, list[Any]]] = [
            ("update extraction.runs set status = 'complete', finished_at = ? where site_name = ? and run_id = ?",
             [self._now(), site, run.run_id]),
            ("delete from extraction.tombstones where site_name = ? and issue_id in"
             " (select unnest(ids) from extraction.batches where site_name = ? and run_id = ? and kind = 'issues')",
             [site, site, run.run_id]),
            *(("insert or ignore into extraction.tombstones values (?, ?, ?, ?, ?, ?)",
               [site, one.issue_id, one.reason, at, run.number, one.moved_to_key]) for one in outcome.gone),
            *((_NOTE_STATUS, [site, at, *status, site]) for status in outcome.statuses),
        ]  # fmt: skip
        with self._connected() as connection:
            connection.begin()
            try:
                for sql, parameters in steps:
                    connection.execute(sql, parameters)
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def latest(self) -> Run | None:
        """The run opened last, whatever became of it."""
        return self._first_run("", [])

    def latest_complete(self) -> Run | None:
        """The run whose completion made the current state, or None before the first."""
        return self._first_run("and status = 'complete'", [])

    def latest_with(self, trait: Literal["has_census", "is_rescan", "is_full"], era: int) -> Run | None:
        """The newest complete run of an era that did so."""
        condition = "mode = 'full'" if trait == "is_full" else trait
        return self._first_run(f"and status = 'complete' and era = ? and {condition}", [era])

    def batches(self, run_id: str, kind: Kind) -> list[Batch]:
        """Batches of a run in the order they landed."""
        rows = self._execute(
            "select sequence, kind, sha, ids, project_ids, after_id, until_id, unrepaired_ids from extraction.batches"
            " where site_name = ? and run_id = ? and kind = ? order by sequence",
            [self._site_name, run_id, kind],
        )
        return [
            Batch(row[0], row[1], row[2], tuple(row[3]), tuple(row[4]), row[5], row[6], tuple(row[7] or ()))
            for row in rows
        ]

    def current_lines(self, era: int) -> list[tuple[str, list[int]]]:
        """Which lines of which files are the current state: (hash, places from 0), by their first issue."""
        return self._execute(
            _CURRENT  # noqa: S608
            + "select line.sha, list(line.place order by line.place) from newest group by 1 order by min(issue_id)",
            [self._site_name, era],
        )

    def unrepaired(self, era: int) -> list[int]:
        """Issues whose current line came from a reading that left them short, those read longest ago first."""
        return [row[0] for row in self._execute(_UNREPAIRED, [self._site_name, era])]

    def known_projects(self, era: int) -> dict[int, int]:
        """The project of every issue that has a current line, gone ones included."""
        return dict(self._execute(_CURRENT + "select issue_id, project_id from newest", [self._site_name, era]))  # noqa: S608

    def tombstones(self, era: int = 0) -> pl.DataFrame:
        """Issues that are gone: issue_id, reason, moved_to_key, gone_at. Found so by runs of this era or later ones."""
        rows = self._execute(
            "select issue_id, reason, moved_to_key, gone_at from extraction.tombstones"
            " where site_name = ? and run_number >= ? order by 1",
            [self._site_name, era],
        )
        return _utc_frame(rows, {"issue_id": pl.Int64(), "reason": pl.String(), "moved_to_key": pl.String()}, "gone_at")

    def statuses(self) -> pl.DataFrame:
        """What each status was called and how it was classed, from when on: one row per change of either."""
        rows = self._execute(
            "select status_id, status_name, category, is_listed, valid_from from extraction.statuses"
            " where site_name = ? order by 1, 5",
            [self._site_name],
        )
        kinds: dict[str, pl.DataType] = {"status_id": pl.Int64(), "status_name": pl.String(), "category": pl.String()}
        return _utc_frame(rows, {**kinds, "is_listed": pl.Boolean()}, "valid_from")

    def fact(self, name: str) -> str | None:
        """Something found out about the site earlier."""
        rows = self._execute(
            "select value from extraction.facts where site_name = ? and name = ?", [self._site_name, name]
        )
        return str(rows[0][0]) if rows else None

    def note_fact(self, name: str, value: str) -> None:
        """Remember something about the site."""
        self._execute("insert or replace into extraction.facts values (?, ?, ?)", [self._site_name, name, value])

    def _first_run(self, condition: str, parameters: list[Any]) -> Run | None:
        rows = self._execute(
            f"select {_RUN_COLUMNS} from extraction.runs where site_name = ? {condition} order by number desc limit 1",  # noqa: S608
            [self._site_name, *parameters],
        )
        return _run(rows[0]) if rows else None

    def _execute(self, sql: str, parameters: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
        with self._connected() as connection:
            return connection.execute(sql, parameters).fetchall()

    @contextmanager
    def _connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.held():
            assert self._held
            yield self._held

    def _open(self) -> duckdb.DuckDBPyConnection:
        is_new = not self._path.exists()
        self._path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        connection = duckdb.connect(self._path)
        if is_new or not self._has_tables:
            connection.execute(_DDL)
            self._has_tables = True
        return connection


_NOTE_STATUS = """
insert into extraction.statuses
select $1, $3, $2, $4, $5, $6 where ($4, $5, $6) is distinct from (
    select arg_max((status_name, category, is_listed), valid_from) from extraction.statuses
    where site_name = $7 and status_id = $3)
"""


def _run(row: Iterable[Any]) -> Run:
    run_id, started, as_of, status, mode, since, *rest = row
    return Run(
        run_id, started.astimezone(UTC), as_of.astimezone(UTC), status, mode, since and since.astimezone(UTC), *rest
    )


def _utc_frame(rows: list[tuple[Any, ...]], kinds: dict[str, pl.DataType], instant: str) -> pl.DataFrame:
    """Rows whose last value is an instant → frame."""
    plain = [(*row[:-1], row[-1].astimezone(UTC)) for row in rows]
    return pl.DataFrame(plain, schema=kinds | {instant: pl.Datetime("us", "UTC")}, orient="row")
