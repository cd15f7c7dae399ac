"""One audit of one build: gather what it has to know, check, keep what was found.

The rules are checked by ``pipelines.checks``; what follows from the findings is decided by
``pipelines.assets.published``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from pipelines import versions, warehouse
from pipelines.checks import Verdict, audit
from pipelines.circumstances import Circumstances, ThisRun
from pipelines.contracts.runs import UNMAPPED_SHARE
from pipelines.landed import Landed, LandedStore
from pipelines.parameters import WorkflowStore
from pipelines.settings import RunSettings
from pipelines.store import RawStore, TableStore
from transforms.raw import RawIssues, RawQuarantine
from transforms.schema import TIMESTAMP, Table

SHARES = f"""
SELECT quarantined_count, quarantined_count / greatest(quarantined_count + issue_count, 1) AS quarantined_share,
       coalesce((SELECT {UNMAPPED_SHARE} FROM core.statuses), 0) AS unmapped_share
FROM (SELECT count(*) AS quarantined_count FROM quality.quarantine),
     (SELECT count(*) AS issue_count FROM core.issues)
"""  # noqa: S608
"""What quality.runs tells of a build, one row."""


@dataclass(frozen=True)
class Stores:
    """Where a run keeps what it computed."""

    tables: TableStore
    raw: RawStore
    landed: LandedStore
    workflow: WorkflowStore


@dataclass(frozen=True)
class Findings:
    """What an audit found."""

    verdicts: Sequence[Verdict]
    quarantined_count: int
    quarantined_share: float
    unmapped_share: float

    @property
    def is_sound(self) -> bool:
        """Whether the build may be published."""
        return all(verdict.is_passed for verdict in self.verdicts if verdict.severity == "critical")

    def failed(self) -> list[Verdict]:
        """Rules that do not hold, in the order of the audit."""
        return [verdict for verdict in self.verdicts if not verdict.is_passed]


def audit_build(version: warehouse.Version, tables: Sequence[type[Table]], known: Circumstances) -> Findings:
    """Audit a version that is being built; if the audit itself breaks, the build goes."""
    with warehouse.discarding_failures(version), warehouse.reading(version) as connection:
        verdicts = audit(connection, tables, known.lay_out(connection))
        return Findings(verdicts, *shares_of(connection))


def gather(settings: RunSettings, tables: Sequence[type[Table]], stores: Stores) -> Circumstances:
    """What the contracts ask for besides the tables."""
    source = stores.landed.newest()
    run = ThisRun(
        as_of=source.as_of,
        landed_at=stores.landed.landed_at(),
        is_as_of_told=settings.as_of is not None,
        flow_level=stores.workflow.newest().flow_level,
        limits=settings.config.audit.limits(),
    )
    return Circumstances(
        listed=listed_issues(stores.raw, source),
        raw=stores.raw.folder,
        run=run,
        builds=_builds(stores.tables, tables),
        earlier_run=_earlier_run(settings.data, source.site_name),
        earlier_tables=_earlier_tables(settings.data, tables, source.site_name),
    )


def listed_issues(raw_tables: RawStore, source: Landed) -> pl.DataFrame:
    """Every issue id Jira listed in this run, whether it was handed out, could be parsed, or not; column issue_id."""
    parsed = [raw_tables.scan(table).select("issue_id") for table in (RawIssues, RawQuarantine)]
    absent = pl.LazyFrame({"issue_id": source.missing}, {"issue_id": pl.Int64()})
    return pl.concat([*parsed, absent]).drop_nulls().unique().collect()


def keep_report(version: warehouse.Version, findings: Findings, page: str) -> Path:
    """Leave what failed, with sample rows, where the next reader of the data folder finds it: as JSON and as a page."""
    path = warehouse.report_path(version)
    path.parent.mkdir(parents=True, exist_ok=True)
    failed = [asdict(verdict) for verdict in findings.failed()]
    path.with_suffix(".html").write_text(page, encoding="utf-8")
    path.write_text(json.dumps(failed, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def shares_of(connection: duckdb.DuckDBPyConnection) -> tuple[int, float, float]:
    """What lies in quarantine, its share in all issues and it, and the share of hours no rule covers."""
    try:
        count, quarantined, unmapped = connection.execute(SHARES).fetchall()[0]
    except duckdb.CatalogException:  # a table lacks, which the audit says; nothing is published
        return 0, 0.0, 0.0
    return count, quarantined, unmapped


def _builds(store: TableStore, tables: Sequence[type[Table]]) -> pl.DataFrame:
    rows: list[tuple[str, datetime]] = [(table.name, store.built_at(table)) for table in tables]
    return pl.DataFrame(rows, {"table_name": pl.String(), "built_at": TIMESTAMP}, orient="row")


def _earlier_run(data: Path, site_name: str) -> pl.DataFrame:
    """The run that made what is published of the site now."""
    runs = versions.earlier_runs(data, site_name)
    columns = {"as_of": TIMESTAMP, "unmapped_share": pl.Float64()}
    if runs is None:
        return pl.DataFrame(schema=columns)
    return runs.filter(pl.col.version_id == versions.current_id(data)).select(*columns).tail(1).collect()


def _earlier_tables(data: Path, tables: Sequence[type[Table]], site_name: str) -> pl.DataFrame:
    counts = {table.name: warehouse.count_published(data, table, site_name) for table in tables}
    rows = [(name, count) for name, count in counts.items() if count is not None]
    return pl.DataFrame(rows, {"table_name": pl.String(), "row_count": pl.Int64()}, orient="row")
