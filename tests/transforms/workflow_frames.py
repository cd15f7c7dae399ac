"""Raw tables of a small site for tests of the workflow, told as paths of status names."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from transforms.calendar import WorkingCalendar
from transforms.infer_workflow import infer_workflow
from transforms.raw import RawChanges, RawIssues, RawProjects, RawResolutions, RawStatuses
from transforms.schema import Table
from transforms.workflow import Workflow
from transforms.workflow_rules import StreamRules, WorkflowRules

CALENDAR = WorkingCalendar.weekdays("Europe/Berlin")
START = datetime(2026, 1, 5, 9, tzinfo=UTC)

RESOLUTIONS = {1: "Done", 2: "Won't Do", 3: "Duplicate"}


@dataclass
class SiteBuilder:
    """A site in the making. ``statuses``: name -> (id, category), category None for one no longer listed."""

    statuses: Mapping[str, tuple[int, str | None]]
    projects: Mapping[str, tuple[int, str]] = field(default_factory=lambda: {"APP": (100, "The App")})
    resolutions: Mapping[int, str] = field(default_factory=lambda: RESOLUTIONS)
    issues: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def walk(
        self, path: str, times: int = 1, *, project: str = "APP", issue_type: str = "Story", assignee: int | None = 7,
        was_assigned: bool = False, resolution: int | None = None, level: int = 0,
    ) -> SiteBuilder:  # fmt: skip
        """Add issues that took ``path``: names separated by " > ", the last one the current status."""
        ids = [self.statuses[name.strip()][0] for name in path.split(">")]
        for _ in range(times):
            number = len(self.issues) + 1
            self.issues.append(issue_row(
                number, self.projects[project][0], project, issue_type, ids[-1], assignee, resolution, level
            ))  # fmt: skip
            moves = [("status", a, b) for a, b in pairwise(ids)]
            moves += [("assignee", None, 7), ("assignee", 7, None)] if was_assigned else []
            for step, (what, old, new) in enumerate(moves):
                self.changes.append(change_row(number, START + timedelta(hours=step), step + 1, what, old, new))
        return self

    def tables(self) -> tuple[pl.DataFrame, ...]:
        """Raw issues, changes, statuses, projects, resolutions."""
        statuses = [
            {"status_id": i, "status_name": name, "category": category, "is_listed": category is not None}
            for name, (i, category) in self.statuses.items()
        ]
        return (
            frame(RawIssues, self.issues), frame(RawChanges, self.changes), frame(RawStatuses, statuses),
            frame(RawProjects, [{"project_id": i, "project_key": key, "project_name": name}
                                for key, (i, name) in self.projects.items()]),
            frame(RawResolutions, [{"resolution_id": i, "resolution_name": n} for i, n in self.resolutions.items()]),
        )  # fmt: skip

    def workflow(self, *streams: StreamRules, **rules: Any) -> Workflow:
        """The model of this site."""
        return infer_workflow(WorkflowRules(CALENDAR, streams, **rules), *self.tables())


def issue_row(
    number: int, project_id: int, project_key: str, issue_type: str, status_id: int, assignee: int | None,
    resolution: int | None, level: int,
) -> dict[str, Any]:  # fmt: skip
    """A row of RawIssues; types get their id by name."""
    types = {"Story": 10, "Epic": 11, "Sub-task": 12, "Bug": 13}
    return {
        "issue_id": number, "issue_key": f"{project_key}-{number}", "project_id": project_id,
        "project_key": project_key, "issue_type_id": types.get(issue_type, 99), "issue_type": issue_type,
        "hierarchy_level": level, "status_id": status_id, "created_at": START, "assignee": assignee,
        "resolution_id": resolution, "is_flagged": False, "fix_version_ids": [], "history_count": 0,
    }  # fmt: skip


def change_row(
    issue_id: int, at: datetime, history_id: int, what: str, old: int | None, new: int | None
) -> dict[str, Any]:
    """A row of RawChanges."""
    return {
        "issue_id": issue_id, "changed_at": at, "history_id": history_id, "item_index": 0, "field": what,
        "from_id": old, "to_id": new, "is_automation": False,
    }  # fmt: skip


def frame(table: type[Table], rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows as the table declares them."""
    return pl.DataFrame(rows, schema=table.polars_schema()) if rows else table.empty()


