"""One asset per core table: its inputs by name, its function, nothing else. What a table means is said there."""

import polars as pl

from pipelines.assets import table_asset
from pipelines.landed import Landed
from transforms.core.changes import Changes, publish_changes
from transforms.core.issue_journeys import IssueJourneys, trace_issue_journeys
from transforms.core.issues import Issues, describe_issues
from transforms.core.releases import Releases, measure_releases
from transforms.core.return_passes import ReturnPasses, find_return_passes
from transforms.core.stages import Stages, order_stages
from transforms.core.status_visits import StatusVisits, build_status_visits
from transforms.core.statuses import Statuses, explain_statuses
from transforms.core.work_intervals import PersonIntervals, WorkIntervals, build_person_intervals, build_work_intervals
from transforms.dependencies import find_dependencies
from transforms.schema import Table
from transforms.workflow import Workflow

PRIVATE_TABLES: tuple[type[Table], ...] = (PersonIntervals,)
"""Tables that name persons by hash: kept in the working store, never published."""

Frame = pl.LazyFrame


@table_asset(Issues)
def issues(raw_issues: Frame, raw_resolutions: Frame, raw_tombstones: Frame, workflow: Workflow) -> Frame:
    """Fill Issues."""
    return describe_issues(raw_issues, raw_resolutions, raw_tombstones, workflow)


@table_asset(Changes)
def changes(raw_changes: Frame) -> Frame:
    """Fill Changes."""
    return publish_changes(raw_changes)


@table_asset(StatusVisits)
def status_visits(
    raw_issues: Frame, raw_changes: Frame, raw_tombstones: Frame, workflow: Workflow, landed_batches: Landed
) -> Frame:
    """Fill StatusVisits."""
    return build_status_visits(raw_issues, raw_changes, workflow, landed_batches.as_of, raw_tombstones)


@table_asset(Statuses)
def statuses(raw_statuses: Frame, status_visits: Frame, workflow: Workflow) -> Frame:
    """Fill Statuses."""
    return explain_statuses(raw_statuses, status_visits, workflow)


@table_asset(Stages)
def stages(statuses: Frame, raw_board_columns: Frame, workflow: Workflow) -> Frame:
    """Fill Stages."""
    return order_stages(statuses, raw_board_columns, workflow)


@table_asset(PersonIntervals)
def person_intervals(
    raw_issues: Frame,
    raw_changes: Frame,
    raw_versions: Frame,
    raw_tombstones: Frame,
    status_visits: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill PersonIntervals; blockers are the one thing that is looked up across issues."""
    as_of = landed_batches.as_of
    blocks = find_dependencies(raw_issues, raw_changes, status_visits, raw_tombstones, workflow, as_of).lazy()
    return build_person_intervals(raw_issues, raw_changes, status_visits, blocks, raw_versions, workflow, as_of)


@table_asset(WorkIntervals)
def work_intervals(person_intervals: Frame) -> Frame:
    """Fill WorkIntervals."""
    return build_work_intervals(person_intervals)


@table_asset(IssueJourneys)
def issue_journeys(
    raw_issues: Frame,
    raw_changes: Frame,
    status_visits: Frame,
    person_intervals: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill IssueJourneys."""
    as_of = landed_batches.as_of
    return trace_issue_journeys(raw_issues, raw_changes, status_visits, person_intervals, workflow, as_of)


@table_asset(ReturnPasses)
def return_passes(work_intervals: Frame) -> Frame:
    """Fill ReturnPasses."""
    return find_return_passes(work_intervals)


@table_asset(Releases)
def releases(
    raw_issues: Frame,
    raw_versions: Frame,
    raw_projects: Frame,
    issue_journeys: Frame,
    work_intervals: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill Releases."""
    as_of = landed_batches.as_of
    return measure_releases(raw_issues, raw_versions, raw_projects, issue_journeys, work_intervals, workflow, as_of)
