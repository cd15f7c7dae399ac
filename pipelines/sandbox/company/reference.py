"""What the company's Jira site lists besides issues: statuses, types, fields, projects, versions, boards, resolutions.

Ids are fixed, so that other tests may name them. Issues are made in ``drafts``.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pipelines.sandbox.company.clocks import DAY, from_ms
from pipelines.sandbox.company.specs import StreamSpec
from pipelines.sandbox.company.streams import STREAMS
from pipelines.sandbox.system_fields import FLAGGED_SCHEMA, KNOWN_CUSTOM_SCHEMAS, SYSTEM_FIELDS

Json = dict[str, Any]

CATEGORIES: dict[str, Json] = {
    "new": {"id": 2, "key": "new", "name": "To Do", "colorName": "blue-gray"},
    "indeterminate": {"id": 4, "key": "indeterminate", "name": "In Progress", "colorName": "yellow"},
    "done": {"id": 3, "key": "done", "name": "Done", "colorName": "green"},
}

_SHARED: tuple[tuple[int, str, str], ...] = (
    (3, "In Progress", "indeterminate"), (10000, "Backlog", "new"), (10001, "Selected for Development", "new"),
    (10002, "Ready for Development", "new"), (10003, "In Development", "indeterminate"),
    (10004, "Ready for Review", "indeterminate"), (10005, "In Review", "indeterminate"),
    (10006, "Ready for QA", "indeterminate"), (10007, "In QA", "indeterminate"), (10008, "Testing", "indeterminate"),
    (10009, "Waiting for Approval", "indeterminate"), (10010, "In Approval", "indeterminate"),
    (10011, "Security Review", "indeterminate"), (10012, "Ready for Release", "indeterminate"),
    (10013, "Releasing", "indeterminate"), (10014, "Ready to Deploy", "indeterminate"),
    (10015, "Deploying", "indeterminate"), (10016, "On Hold", "indeterminate"), (10017, "Done", "done"),
    (10018, "Released", "done"), (10019, "Cancelled", "done"), (10020, "To Do", "new"),
)  # fmt: skip

_TEAM_MANAGED: tuple[tuple[int, str, str], ...] = (
    (10101, "To Do", "new"), (10102, "In Progress", "indeterminate"), (10103, "In Review", "indeterminate"),
    (10104, "Done", "done"),
)  # fmt: skip
"""The team-managed project's own: same names, other ids."""

DELETED_STATUSES = {"Ready for Staging": "10030", "Coding": "10031"}
"""Statuses that occur in old changelogs only."""

RENAMED_STATUS = ("10007", "QA Testing", "In QA")
"""Id, former and present name of the status that was renamed."""

RESOLUTIONS: list[Json] = [
    {"id": "10000", "name": "Done", "description": "Work has been completed on this issue."},
    {"id": "10001", "name": "Won't Do", "description": "This issue won't be actioned."},
    {"id": "10002", "name": "Duplicate", "description": "The problem is a duplicate of an existing issue."},
]

FLAGGED, SPRINT, POINTS, EPIC_LINK = "customfield_10021", "customfield_10020", "customfield_10016", "customfield_10014"

IMPEDIMENT: Json = {"id": "10019", "value": "Impediment"}

_TYPES = (
    ("10001", "Epic", 1),
    ("10002", "Story", 0),
    ("10003", "Task", 0),
    ("10004", "Bug", 0),
    ("10005", "Sub-task", -1),
)

ISSUE_TYPES: dict[str, Json] = {
    name: {"id": type_id, "name": name, "subtask": level < 0, "hierarchyLevel": level, "untranslatedName": name}
    for type_id, name, level in _TYPES
}

PRIORITIES: dict[str, Json] = {
    name: {"id": str(number), "name": name} for number, name in enumerate(("Highest", "High", "Medium", "Low"), start=1)
}

FIRST_PROJECT = 10000


_PROJECT_IDS = {spec.key: FIRST_PROJECT + number for number, spec in enumerate(STREAMS)}

_SHARED_IDS = {name: str(number) for number, name, _ in _SHARED} | DELETED_STATUSES

_TEAM_MANAGED_IDS = {name: str(number) for number, name, _ in _TEAM_MANAGED}


def project_id(key: str) -> int:
    """Id of a project by its key. Raises KeyError for a key the company does not have."""
    return _PROJECT_IDS[key]


def status_id(spec: StreamSpec, name: str) -> str:
    """Id of a status by its name in a project. Raises KeyError for a name the project does not have."""
    return (_TEAM_MANAGED_IDS if spec.is_team_managed else _SHARED_IDS)[name]


