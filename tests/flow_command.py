"""The ``flow`` command against a Jira site on loopback, as a user would call it; and the tables it publishes.

What the tables should hold is for the tests that use this.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import duckdb
import polars as pl

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # typer asks click for names that click means to drop
    from typer.testing import CliRunner

    from pipelines.cli import app

from pipelines.sandbox.server import DEFAULT_EMAIL, DEFAULT_TOKEN, Sandbox, start
from pipelines.sandbox.site import Site

Flavour = Literal["cloud", "dc"]

FLAVOURS: tuple[Flavour, ...] = ("cloud", "dc")

UNSET = ("JIRA_URL", "JIRA_EMAIL", "JIRA_API_TOKEN", "JIRA_TOKEN", "FLOW_CONFIG", "FLOW_DATA", "DAGSTER_HOME")


class Outcome(NamedTuple):
    """How a call of the command ended."""

    exit_code: int
    output: str
    error: str


def flow(*arguments: str | Path, **environment: str) -> Outcome:
    """Call the command in this process; of the variables it reads it gets only these."""
    variables = dict.fromkeys(UNSET) | environment
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        ended = CliRunner().invoke(app, [str(argument) for argument in arguments], env=variables)
    return Outcome(ended.exit_code, ended.stdout, ended.stderr)


def installed_flow(*arguments: str | Path, **environment: str) -> Outcome:
    """Call the installed command in a process of its own, as a shell does. Slower: a cold start each time."""
    variables = {name: value for name, value in os.environ.items() if name not in UNSET} | environment
    command = [str(Path(sys.executable).with_name("flow")), *map(str, arguments)]
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=240, check=False)
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


@contextmanager
def serving(site: Site, flavour: Flavour) -> Iterator[tuple[Sandbox, dict[str, str]]]:
    """A site on loopback, and the variables that let ``flow`` reach it."""
    with start(site, flavour) as sandbox:
        yield sandbox, access(sandbox.url, flavour)


def access(url: str, flavour: Flavour, token: str = DEFAULT_TOKEN) -> dict[str, str]:
    """Variables for a site of this flavour."""
    if flavour == "dc":
        return {"JIRA_URL": url, "JIRA_TOKEN": token}
    return {"JIRA_URL": url, "JIRA_EMAIL": DEFAULT_EMAIL, "JIRA_API_TOKEN": token}


def published(data: Path, schema: str, table: str) -> pl.DataFrame:
    """A published table as Parquet."""
    return pl.read_parquet(data / "parquet" / schema / f"{table}.parquet")


def in_duckdb(data: Path, schema: str, table: str) -> pl.DataFrame:
    """The same table as DuckDB has it; instants in UTC."""
    with duckdb.connect(data / "flow.duckdb", read_only=True) as base:
        base.execute("SET TimeZone = 'UTC'")
        return base.sql(f"SELECT * FROM {schema}.{table}").pl()


def all_bytes(data: Path) -> dict[str, bytes]:
    """Every published file and what it holds, found the way readers find it."""
    found = [data / "flow.duckdb", *sorted((data / "parquet").rglob("*.parquet"))]
    return {str(path.relative_to(data)): path.read_bytes() for path in found}
