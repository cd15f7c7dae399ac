"""The audit: a table's declaration and the contracts become expectations that Great Expectations checks.

Everything is checked on the tables as they will be published, inside DuckDB. Great Expectations is loaded when an audit
begins, not before: its import takes seconds. What a failed audit leads to is decided by ``pipelines.assets.published``.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import polars as pl

from pipelines import ddl
from pipelines.contracts import Contract, Severity, contracts_for
from pipelines.duckdb_dialect import lend
from transforms.schema import Column, Table

SAMPLE_ROWS = 20
"""Rows that break a rule are shown up to this number."""

RESULT_FORMAT = {"result_format": "COMPLETE", "partial_unexpected_count": SAMPLE_ROWS}


@dataclass(frozen=True)
class Verdict:
    """What the audit found for one rule of one table."""

    table_name: str
    expectation: str
    says: str
    severity: Severity
    is_passed: bool
    failing_row_count: int = 0
    sample: list[dict[str, str]] = field(default_factory=list)


def audit(connection: duckdb.DuckDBPyConnection, tables: Iterable[type[Table]]) -> list[Verdict]:
    """Check every rule of every table that ``connection`` shows; a rule that cannot be checked has failed."""
    declared = list(tables)
    by_table = _contracts_by_table(declared)
    with lend(connection) as url:
        source = _great_expectations().data_sources.add_sql("staged", connection_string=url, create_temp_table=False)
        return [v for table in declared for v in _check_table(source, table, by_table.get(table.name, []))]


def _contracts_by_table(tables: list[type[Table]]) -> dict[str, list[Contract]]:
    grouped: dict[str, list[Contract]] = {}
    for contract in contracts_for(tables):
        grouped.setdefault(contract.table_name, []).append(contract)
    return grouped


def _library(module: str = "great_expectations") -> Any:
    """Great Expectations, loaded when the first audit begins."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    return importlib.import_module(module)


def _great_expectations() -> Any:
    """A context that keeps nothing, shows no progress and reports to nobody."""
    context = _library().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


def _check_table(source: Any, table: type[Table], contracts: list[Contract]) -> list[Verdict]:
    expectations = [*_declared(table), *(_promised(contract) for contract in contracts)]
    asset = source.add_table_asset(table.name, table_name=table.name, schema_name=table.layer)
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    suite = _library().ExpectationSuite(name=table.name, expectations=expectations)
    result = batch.validate(suite, result_format=RESULT_FORMAT)
    return [_verdict(table, item) for item in result.results]


def _declared(table: type[Table]) -> Iterator[Any]:
    """What the declaration promises: filled columns, a unique key, bounds and values."""
    gxe = _library("great_expectations.expectations")
    columns = ddl.published_columns(table)
    for name, column in columns.items():
        if not column.nullable:
            yield gxe.ExpectColumnValuesToNotBeNull(column=name, **_about(f"{name}_filled", f"{name} is never empty"))
        if column.minimum is not None:
            about = _about(f"{name}_minimum", f"{name} is at least {column.minimum:g}")
            yield gxe.ExpectColumnValuesToBeBetween(column=name, min_value=column.minimum, **about)
        if values := _allowed(column):
            about = _about(f"{name}_values", f"{name} is one of {', '.join(values)}")
            yield gxe.ExpectColumnValuesToBeInSet(column=name, value_set=list(values), **about)
    key = ", ".join(ddl.quoted(name) for name in ddl.published_key(table))
    says = f"{', '.join(ddl.published_key(table))} is unique"
    repeated = "\n".join(
        (f"SELECT {key}, count(*) AS row_count", "FROM {batch}", f"GROUP BY {key} HAVING count(*) > 1")
    )
    yield gxe.UnexpectedRowsExpectation(unexpected_rows_query=repeated, **_about("key_unique", says))


def _allowed(column: Column) -> tuple[str, ...]:
    """Values a column may hold: stated, or those of its Enum."""
    return column.values or (tuple(column.dtype.categories) if isinstance(column.dtype, pl.Enum) else ())


def _promised(contract: Contract) -> Any:
    gxe = _library("great_expectations.expectations")
    about = _about(contract.name, contract.says, contract.severity)
    return gxe.UnexpectedRowsExpectation(unexpected_rows_query=contract.query, **about)


def _about(name: str, says: str, severity: Severity = "critical") -> Mapping[str, Any]:
    return {"severity": severity, "description": says, "meta": {"name": name}}


def _verdict(table: type[Table], item: Any) -> Verdict:
    settings, outcome = item.expectation_config, item.result or {}
    sample = outcome.get("details", {}).get("unexpected_rows") or [
        {"value": value} for value in outcome.get("partial_unexpected_list", [])
    ]
    return Verdict(
        table_name=table.name,
        expectation=settings.meta["name"],
        says=settings.description,
        severity="warning" if settings.severity == "warning" else "critical",
        is_passed=bool(item.success),
        failing_row_count=0 if item.success else _failing(outcome, len(sample)),
        sample=[{str(k): str(v) for k, v in row.items()} for row in sample[:SAMPLE_ROWS]],
    )


def _failing(outcome: Mapping[str, Any], shown: int) -> int:
    observed = outcome.get("observed_value")
    return int(outcome.get("unexpected_count") or (observed if isinstance(observed, int) else 0) or shown)
