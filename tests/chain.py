"""The whole calculation from raw frames to core frames, in one call: the only place in the tests that knows its order.

Nothing is judged here; ``oracle`` says what the frames should hold.
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from tests.builders import Frames
from transforms.core.issue_journeys import IssueJourneys, trace_issue_journeys
from transforms.core.status_visits import StatusVisits, build_status_visits
from transforms.core.work_intervals import PersonIntervals, WorkIntervals, build_person_intervals, build_work_intervals
from transforms.dependencies import find_dependencies
from transforms.raw import RawTombstones, RawVersions
from transforms.schema import check_schema, check_values
from transforms.workflow import Workflow

TABLES = {
    "status_visits": StatusVisits, "person_intervals": PersonIntervals, "work_intervals": WorkIntervals,
    "issue_journeys": IssueJourneys,
}  # fmt: skip


def compute(
    raw: Frames, workflow: Workflow, as_of: datetime, versions: pl.DataFrame | None = None,
    tombstones: pl.DataFrame | None = None,
) -> dict[str, pl.DataFrame]:  # fmt: skip
    """Core tables by name, from raw issues and changes; every table is checked against its declaration."""
    moment = as_of.astimezone(UTC)
    blocks = find_blocks(raw, workflow, moment, tombstones)
    return compute_part(raw, blocks, workflow, moment, versions, tombstones)


def find_blocks(
    raw: Frames, workflow: Workflow, as_of: datetime, tombstones: pl.DataFrame | None = None
) -> pl.DataFrame:
    """When which issue was blocked by another: the one step that looks across issues."""
    issues, changes = raw.issues.lazy(), raw.changes.lazy()
    gone = _lazy(tombstones)
    visits = build_status_visits(issues, changes, workflow, as_of, gone)
    return find_dependencies(issues, changes, visits, gone, workflow, as_of)


def _lazy(tombstones: pl.DataFrame | None) -> pl.LazyFrame:
    """What is gone; nothing where nothing is said of it."""
    return (RawTombstones.empty() if tombstones is None else tombstones).lazy()


def compute_part(
    raw: Frames, blocks: pl.DataFrame, workflow: Workflow, as_of: datetime, versions: pl.DataFrame | None = None,
    tombstones: pl.DataFrame | None = None,
) -> dict[str, pl.DataFrame]:  # fmt: skip
    """Core tables of some of a site's issues, whose blocks are known."""
    issues, changes = raw.issues.lazy(), raw.changes.lazy()
    releases = (RawVersions.empty() if versions is None else versions).lazy()
    visits = build_status_visits(issues, changes, workflow, as_of, _lazy(tombstones))
    persons = build_person_intervals(issues, changes, visits, blocks.lazy(), releases, workflow, as_of)
    journeys = trace_issue_journeys(issues, changes, visits, persons, workflow, as_of)
    lazy = {
        "status_visits": visits, "person_intervals": persons, "work_intervals": build_work_intervals(persons),
        "issue_journeys": journeys,
    }  # fmt: skip
    made = {name: frame.collect() for name, frame in lazy.items()}
    for name, frame in made.items():
        check_schema(TABLES[name], frame)
        check_values(TABLES[name], frame)
    return made
