"""What every Jira site has alike: system fields, well-known custom fields, link types, field ids of changelog items.

Tables only; a site's own fields come from its issues (``recorded``) or its simulation.
"""

from typing import Any

Json = dict[str, Any]


def _system(field_id: str, name: str, kind: str, items: str | None = None) -> Json:
    """Describe a system field as ``/field`` does."""
    schema = {"type": kind, "system": field_id} | ({"items": items} if items else {})
    return {
        "id": field_id, "key": field_id, "name": name, "custom": False, "orderable": True, "navigable": True,
        "searchable": True, "clauseNames": [field_id.lower()], "schema": schema,
    }  # fmt: skip


SYSTEM_FIELDS: tuple[Json, ...] = (
    _system("summary", "Summary", "string"),
    _system("description", "Description", "string"),
    _system("issuetype", "Issue Type", "issuetype"),
    _system("project", "Project", "project"),
    _system("status", "Status", "status"),
    _system("statuscategorychangedate", "Status Category Changed", "datetime"),
    _system("resolution", "Resolution", "resolution"),
    _system("resolutiondate", "Resolved", "datetime"),
    _system("created", "Created", "datetime"),
    _system("updated", "Updated", "datetime"),
    _system("duedate", "Due date", "date"),
    _system("priority", "Priority", "priority"),
    _system("labels", "Labels", "array", "string"),
    _system("assignee", "Assignee", "user"),
    _system("reporter", "Reporter", "user"),
    _system("creator", "Creator", "user"),
    _system("parent", "Parent", "issuelink"),
    _system("subtasks", "Sub-tasks", "array", "issuelinks"),
    _system("issuelinks", "Linked Issues", "array", "issuelinks"),
    _system("fixVersions", "Fix versions", "array", "version"),
    _system("versions", "Affects versions", "array", "version"),
    _system("components", "Components", "array", "component"),
    _system("timeoriginalestimate", "Original estimate", "number"),
    _system("timeestimate", "Remaining Estimate", "number"),
    _system("timespent", "Time Spent", "number"),
    {"id": "issuekey", "key": "issuekey", "name": "Key", "custom": False, "orderable": False, "navigable": True,
     "searchable": False, "clauseNames": ["id", "issue", "issuekey", "key"]},
)  # fmt: skip

FLAGGED_SCHEMA: Json = {
    "type": "array",
    "items": "option",
    "custom": "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes",
}

KNOWN_CUSTOM_SCHEMAS: dict[str, Json] = {
    "Flagged": FLAGGED_SCHEMA,
    "Sprint": {"type": "array", "items": "json", "custom": "com.pyxis.greenhopper.jira:gh-sprint"},
    "Epic Link": {"type": "any", "custom": "com.pyxis.greenhopper.jira:gh-epic-link"},
    "Rank": {"type": "any", "custom": "com.pyxis.greenhopper.jira:gh-lexo-rank"},
    "Story Points": {"type": "number", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"},
    "Story point estimate": {"type": "number", "custom": "com.pyxis.greenhopper.jira:jsw-story-points"},
}
"""Custom fields that come with Jira Software, by their untranslated names."""

LINK_TYPES: tuple[Json, ...] = (
    {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"},
    {"id": "10001", "name": "Cloners", "inward": "is cloned by", "outward": "clones"},
    {"id": "10002", "name": "Duplicate", "inward": "is duplicated by", "outward": "duplicates"},
    {"id": "10003", "name": "Relates", "inward": "relates to", "outward": "relates to"},
)

CHANGELOG_FIELD_IDS: dict[str, str] = {
    "Fix Version": "fixVersions",
    "Version": "versions",
    "Component": "components",
    "Link": "issuelinks",
    "Parent": "parent",
    "Key": "issuekey",
}
"""Field id that Cloud gives to items whose ``field`` is worded otherwise; the other system fields are their own id."""
