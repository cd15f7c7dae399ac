"""Facts per issue from its intervals: ``sum_passes`` beside DuckDB and a plain group-by; and the whole chain's cost."""

from __future__ import annotations

from functools import partial
from typing import Any

import duckdb
import polars as pl

from benchmarks.history import AS_OF, History, workflow
from benchmarks.protocol import Bar, Report, Variant, peak_mb, race, spend
from transforms.core.issue_journeys import trace_issue_journeys
from transforms.core.status_visits import build_status_visits
from transforms.core.work_intervals import PersonIntervals, build_person_intervals
from transforms.dependencies import BLOCK_SCHEMA
from transforms.pass_sums import SUM_COLUMNS, sum_passes
from transforms.raw import RawVersions
from transforms.workflow import SPAN_KINDS, TERMINAL_KINDS

TITLE = "facts per issue from intervals"

PRODUCT, DUCKDB, GROUPED = "sum_passes", "DuckDB group by", "Polars group_by"

COLUMNS = ("issue_id", "pass_number", "started_at", "finished_at", *SUM_COLUMNS)
"""What every variant has to give."""

SUMMED = (
    "issue_id", "pass_number", "kind", "kind_alternative", "is_rework", "entered_at", "left_at", "elapsed_ms",
    "working_ms",
)  # fmt: skip
"""Columns that are summed."""

STRETCHES = 90_000
"""Of three thousand years each, these come within a factor of two of the widest integer; in microseconds they wrap."""

CENTURIES_MS = 3_000 * 366 * 86_400_000
"""Three thousand years in milliseconds: an absurd age."""

SQL = f"""
select issue_id, pass_number,
       min(entered_at) filter (kind <> 'not_started') as started_at,
       min(entered_at) filter (kind in {TERMINAL_KINDS}) as finished_at,
       {
    ", ".join(
        f"coalesce(sum({unit}_ms) filter (kind = '{kind}'), 0)::bigint as {kind}{column}"
        for kind in SPAN_KINDS
        for unit, column in (("elapsed", "_ms"), ("working", "_working_ms"))
    )
}
from intervals group by issue_id, pass_number
"""


def measure(history: History, rounds: int) -> Report:
    """Race the facts, and say what the whole chain from raw tables to journeys costs."""
    intervals = person_intervals(history).collect()
    measured = race(TITLE, len(intervals), variants(intervals), rounds)
    bars = [
        Bar(f"{TITLE}: × {DUCKDB}", measured.ratio(DUCKDB), 1.5),
        Bar(f"{TITLE}: sums of centuries that overflow", _wrong_sums(), 0, is_floor=False),
    ]
    chain = spend(lambda: _chain(history))
    note = (
        f"{len(history.changes):,} changes from raw tables to journeys: {chain.wall:.1f} s wall, {chain.cpu:.1f} s CPU"
    )
    return Report([measured], bars, [f"{note}, {peak_mb():,.0f} MB at most so far"])


def person_intervals(history: History) -> pl.LazyFrame:
    """The intervals of a history, by the product's own functions."""
    issues, changes, flow = history.issues.lazy(), history.changes.lazy(), workflow()
    visits = build_status_visits(issues, changes, flow, AS_OF)
    blocks, versions = pl.LazyFrame(schema=BLOCK_SCHEMA), RawVersions.empty().lazy()
    return build_person_intervals(issues, changes, visits, blocks, versions, flow, AS_OF)


def variants(intervals: pl.DataFrame) -> list[Variant]:
    """The product's sums and two others over the same intervals."""
    connection = duckdb.connect()
    names = ("issue_id", "pass_number", "kind", "entered_at", "elapsed_ms", "working_ms")
    plain = intervals.select(names).with_columns(pl.col.kind.cast(pl.String))
    connection.register("plain", plain.to_arrow())
    connection.execute("create table intervals as select * from plain")
    return [
        Variant(PRODUCT, partial(sum_passes, intervals), rows),
        Variant(DUCKDB, lambda: connection.sql(SQL).to_arrow_table(), rows),
        Variant(GROUPED, partial(_grouped, intervals), rows),
    ]


def rows(result: Any) -> pl.DataFrame:
    """Comparable rows of a Polars or Arrow result."""
    frame = result if isinstance(result, pl.DataFrame) else pl.DataFrame(result)
    instants = pl.col("started_at", "finished_at").dt.cast_time_unit("us")
    return frame.select(COLUMNS).with_columns(instants.dt.epoch("us"), pl.col("pass_number").cast(pl.Int64))


def _grouped(intervals: pl.DataFrame) -> pl.DataFrame:
    sums = [
        pl.col(f"{unit}_ms").filter(pl.col.kind == kind).sum().alias(f"{kind}{column}")
        for kind in SPAN_KINDS
        for unit, column in (("elapsed", "_ms"), ("working", "_working_ms"))
    ]
    return intervals.group_by("issue_id", "pass_number").agg(
        *sums,
        started_at=pl.col.entered_at.filter(pl.col.kind != "not_started").min(),
        finished_at=pl.col.entered_at.filter(pl.col.kind.is_in(TERMINAL_KINDS)).min(),
    )


def _chain(history: History) -> int:
    issues, changes, flow = history.issues.lazy(), history.changes.lazy(), workflow()
    visits = build_status_visits(issues, changes, flow, AS_OF)
    intervals = person_intervals(history)
    return trace_issue_journeys(issues, changes, visits, intervals, flow, AS_OF).collect().height


def _wrong_sums() -> int:
    """Issues whose sums of absurdly long stretches differ from Python's own exact integers."""
    stretches = pl.DataFrame(
        {
            "issue_id": [1] * STRETCHES, "pass_number": [1] * STRETCHES, "kind": ["touch"] * STRETCHES,
            "kind_alternative": [None] * STRETCHES, "is_rework": [False] * STRETCHES, "entered_at": [AS_OF] * STRETCHES,
            "left_at": [None] * STRETCHES,
            "elapsed_ms": [CENTURIES_MS] * STRETCHES, "working_ms": [CENTURIES_MS] * STRETCHES,
        },
        schema={name: PersonIntervals.columns[name].dtype for name in SUMMED},
    )  # fmt: skip
    return int(sum_passes(stretches)["touch_ms"].to_list() != [CENTURIES_MS * STRETCHES])
