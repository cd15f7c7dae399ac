"""The audit: Great Expectations checks every rule on the tables as they will be published, inside DuckDB.

Which rules there are is said by ``pipelines.expectations`` and ``pipelines.contracts``. Here they are grouped, so that
all conditions over single rows of a table cost one scan, and nothing but counts leaves the database; rows are fetched
of broken rules only. What a failed audit leads to is decided by ``pipelines.assets.published``.
"""

from __future__ import annotations

import importlib
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import duckdb

from pipelines import ddl
from pipelines.contracts import contracts_for
from pipelines.duckdb_dialect import lend
from pipelines.expectations import Expectation, declared
from transforms.schema import Severity, Table

SAMPLE_ROWS = 20
"""Rows that break a rule are shown up to this number."""

RULES_PER_SCAN = 100
"""Conditions checked by one query. Great Expectations hands on 200 rows at most, and each broken one is a row."""

RESULT_FORMAT = {"result_format": "COMPLETE"}


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


@dataclass(frozen=True)
class Bundle:
    """Rules checked by one query, which gives a row for each that is broken: its place here and how many rows do it."""

    expectations: tuple[Expectation, ...]
    query: str


def audit(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[type[Table]], given: Iterable[str] = ()
) -> list[Verdict]:
    """Check every rule of every table that ``connection`` shows; a rule that cannot be checked has failed.

    ``given`` names the temporary tables of facts (``pipelines.contracts``) the connection has besides. A table without
    its declared columns has failed as a whole: nothing else is asked of it.
    """
    known = {table.name: table for table in tables}
    contracts = contracts_for(known.values(), given)
    with lend(connection) as url:
        source = _great_expectations().data_sources.add_sql("staged", connection_string=url, create_temp_table=False)
        verdicts = _check_shapes(connection, source, list(known.values()))
        misshapen = {verdict.table_name for verdict in verdicts if not verdict.is_passed}
        for table in known.values():
            if table.name not in misshapen:
                promised = [c.expectation() for c in contracts if c.table_name == table.name]
                rules = [*declared(table, known), *(rule for rule in promised)]
                verdicts += _check_table(connection, source, table, rules)
    return verdicts


def bundles(rules: Sequence[Expectation]) -> Iterator[Bundle]:
    """Conditions over single rows a hundred at a time, every other rule by itself."""
    conditions = [rule for rule in rules if rule.holds]
    for start in range(0, len(conditions), RULES_PER_SCAN):
        chosen = tuple(conditions[start : start + RULES_PER_SCAN])
        counts = ",\n    ".join(f"count(*) FILTER (WHERE NOT ({rule.holds}))" for rule in chosen)
        places = ", ".join(map(str, range(len(chosen))))
        counted = "\n".join(
            (f"SELECT unnest([{places}]) AS place, unnest([", f"    {counts}", "  ]) AS failing", "  FROM {batch}")
        )
        yield Bundle(chosen, _broken_only(counted))
    for rule in rules:
        if not rule.holds:
            counted = "\n".join(("SELECT 0 AS place, count(*) AS failing FROM (", rule.rows, ")"))
            yield Bundle((rule,), _broken_only(counted))


def _broken_only(counted: str) -> str:
    return "\n".join(("SELECT place, failing FROM (", counted, ")", "WHERE failing > 0"))


