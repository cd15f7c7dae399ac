"""Issues and their changelogs as the flavours of Jira write them. Which issues are asked for is the routes' part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.sandbox.exchange import ServedSite
from pipelines.sandbox.instants import epoch_ms
from pipelines.sandbox.system_fields import CHANGELOG_FIELD_IDS

Json = dict[str, Any]

PSEUDO_FIELDS = frozenset({"id", "key", "issuekey"})
"""Names allowed among fields that stand beside ``fields`` in an issue."""

NOT_NAVIGABLE = frozenset({"comment", "worklog", "attachment", "timetracking"})


def chosen_fields(values: Json, wanted: list[str]) -> Json:
    """Fields a request asks for: ``*all``, ``*navigable``, names, and ``-name`` for all but that."""
    excluded = {name[1:] for name in wanted if name.startswith("-")}
    included = {name for name in wanted if not name.startswith("-")} or {"*navigable"}
    if "*all" in included:
        names = set(values)
    elif "*navigable" in included:
        names = (set(values) - NOT_NAVIGABLE) | included
    else:
        names = included
    return {name: value for name, value in values.items() if name in names and name not in excluded}


def asks_only(wanted: list[str], names: frozenset[str]) -> bool:
    """Tell whether nothing but some names is asked for."""
    return bool(wanted) and names.issuperset(wanted)


def issue_json(served: ServedSite, issue: Json, wanted: list[str], version: str) -> Json:
    """An issue without its changelog; ``fields`` is left out where only ids and keys are asked for."""
    written = {
        "expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
        "id": str(issue["id"]),
        "self": f"{served.url}/rest/api/{version}/issue/{issue['id']}",
        "key": issue["key"],
    }
    if not asks_only(wanted, PSEUDO_FIELDS):
        written["fields"] = chosen_fields(issue["fields"], wanted)
    return written


def histories(issue: Json) -> list[tuple[int, Json]]:
    """(epoch milliseconds, history) of an issue, oldest first, then by id."""
    recorded = issue.get("changelog", {}).get("histories", ())
    return sorted(
        ((epoch_ms(history["created"]), history) for history in recorded),
        key=lambda dated: (dated[0], int(dated[1]["id"])),
    )


def claimed_total(issue: Json) -> int:
    """Number of histories the site says there are: as recorded, even where fewer are listed."""
    changelog = issue.get("changelog", {})
    return int(changelog.get("total", len(changelog.get("histories", ()))))


@dataclass(frozen=True)
class FieldIds:
    """What tells the field of a changelog item on Cloud: ids of custom fields by name, and ids of system fields."""

    custom: Mapping[str, str]
    system: frozenset[str]

    def of(self, item: Json) -> str | None:
        """Field id of an item, recorded or known; None where there is none (``Workflow``, ``RemoteIssueLink``)."""
        if "fieldId" in item:
            return str(item["fieldId"])
        name = item["field"]
        if item.get("fieldtype") == "custom":
            return self.custom.get(name)
        return CHANGELOG_FIELD_IDS.get(name) or (name if name in self.system else None)


def field_ids_of(served: ServedSite) -> FieldIds:
    """Read the field ids off the site's fields."""
    listed = served.site.fields
    custom = {field["name"]: field["id"] for field in listed if field.get("custom")}
    return FieldIds(custom, frozenset(field["id"] for field in listed if not field.get("custom")))


def cloud_history(history: Json, field_ids: FieldIds) -> Json:
    """A history as Cloud writes it: with field ids where a recording from Data Center lacks them."""
    written = {name: value for name, value in history.items() if value is not None}
    return written | {"items": [_with_field_id(item, field_ids) for item in history["items"]]}


def _with_field_id(item: Json, field_ids: FieldIds) -> Json:
    """Add the field id to an item, if there is one."""
    field_id = field_ids.of(item)
    return item | {"fieldId": field_id} if field_id else item


def dc_history(history: Json) -> Json:
    """A history as Data Center writes it: without field ids."""
    items = [{name: value for name, value in item.items() if name != "fieldId"} for item in history["items"]]
    return history | {"items": items}
