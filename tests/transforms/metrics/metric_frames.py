"""From told histories to the frames metrics are made of: core tables, and the raw ones some metrics read beside them.

What the metrics make of them does not belong here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import polars as pl

from tests.builders import PROJECT_ID, Frames
from tests.chain import compute
from transforms.core.issue_journeys import IssueJourneys
from transforms.core.releases import measure_releases
from transforms.core.stages import order_stages
from transforms.core.statuses import explain_statuses
from transforms.metrics.slots import working_between
from transforms.raw import RawBoardColumns, RawProjects, RawStatuses, RawVersions
from transforms.schema import LABEL, TIMESTAMP, Table, check_schema, check_values
from transforms.workflow import Workflow


class Core(NamedTuple):
    """Tables by the names of the assets that make them."""

    raw_issues: pl.LazyFrame
    raw_changes: pl.LazyFrame
    status_visits: pl.LazyFrame
    work_intervals: pl.LazyFrame
    issue_journeys: pl.LazyFrame
    stages: pl.LazyFrame
    releases: pl.LazyFrame


def core_of(
    raw: Frames, workflow: Workflow, as_of: datetime, versions: pl.DataFrame | None = None,
    board_columns: pl.DataFrame | None = None,
) -> Core:  # fmt: skip
    """All that a metric may ask for, of some histories."""
    tables = {name: frame.lazy() for name, frame in compute(raw, workflow, as_of, versions).items()}
    listed = workflow.statuses.select("status_id", status_name=pl.format("Status {}", "status_id")).unique("status_id")
    listed = listed.with_columns(category=pl.lit("new"), is_listed=pl.lit(True)).select(*RawStatuses.columns)
    projects = pl.DataFrame([(PROJECT_ID, "G", "Golden")], schema=RawProjects.polars_schema(), orient="row")
    releases = measure_releases(
        raw.issues.lazy(), (RawVersions.empty() if versions is None else versions).lazy(), projects.lazy(),
        tables["issue_journeys"], tables["work_intervals"], workflow, as_of,
    )  # fmt: skip
    columns = RawBoardColumns.empty() if board_columns is None else board_columns
    stages = order_stages(explain_statuses(listed.lazy(), tables["status_visits"], workflow), columns.lazy(), workflow)
    return Core(
        raw.issues.lazy(), raw.changes.lazy(), tables["status_visits"], tables["work_intervals"],
        tables["issue_journeys"], stages, releases,
    )  # fmt: skip


def checked(table: type[Table], frame: pl.LazyFrame) -> pl.DataFrame:
    """The frame, once it has been found to be what its table declares."""
    made = frame.collect()
    check_schema(table, made)
    check_values(table, made)
    return made


class Told(NamedTuple):
    """A journey without its history: when it was created, started and finished, and what became of it."""

    started_at: datetime | None
    finished_at: datetime | None = None
    issue_type: str = "Story"
    outcome: str = "delivered"
    created_at: datetime | None = None
    is_never_started: bool = False


def journeys_of(told: Iterable[Told], workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """IssueJourneys of journeys told by their clocks alone, for samples too large to tell as histories."""
    rows = pl.DataFrame(list(told), schema=_TOLD_SCHEMA, orient="row").with_row_index("issue_id", offset=1)
    rows = rows.with_columns(
        pl.col.issue_id.cast(pl.Int64),
        pl.col.created_at.fill_null(pl.coalesce("started_at", "finished_at")),
        value_stream=pl.lit(workflow.streams[0].name, LABEL),
        is_counted=pl.lit(True),
        outcome=pl.when(pl.col.finished_at.is_null()).then(pl.lit("in_progress")).otherwise("outcome"),
    )
    ends = rows.with_columns(end=pl.col.finished_at.fill_null(as_of), begin=pl.coalesce("started_at", "finished_at"))
    span = (ends["end"] - ends["begin"]).dt.total_milliseconds()
    is_cycle = (rows["outcome"] == "delivered") & ~rows["is_never_started"]
    lead = (ends["end"] - ends["created_at"]).dt.total_milliseconds()
    working = working_between(ends, "begin", "end", workflow, as_of)
    rows = rows.with_columns(
        span_ms=span, span_working_ms=working, cycle_ms=span.set(~is_cycle, None),
        cycle_working_ms=working.set(~is_cycle, None), lead_ms=lead.set(~is_cycle, None),
    )  # fmt: skip
    blank = {n: _blank(c.dtype, c.nullable) for n, c in IssueJourneys.columns.items() if n not in rows.columns}
    made = rows.with_columns(**blank).select(*IssueJourneys.columns).cast(dict(IssueJourneys.polars_schema()))
    check_schema(IssueJourneys, made)
    return made


_TOLD_SCHEMA = {
    "started_at": TIMESTAMP, "finished_at": TIMESTAMP, "issue_type": pl.String, "outcome": pl.String,
    "created_at": TIMESTAMP, "is_never_started": pl.Boolean,
}  # fmt: skip


def _blank(dtype: pl.DataType, nullable: bool) -> pl.Expr:
    return pl.lit(None if nullable else {pl.String: "", pl.Boolean: False}.get(type(dtype), 0), dtype)
