"""Persons stay in the working store: no key of anybody is in any published table of the simulated company."""

import duckdb
import polars as pl
import pytest

from pipelines.sandbox.company import simulate_company
from tests.pipelines.conftest import publish
from transforms.catalog import TABLES

WEEKS = 16
"""Of the company's history: enough that every stream has people at work."""


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """The company, published without the audit, which takes longest and has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.audit.audit", lambda connection, tables, given: [])
        return publish(simulate_company(weeks=WEEKS), tmp_path_factory.mktemp("company") / "data")


@pytest.fixture(scope="module")
def people(company):
    """The keyed hash of everybody the site names."""
    work = company.data / "work"
    changes, persons = (
        pl.read_parquet(work / folder / f"{name}/*.parquet") for folder, name in
        (("parsed", "raw_changes"), ("private", "person_intervals"))
    )  # fmt: skip
    assigned = changes.filter(pl.col.field == "assignee")
    named = [changes["author"], assigned["from_id"], assigned["to_id"], persons["assignee"]]
    return {key for key in pl.concat([series.alias("key") for series in named]).drop_nulls().unique() if key != 0}


def holding(frame, people):
    """Columns in which a person's key occurs, as a number or within a text."""
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_integer()]
    texts = [name for name, dtype in frame.schema.items() if dtype in (pl.String, pl.Categorical)]
    found = [name for name in numbers if frame[name].cast(pl.Int64).is_in(list(people)).any()]
    keys = [str(key) for key in people]
    said = {name: frame[name].cast(pl.String).drop_nulls().unique() for name in texts}
    return found + [name for name, values in said.items() if values.str.contains_any(keys).any()]


def test_the_company_has_people(people):
    assert len(people) > 30


def test_the_search_finds_who_is_there(people):
    somebody = next(iter(people))
    frame = pl.DataFrame({"count": [1, somebody], "note": ["nobody", f"by {somebody}"], "name": ["a", "b"]})
    assert holding(frame, people) == ["count", "note"]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_key_of_a_person_is_published(table, company, people):
    frame = pl.read_parquet(company.data / "parquet" / table.layer / f"{table.name}.parquet")
    assert holding(frame, people) == []


def test_the_published_database_holds_the_declared_tables_and_no_others(company):
    with duckdb.connect(str((company.data / "flow.duckdb").resolve()), read_only=True) as connection:
        listed = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
    assert set(listed) == {(table.layer, table.name) for table in TABLES}


@pytest.mark.parametrize("name", ["wait_causes", "touch_shares", "handoffs", "approver_concentration"])
def test_what_is_derived_from_persons_is_there_without_them(name, company):
    assert pl.read_parquet(company.data / "parquet" / "metrics" / f"{name}.parquet").height > 0
