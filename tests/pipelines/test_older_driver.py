"""DuckDB 1.2.2, as drivers in BI tools have it, opens what is published and answers from every table and view."""

import json
import subprocess
from pathlib import Path

import pytest

from transforms.catalog import TABLES

PYTHON = Path(__file__).parents[2] / ".state" / "duckdb122" / "bin" / "python"

READER = """
import duckdb, json, sys
with duckdb.connect(sys.argv[1], read_only=True) as base:
    base.execute("SET TimeZone = 'UTC'")
    told = {"driver": duckdb.__version__, "counts": {}, "comments": {}, "keys": 0}
    names = base.execute("SELECT schema_name, table_name, comment FROM duckdb_tables() UNION ALL "
                         "SELECT schema_name, view_name, comment FROM duckdb_views() WHERE NOT internal").fetchall()
    for schema, name, comment in names:
        read = base.execute(f'SELECT count(*), bit_xor(hash(own)) FROM "{schema}"."{name}" AS own').fetchone()
        told["counts"][f"{schema}.{name}"] = read[0]
        told["comments"][f"{schema}.{name}"] = comment
    told["keys"] = len(base.execute("FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'").fetchall())
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(published):
    """What the older driver says of the published file."""
    if not (PYTHON.parents[1] / ".installed").exists():
        pytest.skip("DuckDB 1.2.2 is not installed; `make duckdb122` sets it up in an environment of its own")
    ended = subprocess.run([PYTHON, "-c", READER, published.data / "flow.duckdb"], capture_output=True, text=True,
                           check=False, timeout=120)  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_it_is_the_older_driver_that_reads(told):
    assert told["driver"] == "1.2.2"


def test_it_reads_every_row_of_every_table(told, published):
    names = {f"{table.layer}.{table.name}" for table in TABLES}
    own = {name: published.rows(f"SELECT count(*) FROM {name}")[0][0] for name in names}
    assert {name: told["counts"][name] for name in names} == own
    assert sum(own.values()) > 100


def test_it_reads_the_views_for_bi_tools(told, published):
    rows = published.rows("SELECT view_name FROM duckdb_views() WHERE schema_name = 'bi'")
    views = [f"bi.{name}" for (name,) in rows]
    assert views
    assert told["counts"]["bi.issues"] == told["counts"]["core.issues"]
    assert set(views) <= set(told["counts"])


def test_it_sees_comments_and_keys(told):
    assert all(told["comments"][f"{table.layer}.{table.name}"] for table in TABLES)
    assert told["keys"] >= len(TABLES)
