"""The shapes of an issue: as a site sends it, and as it lands.

The received structs are the first half of the scrubber's allow-list: what they do not name is skipped in decoding.
The landed structs are what replay reads: persons are integers, items are named by
``transforms.raw.CHANGE_FIELDS``, the same for Cloud and Data Center. How one becomes the other belongs to ``scrub``.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Level = Annotated[int, msgspec.Meta(ge=-9, le=99)]

Text = str | int | float | None
"""A value that sites send as text, number or null."""


_ITEM_KEYS = {"from_": "from", "from_string": "fromString", "to_string": "toString", "field_id": "fieldId"}


class Item(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, rename=_ITEM_KEYS):
    """One changed field; received and landed alike. Landed items have no ``fieldId`` and no ``fieldtype``."""

    field: str = ""
    field_id: str | None = None
    fieldtype: str | None = None
    from_: Text = None
    from_string: Text = None
    to: Text = None
    to_string: Text = None


class Person(msgspec.Struct, rename={"account_id": "accountId", "account_type": "accountType"}):
    """A user as received; lands as one integer."""

    account_id: str | None = None
    key: str | None = None
    name: str | None = None
    account_type: str | None = None


class History(msgspec.Struct):
    """One save of an issue, as received."""

    id: str | int
    created: str | int
    author: Person | None = None
    items: list[Item] = []


class Category(msgspec.Struct, omit_defaults=True):
    """Status category by its untranslated key."""

    key: str | None = None


class Status(msgspec.Struct, omit_defaults=True, rename={"category": "statusCategory"}):
    """Current status of an issue."""

    id: str | int
    name: str = ""
    category: Category | None = None


class IssueType(msgspec.Struct, omit_defaults=True, rename="camel"):
    """Current type of an issue."""

    id: str | int
    name: str = ""
    subtask: bool = False
    hierarchy_level: Level | None = None
    untranslated_name: str | None = None


class Project(msgspec.Struct):
    """Current project of an issue."""

    id: str | int
    key: str


class Parent(msgspec.Struct, omit_defaults=True):
    """Parent of an issue; the epic link field of Data Center knows the key only."""

    id: str | int | None = None
    key: str | None = None


class Resolution(msgspec.Struct, omit_defaults=True):
    """Current resolution of an issue."""

    id: str | int
    name: str = ""


class FixVersion(msgspec.Struct):
    """A fix version of an issue, by id; the rest is reference data."""

    id: str | int


class LinkType(msgspec.Struct, omit_defaults=True):
    """Both readings of a link."""

    inward: str = ""
    outward: str = ""


class LinkedIssue(msgspec.Struct):
    """The other end of a link."""

    key: str


class Link(msgspec.Struct, omit_defaults=True, rename="camel"):
    """A current link: ``this issue <type.inward> inward_issue``, or ``<type.outward> outward_issue``."""

    type: LinkType = msgspec.field(default_factory=LinkType)
    inward_issue: LinkedIssue | None = None
    outward_issue: LinkedIssue | None = None


class ReceivedFields(msgspec.Struct, rename={"fix_versions": "fixVersions"}):
    """The named fields of an issue; a site's own custom fields are added by ``scrub.received_shape``."""

    project: Project
    issuetype: IssueType
    status: Status
    created: str | int
    updated: str | int | None = None
    parent: Parent | None = None
    resolution: Resolution | None = None
    assignee: Person | None = None
    fix_versions: list[FixVersion] | None = None
    issuelinks: list[Link] | None = None
    statuscategorychangedate: str | int | None = None


class ReceivedChangelog(msgspec.Struct):
    """An embedded changelog."""

    total: Count | None = None
    histories: list[History] = []


class ReceivedIssue(msgspec.Struct):
    """An issue as received; ``fields`` is decoded by the site's own shape."""

    id: str | int
    key: str
    fields: Any
    changelog: ReceivedChangelog | None = None


class LandedLink(msgspec.Struct, gc=False):
    """A current link to an issue, read from this end: ``this issue <phrase> <key>``."""

    phrase: str
    key: str


NOBODY = -1
"""Author of a history that names none; hashes are never negative."""


class LandedHistory(msgspec.Struct, gc=False, omit_defaults=True, rename="camel"):
    """One save of an issue; ``author`` is a keyed hash."""

    id: str | int
    created: str | int
    author: int = NOBODY
    is_automation: bool = False
    items: list[Item] = []


class LandedFields(msgspec.Struct, gc=False, omit_defaults=True, rename="camel"):
    """The fields of an issue that land."""

    project: Project
    issuetype: IssueType
    status: Status
    created: str | int
    updated: str | int | None = None
    parent: Parent | None = None
    resolution: Resolution | None = None
    assignee: int | None = None
    fix_versions: list[FixVersion] = []
    issuelinks: list[LandedLink] | None = None
    flagged: bool = False
    category_changed: str | int | None = None
    """When the status category last changed, as Cloud tells it: evidence of its own beside the changelog."""


class LandedChangelog(msgspec.Struct, gc=False, omit_defaults=True):
    """``total`` is Jira's claim, ``received`` the distinct histories that came, those without a kept item included."""

    histories: list[LandedHistory] = []
    total: Count | None = None
    received: Count | None = None
    route: str = ""
    """How it became whole, or was tried to: again, single, expanded. Empty where the first reading did."""


class LandedNote(msgspec.Struct, gc=False, omit_defaults=True):
    """A comment or work log: when, by whom, and for a work log how long. What it says does not land."""

    id: str | int
    at: str | int
    author: int = NOBODY
    seconds: Count | None = None


class LandedIssue(msgspec.Struct, gc=False, omit_defaults=True):
    """One landed line."""

    id: str | int
    key: str
    fields: LandedFields
    changelog: LandedChangelog
    worklogs: list[LandedNote] = []
    comments: list[LandedNote] = []


class UnreadableIssue(msgspec.Struct, omit_defaults=True):
    """Lands in place of an issue of unknown shape: what cannot be scrubbed does not land."""

    unreadable: str = ""
    id: str | int | None = None
