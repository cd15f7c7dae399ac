"""The golden stories as a Jira site would tell them, and as raw tables.

The stories leave out what a site sends beside them: ids, project, field ids, persons, current values, the epic's own
status, status categories. All that is invented here, the same way every time, and nothing of it can change an answer.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Literal

from tests.builders import Board, Frames, History, Status, frames, history
from transforms.calendar import WorkingCalendar
from transforms.workflow import Workflow

Json = dict[str, Any]
Flavour = Literal["cloud", "dc"]

GOLDEN: Json = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))
CASES: list[Json] = GOLDEN["cases"]
STATUSES: Json = GOLDEN["statuses"]

SITE_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""The site's clock: an hour after the latest ``as_of`` of the stories."""

FLAGGED_FIELD = "customfield_10021"

PROJECT = {"id": "10000", "key": "G", "name": "Golden stories", "projectTypeKey": "software", "simplified": False}

TYPES = {
    "Story": {"id": "10001", "name": "Story", "subtask": False, "hierarchyLevel": 0},
    "Epic": {"id": "10000", "name": "Epic", "subtask": False, "hierarchyLevel": 1},
    "Sub-task": {"id": "10003", "name": "Sub-task", "subtask": True, "hierarchyLevel": -1},
}

CATEGORIES = {
    "To Do": {"id": 2, "key": "new", "name": "To Do", "colorName": "blue-gray"},
    "In Progress": {"id": 4, "key": "indeterminate", "name": "In Progress", "colorName": "yellow"},
    "Done": {"id": 3, "key": "done", "name": "Done", "colorName": "green"},
}

CATEGORY_OF_CLASS = {"queue": "To Do", "active": "In Progress", "done": "Done", "discarded": "Done"}

BLOCKS = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}

STAGES = {
    "Backlog": "Backlog", "Selected": "Selected", "In Progress": "Development",
    "Ready for Review": "Review", "In Review": "Review", "Ready for QA": "QA", "In QA": "QA",
    "Awaiting Approval": "Approval", "Ready for Release": "Release", "Done": "Done", "Cancelled": "Done",
}  # fmt: skip
"""Stages of the golden workflow, as tests/golden_flow.toml has them."""

GOLDEN_BOARD = Board({name: Status(int(s["id"]), STAGES[name], s["cls"], s["order"]) for name, s in STATUSES.items()})


def golden_workflow(case: Json) -> Workflow:
    """The workflow and calendar of a case."""
    hours, free = GOLDEN["calendar"], frozenset(date.fromisoformat(day) for day in case["holidays"])
    opening = (time.fromisoformat(hours["start"]), time.fromisoformat(hours["end"]))
    calendar = WorkingCalendar.weekdays(hours["tz"], *opening, holidays=free, days=tuple(hours["weekdays"]))
    first = next(name for name, status in STATUSES.items() if status["order"] == GOLDEN["commitment_order"])
    return GOLDEN_BOARD.workflow(calendar=calendar, commitment=first)


# --- as raw tables ----------------------------------------------------------------------------------------------------


def story_frames(case: Json) -> Frames:
    """The issues of a case as raw tables, told item by item through the builder."""
    return frames(*(_told(issue) for issue in case["issues"]))


def _told(issue: Json) -> History:
    items = [(_instant(history_["created"]), int(history_["id"]), item) for history_, item in _items(issue)]
    items.sort(key=lambda told: told[0])
    first = next((item["from"] for _, _, item in items if item["field"] == "status"), None)
    names = {status["id"]: name for name, status in STATUSES.items()}
    told = history(issue["key"], GOLDEN_BOARD).created(
        _instant(issue["created"]), status=names.get(first, issue["current_status"] or "Backlog"),
        assignee=issue["assignee_at_creation"], issue_type=issue["issuetype"], parent=issue["parent"],
    )  # fmt: skip
    for at, number, item in items:
        _tell(told, at, number, item, names)
    return told.now_in(issue["current_status"]) if issue["current_status"] else told


def _tell(told: History, at: datetime, number: int, item: Json, names: dict[str, str]) -> None:
    match item["field"]:
        case "status":
            told.to(names[item["to"]], at, claims=names[item["from"]], history_id=number)
        case "Flagged" if item["toString"]:
            told.flag(at, history_id=number)
        case "Flagged":
            told.unflag(at, history_id=number)
        case "assignee":
            told.assign(item["to"], at, history_id=number)
        case "Link" if item["to"] and "is blocked by" in item["toString"]:
            told.block_on(item["to"], at, history_id=number)
        case other:
            raise ValueError(f"the stories have a field this adapter does not know: {other}")


