"""The published tables: built beside the ones in use, and put in their place by one rename.

A version is a folder ``<data>/versions/<id>`` with ``flow.duckdb`` and ``parquet/<schema>/<table>.parquet``. While it
is built its name starts with a dot. ``<data>/current`` points to the published one; ``flow.duckdb``, ``parquet`` and
``report.html``, which ``pipelines.report`` writes, lead through it. What a table holds is decided in ``transforms``,
whether it may be published in ``pipelines.checks``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines import ddl
from pipelines.durable import point, sync, sync_tree, writing_parquet
from pipelines.versions import KEPT_VERSIONS, current_id, prune, published, switch
from transforms.schema import Table

STORAGE_VERSION = "v1.2.0"
"""Oldest format all clients in use can open; a file in DuckDB 2's own format opens in no older one."""

READ_ONLY = 0o444
"""Published files: DuckDB opens for writing unless told otherwise, which locks everybody else out."""


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
    stage_rows(version, {table: _of_site(site_name, table, frame) for table, frame in tables.items()})


def stage_rows(version: Version, rows: Mapping[type[Table], pl.LazyFrame]) -> None:
    """Build all tables of a version from rows that tell their site's name; in all else like ``stage_version``."""
    shutil.rmtree(version.building, ignore_errors=True)
    with discarding_failures(version):
        version.building.mkdir(parents=True)
        with _attached(version) as connection:
            for table, frame in rows.items():
                _load(connection, version, table, frame)


def add_tables(version: Version, tables: Mapping[type[Table], pl.LazyFrame], site_name: str) -> None:
    """Add tables to a version that is being built: those which speak of the build itself."""
    with discarding_failures(version), _attached(version) as connection:
        for table, frame in tables.items():
            _load(connection, version, table, _of_site(site_name, table, frame))


def add_views(version: Version, statements: Iterable[str]) -> None:
    """Run the statements that make the views of a version that is being built."""
    with discarding_failures(version), _attached(version) as connection:
        for statement in statements:
            connection.execute(statement)


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
    connection = _connect(version, version.database)
    try:
        yield connection
    finally:
        connection.close()


def publish_version(version: Version, keep: int = KEPT_VERSIONS) -> Path:
    """Make a finished build the published one by one rename; readers of the old one keep it. Returns its folder.

    Everything is on disk before the switch: whenever a machine stops, readers find the old version or the new one.
    """
    with discarding_failures(version):
        for name in ("flow.duckdb", "parquet", "report.html"):
            _refuse_foreign(version.data / name)
            point(version.data / name, Path("current") / name)
        _seal(version.building)
        version.building.rename(version.published)
        sync(version.published.parent)
        switch(version.data, version.version_id, "run")
    prune(version.data, keep)
    return version.published


def discard_version(version: Version) -> None:
    """Remove a build that will not be published; never what readers are led to."""
    shutil.rmtree(version.building, ignore_errors=True)
    if current_id(version.data) != version.version_id:
        shutil.rmtree(version.published, ignore_errors=True)


def find_build(data: Path, run: str) -> Version:
    """The version a run has built and not published yet; its id ends with ``run``."""
    [folder] = (data / "versions").glob(f".*-{run}")
    return Version(data, folder.name.removeprefix("."))


def report_path(version: Version) -> Path:
    """Where the report of a failed audit lies; the same as a page, ending in .html, lies beside it."""
    return version.data / "audits" / f"{version.version_id}.json"


def count_rows(version: Version, layer: str, name: str) -> int:
    """Rows of a table of the build."""
    path = version.building / "parquet" / layer / f"{name}.parquet"
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def count_published(data: Path, table: type[Table], site_name: str) -> int | None:
    """Rows of a site in a published table, whatever its columns; None where there is no such table yet."""
    rows = published(data, table, site_name)
    return None if rows is None else int(rows.select(pl.len()).collect().item())


def sweep_builds(data: Path) -> None:
    """Remove what interrupted runs left half-built; only for the one run that holds the data folder."""
    for folder in (data / "versions").glob(".*"):
        shutil.rmtree(folder, ignore_errors=True)


def _connect(version: Version, database: Path | None = None) -> duckdb.DuckDBPyConnection:
    """What does not fit into memory goes where only the owner looks, not beside what is published."""
    spill, name = str(version.data / "work" / "spill"), str(database) if database else ":memory:"
    connection = duckdb.connect(name, read_only=database is not None, config={"temp_directory": spill})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    return connection


@contextmanager
def _attached(version: Version) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = _connect(version)
    try:
        where = str(version.database).replace("'", "''")
        connection.execute(f"ATTACH '{where}' AS flow (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE flow")
        yield connection
        connection.execute("USE memory")
        connection.execute("DETACH flow")
    finally:
        connection.close()


def _of_site(site_name: str, table: type[Table], frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.select(pl.lit(site_name).alias("site_name"), *table.columns)


def _load(connection: duckdb.DuckDBPyConnection, version: Version, table: type[Table], rows: pl.LazyFrame) -> None:
    path = version.parquet(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing_parquet(path):
        rows.select(*ddl.published_columns(table)).sink_parquet(path, compression="zstd")
    connection.begin()  # else every comment is flushed to disk by itself
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {ddl.quoted(table.layer)}")
    for statement in ddl.create_statements(table, count_rows(version, table.layer, table.name)):
        connection.execute(statement)
    connection.read_parquet(str(path)).insert_into(f"flow.{table.layer}.{table.name}")
    connection.commit()


def _refuse_foreign(path: Path) -> None:
    if path.exists() and not path.is_symlink():
        raise WarehouseError(
            f"{path} is there already and was not made by this pipeline, so nothing was published. Move it away, or"
            " name another folder with --data."
        )


def _seal(folder: Path) -> None:
    """Let nobody write into a version any more, and flush it to disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(path.stat().st_mode & READ_ONLY)
    sync_tree(folder)
