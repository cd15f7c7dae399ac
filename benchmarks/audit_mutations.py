"""Does the audit name every planted defect, and leave sound tables alone? ``make mutationbench``.

Takes a published simulated company, plants each defect of ``audit_defects`` in a copy of its tables, and asks every
rule of the audit. Then publishes companies of other seeds: none may be stopped. The rules are asked straight in DuckDB,
by the queries Great Expectations runs; a sample goes through Great Expectations itself and has to say the same.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.audit_defects import DEFECTS, Defect
from pipelines import ddl
from pipelines.assets.published import STAGED
from pipelines.checks import audit, bundles
from pipelines.circumstances import Circumstances, ThisRun
from pipelines.config import FlowConfig
from pipelines.contracts import contracts_for
from pipelines.expectations import declared
from pipelines.jira import Connection
from pipelines.run import AuditError, run_flow
from pipelines.sandbox.company import simulate_company
from pipelines.sandbox.server import DEFAULT_EMAIL, DEFAULT_TOKEN, start
from pipelines.settings import RunSettings
from transforms.schema import TIMESTAMP, Table

Broken = tuple[str, str]
"""Table and rule."""

BY_NAME = {table.name: table for table in STAGED}

FACTS = ("listed_issues", "this_run", "table_builds", "earlier_run", "earlier_tables")


@dataclass
class Bench:
    """Tables of a published company, free to be spoilt, and what an audit knows besides."""

    connection: duckdb.DuckDBPyConnection
    frames: dict[str, pl.DataFrame]
    given: list[str]

    @classmethod
    def over(cls, data: Path) -> Bench:
        """The version published in ``data``, with itself as the one published before."""
        frames = {t.name: pl.read_parquet(data / "parquet" / t.layer / f"{t.name}.parquet") for t in STAGED}
        landed = json.loads((data / "work" / "landed.json").read_text(encoding="utf-8"))
        as_of = datetime.fromisoformat(landed["as_of"])
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        counts = pl.DataFrame([(n, f.height) for n, f in frames.items()], ["table_name", "row_count"], orient="row")
        known = {
            "listed_issues": frames["issues"].select("issue_id"),
            "this_run": ThisRun(as_of, as_of).frame(),
            "table_builds": counts.select("table_name", built_at=pl.lit(as_of, TIMESTAMP)),
            "earlier_run": pl.DataFrame({"as_of": [as_of], "unmapped_share": [0.0]}),
            "earlier_tables": counts,
        }
        raw = Circumstances(raw_changes=data / "work" / "parsed" / "raw_changes").lay_out(connection)
        bench = cls(connection, frames | known, [*raw, *FACTS])
        for name in bench.frames:
            bench.restore(name)
        return bench

    def restore(self, name: str) -> None:
        """Lay down a table, or a fact, as it was; without constraints, so that it may be spoilt."""
        place = ddl.qualified(BY_NAME[name]) if name in BY_NAME else ddl.quoted(name)
        if name in BY_NAME:
            table = BY_NAME[name]
            self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
            lines = [f"{ddl.quoted(n)} {ddl.duckdb_type(c.dtype)}" for n, c in ddl.published_columns(table).items()]
            self.connection.execute(f"CREATE OR REPLACE TABLE {place} ({', '.join(lines)})")
            self.connection.register("sound", self.frames[name])
            self.connection.execute(f"INSERT INTO {place} SELECT * FROM sound")
        else:
            self.connection.register("sound", self.frames[name])
            self.connection.execute(f"CREATE OR REPLACE TABLE {place} AS SELECT * FROM sound")

    def broken(self) -> set[Broken]:
        """Every rule that does not hold, asked straight; warnings left out."""
        found = {(name, "columns_as_declared") for name in BY_NAME if not self._is_shaped(BY_NAME[name])}
        misshapen = {name for name, _ in found}
        contracts = contracts_for(STAGED, self.given)
        for name in BY_NAME.keys() - misshapen:
            table = BY_NAME[name]
            rules = [*declared(table, BY_NAME), *(c.expectation() for c in contracts if c.table_name == name)]
            for bundle in bundles(rules):
                query = bundle.query.replace("{batch}", ddl.qualified(table))
                try:
                    rows = self.connection.execute(query).fetchall()
                except duckdb.Error:
                    rows = [(place, 1) for place in range(len(bundle.expectations))]
                told = (bundle.expectations[place] for place, _ in rows)
                found |= {(name, rule.name) for rule in told if rule.severity == "critical"}
        return found

    def broken_by_great_expectations(self) -> set[Broken]:
        """The same through the audit itself."""
        verdicts = audit(self.connection, STAGED, self.given)
        return {(v.table_name, v.expectation) for v in verdicts if not v.is_passed and v.severity == "critical"}

    def _is_shaped(self, table: type[Table]) -> bool:
        query = (
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"
            " ORDER BY column_index"
        )
        have = self.connection.execute(query, [table.layer, table.name]).fetchall()
        want = [(n, ddl.duckdb_type(c.dtype)) for n, c in ddl.published_columns(table).items()]
        return [(n, t.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")) for n, t in have] == want

    def plant(self, defect: Defect) -> None:
        """Spoil the tables; raises ValueError for a defect that changes nothing here."""
        before = [self._content(name) for name in touched(defect)]
        for statement in defect.sql.split("; "):
            self.connection.execute(statement)
        if before == [self._content(name) for name in touched(defect)]:
            raise ValueError(f"{defect.name}: these tables have no row to spoil")

    def _content(self, name: str) -> object:
        place = ddl.qualified(BY_NAME[name]) if name in BY_NAME else ddl.quoted(name)
        try:
            query = f"SELECT count(*), bit_xor(hash(row)), any_value(typeof(row)) FROM {place} AS row"
            return self.connection.execute(query).fetchall()
        except duckdb.CatalogException:
            return None


def touched(defect: Defect) -> list[str]:
    """Tables and facts a defect changes."""
    pattern = r"(?:UPDATE|DELETE FROM|INSERT INTO|ALTER TABLE|DROP TABLE) (?:\w+\.)?(\w+)"
    return sorted(set(re.findall(pattern, defect.sql)))


def judge(bench: Bench, defect: Defect, *, through_library: bool = False) -> tuple[bool, set[Broken]]:
    """Whether the right rule names a defect, and all that are broken; the tables are sound again afterwards."""
    try:
        bench.plant(defect)
        found = bench.broken()
        if through_library and found != (said := bench.broken_by_great_expectations()):
            raise AssertionError(f"{defect.name}: Great Expectations says {said ^ found} besides")
        return (defect.table_name, defect.rule) in found, found
    finally:
        for name in touched(defect):
            bench.restore(name)


def clean_runs(seeds: Sequence[int], weeks: int) -> Iterator[tuple[int, str]]:
    """Publish a company of each seed; seed and what the audit said, empty if it was published."""
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder, start(simulate_company(seed, weeks=weeks), "cloud") as sandbox:
            connection = Connection(sandbox.url, DEFAULT_EMAIL, DEFAULT_TOKEN)
            settings = RunSettings(
                FlowConfig(), Path(folder), site_name="sandbox", find_connection=lambda at=connection: at
            )
            try:
                run_flow(settings)
                yield seed, ""
            except AuditError as error:
                yield seed, str(error)


def main() -> int:
    """Plant every defect, then run clean; 1 if one is missed or one is imagined."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="data folder of a published company")
    parser.add_argument("--library", type=int, default=10, help="defects that go through Great Expectations as well")
    parser.add_argument("--clean", type=int, default=200, help="clean runs")
    parser.add_argument("--weeks", type=int, default=8, help="weeks of history of a clean run")
    asked = parser.parse_args()
    bench = Bench.over(asked.data)
    began = time.monotonic()
    if alarms := bench.broken():
        print(f"These tables are not sound to begin with: {sorted(alarms)}")
        return 1
    chosen = set(random.Random(7).sample(range(len(DEFECTS)), min(asked.library, len(DEFECTS))))
    missed = []
    for place, defect in enumerate(DEFECTS):
        is_named, found = judge(bench, defect, through_library=place in chosen)
        if not is_named:
            missed.append(defect)
            instead = sorted(found) or "nothing"
            print(f"MISSED  {defect.name}: not {defect.table_name}.{defect.rule} but {instead}", flush=True)
    print(f"{len(DEFECTS) - len(missed)} of {len(DEFECTS)} defects named by the right rule,"
          f" {len(chosen)} of them through Great Expectations too ({time.monotonic() - began:.0f} s)")  # fmt: skip
    alarms = [(seed, text) for seed, text in clean_runs(range(1, asked.clean + 1), asked.weeks) if text]
    for seed, text in alarms:
        print(f"FALSE ALARM  seed {seed}: {text}", flush=True)
    print(f"{len(alarms)} false alarms in {asked.clean} clean runs")
    return 1 if missed or alarms else 0


if __name__ == "__main__":
    sys.exit(main())
