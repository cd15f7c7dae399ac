"""Tables of one build in a DuckDB of their own, free to be spoilt, and every rule of the audit asked of them.

The rules are asked straight, by the very queries Great Expectations runs, and after a defect only those that read what
it touched: the others read what they read before.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

import duckdb
import polars as pl

from benchmarks.audit_defects import Defect
from pipelines import ddl
from pipelines.assets.published import STAGED
from pipelines.checks import audit, bundles
from pipelines.contracts import contracts_for
from pipelines.expectations import Expectation, declared
from transforms.schema import Table

Broken = tuple[str, str]
"""Table and rule."""

BY_NAME = {table.name: table for table in STAGED}


@dataclass
class Staged:
    """A build as the audit sees it: published tables without constraints, and the facts it knows besides, by name."""

    frames: Mapping[str, pl.DataFrame]
    facts: Mapping[str, pl.DataFrame]

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """A database that holds all of it."""
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        for name in (*self.frames, *self.facts):
            _lay_down(connection, name, self._sound(name))
        return connection

    def broken(self, touched: Collection[str] = ()) -> set[Broken]:
        """Every critical rule that does not hold; of those that read ``touched`` where that is given."""
        shapes = self._shapes()
        misshapen = {name for name, table in BY_NAME.items() if shapes.get(name) != _declared_shape(table)}
        found = {(name, "columns_as_declared") for name in misshapen}
        for name in BY_NAME.keys() - misshapen:
            for bundle in bundles([rule for rule in self._rules.get(name, ()) if _reads(rule, touched)]):
                query = bundle.query.replace("{batch}", ddl.qualified(BY_NAME[name]))
                failing = self._failing(query, bundle.expectations)
                found |= {(name, bundle.expectations[place].name) for place in failing}
        return found

    def broken_by_great_expectations(self) -> set[Broken]:
        """The same through the audit itself."""
        verdicts = audit(self.connection, STAGED, list(self.facts))
        return {(v.table_name, v.expectation) for v in verdicts if not v.is_passed and v.severity == "critical"}

    def plant(self, defect: Defect) -> None:
        """Spoil the tables; raises ValueError for a defect that changes nothing here."""
        before = [self._content(name) for name in touched(defect)]
        for statement in defect.sql.split("; "):
            self.connection.execute(statement)
        if before == [self._content(name) for name in touched(defect)]:
            raise ValueError(f"{defect.name}: these tables have no row to spoil")

    def restore(self, names: Collection[str]) -> None:
        """Lay down tables and facts as they were."""
        for name in names:
            _lay_down(self.connection, name, self._sound(name))

    @cached_property
    def _rules(self) -> dict[str, list[Expectation]]:
        """Critical rules by table."""
        rules = [rule for table in STAGED for rule in declared(table, BY_NAME)]
        rules += [contract.expectation() for contract in contracts_for(STAGED, self.facts)]
        critical = sorted((rule for rule in rules if rule.severity == "critical"), key=attrgetter("table_name"))
        return {name: list(own) for name, own in itertools.groupby(critical, attrgetter("table_name"))}

    def _failing(self, query: str, rules: Sequence[Expectation]) -> list[int]:
        """Places of the rules that rows break; all of them where the question itself fails."""
        try:
            return [place for place, _ in self.connection.execute(query).fetchall()]
        except duckdb.Error:
            return list(range(len(rules)))

    def _sound(self, name: str) -> pl.DataFrame:
        return self.frames[name] if name in self.frames else self.facts[name]

    def _shapes(self) -> dict[str, list[tuple[str, str]]]:
        """Names and types of every table's columns, in order."""
        query = (
            "SELECT table_name, list((column_name, data_type) ORDER BY column_index) FROM duckdb_columns()"
            " GROUP BY table_name"
        )
        found = self.connection.execute(query).fetchall()
        named = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
        return {name: [(column, named.get(kind, kind)) for column, kind in columns] for name, columns in found}

    def _content(self, name: str) -> object:
        try:
            query = f"SELECT count(*), bit_xor(hash(row)), any_value(typeof(row)) FROM {_place(name)} AS row"
            return self.connection.execute(query).fetchall()
        except duckdb.CatalogException:
            return None


def touched(defect: Defect) -> list[str]:
    """Tables and facts a defect changes."""
    pattern = r"(?:UPDATE|DELETE FROM|INSERT INTO|ALTER TABLE|DROP TABLE) (?:\w+\.)?(\w+)"
    return sorted(set(re.findall(pattern, defect.sql)))


def _reads(rule: Expectation, touched: Collection[str]) -> bool:
    """Whether a rule looks at any of these tables; each does where none is named."""
    read = {rule.table_name, *re.findall(r"\w+", rule.rows)}
    return not touched or not read.isdisjoint(touched)


def _declared_shape(table: type[Table]) -> list[tuple[str, str]]:
    return [(name, ddl.duckdb_type(column.dtype)) for name, column in ddl.published_columns(table).items()]


def _place(name: str) -> str:
    return ddl.qualified(BY_NAME[name]) if name in BY_NAME else ddl.quoted(name)


def _lay_down(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    """Make a table anew; without constraints, so that it may be spoilt."""
    connection.register("sound", frame)
    if name in BY_NAME:
        table = BY_NAME[name]
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
        lines = [f"{ddl.quoted(n)} {ddl.duckdb_type(c.dtype)}" for n, c in ddl.published_columns(table).items()]
        connection.execute(f"CREATE OR REPLACE TABLE {_place(name)} ({', '.join(lines)})")
        connection.execute(f"INSERT INTO {_place(name)} SELECT * FROM sound")
    else:
        connection.execute(f"CREATE OR REPLACE TABLE {_place(name)} AS SELECT * FROM sound")
    connection.unregister("sound")
