"""Which field is which on a site: by id and schema, never by a name that a language pack may have translated.

Values are not touched here; see ``scrub``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from pipelines.jira.shapes import Item

ISSUE_FIELDS = (
    "project",
    "issuetype",
    "parent",
    "status",
    "created",
    "updated",
    "resolution",
    "assignee",
    "fixVersions",
)
"""Asked for by name. Links, comments and work logs make hub issues huge and come by requests of their own."""

CATEGORY_CHANGED = "statuscategorychangedate"
"""When the status category last changed; Cloud only."""

SYSTEM_FIELD_IDS = {
    "status": "status", "assignee": "assignee", "resolution": "resolution", "issuetype": "issue_type",
    "project": "project", "fixVersions": "fix_version", "parent": "parent", "summary": "summary",
    "description": "description", "timeoriginalestimate": "estimate", "timeestimate": "estimate",
    "issuekey": "key", "issuelinks": "link",
}  # fmt: skip

SYSTEM_NAMES = {
    "status": "status", "assignee": "assignee", "resolution": "resolution", "issuetype": "issue_type",
    "project": "project", "Fix Version": "fix_version", "Parent": "parent", "IssueParentAssociation": "parent",
    "Epic Link": "parent", "summary": "summary", "description": "description", "timeoriginalestimate": "estimate",
    "timeestimate": "estimate", "Key": "key", "Link": "link",
}  # fmt: skip
"""Untranslated names of items whose ``fieldtype`` is "jira"; some Cloud items and all of Data Center have no id."""

WELL_KNOWN_CUSTOM_NAMES = {
    "Flagged": "flagged", "Sprint": "sprint", "Epic Link": "parent", "Story Points": "estimate",
    "Story point estimate": "estimate",
}  # fmt: skip

CUSTOM_SCHEMAS = {
    "com.pyxis.greenhopper.jira:gh-sprint": "sprint",
    "com.pyxis.greenhopper.jira:gh-epic-link": "parent",
    "com.pyxis.greenhopper.jira:jsw-story-points": "estimate",
}

CHECKBOXES = "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"
NUMBER = "com.atlassian.jira.plugin.system.customfieldtypes:float"

BLOCKING_TYPE_NAMES = frozenset({"blocks", "blocker", "blocked", "blocking"})
BLOCKED_BY = "is blocked by"
BLOCKS = "blocks"


class FieldSchema(msgspec.Struct, omit_defaults=True):
    """Type of a field."""

    custom: str | None = None


class SiteField(msgspec.Struct, omit_defaults=True, rename="camel"):
    """One field, as ``/field`` lists it."""

    id: str
    name: str = ""
    untranslated_name: str | None = None
    custom: bool = False
    schema: FieldSchema | None = None
    clause_names: list[str] = []
    """What JQL calls the field: ``cf[10021]``, ``Flagged``, ``Flagged[Checkboxes]``; not translated."""

    def names(self) -> frozenset[str]:
        """Everything the field is called, translated and not, without what JQL adds in brackets."""
        clauses = (name.partition("[")[0] for name in self.clause_names)
        return frozenset(filter(None, (self.name, self.untranslated_name, *clauses)))


class SiteLinkType(msgspec.Struct, omit_defaults=True):
    """One link type, as ``/issueLinkType`` lists it."""

    name: str = ""
    inward: str = ""
    outward: str = ""


@dataclass(frozen=True)
class FieldNames:
    """How a site names what flow depends on. The default knows Jira's own names and no custom field ids."""

    custom_ids: tuple[tuple[str, str], ...] = ()
    """(field id, change field) of the custom fields that matter."""
    custom_names: tuple[tuple[str, str], ...] = tuple(WELL_KNOWN_CUSTOM_NAMES.items())
    """(name, change field), for Data Center, whose items carry no ids."""
    listed_ids: frozenset[str] = frozenset()
    blocked_by_phrases: frozenset[str] = frozenset({BLOCKED_BY})
    blocks_phrases: frozenset[str] = frozenset({BLOCKS})
    other_phrases: frozenset[str] = frozenset()

    def ids_of(self, change_field: str) -> tuple[str, ...]:
        """Custom field ids of one change field."""
        return tuple(field_id for field_id, found in self.custom_ids if found == change_field)

    def link_kind(self, phrase: str) -> str:
        """blocked_by, blocks or other, for the words between "This issue" and the other issue's key."""
        plain = phrase.casefold()
        if plain in self.blocked_by_phrases:
            return "blocked_by"
        return "blocks" if plain in self.blocks_phrases else "other"

    def knows_phrase(self, phrase: str) -> bool:
        """Whether these words are the site's configuration rather than anybody's text."""
        return phrase.casefold() in self.blocked_by_phrases | self.blocks_phrases | self.other_phrases

    def recognise(self, item: Item) -> str | None:
        """The change field of an item, or None for a field flow does not depend on."""
        if item.field_id:
            if found := SYSTEM_FIELD_IDS.get(item.field_id) or dict(self.custom_ids).get(item.field_id):
                return found
            if item.field_id in self.listed_ids and item.fieldtype != "jira":
                return None
        if item.fieldtype == "jira":
            return SYSTEM_NAMES.get(item.field)
        return dict(self.custom_names).get(item.field) if item.fieldtype == "custom" else None


def find_field_names(
    fields: Iterable[SiteField], link_types: Iterable[SiteLinkType], flagged_field: str = ""
) -> FieldNames:
    """Read a site's own field list and link types; a flag field named by its id stands in for those found."""
    listed = list(fields)
    found = [(field, kind) for field in listed if field.custom and (kind := _custom_kind(field))]
    if flagged_field:
        found = [(field, kind) for field, kind in found if kind != "flagged"]
        found += [(field, "flagged") for field in listed if field.id == flagged_field]
    names = {name: kind for field, kind in found for name in (field.name, field.untranslated_name) if name}
    inward, outward, other = set[str](), set[str](), set[str]()
    for link in link_types:
        is_blocking = link.name.casefold() in BLOCKING_TYPE_NAMES or link.inward.casefold() == BLOCKED_BY
        (inward if is_blocking else other).add(link.inward.casefold())
        (outward if is_blocking else other).add(link.outward.casefold())
    return FieldNames(
        custom_ids=tuple((field.id, kind) for field, kind in found),
        custom_names=tuple((WELL_KNOWN_CUSTOM_NAMES | names).items()),
        listed_ids=frozenset(field.id for field in listed),
        blocked_by_phrases=frozenset(inward | {BLOCKED_BY}),
        blocks_phrases=frozenset(outward | {BLOCKS}),
        other_phrases=frozenset(other - {""}),
    )


def _custom_kind(field: SiteField) -> str | None:
    """By schema where Jira has one of its own; checkboxes and numbers by some name of theirs as well."""
    custom = field.schema.custom if field.schema else None
    if custom in CUSTOM_SCHEMAS:
        return CUSTOM_SCHEMAS[custom]
    wanted = {CHECKBOXES: "flagged", NUMBER: "estimate"}.get(custom or "")
    return wanted if wanted and any(WELL_KNOWN_CUSTOM_NAMES.get(name) == wanted for name in field.names()) else None