def _items(issue: Json) -> list[tuple[Json, Json]]:
    return [(history_, item) for history_ in issue["histories"] for item in history_["items"]]


def _instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)


# --- as a site's answers ----------------------------------------------------------------------------------------------


def story_issues(flavour: Flavour = "cloud") -> list[Json]:
    """Every issue of every story as one REST-shaped issue with its whole changelog."""
    told = [issue for case in CASES for issue in case["issues"]]
    ids = {issue["key"]: 20_001 + place for place, issue in enumerate(told)}
    return [_rest_issue(issue, ids, flavour) for issue in told]


def _rest_issue(issue: Json, ids: dict[str, int], flavour: Flavour) -> Json:
    number = ids[issue["key"]]
    histories = [_rest_history(history_, number, flavour) for history_ in issue["histories"]]
    changelog = {"startAt": 0, "maxResults": len(histories), "total": len(histories), "histories": histories}
    return {"id": str(number), "key": issue["key"], "fields": _fields(issue, ids, flavour), "changelog": changelog}


def _fields(issue: Json, ids: dict[str, int], flavour: Flavour) -> Json:
    assignees = [item["to"] for _, item in _in_time(issue) if item["field"] == "assignee"]
    flags = [item["toString"] for _, item in _in_time(issue) if item["field"] == "Flagged"]
    links = [item["to"] for _, item in _in_time(issue) if item["field"] == "Link"]
    parent = issue["parent"] and {"id": str(ids[issue["parent"]]), "key": issue["parent"]}
    instants = [issue["created"]] + [history_["created"] for history_ in issue["histories"]]
    fields = {
        "summary": f"Story {issue['key']}", "project": PROJECT, "issuetype": TYPES[issue["issuetype"]],
        "status": rest_status(issue["current_status"] or "Backlog"), "created": issue["created"],
        "updated": max(instants, key=_instant), "resolution": None, "resolutiondate": None,
        "assignee": _person([issue["assignee_at_creation"], *assignees][-1], flavour),
        FLAGGED_FIELD: [{"id": "10019", "value": "Impediment"}] if flags and flags[-1] else None,
        "fixVersions": [], "issuelinks": [_rest_link(n, key, ids) for n, key in enumerate(links)], "labels": [],
    }  # fmt: skip
    if logs := issue.get("worklogs"):
        fields["worklog"] = {"worklogs": [_rest_worklog(n, log, flavour) for n, log in enumerate(logs, 1)]}
        fields["worklog"] |= {"total": len(logs), "maxResults": 20, "startAt": 0}
    return fields | ({"parent": parent} if parent else {})


def _rest_worklog(number: int, told: Json, flavour: Flavour) -> Json:
    times = {name: told[name] for name in ("started", "timeSpentSeconds")}
    return {"id": str(number), "author": _person(told["author"], flavour), **times}


def rest_status(name: str) -> Json:
    """A golden status as a site shows it."""
    category = CATEGORIES[CATEGORY_OF_CLASS[STATUSES[name]["cls"]]]
    return {"id": STATUSES[name]["id"], "name": name, "statusCategory": category}


def _in_time(issue: Json) -> list[tuple[Json, Json]]:
    return sorted(_items(issue), key=lambda pair: (_instant(pair[0]["created"]), int(pair[0]["id"])))


def _rest_history(told: Json, number: int, flavour: Flavour) -> Json:
    items = [_rest_item(item, flavour) for item in told["items"]]
    author = _person(told["author"], flavour)
    return {"id": str(number * 1000 + int(told["id"])), "created": told["created"], "author": author, "items": items}


def _rest_item(item: Json, flavour: Flavour) -> Json:
    field_ids = {"status": "status", "assignee": "assignee", "Link": "issuelinks", "Flagged": FLAGGED_FIELD}
    kind = "custom" if item["field"] == "Flagged" else "jira"
    named = {} if flavour == "dc" else {"fieldId": field_ids[item["field"]]}
    values = {name: item[name] for name in ("from", "fromString", "to", "toString")}
    return {"field": item["field"], "fieldtype": kind} | named | values


def _person(name: str | None, flavour: Flavour) -> Json | None:
    if name is None:
        return None
    shown = {"displayName": name.capitalize(), "active": True, "timeZone": "Europe/Berlin"}
    known_by = {"accountId": name, "accountType": "atlassian"} if flavour == "cloud" else {"name": name, "key": name}
    return known_by | shown


def _rest_link(number: int, key: str, ids: dict[str, int]) -> Json:
    return {"id": str(30_000 + number), "type": BLOCKS, "inwardIssue": {"id": str(ids[key]), "key": key}}
