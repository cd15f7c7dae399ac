"""The fields an issue has now, as they follow from its first values and its changelog.

Whole issues are put together in ``assemble``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.sandbox.company import reference, texts
from pipelines.sandbox.company.additions import EPIC_LINK_UNTIL
from pipelines.sandbox.company.drafts import Draft
from pipelines.sandbox.company.people import Person
from pipelines.sandbox.company.reference import EPIC_LINK, FLAGGED, IMPEDIMENT, ISSUE_TYPES, POINTS, PRIORITIES, SPRINT
from pipelines.sandbox.company.render import stamp, user
from pipelines.sandbox.system_fields import LINK_TYPES

Json = dict[str, Any]

_STATUSES: dict[str, Json] = {status["id"]: status for status in reference.list_statuses()}


@dataclass(slots=True)
class Standing:
    """A link that still stands: what the other issue is to this one."""

    link_id: int
    other: Draft
    type_id: str
    is_inward: bool


@dataclass(slots=True)
class _Current:
    """Values that changelog items change, while the changelog is replayed."""

    status_id: str
    category_since: int
    account_id: str | None
    resolution: Json | None = None
    resolved_at: int | None = None
    version_ids: list[str] = field(default_factory=list)
    sprint_ids: list[str] = field(default_factory=list)
    is_flagged: bool = False


def issue_fields(draft: Draft, links: Sequence[Standing], now: int) -> Json:
    """All fields of an issue at ``now``."""
    current = _replay(draft)
    zone = draft.reporter.zone
    comments = [
        _comment(100 * draft.issue_id + place, *said) for place, said in enumerate(draft.comments) if said[0] <= now
    ]
    updated = max([draft.created, *(change.at for change in draft.changes), *(said[0] for said in draft.comments)])
    return {
        "summary": draft.summary,
        "description": texts.document(draft.text),
        "status": current_status(draft),
        "statuscategorychangedate": stamp(current.category_since, zone),
        "issuetype": ISSUE_TYPES[draft.kind],
        "project": reference.project_json(draft.spec),
        "priority": _priority(draft),
        "resolution": current.resolution,
        "resolutiondate": None if current.resolved_at is None else stamp(current.resolved_at, zone),
        "created": stamp(draft.created, zone),
        "updated": stamp(min(updated, now), zone),
        "creator": user(draft.reporter),
        "reporter": user(draft.reporter),
        "assignee": _assignee(draft, current.account_id),
        "labels": ["hotfix"]
        if any("hotfix" in draft.versions[version_id]["name"] for version_id in current.version_ids)
        else [],
        "fixVersions": [draft.versions[version_id] for version_id in current.version_ids],
        "issuelinks": [_link(link) for link in links],
        "comment": {"comments": comments, "total": len(comments), "maxResults": len(comments), "startAt": 0},
        "timeoriginalestimate": draft.estimate,
        FLAGGED: [IMPEDIMENT] if current.is_flagged else None,
        SPRINT: [draft.sprints[sprint_id] for sprint_id in current.sprint_ids] or None,
        POINTS: draft.points,
    } | _parent(draft)


def current_status(draft: Draft) -> Json:
    """The status an issue is in: where its last move went, else where it was created."""
    moves = draft.status_moves()
    return _STATUSES[moves[-1][1]["to"] if moves else draft.status[0]]


def _replay(draft: Draft) -> _Current:
    current = _Current(draft.status[0], draft.created, draft.assignee.account_id if draft.assignee else None)
    for change in draft.changes:
        for item in change.items:
            _apply(current, item, change.at)
    return current


def _apply(current: _Current, item: Json, at: int) -> None:
    match item["field"]:
        case "status":
            if _category(current.status_id) != _category(item["to"]):
                current.category_since = at
            current.status_id = item["to"]
        case "assignee":
            current.account_id = item["to"]
        case "resolution":
            current.resolution = next((known for known in reference.RESOLUTIONS if known["id"] == item["to"]), None)
            current.resolved_at = at if current.resolution else None
        case "Flagged":
            current.is_flagged = bool(item["to"])
        case "Sprint":
            current.sprint_ids = item["to"].split(", ") if item["to"] else []
        case "Fix Version":
            current.version_ids = [known for known in current.version_ids if known != item["from"]]
            current.version_ids += [item["to"]] if item["to"] else []


def _category(status_id: str) -> str:
    """Category key of a status; a deleted one was of work in progress."""
    status = _STATUSES.get(status_id)
    return status["statusCategory"]["key"] if status else "indeterminate"


def _priority(draft: Draft) -> Json:
    names = ("Highest", "High", "Medium", "Low") if draft.kind == "Bug" else ("High", "Medium", "Medium", "Low")
    return PRIORITIES[names[(draft.issue_id * 7 + draft.created // 1000) % 4]]


def _assignee(draft: Draft, account_id: str | None) -> Json | None:
    return user(draft.colleagues[account_id]) if account_id else None


def _comment(number: int, at: int, author: Person, text: str) -> Json:
    written = stamp(at, author.zone)
    return {
        "id": str(number), "author": user(author), "updateAuthor": user(author),
        "body": texts.document(text), "created": written, "updated": written, "jsdPublic": True,
    }  # fmt: skip


def _link(link: Standing) -> Json:
    kind = next(kind for kind in LINK_TYPES if kind["id"] == link.type_id)
    other = {"id": str(link.other.issue_id), "key": link.other.key, "fields": _brief(link.other)}
    return {"id": str(link.link_id), "type": kind, "inwardIssue" if link.is_inward else "outwardIssue": other}


def _brief(draft: Draft) -> Json:
    """What Jira tells of an issue inside another one."""
    return {
        "summary": draft.summary,
        "status": current_status(draft),
        "priority": _priority(draft),
        "issuetype": ISSUE_TYPES[draft.kind],
    }


def _parent(draft: Draft) -> Json:
    """Parent and epic link, where the issue has them."""
    if draft.parent is None:
        return {}
    is_in_epic = draft.parent.kind == "Epic" and draft.created < EPIC_LINK_UNTIL
    parent = {"id": str(draft.parent.issue_id), "key": draft.parent.key, "fields": _brief(draft.parent)}
    return {"parent": parent, EPIC_LINK: draft.parent.key if is_in_epic else None}
