"""Changelog items as Jira writes them, field by field. When they happened and who made them is in ``drafts``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.sandbox.company.people import Person
from pipelines.sandbox.company.reference import FLAGGED, POINTS, SPRINT, project_json, status_id
from pipelines.sandbox.company.specs import StreamSpec

Json = dict[str, Any]
Pair = tuple[str | None, str | None]
"""Id and text of a value."""

NOTHING: Pair = (None, None)


def _item(field: str, field_id: str, old: Pair, new: Pair) -> Json:
    kind = "custom" if field_id.startswith("customfield_") else "jira"
    item: Json = {"field": field, "fieldtype": kind, "fieldId": field_id}
    return item | {"from": old[0], "fromString": old[1], "to": new[0], "toString": new[1]}


def status_item(spec: StreamSpec, old: str, new: str) -> Json:
    """A move between two statuses of one project, by their names."""
    return _item("status", "status", (status_id(spec, old), old), (status_id(spec, new), new))


def move_item(old: Pair, new: Pair) -> Json:
    """A move between two statuses by id and name, whoever's they are."""
    return _item("status", "status", old, new)


def assignee_item(old: Person | None, new: Person | None) -> Json:
    """A change of assignee."""
    return _item("assignee", "assignee", _account(old), _account(new))


def _account(person: Person | None) -> Pair:
    return (person.account_id, person.display_name) if person else NOTHING


def resolution_item(old: Json | None, new: Json | None) -> Json:
    """A change of resolution; either side may be unresolved."""
    return _item("resolution", "resolution", _named(old), _named(new))


def _named(thing: Json | None) -> Pair:
    return (thing["id"], thing["name"]) if thing else NOTHING


def flag_item(*, is_raised: bool) -> Json:
    """An impediment raised or lifted."""
    raised: Pair = ("[10019]", "Impediment")
    return _item("Flagged", FLAGGED, NOTHING, raised) if is_raised else _item("Flagged", FLAGGED, raised, ("", ""))


def version_item(old: Json | None, new: Json | None) -> Json:
    """A fix version added (no ``old``) or removed (no ``new``)."""
    return _item("Fix Version", "fixVersions", _named(old), _named(new))


def sprint_item(old: Sequence[Json], new: Sequence[Json]) -> Json:
    """A change of the list of sprints."""
    return _item("Sprint", SPRINT, _sprints(old), _sprints(new))


def _sprints(sprints: Sequence[Json]) -> Pair:
    return ", ".join(str(sprint["id"]) for sprint in sprints), ", ".join(sprint["name"] for sprint in sprints)


def text_item(field: str, old: str, new: str) -> Json:
    """A summary or description rewritten."""
    return _item(field, field, (None, old or None), (None, new))


def points_item(old: float | None, new: float) -> Json:
    """A new estimate in story points."""
    return _item("Story point estimate", POINTS, (None, None if old is None else f"{old:g}"), (None, f"{new:g}"))


def estimate_item(old: int | None, new: int) -> Json:
    """A new original estimate in seconds."""
    before: Pair = (None, None) if old is None else (str(old), str(old))
    return _item("timeoriginalestimate", "timeoriginalestimate", before, (str(new), str(new)))


def project_item(old: StreamSpec, new: StreamSpec) -> Json:
    """A move to another project."""
    before, after = project_json(old), project_json(new)
    return _item("project", "project", (before["id"], before["name"]), (after["id"], after["name"]))


def key_item(old_key: str, new_key: str) -> Json:
    """The change of key that goes with a move."""
    return _item("Key", "issuekey", (None, old_key), (None, new_key))


def type_item(old: Json, new: Json) -> Json:
    """A change of issue type."""
    return _item("issuetype", "issuetype", _named(old), _named(new))


def link_item(phrase: str, key: str, *, is_removed: bool = False) -> Json:
    """A link made or removed, e.g. ``is blocked by``."""
    link: Pair = (key, f"This issue {phrase} {key}")
    return _item("Link", "issuelinks", link, NOTHING) if is_removed else _item("Link", "issuelinks", NOTHING, link)


def parent_item(issue_id: str, key: str) -> Json:
    """An issue put under a parent, as Jira Cloud records it: without a field id."""
    item = _item("IssueParentAssociation", "", NOTHING, (issue_id, key))
    del item["fieldId"]
    return item


def epic_link_item(issue_id: str, key: str) -> Json:
    """An issue put under an epic, as it was recorded before parents took over."""
    return _item("Epic Link", "customfield_10014", NOTHING, (issue_id, key))