def _library(module: str = "great_expectations") -> Any:
    """Great Expectations, loaded when the first audit begins: its import takes seconds."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    return importlib.import_module(module)


def load_library() -> None:
    """Import what an audit needs, ahead of it: seconds that no size of the tables changes."""
    _rules_hold()


def _great_expectations() -> Any:
    """A context that keeps nothing, shows no progress and reports to nobody."""
    context = _library().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


@cache
def _rules_hold() -> Any:
    """An expectation that its query returns no row; unlike the one it extends it asks the query once, not twice."""
    library = _library("great_expectations.expectations")

    class ExpectRulesToHold(library.UnexpectedRowsExpectation):  # type: ignore[name-defined, misc]
        metric_dependencies = ("unexpected_rows_query.table",)

        def _validate(self, metrics: dict[str, Any], **_: Any) -> dict[str, Any]:
            broken = metrics["unexpected_rows_query.table"]
            return {"success": not broken, "result": {"details": {"unexpected_rows": broken}}}

    return ExpectRulesToHold


def _check_table(
    connection: duckdb.DuckDBPyConnection, source: Any, table: type[Table], rules: Sequence[Expectation]
) -> list[Verdict]:
    asset = source.add_table_asset(table.name, table_name=table.name, schema_name=table.layer)
    return _validate(connection, asset, list(bundles(rules)), ddl.qualified(table))


def _check_shapes(connection: duckdb.DuckDBPyConnection, source: Any, tables: Sequence[type[Table]]) -> list[Verdict]:
    """Whether every table is there with the declared columns, in order and type."""
    columns = "SELECT schema_name, table_name, column_name, data_type, column_index FROM duckdb_columns()"
    asset = source.add_query_asset("columns", query=columns + " WHERE database_name = current_database()")
    return _validate(connection, asset, list(bundles([_shape(table) for table in tables])), f"({columns})")


def _shape(table: type[Table]) -> Expectation:
    """Columns that are declared and not there, there and not declared, or of another type or place."""
    declared_columns = ",\n  ".join(
        f"({ddl.text(name)}, {ddl.text(ddl.duckdb_type(column.dtype))}, {place})"
        for place, (name, column) in enumerate(ddl.published_columns(table).items(), 1)
    )
    rows = "\n".join(
        (
            "SELECT coalesce(declared.column_name, staged.column_name) AS column_name,",
            "  declared.data_type AS declared_type, staged.data_type AS staged_type, place, column_index",
            f"FROM (VALUES\n  {declared_columns}) AS declared(column_name, data_type, place)",
            "FULL JOIN (SELECT column_name, column_index,",
            "    replace(data_type, 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ') AS data_type FROM {batch} AS columns",
            f"  WHERE schema_name = {ddl.text(table.layer)} AND table_name = {ddl.text(table.name)}) AS staged",
            "USING (column_name)",
            "WHERE declared.data_type IS DISTINCT FROM staged.data_type OR place <> column_index",
        )
    )
    return Expectation(table.name, "columns_as_declared", "the table has the declared columns, in order and type", rows)


def _validate(
    connection: duckdb.DuckDBPyConnection, asset: Any, asked: Sequence[Bundle], batch_name: str
) -> list[Verdict]:
    """Let Great Expectations check the bundles on one asset; verdicts rule by rule, in their order."""
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    expectations = [
        _rules_hold()(unexpected_rows_query=bundle.query, meta={"place": place}) for place, bundle in enumerate(asked)
    ]
    suite = _library().ExpectationSuite(name=asset.name, expectations=expectations)
    results = batch.validate(suite, result_format=RESULT_FORMAT).results
    found = {item.expectation_config.meta["place"]: item for item in results}
    told = (_verdicts(connection, bundle, found[place], batch_name) for place, bundle in enumerate(asked))
    return list(itertools.chain.from_iterable(told))


def _verdicts(
    connection: duckdb.DuckDBPyConnection, bundle: Bundle, item: Any, batch_name: str
) -> Iterator[Verdict]:
    error = _error(item)
    broken = {row["place"]: row["failing"] for row in item.result.get("details", {}).get("unexpected_rows", [])}
    for place, rule in enumerate(bundle.expectations):
        failing = broken.get(place, 0)
        sample = _sample(connection, rule, batch_name) if failing else []
        if error:
            sample = [{"could not be checked": error}]
        is_passed = not (failing or error)
        yield Verdict(rule.table_name, rule.name, rule.says, rule.severity, is_passed, failing, sample)


def _error(item: Any) -> str:
    """Why a bundle could not be checked; empty if it was."""
    raised = item.exception_info or {}
    if not item.success and not item.result:
        told = [raised, *(part for part in raised.values() if isinstance(part, dict))]
        return next((str(part["exception_message"]) for part in told if part.get("exception_message")), "unknown")
    return ""


def _sample(connection: duckdb.DuckDBPyConnection, rule: Expectation, batch_name: str) -> list[dict[str, str]]:
    """Some rows that break a rule."""
    rows = rule.rows.replace("{batch}", batch_name)
    answer = connection.execute("\n".join(("SELECT * FROM (", rows, f") LIMIT {SAMPLE_ROWS}")))
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, map(str, row), strict=True)) for row in answer.fetchall()]
