"""What an audit knows besides the tables it audits: what Jira listed, this run, and what is published already.

Gathered from the working store and the published version, and laid beside the staged tables as temporary ones. What is
concluded from them is said in ``pipelines.contracts``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from pipelines import ddl
from pipelines.contracts.contract import (
    CHANGE_SEALS,
    EARLIER_RUN,
    EARLIER_TABLES,
    LANDED_CHANGES,
    LANDED_ISSUES,
    LISTED_ISSUES,
    TABLE_BUILDS,
    THIS_RUN,
)
from pipelines.limits import Limits

RAW_FACTS = {
    LANDED_CHANGES: ("raw_changes", "issue_id, history_id, item_index, changed_at, field, from_id, to_id, to_key"),
    LANDED_ISSUES: ("raw_issues", "issue_id, updated_at"),
    CHANGE_SEALS: ("change_seals", "issue_id, change_count, instant_sum, history_sum, from_sum, to_sum"),
}
"""Folder and columns of what is compared with the raw tables; nothing that tells a person (of an assignment, whose ends
are among the columns, they are left out of the comparison)."""


@dataclass(frozen=True)
class ThisRun:
    """The run that is audited."""

    as_of: datetime
    landed_at: datetime
    is_as_of_told: bool = False
    flow_level: int = 0
    limits: Limits = field(default_factory=Limits)

    def frame(self) -> pl.DataFrame:
        """One row: the fields, the limits among them."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "limits"}
        instants = {name: pl.Datetime("us", "UTC") for name in ("as_of", "landed_at")}
        limits = {f.name: getattr(self.limits, f.name) for f in fields(self.limits)}
        return pl.DataFrame([own | limits], schema_overrides=instants)


@dataclass(frozen=True)
class Circumstances:
    """Everything the contracts may ask for; what is None is not known, and contracts that need it are left out."""

    listed: pl.DataFrame | None = None
    """issue_id."""
    raw: Path | None = None
    """Folder of the raw tables' folders."""
    run: ThisRun | None = None
    builds: pl.DataFrame | None = None
    """table_name, built_at."""
    earlier_run: pl.DataFrame | None = None
    """as_of, unmapped_share; empty before the first run."""
    earlier_tables: pl.DataFrame | None = None
    """table_name, row_count."""

    def lay_out(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """Make the facts known to ``connection`` under their names; returns the names."""
        frames = {
            LISTED_ISSUES: self.listed,
            THIS_RUN: self.run.frame() if self.run else None,
            TABLE_BUILDS: self.builds,
            EARLIER_RUN: self.earlier_run,
            EARLIER_TABLES: self.earlier_tables,
        }
        known = [name for name, frame in frames.items() if frame is not None]
        for name in known:
            connection.register(name, frames[name])
        if self.raw:
            for name, (folder, columns) in RAW_FACTS.items():
                files = ddl.text(str(self.raw / folder / "*.parquet"))
                lines = (f"CREATE TEMP VIEW {name} AS SELECT {columns}", f"FROM read_parquet({files})")
                connection.execute("\n".join(lines))
                known.append(name)
        return known


def changed_at(path: Path) -> datetime:
    """When a file was written."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
