"""Published versions told row by row: only what matters is said, the rest is filled by the tables' declarations.

A row with a column its table does not declare is refused. What the report makes of the rows does not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.report.published import Published
from transforms.catalog import TABLES
from transforms.schema import Column, Table

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
LATEST = {
    "period_kind": "rolling_26_weeks",
    "period_start_date": date(2025, 12, 29),
    "period_end_date": date(2026, 6, 28),
    "is_complete_period": True,
}
QUARTER = {
    "period_kind": "quarter",
    "period_start_date": date(2026, 4, 1),
    "period_end_date": date(2026, 6, 30),
    "is_complete_period": False,
}
STREAM = "Payments"
ZONE = "Europe/Berlin"

DECLARED = {f"{table.layer}.{table.name}": table for table in TABLES}

Rows = list[dict[str, Any]]


def version(folder: Path, tables: Mapping[str, Rows], site: str = "acme") -> Published:
    """A published version that holds these rows, and at least a stream with two stages, a period and a run."""
    for name, rows in (_least() | dict(tables)).items():
        table = DECLARED[name]
        path = folder / "parquet" / table.layer / f"{table.name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = pl.DataFrame([_filled(table, row) for row in rows], schema=table.polars_schema())
        sites = pl.Series("site_name", [row.get("site_name", site) for row in rows], pl.String())
        frame.insert_column(0, sites).write_parquet(path)
    return Published(folder)


def _least() -> dict[str, Rows]:
    return {
        "core.issues": [{"issue_id": 1, "issue_key": "PAY-1"}],
        "core.stages": [stage("Development", 0), stage("Review", 1), stage("Done", 2, is_terminal=True)],
        "metrics.value_stream_map": [step("Development"), step("Review", stage_order=1)],
        "quality.runs": [{"version_id": "v1", "as_of": AS_OF, "finished_at": AS_OF, "site_url": "https://acme.test"}],
    }


def stage(name: str, order: int, **said: Any) -> dict[str, Any]:
    """A stage of the walk."""
    return {"stage_name": name, "stage_order": order, "is_committed": True} | said


def step(name: str, **said: Any) -> dict[str, Any]:
    """A step of the map in which six issues spent two days waiting and one in touch."""
    per = {"stage": 3.0, "wait": 2.0, "touch": 1.0, "blocked": 0.0, "unassigned": 0.0, "gap": 2.0}
    means = {f"{kind}_{unit}_per_delivered": value for kind, value in per.items() for unit in ("days", "working_days")}
    means |= {f"cycle_{kind}_days_per_delivered": per[kind] for kind in ("wait", "touch", "blocked", "unassigned")}
    means |= {"cycle_days_per_delivered": 3.0, "done_gap_days_per_delivered": 0.0}
    totals = {"wait_days_total": 12.0, "visit_count": 6, "delivered_count": 6, "passed_count": 6}
    return (
        {"stage_name": name, "step_kind": "flow", "has_queue": True, "has_active": True}
        | LATEST
        | means
        | totals
        | said
    )


def _filled(table: type[Table], row: dict[str, Any]) -> dict[str, Any]:
    strange = set(row) - set(table.columns) - {"site_name"}
    assert not strange, f"{table.name} has no {sorted(strange)}"
    usual: dict[str, Any] = {"value_stream": STREAM}
    if "period_kind" in table.columns:
        usual |= LATEST
    if "zone_name" in table.columns:
        usual |= {"zone_name": ZONE}
    known = usual | row
    return {name: known[name] if name in known else _blank(name, column) for name, column in table.columns.items()}


def _blank(name: str, column: Column) -> Any:
    """Nothing where a column may be empty; else the least its type can say."""
    if column.nullable:
        return None
    if column.values:
        return column.values[0]
    least = {pl.Boolean: False, pl.Date: AS_OF.date(), pl.Datetime: AS_OF, pl.Float64: 0.0}
    if column.dtype.is_integer():
        return 0
    return least.get(column.dtype.base_type(), f"a {name.removesuffix('_name')}".replace("_", " "))
