"""The private working store: one Parquet file per table and run, from which the next table is read.

A frame is checked against its declaration before it is written; nothing is cast or sorted on the way. What readers of
the product see belongs to ``pipelines.warehouse``; parameters that outlive a run to ``pipelines.parameters``.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from pipelines import ddl
from pipelines.durable import writing_parquet
from transforms.schema import Table, check_schema, check_values
from transforms.wording import counted

KEPT_RUNS = 2
"""Files of a table that stay: this run's, and the one before to compare with."""

Report = Callable[[str], None]
"""Where progress is told, one line at a time."""


class TableStore(dg.IOManager):
    """Keeps every table an asset returns under ``<folder>/<layer>/<table>/<run>.parquet``."""

    def __init__(self, folder: Path, tables: Iterable[type[Table]], report: Report) -> None:
        self._folder = folder
        self._tables = {table.name: table for table in tables}
        self._report = report

    def handle_output(self, context: dg.OutputContext, obj: pl.LazyFrame | pl.DataFrame) -> None:
        """Check and write a table; Dagster learns its row count."""
        table = self._tables[context.asset_key.path[-1]]
        frame = obj.lazy().collect()
        path = self.write(table, frame, context.run_id)
        context.add_output_metadata({"dagster/row_count": frame.height, "path": dg.MetadataValue.path(path)})
        self._report(f"{table.name}: {counted(frame.height, 'row')}")

    def load_input(self, context: dg.InputContext) -> pl.LazyFrame:
        """The newest table of that name, unread."""
        return self.scan(self._tables[context.asset_key.path[-1]])

    def write(self, table: type[Table], frame: pl.DataFrame, run_id: str) -> Path:
        """Write a table whole or not at all; raises SchemaError when it is not what was declared."""
        check_schema(table, frame)
        check_values(table, frame)
        path = self._place(table) / f"{run_id}.parquet"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{uuid.uuid4().hex}")
        with writing_parquet(fresh):
            frame.write_parquet(fresh, compression="zstd")
        self._make_newest(table, fresh)
        fresh.replace(path)
        for old in self._files(table)[:-KEPT_RUNS]:
            old.unlink(missing_ok=True)
        return path

    def scan(self, table: type[Table]) -> pl.LazyFrame:
        """The newest file of a table, unread; raises FileNotFoundError when no run has made it yet."""
        files = self._files(table)
        if not files:
            raise FileNotFoundError(f"no run has made {table.name} yet; materialise it first")
        return pl.scan_parquet(files[-1])

    def built_at(self, table: type[Table]) -> datetime:
        """When the newest file of a table was written, by this machine's clock."""
        return datetime.fromtimestamp(self._files(table)[-1].stat().st_mtime, UTC)

    def _place(self, table: type[Table]) -> Path:
        return self._folder / table.layer / table.name

    def _make_newest(self, table: type[Table], fresh: Path) -> None:
        """Let a file be younger than all there are, whatever the clock says: the youngest is the one that is read."""
        youngest = max((path.stat().st_mtime_ns for path in self._files(table)), default=0)
        if fresh.stat().st_mtime_ns <= youngest:
            os.utime(fresh, ns=(youngest + 1, youngest + 1))

    def _files(self, table: type[Table]) -> list[Path]:
        """Oldest first."""
        return sorted(self._place(table).glob("*.parquet"), key=lambda path: path.stat().st_mtime_ns)


class RawStore(dg.IOManager):
    """Reads the raw tables in the parts they were parsed in; those were written while parsing."""

    def __init__(self, folder: Path, tables: Iterable[type[Table]]) -> None:
        self.folder = folder
        self._tables = {table.name: table for table in tables}

    def handle_output(self, context: dg.OutputContext, obj: None) -> None:
        """Nothing: the parts are there."""

    def load_input(self, context: dg.InputContext) -> pl.LazyFrame:
        """All parts of a table, unread."""
        return self.scan(self._tables[context.asset_key.path[-1]])

    def scan(self, table: type[Table]) -> pl.LazyFrame:
        """All parts of a table, in order, unread; raises FileNotFoundError when there are none."""
        if not self.place(table).is_dir():
            raise FileNotFoundError(f"{table.name} was not parsed yet; materialise it first")
        return pl.scan_parquet(self.place(table) / "*.parquet")

    def place(self, table: type[Table]) -> Path:
        """Folder of a table's parts."""
        return self.folder / table.name


def describe(table: type[Table]) -> Mapping[str, Any]:
    """What Dagster shows of a table: columns with types, bounds and meaning, and where it is published."""
    columns = [
        dg.TableColumn(
            name,
            ddl.duckdb_type(column.dtype),
            column.description,
            dg.TableColumnConstraints(nullable=column.nullable, unique=table.key == (name,)),
        )
        for name, column in table.columns.items()
    ]
    schema = dg.TableSchema(columns, dg.TableConstraints([f"unique: {', '.join(table.key)}"]))
    return {"dagster/column_schema": schema, "dagster/relation_identifier": f"flow.{table.layer}.{table.name}"}
