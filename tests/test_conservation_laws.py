"""The conservation laws of METHODS §0.4: on all real data at hand, on the simulated company, on random histories."""

import inspect
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.organisations.product import asset_functions
from pipelines.assets import core, metrics
from tests.builders import PROJECT_ID
from tests.flow_command import FLAVOURS
from tests.laws import LAWS, TABLES, broken_laws
from tests.short_company import published_short_company
from tests.strategies import Case, cases, dated_cases, released_cases
from transforms import raw
from transforms.schema import Table

FUNCTIONS = asset_functions(core, metrics)
RAW = {
    table.name: table
    for table in vars(raw).values()
    if inspect.isclass(table) and issubclass(table, Table) and table is not Table
}


class Tables:
    """Tables of a small site by name, each made of what its asset's function asks for."""

    def __init__(self, case: Case) -> None:
        frames, workflow, as_of = case.frames_and_workflow()
        projects = pl.DataFrame([(PROJECT_ID, "G", "Golden")], RAW["raw_projects"].polars_schema(), orient="row")
        statuses = workflow.statuses.select(
            "status_id", status_name=pl.format("Status {}", "status_id"), category=pl.lit("new"), is_listed=pl.lit(True)
        )
        told = {"raw_issues": frames.issues, "raw_changes": frames.changes, "raw_projects": projects}
        told |= {"raw_statuses": statuses.unique("status_id").select(*RAW["raw_statuses"].columns)}
        self._known: dict[str, Any] = {name: frame.lazy() for name, frame in told.items()}
        if case.versions is not None:
            self._known["raw_versions"] = case.versions.lazy()
        self._known |= {"workflow": workflow, "as_of": as_of, "landed_batches": SimpleNamespace(as_of=as_of)}

    def of(self, name: str) -> Any:
        """The table of that name; an empty one of what nobody told."""
        if name not in self._known and name in RAW:
            self._known[name] = RAW[name].empty().lazy()
        if name not in self._known:
            asked = inspect.signature(FUNCTIONS[name]).parameters
            self._known[name] = FUNCTIONS[name](**{each: self.of(each) for each in asked}).collect().lazy()
        return self._known[name]


def opened(case: Case) -> duckdb.DuckDBPyConnection:
    """The tables the laws speak of, in a database."""
    tables, connection = Tables(case), duckdb.connect()
    for schema, names in TABLES.items():
        connection.execute(f"CREATE SCHEMA {schema}")
        for name in names:
            frame = tables.of(name).collect()  # noqa: F841 (DuckDB reads it by its name)
            connection.execute(f"CREATE TABLE {schema}.{name} AS FROM frame")
    return connection


def published(data) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(data / "flow.duckdb", read_only=True)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_law_holds_on_all_real_data(recordings, flavour):
    assert broken_laws(published(recordings(flavour))) == {}


def test_every_law_holds_on_the_company_and_finds_rows_to_hold_on(tmp_path_factory):
    connection = published(published_short_company(tmp_path_factory))
    assert broken_laws(connection) == {}
    for schema, names in TABLES.items():
        assert all(connection.execute(f"FROM {schema}.{name}").fetchone() for name in names)


@settings(max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.one_of(cases(), dated_cases(), released_cases()))
def test_every_law_holds_on_random_histories(case):
    assert broken_laws(opened(case)) == {}


DEFECTS = {
    "touch, wait, blocked, unassigned and done_gap make up the span": "core.issue_journeys SET wait_ms = wait_ms + 1",
    "the span lies between its ends": "core.issue_journeys SET cycle_ms = cycle_ms - 1",
    "least touch ≤ touch ≤ most touch": "core.issue_journeys SET touch_ms_high = touch_ms - 1",
    "evidence ≤ shared touch ≤ touch by status ≤ all time": (
        "metrics.touch_shares SET whole_working_days = touch_by_status_working_days - 1"
    ),
    "work in progress changes by what started less what left": (
        "metrics.flow_weekly SET started_count = started_count + 1"
    ),
    "a week begins with the work the last one ended with": "metrics.flow_weekly SET wip_start = wip_start + 1",
    "a stage holds what came less what went": "metrics.stage_flow_weekly SET arrival_count = arrival_count + 1",
    "Little's law holds on every finite window: L = Λ · w": (
        "metrics.flow_weekly SET residence_days = residence_days * 1.1"
    ),
    "presence is the work present times its stay": "metrics.stage_flow_weekly SET presence_ms = presence_ms + 1000",
    "the six causes make up the wait": "metrics.wait_causes SET batch_ms = batch_ms + 1",
    "a step of the map holds what came less what went": "metrics.value_stream_map SET wip_end = wip_end + 1",
    "no time of a step is negative": "metrics.value_stream_map SET blocked_days_total = -1",
    "what a quarter's steps hold is what the intervals of the flow hold": (
        "core.work_intervals SET elapsed_ms = elapsed_ms + 60000"
    ),
    "no more has come to a stage than to the one before it, and no more has left than come": (
        "metrics.cumulative_flow_daily SET departed_count = arrived_count + 1"
    ),
    "types make up all work": (
        "metrics.cycle_times SET delivered_count = delivered_count + 1 WHERE issue_type = 'All'"
    ),
}
"""A defect that each law has to see."""


def test_every_law_sees_a_defect(tmp_path_factory):
    with duckdb.connect() as connection:
        path = published_short_company(tmp_path_factory) / "flow.duckdb"
        connection.execute(f"ATTACH '{path}' AS shown (READ_ONLY)")
        for law in LAWS:
            assert law in broken_by(connection, DEFECTS[law])


def broken_by(connection: duckdb.DuckDBPyConnection, defect: str) -> dict[str, list[tuple]]:
    """Laws broken in a copy of the tables with a defect in it."""
    connection.execute("BEGIN")
    for schema, names in TABLES.items():
        connection.execute(f"CREATE SCHEMA {schema}")
        for name in names:
            connection.execute(f"CREATE TABLE {schema}.{name} AS FROM shown.{schema}.{name}")
    connection.execute(f"UPDATE {defect}")
    broken = broken_laws(connection)
    connection.execute("ROLLBACK")
    return broken
