"""What the audit costs: its share in a cold full run, and how it grows with the tables. ``make auditbench``.

The share is taken from a run on a site of 125,000 issues and a million changes, served over HTTP by another process;
the import of Great Expectations, which no size of data changes, is told apart. For the growth a build of a small
company is laid down many times over in a DuckDB file, each copy under issues of its own, and only audited. CPU seconds
are of the process that runs, with all its threads; memory is the most it ever held.
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb

import pipelines.assets.published
from benchmarks.audit_builds import Moment, build, raw_of_company, with_itself_before
from benchmarks.audit_tables import BY_NAME, Staged
from pipelines import ddl
from pipelines.assets.published import STAGED
from pipelines.checks import audit, load_library
from pipelines.config import FlowConfig
from pipelines.jira import Connection
from pipelines.run import run_flow
from pipelines.sandbox.big import big_site
from pipelines.sandbox.company.build import NOW
from pipelines.sandbox.server import DEFAULT_EMAIL, DEFAULT_TOKEN, start
from pipelines.settings import RunSettings
from pipelines.warehouse import STORAGE_VERSION

BAR_SHARE = 0.25

MEMORY = "4GB"
"""What DuckDB may hold while it audits copies; the rest is laid on disk. A run takes what it takes by itself."""

BY_ISSUE = (
    "issues", "changes", "status_visits", "work_intervals", "issue_journeys", "return_passes", "ageing_work",
    "completeness", "change_seals", "landed_changes", "landed_issues", "listed_issues",
)  # fmt: skip
"""Tables and facts that have rows by issue; only these grow."""

SUMS = {
    "stage_flow_weekly": ("presence_ms",),
    "flow_weekly": ("delivered_count",),
    "cycle_times": ("delivered_count", "never_started_count"),
    "statuses": ("visit_count", "elapsed_hours"),
}
"""Columns of small tables that are held against the large ones, so that they grow with them."""


@dataclass(frozen=True)
class Cost:
    """CPU seconds, and the most memory in megabytes."""

    audit: float
    run: float
    library: float
    megabytes: float

    @property
    def share(self) -> float:
        """The audit's part of the run; the import of the library is in neither."""
        return self.audit / self.run


def cold_run(issue_count: int, histories: int) -> Cost:
    """Run on a large site, from nothing to a published version."""
    with start(big_site(issue_count, histories), "cloud") as sandbox:
        return _in_a_process(_measured_run, sandbox.url)


def _measured_run(url: str) -> Cost:
    library = _cpu_of(load_library)
    spent = []
    published: Any = pipelines.assets.published
    for name in ("gather", "audit_build"):
        setattr(published, name, _timed(getattr(published, name), spent))
    with tempfile.TemporaryDirectory() as folder:
        connection = Connection(url, DEFAULT_EMAIL, DEFAULT_TOKEN)
        settings = RunSettings(FlowConfig(), Path(folder), site_name="big", find_connection=lambda: connection)
        run = _cpu_of(lambda: run_flow(settings))
    return Cost(sum(spent), run, library, _megabytes())


def audit_alone(staged: Staged, copies: int) -> tuple[int, Cost]:
    """Audit so many copies of these tables; rows of core.changes, and the cost."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flow.duckdb"
        rows = _in_a_process(_lay_down_copies, staged, path, copies)
        return rows, _in_a_process(_measured_audit, path)


def _measured_audit(path: Path) -> Cost:
    library = _cpu_of(load_library)
    with duckdb.connect(path, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET memory_limit = '{MEMORY}'; SET enable_progress_bar = false")
        facts = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()
        given = [name for (name,) in facts]
        began = _cpu()
        failed = [v for v in audit(connection, STAGED, given) if not v.is_passed and v.severity == "critical"]
        spent = _cpu() - began
    if failed:
        raise AssertionError(f"sound tables fail: {[(v.table_name, v.expectation) for v in failed]}")
    return Cost(spent, spent, library, _megabytes())


def _lay_down_copies(staged: Staged, path: Path, copies: int) -> int:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {ddl.text(str(path))} AS flow (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE flow; SET enable_progress_bar = false")
        for name, frame in {**staged.frames, **staged.facts}.items():
            connection.register("sound", frame)
            _copy(connection, name, copies)
            connection.unregister("sound")
        [rows] = connection.execute("SELECT count(*) FROM core.changes").fetchone() or (0,)
    return int(rows)


def _copy(connection: duckdb.DuckDBPyConnection, name: str, copies: int) -> None:
    """Lay a table down so often; ids of issues and histories differ from copy to copy."""
    place = ddl.qualified(BY_NAME[name]) if name in BY_NAME else ddl.quoted(name)
    columns = connection.execute("DESCRIBE sound").fetchall()
    if name in BY_NAME:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {BY_NAME[name].layer}")
    shown = ", ".join(_copied(name, column, kind, copies) for column, kind, *_ in columns)
    many = f", range({copies}) AS copies(number)" if name in BY_ISSUE else ""
    connection.execute(f"CREATE TABLE {place} AS SELECT {shown} FROM sound{many}")


def _copied(name: str, column: str, kind: str, copies: int) -> str:
    quoted = ddl.quoted(column)
    if name in BY_ISSUE and column == "issue_id":
        return f"issue_id + number * {STRIDE} AS issue_id"
    if column in SUMS.get(name, ()):
        return f"({quoted} * {copies})::{kind} AS {quoted}"
    if name == "earlier_tables" and column == "row_count":
        return f"CASE WHEN table_name IN {BY_ISSUE} THEN row_count * {copies} ELSE row_count END AS row_count"
    return quoted


STRIDE = 10_000_000
"""Between the ids of one copy's issues and the next's."""


def small_company() -> Staged:
    """A build to copy: twelve weeks of the simulated company."""
    return with_itself_before(build(raw_of_company(1, 12), Moment(NOW)))


def _timed(work: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    def measured(*arguments: Any) -> Any:
        began = _cpu()
        try:
            return work(*arguments)
        finally:
            spent.append(_cpu() - began)

    return measured


def _cpu_of(work: Callable[[], object]) -> float:
    began = _cpu()
    work()
    return _cpu() - began


def _cpu() -> float:
    """Seconds of this process and of those it has waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_a_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """A fresh process, so that its memory is that of the work alone."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Slope of a line through logarithms, by its ends."""
    return math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1] / sizes[0])


def main() -> int:
    """Print both; 1 if the audit takes more than its share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=125_000)
    parser.add_argument("--histories", type=int, default=8)
    parser.add_argument("--copies", type=int, nargs="*", default=[100, 400, 1600, 6400])
    asked = parser.parse_args()
    found, staged = [], small_company()
    for copies in asked.copies:
        rows, cost = audit_alone(staged, copies)
        found.append((rows, cost.audit))
        print(f"{rows:>12,} changes: audit {cost.audit:6.1f} s of CPU, {cost.megabytes:,.0f} MB at most", flush=True)
    if len(found) > 1:
        print(f"growth n^{exponent(*zip(*found, strict=True)):.2f}", flush=True)
    if not asked.issues:
        return 0
    cost = cold_run(asked.issues, asked.histories)
    print(f"{asked.issues:,} issues, {asked.issues * asked.histories:,} changes: run {cost.run:.0f} s of CPU, audit"
          f" {cost.audit:.1f} s ({cost.share:.0%}); import of the library {cost.library:.1f} s, apart")  # fmt: skip
    return 1 if cost.share > BAR_SHARE else 0


if __name__ == "__main__":
    sys.exit(main())
