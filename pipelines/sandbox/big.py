"""Large sites for measuring: every issue follows from its number and is made when asked for, so none lies in memory.

The issues walk the stages of one board back and forth with assignments in between; nothing about them is meant to be
realistic but the size of their answers. A site with a story to tell is ``company``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pipelines.sandbox.generated import GeneratedIssues
from pipelines.sandbox.instants import jira_timestamp
from pipelines.sandbox.site import Site
from pipelines.sandbox.system_fields import LINK_TYPES, SYSTEM_FIELDS

Json = dict[str, Any]

FIRST_ID = 10_000
BEGIN = datetime(2024, 1, 1, 8, tzinfo=UTC)
BETWEEN_ISSUES = timedelta(minutes=3)
BETWEEN_HISTORIES = timedelta(hours=7, minutes=11)
PROJECT_COUNT, PERSON_COUNT = 4, 50

_CATEGORIES: dict[str, Json] = {
    "new": {"id": 2, "key": "new", "name": "To Do", "colorName": "blue-gray"},
    "indeterminate": {"id": 4, "key": "indeterminate", "name": "In Progress", "colorName": "yellow"},
    "done": {"id": 3, "key": "done", "name": "Done", "colorName": "green"},
}
_WALK = (
    ("Backlog", "new"), ("Ready", "new"), ("In Development", "indeterminate"), ("Waiting for Review", "indeterminate"),
    ("In Review", "indeterminate"), ("Waiting for Test", "indeterminate"), ("In Test", "indeterminate"),
    ("Done", "done"),
)  # fmt: skip
STATUSES: list[Json] = [
    {"id": str(number), "name": name, "statusCategory": _CATEGORIES[category]}
    for number, (name, category) in enumerate(_WALK, 1)
]
PROJECTS: list[Json] = [
    {
        "id": str(number),
        "key": f"BIG{number}",
        "name": f"Big {number}",
        "projectTypeKey": "software",
        "simplified": False,
    }
    for number in range(1, PROJECT_COUNT + 1)
]
STORY: Json = {"id": "10", "name": "Story", "subtask": False, "hierarchyLevel": 0}
PEOPLE: list[Json] = [
    {"accountId": f"person-{number}", "accountType": "atlassian", "displayName": f"Person {number}", "active": True}
    for number in range(PERSON_COUNT)
]


def big_site(issue_count: int, histories: int = 8) -> Site:
    """A site of so many issues, each with so many histories: four in five change the status, one the assignee."""
    ids = range(FIRST_ID, FIRST_ID + issue_count)
    last = BEGIN + issue_count * BETWEEN_ISSUES + (histories + 1) * BETWEEN_HISTORIES
    return Site(
        issues=GeneratedIssues(ids, partial(_issue, histories), partial(_head, histories)),
        statuses=STATUSES,
        fields=list(SYSTEM_FIELDS),
        projects=PROJECTS,
        versions={},
        boards=[],
        issue_link_types=list(LINK_TYPES),
        resolutions=[],
        issue_types=[STORY],
        now=last,
        last_history_id=ids.stop * (histories + 1),
    )


def _head(histories: int, issue_id: int) -> Json:
    """An issue without its changelog."""
    number = issue_id - FIRST_ID
    project = PROJECTS[number % PROJECT_COUNT]
    created = BEGIN + number * BETWEEN_ISSUES
    moves, hands = _counts(histories)
    fields: Json = {
        "summary": f"Issue number {number}",
        "description": None,
        "issuetype": STORY,
        "project": project,
        "status": STATUSES[_stage(moves)],
        "created": jira_timestamp(created),
        "updated": jira_timestamp(created + histories * BETWEEN_HISTORIES),
        "resolution": None,
        "assignee": _person(issue_id, hands) if hands else None,
        "reporter": PEOPLE[number % PERSON_COUNT],
        "fixVersions": [],
        "labels": [],
    }
    return {"id": str(issue_id), "key": f"{project['key']}-{number // PROJECT_COUNT + 1}", "fields": fields}


def _issue(histories: int, issue_id: int) -> Json:
    """A whole issue."""
    listed = [_history(histories, issue_id, place) for place in range(1, histories + 1)]
    return _head(histories, issue_id) | {"changelog": {"total": histories, "histories": listed}}


def _history(histories: int, issue_id: int, place: int) -> Json:
    """One history: every fifth hands the issue on, the others take it a stage further."""
    created = BEGIN + (issue_id - FIRST_ID) * BETWEEN_ISSUES + place * BETWEEN_HISTORIES
    return {
        "id": str(issue_id * (histories + 1) + place),
        "author": PEOPLE[(issue_id + place) % PERSON_COUNT],
        "created": jira_timestamp(created),
        "items": [_handed_on(issue_id, place) if place % 5 == 0 else _moved(place)],
    }


def _counts(place: int) -> tuple[int, int]:
    """Changes of status and of assignee up to a history."""
    return place - place // 5, place // 5


def _stage(moves: int) -> int:
    """Position in the walk after so many moves: to the end and back again."""
    there_and_back = moves % (2 * len(_WALK) - 2)
    return min(there_and_back, 2 * len(_WALK) - 2 - there_and_back)


def _moved(place: int) -> Json:
    moves, _ = _counts(place)
    old, new = STATUSES[_stage(moves - 1)], STATUSES[_stage(moves)]
    sides = {"from": old["id"], "fromString": old["name"], "to": new["id"], "toString": new["name"]}
    return {"field": "status", "fieldtype": "jira", "fieldId": "status"} | sides


def _person(issue_id: int, hands: int) -> Json:
    return PEOPLE[(issue_id + hands) % PERSON_COUNT]


def _handed_on(issue_id: int, place: int) -> Json:
    _, hands = _counts(place)
    new, old = _person(issue_id, hands), _person(issue_id, hands - 1) if hands > 1 else None
    return {
        "field": "assignee", "fieldtype": "jira", "fieldId": "assignee",
        "from": old and old["accountId"], "fromString": old and old["displayName"],
        "to": new["accountId"], "toString": new["displayName"],
    }  # fmt: skip
