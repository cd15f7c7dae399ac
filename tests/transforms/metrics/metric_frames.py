"""From told histories to the frames metrics are made of: core tables, and the raw ones some metrics read beside them.

What the metrics make of them does not belong here.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import polars as pl

from tests.builders import PROJECT_ID, Frames
from tests.chain import compute
from transforms.core.releases import measure_releases
from transforms.core.stages import order_stages
from transforms.core.statuses import explain_statuses
from transforms.raw import RawProjects, RawStatuses, RawVersions
from transforms.schema import Table, check_schema, check_values
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


def core_of(raw: Frames, workflow: Workflow, as_of: datetime, versions: pl.DataFrame | None = None) -> Core:
    """All that a metric may ask for, of some histories."""
    tables = {name: frame.lazy() for name, frame in compute(raw, workflow, as_of, versions).items()}
    listed = workflow.statuses.select("status_id", status_name=pl.format("Status {}", "status_id")).unique("status_id")
    listed = listed.with_columns(category=pl.lit("new"), is_listed=pl.lit(True)).select(*RawStatuses.columns)
    projects = pl.DataFrame([(PROJECT_ID, "G", "Golden")], schema=RawProjects.polars_schema(), orient="row")
    releases = measure_releases(
        raw.issues.lazy(), (RawVersions.empty() if versions is None else versions).lazy(), projects.lazy(),
        tables["issue_journeys"], tables["work_intervals"], workflow, as_of,
    )  # fmt: skip
    stages = order_stages(explain_statuses(listed.lazy(), tables["status_visits"], workflow), workflow)
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
