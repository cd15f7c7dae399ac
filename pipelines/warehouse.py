"""The published tables: built beside the ones in use, and put in their place by one rename.

A version is a folder ``<data>/versions/<id>`` with ``flow.duckdb`` and ``parquet/<schema>/<table>.parquet``. While it
is built its name starts with a dot. ``<data>/current`` points to the published one; ``flow.duckdb`` and ``parquet``
lead through it. What a table holds is decided in ``transforms``, whether it may be published in ``pipelines.checks``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines import ddl
from transforms.schema import Table

STORAGE_VERSION = "v1.2.0"
"""Oldest format all clients in use can open; a file in DuckDB 2's own format opens in no older one."""

KEPT_VERSIONS = 5


class WarehouseError(Exception):
    """The data folder cannot be written as it stands. The message is one paragraph that says what to do."""


@dataclass(frozen=True)
class Version:
    """One build of all tables: half-built under a hidden name until it is published."""

    data: Path
    version_id: str

    @property
    def building(self) -> Path:
        """Where it is built."""
        return self.data / "versions" / f".{self.version_id}"

    @property
    def published(self) -> Path:
        """Where it lies once it is published."""
        return self.data / "versions" / self.version_id

    @property
    def database(self) -> Path:
        """DuckDB file of the build."""
        return self.building / "flow.duckdb"

    def parquet(self, table: type[Table]) -> Path:
        """Parquet file of the build."""
        return self.building / "parquet" / table.layer / f"{table.name}.parquet"


def stage_version(version: Version, tables: Mapping[type[Table], pl.LazyFrame], site_name: str) -> None:
    """Build all tables of a version; whatever goes wrong, nothing half-built stays."""
    shutil.rmtree(version.building, ignore_errors=True)
    with discarding_failures(version):
        version.building.mkdir(parents=True)
        with _attached(version) as connection:
            for table, frame in tables.items():
                _load(connection, version, table, frame, site_name)


def add_tables(version: Version, tables: Mapping[type[Table], pl.LazyFrame], site_name: str) -> None:
    """Add tables to a version that is being built: those which speak of the build itself."""
    with discarding_failures(version), _attached(version) as connection:
        for table, frame in tables.items():
            _load(connection, version, table, frame, site_name)


@contextmanager
def discarding_failures(version: Version) -> Iterator[None]:
    """Remove the half-built version if the block fails."""
    try:
        yield
    except BaseException:
        discard_version(version)
        raise


@contextmanager
def reading(version: Version) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the version being built, for the audit."""
    connection = _connect(version.database)
    try:
        yield connection
    finally:
        connection.close()


def publish_version(version: Version) -> Path:
    """Make a finished build the published one by one rename; readers of the old one keep it. Returns its folder."""
    with discarding_failures(version):
        for name in ("flow.duckdb", "parquet"):
            _refuse_foreign(version.data / name)
            _point(version.data / name, Path("current") / name)
        version.building.rename(version.published)
        (version.data / "flow.duckdb.wal").unlink(missing_ok=True)
        _point(version.data / "current", Path("versions") / version.version_id)
    _prune(version)
    return version.published


def discard_version(version: Version) -> None:
    """Remove a build that will not be published."""
    shutil.rmtree(version.building, ignore_errors=True)


def find_build(data: Path, run: str) -> Version:
    """The version a run has built and not published yet; its id ends with ``run``."""
    [folder] = (data / "versions").glob(f".*-{run}")
    return Version(data, folder.name.removeprefix("."))


def report_path(version: Version) -> Path:
    """Where the report of a failed audit lies."""
    return version.data / "audits" / f"{version.version_id}.json"


def count_rows(version: Version, layer: str, name: str) -> int:
    """Rows of a table of the build."""
    path = version.building / "parquet" / layer / f"{name}.parquet"
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def sweep_builds(data: Path) -> None:
    """Remove what interrupted runs left half-built; only for the one run that holds the data folder."""
    for folder in (data / "versions").glob(".*"):
        shutil.rmtree(folder, ignore_errors=True)


def scan_published(data: Path, table: type[Table]) -> pl.LazyFrame | None:
    """A published table without the site's name; None where there is none yet, or one with other columns."""
    path = (data / "parquet" / table.layer / f"{table.name}.parquet").resolve()
    if not path.exists():
        return None
    frame = pl.scan_parquet(path).drop("site_name")
    return frame if frame.collect_schema() == table.polars_schema() else None


def _connect(database: Path | None = None) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(database), read_only=True) if database else duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@contextmanager
def _attached(version: Version) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = _connect()
    try:
        where = str(version.database).replace("'", "''")
        connection.execute(f"ATTACH '{where}' AS flow (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE flow")
        yield connection
        connection.execute("USE memory")
        connection.execute("DETACH flow")
    finally:
        connection.close()


def _load(
    connection: duckdb.DuckDBPyConnection, version: Version, table: type[Table], frame: pl.LazyFrame, site_name: str
) -> None:
    path = version.parquet(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.select(pl.lit(site_name).alias("site_name"), *table.columns).sink_parquet(path, compression="zstd")
    rows = connection.read_parquet(str(path))
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {ddl.quoted(table.layer)}")
    for statement in ddl.create_statements(table, count_rows(version, table.layer, table.name)):
        connection.execute(statement)
    rows.insert_into(f"flow.{table.layer}.{table.name}")


def _refuse_foreign(path: Path) -> None:
    if path.exists() and not path.is_symlink():
        raise WarehouseError(
            f"{path} is there already and was not made by this pipeline, so nothing was published. Move it away, or"
            " name another folder with --data."
        )


def _point(link: Path, target: Path) -> None:
    """Let a symbolic link lead to ``target`` from one moment to the next."""
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def _prune(version: Version) -> None:
    """Keep the newest versions; readers of an older file keep it open, the file system frees it when they close it."""
    versions = sorted(folder for folder in (version.data / "versions").iterdir() if not folder.name.startswith("."))
    for folder in versions[:-KEPT_VERSIONS]:
        if folder != version.published:
            with suppress(OSError):
                shutil.rmtree(folder)
