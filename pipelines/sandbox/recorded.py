"""Reference data that recorded issues tell of their site: statuses, fields, projects, versions and so on.

Only what the recording proves is listed; what it leaves open stays open. Nothing here reads files or answers requests.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from pipelines.sandbox.instants import epoch_ms
from pipelines.sandbox.system_fields import KNOWN_CUSTOM_SCHEMAS, LINK_TYPES, SYSTEM_FIELDS

Json = dict[str, Any]

FIRST_INVENTED_FIELD = 90001
"""Number of the first custom field that a recording knows by name only (Data Center changelogs carry no field id)."""


def items(issues: Iterable[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield (issue, item) for every changelog item."""
    for issue in issues:
        for history in issue.get("changelog", {}).get("histories", ()):
            for item in history["items"]:
                yield issue, item


def field_values(issues: Iterable[Json], name: str) -> Iterator[Json]:
    """Yield the object each issue has now in a field, where it has one."""
    for issue in issues:
        value = issue["fields"].get(name)
        if value:
            yield value


def statuses(issues: list[Json]) -> list[Json]:
    """One status an id that is somebody's current status; those only named in changelogs count as deleted.

    A status recorded without category takes it from a status of the same id, else name; else it has none.
    """
    by_id: dict[str, Json] = {}
    category_of: dict[str, Json] = {}
    for status in field_values(issues, "status"):
        by_id.setdefault(status["id"], status)
        if "statusCategory" in status:
            category_of.setdefault(f"id {status['id']}", status["statusCategory"])
            category_of.setdefault(f"name {status['name'].casefold()}", status["statusCategory"])
    return [_with_category(status, category_of) for status in by_id.values()]


def _with_category(status: Json, category_of: dict[str, Json]) -> Json:
    """Fill in the category of a status, where another recording of it knows one."""
    listed = {"id": status["id"], "name": status["name"]}
    category = category_of.get(f"id {status['id']}") or category_of.get(f"name {status['name'].casefold()}")
    return listed | {"statusCategory": category} if category else listed


def fields(issues: list[Json]) -> list[Json]:
    """Jira's system fields and one custom field an id or name that occurs in the issues."""
    names = {item["fieldId"]: item["field"] for _, item in items(issues) if _is_custom(item) and item.get("fieldId")}
    nameless = {name for issue in issues for name in issue["fields"] if name.startswith("customfield_")} - set(names)
    known_by_name = {item["field"] for _, item in items(issues) if _is_custom(item)} - set(names.values())
    names |= {field_id: field_id for field_id in nameless}
    names |= {f"customfield_{FIRST_INVENTED_FIELD + n}": name for n, name in enumerate(sorted(known_by_name))}
    return [*SYSTEM_FIELDS, *(_custom_field(field_id, name) for field_id, name in sorted(names.items()))]


def _is_custom(item: Json) -> bool:
    """Tell whether a changelog item is of a custom field."""
    return bool(item.get("fieldtype") == "custom" or str(item.get("fieldId", "")).startswith("customfield_"))


def _custom_field(field_id: str, name: str) -> Json:
    """Describe a custom field as ``/field`` does; fields that every site has alike get their real schema."""
    schema = KNOWN_CUSTOM_SCHEMAS.get(name, {"type": "any", "custom": "com.example.sandbox:unknown"})
    number = int(field_id.removeprefix("customfield_"))
    return {
        "id": field_id, "key": field_id, "name": name, "custom": True, "orderable": True, "navigable": True,
        "searchable": True, "clauseNames": [f"cf[{number}]", name], "schema": schema | {"customId": number},
    }  # fmt: skip


def projects(issues: list[Json]) -> list[Json]:
    """One project an id that occurs in the issues."""
    by_id = {project["id"]: project for project in field_values(issues, "project")}
    wanted = ("id", "key", "name", "projectTypeKey", "simplified")
    return [{name: project[name] for name in wanted if name in project} for project in by_id.values()]


def versions(issues: list[Json]) -> dict[int, list[Json]]:
    """Project id to the versions that are somebody's fix version now."""
    found: dict[int, dict[str, Json]] = {}
    for issue in issues:
        if "project" not in issue["fields"]:
            continue
        project_id = int(issue["fields"]["project"]["id"])
        for version in issue["fields"].get("fixVersions") or ():
            base = {"archived": False, "released": False, "projectId": project_id}
            found.setdefault(project_id, {})[version["id"]] = base | version
    return {project_id: list(of_project.values()) for project_id, of_project in found.items()}


def resolutions(issues: list[Json]) -> list[Json]:
    """One resolution an id; the name of now wins over the name in a changelog."""
    named = {
        item["to"]: item["toString"]
        for _, item in items(issues)
        if item["field"] == "resolution" and not _is_custom(item) and item.get("to")
    }
    named |= {resolution["id"]: resolution["name"] for resolution in field_values(issues, "resolution")}
    return [{"id": resolution_id, "name": name} for resolution_id, name in named.items()]


def issue_types(issues: list[Json]) -> list[Json]:
    """One issue type an id that occurs in the issues."""
    by_id: dict[str, Json] = {}
    for issue_type in field_values(issues, "issuetype"):
        by_id.setdefault(issue_type["id"], issue_type)
    wanted = ("id", "name", "subtask", "hierarchyLevel", "avatarId")
    return [{name: found[name] for name in wanted if name in found} for found in by_id.values()]


def issue_link_types(issues: list[Json]) -> list[Json]:
    """The link types every site starts with, and those of current links."""
    of_links = (link["type"] for issue in issues for link in issue["fields"].get("issuelinks") or ())
    by_name = {kind["name"]: kind for kind in LINK_TYPES} | {kind["name"]: kind for kind in of_links}
    return list(by_name.values())


def old_keys(issues: list[Json]) -> dict[str, int]:
    """Former key to issue id, from the changelogs of moved issues; a key in use again belongs to its user."""
    in_use = {issue["key"] for issue in issues}
    moved = {
        item["fromString"]: int(issue["id"])
        for issue, item in items(issues)
        if item["field"] == "Key" and item.get("fromString")
    }
    return {key: issue_id for key, issue_id in moved.items() if key not in in_use}


def newest_ms(issues: list[Json]) -> int:
    """Newest instant of creation, update or change, in milliseconds since 1970; 0 without issues."""
    seen = [0]
    for issue in issues:
        seen += [epoch_ms(issue["fields"][name]) for name in ("created", "updated") if issue["fields"].get(name)]
        seen += [epoch_ms(history["created"]) for history in issue.get("changelog", {}).get("histories", ())]
    return max(seen)