def list_statuses() -> list[Json]:
    """As ``/status`` lists them: the deleted ones are gone; team-managed ones say whose they are."""
    scope = {"scope": {"type": "PROJECT", "project": {"id": str(project_id("LAB"))}}}
    shared = [_status(*row) for row in _SHARED]
    return shared + [_status(*row) | scope for row in _TEAM_MANAGED]


def _status(number: int, name: str, category: str) -> Json:
    return {"id": str(number), "name": name, "untranslatedName": name, "statusCategory": CATEGORIES[category]}


def list_fields(flag_name: str) -> list[Json]:
    """As ``/field`` lists them. The flag's display name may be localised; its name in JQL and its schema are not."""
    story_points = KNOWN_CUSTOM_SCHEMAS["Story point estimate"]
    custom = (
        (FLAGGED, flag_name, "Flagged", FLAGGED_SCHEMA),
        (SPRINT, "Sprint", "Sprint", KNOWN_CUSTOM_SCHEMAS["Sprint"]),
        (POINTS, "Story point estimate", "Story point estimate", story_points),
        (EPIC_LINK, "Epic Link", "Epic Link", KNOWN_CUSTOM_SCHEMAS["Epic Link"]),
    )
    return [*SYSTEM_FIELDS, *(_custom_field(*row) for row in custom)]


def _custom_field(field_id: str, name: str, clause_name: str, schema: Json) -> Json:
    number = int(field_id.removeprefix("customfield_"))
    return {
        "id": field_id, "key": field_id, "name": name, "custom": True, "orderable": True,
        "navigable": True, "searchable": True, "clauseNames": [f"cf[{number}]", clause_name],
        "schema": schema | {"customId": number},
    }  # fmt: skip


def project_json(spec: StreamSpec) -> Json:
    """A project as issues refer to it."""
    return {
        "id": str(project_id(spec.key)), "key": spec.key, "name": spec.name, "projectTypeKey": "software",
        "simplified": spec.is_team_managed,
    }  # fmt: skip


def list_sprints(spec: StreamSpec, begin: int, end: int) -> list[Json]:
    """Sprints of a stream that has them, from planning to planning; the last is under way."""
    if not spec.has_sprints:
        return []
    period = spec.planning_days * DAY
    starts = range(begin, end, period)
    return [
        {
            "id": 100 + number, "name": f"{spec.key} Sprint {number + 1}", "originBoardId": project_id(spec.key) - 9900,
            "state": "active" if start + period > end else "closed",
            "startDate": _instant(start), "endDate": _instant(start + period),
        }
        for number, start in enumerate(starts)
    ]  # fmt: skip


def _instant(at: int) -> str:
    return f"{from_ms(at):%Y-%m-%dT%H:%M:%S}.000Z"


def board(spec: StreamSpec, begin: int, end: int) -> Json:
    """The stream's board: one column a stage; the limits in the columns are generous and never bind."""
    number = project_id(spec.key) - 9900
    kind = "scrum" if spec.has_sprints else "kanban"
    columns = [{"name": "Backlog", "statuses": [{"id": status_id(spec, spec.backlog_status)}]}]
    for stage in spec.stages:
        names = [name for name in (stage.queue, stage.active) if name and name != spec.done_status]
        column: Json = {"name": stage.name, "statuses": [{"id": status_id(spec, name)} for name in names]}
        columns.append(column | ({"max": 60} if spec.key == "WEB" and not stage.gate_days else {}))
    columns.append({"name": "Done", "statuses": [{"id": status_id(spec, spec.done_status)}]})
    name = f"{spec.key} board"
    return {
        "id": number, "name": name, "type": kind,
        "location": {"projectId": project_id(spec.key), "projectKey": spec.key, "projectName": spec.name},
        "configuration": {
            "id": number, "name": name, "type": kind, "filter": {"id": str(10200 + number)},
            "columnConfig": {"columns": columns, "constraintType": "issueCount" if spec.key == "WEB" else "none"},
        },
        "sprints": list_sprints(spec, begin, end),
    }  # fmt: skip


def version_json(spec: StreamSpec, number: int, kind: str, opened: int, end: int) -> Json:
    """A release: of the train that leaves at ``opened``, or a hotfix in its week."""
    is_hotfix = kind == "hotfix"
    day: date = from_ms(opened).date() - timedelta(days=7 * is_hotfix)
    return {
        "id": str(20000 + 1000 * (project_id(spec.key) - FIRST_PROJECT) + 2 * number + is_hotfix),
        "name": f"{spec.key.title()} {1 + number // 10}.{number % 10}{'-hotfix' if is_hotfix else ''}",
        "projectId": project_id(spec.key), "archived": False, "released": day <= from_ms(end).date(),
        "releaseDate": day.isoformat(),
    }  # fmt: skip
