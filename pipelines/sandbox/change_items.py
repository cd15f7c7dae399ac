"""How a new value of a field is written: the changelog items that tell of it, and what the issue's fields hold then.

One function a field, found by its name in ``WRITERS``. Saving them is ``changes``' part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipelines.sandbox.site import Site
from pipelines.sandbox.system_fields import FLAGGED_SCHEMA, KNOWN_CUSTOM_SCHEMAS

Json = dict[str, Any]
Side = tuple[str | None, str | None]
"""Id and text of a value."""
Written = tuple[list[Json], Json]
"""Items of a history, and fields to set."""

IMPEDIMENT: Json = {"id": "10019", "value": "Impediment"}
NOTHING: Side = (None, None)


def write(site: Site, fields: Json, name: str, value: Any) -> Written:
    """Items and fields for a new value of one field. Raises KeyError for an unknown field or value."""
    return WRITERS[name](site, fields, value)


def system_item(field: str, field_id: str, old: Side, new: Side) -> Json:
    """An item of a system field."""
    sides = {"from": old[0], "fromString": old[1], "to": new[0], "toString": new[1]}
    return {"field": field, "fieldtype": "jira", "fieldId": field_id} | sides


def project_item(old: Json, new: Json) -> Json:
    """The item of a move to another project."""
    return system_item("project", "project", (old["id"], old.get("name")), (new["id"], new.get("name")))


def known(listed: Sequence[Json], id_or_name: str) -> Json:
    """A status, resolution, type or version by id, else by name. Raises KeyError for an unknown one."""
    for key in ("id", "name"):
        for thing in listed:
            if str(thing[key]) == str(id_or_name):
                return thing
    raise KeyError(id_or_name)


def custom_field(site: Site, schema: Json) -> Json:
    """The site's field of a well-known schema; the flag is told from other checkboxes by its names."""
    for field in site.fields:
        is_alike = field.get("schema", {}).get("custom") == schema["custom"]
        names = (field["name"], field.get("untranslatedName"), *field.get("clauseNames", ()))
        if is_alike and (schema is not FLAGGED_SCHEMA or "Flagged" in names):
            return field
    raise KeyError(schema["custom"])


def _side(value: Json | None) -> Side:
    return (str(value["id"]), value.get("name")) if value else NOTHING


def _one_of(listed: str, field: str) -> Callable[[Site, Json, Any], Written]:
    """Write a field that holds one of the site's listed things."""

    def write_it(site: Site, fields: Json, value: str | None) -> Written:
        new = None if value is None else known(getattr(site, listed), value)
        return [system_item(field, field, _side(fields.get(field)), _side(new))], {field: new}

    return write_it


def _text(field: str) -> Callable[[Site, Json, Any], Written]:
    """Write a field of plain text; a rich text counts as empty before."""

    def write_it(site: Site, fields: Json, value: str | None) -> Written:
        old = fields.get(field)
        before = (None, old if isinstance(old, str) else None)
        return [system_item(field, field, before, (None, value))], {field: value}

    return write_it


def _number(field: str) -> Callable[[Site, Json, Any], Written]:
    """Write a number of seconds."""

    def write_it(site: Site, fields: Json, value: int | None) -> Written:
        old, new = (None if number is None else str(number) for number in (fields.get(field), value))
        return [system_item(field, field, (old, old), (new, new))], {field: value}

    return write_it


def _assignee(site: Site, fields: Json, value: Json | None) -> Written:
    old, new = (
        (user.get("accountId") or user.get("key"), user.get("displayName")) if user else NOTHING
        for user in (fields.get("assignee"), value)
    )
    return [system_item("assignee", "assignee", old, new)], {"assignee": value}


def _labels(site: Site, fields: Json, value: Sequence[str]) -> Written:
    before = (None, " ".join(fields.get("labels") or ()))
    return [system_item("labels", "labels", before, (None, " ".join(value)))], {"labels": list(value)}


def _fix_versions(site: Site, fields: Json, value: Sequence[str]) -> Written:
    """One item for each version taken out or put in, as Jira does."""
    listed = site.versions.get(int(fields["project"]["id"]), [])
    old, new = list(fields.get("fixVersions") or ()), [known(listed, name) for name in value]
    gone = [system_item("Fix Version", "fixVersions", _side(one), NOTHING) for one in old if one not in new]
    come = [system_item("Fix Version", "fixVersions", NOTHING, _side(one)) for one in new if one not in old]
    return gone + come, {"fixVersions": new}


def _parent(site: Site, fields: Json, value: int | str | None) -> Written:
    new = None
    if value is not None:
        heads = (site.head(issue_id) for issue_id in site.issues)
        new = next(
            ({"id": one["id"], "key": one["key"]} for one in heads if str(value) in (one["id"], one["key"])), None
        )
        if new is None:
            raise KeyError(value)
    old = fields.get("parent")
    sides = [(one["id"], one["key"]) if one else NOTHING for one in (old, new)]
    return [system_item("IssueParentAssociation", "parent", sides[0], sides[1])], {"parent": new}


def _custom_item(field: Json, old: Side, new: Side) -> Json:
    sides = {"from": old[0], "fromString": old[1], "to": new[0], "toString": new[1]}
    return {"field": field["name"], "fieldtype": "custom", "fieldId": field["id"]} | sides


def _flagged(site: Site, fields: Json, value: bool) -> Written:
    field = custom_field(site, FLAGGED_SCHEMA)
    was_up = bool(fields.get(field["id"]))
    up, down = ("[10019]", "Impediment"), ("", "")
    item = _custom_item(field, up if was_up else down, up if value else down)
    return [item], {field["id"]: [IMPEDIMENT] if value else None}


def _sprint(site: Site, fields: Json, value: Sequence[Json]) -> Written:
    field = custom_field(site, KNOWN_CUSTOM_SCHEMAS["Sprint"])
    old, new = (
        (", ".join(str(sprint["id"]) for sprint in sprints), ", ".join(sprint["name"] for sprint in sprints))
        for sprints in (fields.get(field["id"]) or (), value)
    )
    return [_custom_item(field, old, new)], {field["id"]: list(value) or None}


WRITERS: dict[str, Callable[[Site, Json, Any], Written]] = {
    "status": _one_of("statuses", "status"),
    "resolution": _one_of("resolutions", "resolution"),
    "issuetype": _one_of("issue_types", "issuetype"),
    "summary": _text("summary"),
    "description": _text("description"),
    "timeoriginalestimate": _number("timeoriginalestimate"),
    "assignee": _assignee,
    "labels": _labels,
    "fixVersions": _fix_versions,
    "parent": _parent,
    "flagged": _flagged,
    "sprint": _sprint,
}
"""Name of a value in ``changes.edit`` to what writes it."""