def kinds(workflow: Workflow, names: Mapping[str, tuple[int, str | None]]) -> dict[str, str]:
    """Work kind by status name, in a site of one stream."""
    return _by_name(workflow, names, "work_kind")


def stages(workflow: Workflow, names: Mapping[str, tuple[int, str | None]]) -> dict[str, str]:
    """Stage by status name, in a site of one stream."""
    return _by_name(workflow, names, "stage_name")


def decisions(workflow: Workflow, names: Mapping[str, tuple[int, str | None]]) -> dict[str, str]:
    """What decided, by status name."""
    return _by_name(workflow, names, "decided_by")


def order(workflow: Workflow, names: Mapping[str, tuple[int, str | None]]) -> list[str]:
    """Names of the statuses of the walk, in order."""
    places = {n: place for n, place in _by_name(workflow, names, "status_order").items() if place is not None}
    return sorted(places, key=lambda name: places[name])


def commitment(workflow: Workflow, names: Mapping[str, tuple[int, str | None]]) -> str:
    """Name of the status at which work is committed, in a site of one stream."""
    return order(workflow, names)[workflow.streams[0].commitment_order]


def _by_name(workflow: Workflow, names: Mapping[str, tuple[int, str | None]], column: str) -> dict[str, Any]:
    values = dict(workflow.statuses.select("status_id", column).iter_rows())
    return {name: values[status_id] for name, (status_id, _) in names.items() if status_id in values}


def read_recorded(path: Path) -> list[dict[str, Any]]:
    """Recorded REST issues, one a line."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def tables_of_recorded(issues: Iterable[Mapping[str, Any]]) -> tuple[pl.DataFrame, ...]:
    """Raw tables of recorded issues, as far as needed. A status that only a changelog names has no category."""
    rows, changes = [], []
    statuses: dict[int, tuple[str, str | None]] = {}
    listed: dict[int, tuple[str, str | None]] = {}
    resolutions: dict[int, str] = {}
    projects: dict[int, str] = {}
    for number, issue in enumerate(issues, 1):
        told = issue["fields"]
        for at, history_id, item in _items(issue, "assignee"):
            old, new = (7 if item[side] else None for side in ("from", "to"))
            changes.append(change_row(number, at, history_id, "assignee", old, new))
        for at, history_id, item in _items(issue, "status"):
            changes.append(change_row(number, at, history_id, "status", int(item["from"]), int(item["to"])))
            for side in ("from", "to"):
                statuses[int(item[side])] = (item[f"{side}String"], None)
        status, resolution = told["status"], told.get("resolution")
        projects[int(told["project"]["id"])] = told["project"]["key"]
        if resolution:
            resolutions[int(resolution["id"])] = resolution["name"]
        assignee = 7 if told.get("assignee") else None
        rows.append(issue_row(
            number, int(told["project"]["id"]), told["project"]["key"], told["issuetype"]["name"],
            int(status["id"]), assignee, int(resolution["id"]) if resolution else None,
            told["issuetype"].get("hierarchyLevel", -1 if told["issuetype"].get("subtask") else 0),
        ))  # fmt: skip
        listed[int(status["id"])] = (status["name"], status["statusCategory"]["key"])
    statuses |= listed
    return (
        frame(RawIssues, rows), frame(RawChanges, changes),
        frame(RawStatuses, [{"status_id": i, "status_name": name, "category": category, "is_listed": bool(category)}
                            for i, (name, category) in statuses.items()]),
        frame(RawProjects, [{"project_id": i, "project_key": k, "project_name": k} for i, k in projects.items()]),
        frame(RawResolutions, [{"resolution_id": i, "resolution_name": n} for i, n in resolutions.items()]),
    )  # fmt: skip


def _items(issue: Mapping[str, Any], what: str) -> Iterable[tuple[datetime, int, Mapping[str, Any]]]:
    for history in sorted(issue["changelog"]["histories"], key=lambda history: int(history["id"])):
        for item in history["items"]:
            if item["field"] == what:
                yield _instant(history["created"]), int(history["id"]), item


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
