"""What ``flow init`` proposes for a site: value streams, stages, kinds, points and calendars, each with its reason.

The workflow is the very one ``flow run`` infers without a configuration. Writing it down belongs to ``flow_toml``.
"""

from __future__ import annotations

import zoneinfo
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time

import polars as pl

from pipelines.jira.sample import SiteSample
from transforms.calendar import WorkingCalendar
from transforms.core.status_visits import build_status_visits
from transforms.core.statuses import explain_statuses
from transforms.infer_calendar import infer_hours
from transforms.infer_workflow import infer_workflow
from transforms.raw import RawChanges, RawIssues, RawProjects, RawResolutions, RawStatuses
from transforms.status_names import is_discarding_resolution
from transforms.workflow import ValueStream, Workflow
from transforms.workflow_rules import WorkflowRules


@dataclass(frozen=True)
class Hours:
    """A calendar to propose: days (0 = Monday), hours as "09:00-17:00", and where they come from."""

    zone: str
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    hours: str = "09:00-17:00"
    reason: str = "the usual hours: too few changes show others"


@dataclass(frozen=True)
class Proposal:
    """Everything proposed. ``statuses`` are rows of core.statuses, hours counted over what was read."""

    workflow: Workflow
    statuses: pl.DataFrame
    projects: dict[str, tuple[str, ...]]
    """Keys of the projects of every value stream."""
    calendar: Hours
    calendars: dict[str, Hours]
    """Of the streams whose people keep other hours or another zone."""
    resolutions: tuple[str, ...]
    """Resolutions recognised as giving work up."""
    read_count: int
    listed_count: int

    @property
    def is_whole(self) -> bool:
        """Whether every issue of the site was read."""
        return self.read_count >= self.listed_count

    def commitment_ids(self, stream: ValueStream) -> list[int]:
        """The statuses at which work of a stream counts as started."""
        first = (pl.col.value_stream == stream.name) & (pl.col.status_order == stream.commitment_order)
        return self.workflow.statuses.filter(first)["status_id"].to_list()


def propose(sample: SiteSample, account_zone: str, as_of: datetime) -> Proposal:
    """Infer all that can be inferred from a sample."""
    issues, changes, statuses, projects, resolutions = (
        sample.tables[table] for table in (RawIssues, RawChanges, RawStatuses, RawProjects, RawResolutions)
    )
    zone = _commonest(sum(sample.zones.values(), Counter()), account_zone or "UTC")
    at_home = [project_id for project_id, zones in sample.zones.items() if _commonest(zones, zone) == zone]
    calendar = _hours(_changes_of(sample, at_home), zone)
    rules = WorkflowRules(WorkingCalendar.weekdays(zone, time(9), time(17)))
    workflow = infer_workflow(rules, issues, changes, statuses, projects, resolutions)
    visits = build_status_visits(issues.lazy(), changes.lazy(), workflow, as_of)
    return Proposal(
        workflow=workflow,
        statuses=explain_statuses(statuses.lazy(), visits, workflow).collect(),
        projects=_project_keys(workflow, projects),
        calendar=calendar,
        calendars=_own_calendars(sample, workflow, calendar),
        resolutions=tuple(sorted(filter(is_discarding_resolution, resolutions["resolution_name"]))),
        read_count=sum(sample.read.values()),
        listed_count=sum(sample.listed.values()),
    )


def _hours(changes: pl.DataFrame, zone: str) -> Hours:
    if (found := infer_hours(changes, zone)) is None:
        return Hours(zone)
    days, start, end = found
    return Hours(zone, days, f"{start:02}:00-{end:02}:00", "when people move issues")


def _changes_of(sample: SiteSample, project_ids: list[int]) -> pl.DataFrame:
    mine = sample.tables[RawIssues].filter(pl.col.project_id.is_in(project_ids)).select("issue_id")
    return sample.tables[RawChanges].join(mine, on="issue_id", how="semi")


def _own_calendars(sample: SiteSample, workflow: Workflow, site: Hours) -> dict[str, Hours]:
    """Calendars of the streams that do not keep the site's: one zone for a company on several continents is wrong."""
    own = {}
    for stream in workflow.streams:
        project_ids = workflow.scopes.filter(pl.col.value_stream == stream.name)["project_id"].unique().to_list()
        zone = _commonest(sum((sample.zones.get(i, Counter()) for i in project_ids), Counter()), site.zone)
        hours = _hours(_changes_of(sample, project_ids), zone)
        if (hours.zone, hours.days, hours.hours) != (site.zone, site.days, site.hours):
            own[stream.name] = hours
    return own


def _commonest(zones: Counter[str], otherwise: str) -> str:
    """The zone most people are in, of those this machine knows."""
    known = zoneinfo.available_timezones()
    return min((zone for zone in zones if zone in known), key=lambda zone: (-zones[zone], zone), default=otherwise)


def _project_keys(workflow: Workflow, projects: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    keys = dict(projects.select("project_id", "project_key").iter_rows())
    rows = workflow.scopes.select("value_stream", "project_id").unique().sort(pl.all()).iter_rows()
    found: dict[str, tuple[str, ...]] = {}
    for stream, project_id in rows:
        found[stream] = (*found.get(stream, ()), keys.get(project_id, str(project_id)))
    return found
