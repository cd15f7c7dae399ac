"""Before anything lands: persons become keyed hashes, free text becomes its length, what is not named is dropped.

Kept as they are: ids, issue keys, instants, and names of statuses, types, projects, versions and resolutions, which are
configuration. Every kept value is checked for its shape, so text cannot ride along in a field that should hold an id.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from pipelines.jira.fields import FieldNames
from pipelines.jira.histories import distinct_histories
from pipelines.jira.shapes import (
    NOBODY,
    FixVersion,
    History,
    Item,
    LandedChangelog,
    LandedFields,
    LandedHistory,
    LandedIssue,
    LandedLink,
    Link,
    Parent,
    Person,
    ReceivedFields,
    ReceivedIssue,
    Text,
    UnreadableIssue,
)

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}-\d{1,12}[A-Z]?")
"""Jira's own keys end in digits; one letter may follow where recorded stories split an issue (G-15A, G-15B)."""
_INSTANT = re.compile(r"\d{1,15}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?")
_LINK_TEXT = re.compile(r"(?:This issue )?(.+?) (\S+)", re.DOTALL)
_SPRINT_ID = re.compile(r"(?<![\w.-])id=(\d{1,18})\b")
_CATEGORIES = frozenset({"new", "indeterminate", "done", "undefined"})
_AUTOMATION_NAMES = frozenset({"automation", "jira-automation", "automation-for-jira", "jirabot"})

LONGEST_ID = 18
"""Digits that surely fit a 64-bit integer."""

NAMED_FIELDS = frozenset({"status", "resolution", "issue_type", "project", "fix_version"})
"""Changes whose old and new names are configuration and are kept beside the ids."""


class Scrubber:
    """Turns received issues into landed ones for one site and key; raises ValueError on strange shapes."""

    def __init__(self, names: FieldNames, key: bytes) -> None:
        """``key`` is the pseudonym key; the same key gives the same hashes in every run."""
        self._names = names
        self._key = key
        self._flag_ids, self._epic_ids = names.ids_of("flagged"), names.ids_of("parent")
        self._fields_shape = received_shape((*self._flag_ids, *self._epic_ids))
        self._kinds: dict[tuple[str | None, str, str | None], str | None] = {}
        self._pseudonym = lru_cache(maxsize=100_000)(self._hash)
        self._values: Mapping[str, Callable[[Item], Item | None]] = {
            "assignee": self._assignee, "flagged": _flag, "link": self._link, "sprint": _sprint, "key": _key_change,
            "summary": _text_length, "description": _text_length, "estimate": _estimate, "parent": _parent,
        }  # fmt: skip

    @property
    def custom_field_ids(self) -> tuple[str, ...]:
        """Custom fields the landed shape is made from; an extraction has to ask for them."""
        return (*self._flag_ids, *self._epic_ids)

    @property
    def flag_ids(self) -> tuple[str, ...]:
        """Custom fields that flag impediments."""
        return self._flag_ids

    @property
    def change_field_ids(self) -> tuple[str, ...]:
        """Custom fields whose changes are kept."""
        return tuple(field_id for field_id, _ in self._names.custom_ids)

    def scrub_line(self, line: bytes) -> bytes:
        """A received issue with its embedded changelog → one landed line; an unreadable one → its notice."""
        try:
            issue = msgspec.json.decode(line, type=ReceivedIssue)
            changelog = issue.changelog
            return encode(
                self.scrub(issue, changelog.histories if changelog else [], changelog.total if changelog else None)
            )
        except (msgspec.ValidationError, ValueError) as error:
            return encode(unreadable(line, error))

    def scrub(self, issue: ReceivedIssue, histories: Iterable[History], total: int | None) -> LandedIssue:
        """One issue with its whole changelog → what lands of it."""
        distinct = distinct_histories(histories)
        landed = [kept for history in distinct if (kept := self._history(history)).items]
        fields = msgspec.convert(issue.fields, self._fields_shape)
        changelog = LandedChangelog(histories=landed, total=total, received=len(distinct))
        return LandedIssue(_digits(issue.id), _checked(_KEY, issue.key, "key"), self._fields(fields), changelog)

    def person(self, person: Person | None) -> int | None:
        """Keyed hash of an account, by accountId, key or name, the first that is there."""
        account = person and (person.account_id or person.key or person.name)
        return self._pseudonym(account) if account else None

    def _hash(self, account: str) -> int:
        return keyed_hash(self._key, account)

    def _fields(self, fields: Any) -> LandedFields:
        for part in (fields.project, fields.issuetype, fields.status, *filter(None, [fields.resolution])):
            part.id = _digits(part.id)
        fields.project.key = _checked(_KEY, f"{fields.project.key}-1", "project key")[:-2]
        if fields.status.category and fields.status.category.key not in _CATEGORIES:
            fields.status.category = None
        return LandedFields(
            project=fields.project,
            issuetype=fields.issuetype,
            status=fields.status,
            created=_instant(fields.created),
            updated=None if fields.updated is None else _instant(fields.updated),
            parent=_current_parent(fields, self._epic_ids),
            resolution=fields.resolution,
            assignee=self.person(fields.assignee),
            fix_versions=[FixVersion(_digits(version.id)) for version in fields.fix_versions or ()],
            issuelinks=self._links(fields.issuelinks),
            flagged=any(getattr(fields, _attribute(flag_id)) for flag_id in self._flag_ids),
            category_changed=(moment := fields.statuscategorychangedate) and _instant(moment),
        )

    def instant(self, value: str | int) -> str | int:
        """An instant as it came; raises ShapeError for what is none."""
        return _instant(value)

    def number(self, value: str | int) -> str:
        """An id in digits; raises ShapeError for what is none."""
        return _digits(value)

    def links(self, links: list[Link]) -> list[LandedLink]:
        """Each link as read from this issue's end; those of types the site does not list are dropped."""
        return self._links(links) or []

    def _links(self, links: list[Link] | None) -> list[LandedLink] | None:
        """Each link as read from this issue's end; links of types the site does not list are dropped."""
        if links is None:
            return None
        ends = [(link.type.inward, link.inward_issue) for link in links]
        ends += [(link.type.outward, link.outward_issue) for link in links]
        return [
            LandedLink(phrase, end.key)
            for phrase, end in ends
            if end and self._names.knows_phrase(phrase) and _KEY.fullmatch(end.key)
        ]

    def _history(self, history: History) -> LandedHistory:
        items = [kept for item in history.items if (kept := self._item(item)) is not None]
        return LandedHistory(
            id=_digits(history.id),
            created=_instant(history.created),
            author=NOBODY if (author := self.person(history.author)) is None else author,
            is_automation=_is_automation(history.author),
            items=items,
        )

    def _item(self, item: Item) -> Item | None:
        called = (item.field_id, item.field, item.fieldtype)
        if called not in self._kinds:
            self._kinds[called] = self._names.recognise(item)
        kind = self._kinds[called]
        if kind is None:
            return None
        kept = self._values.get(kind, _ids)(item)
        if kept is None:
            return None
        names = (item.from_string, item.to_string) if kind in NAMED_FIELDS else (kept.from_string, kept.to_string)
        return Item(field=kind, from_=kept.from_, from_string=names[0], to=kept.to, to_string=names[1])

    def _assignee(self, item: Item) -> Item:
        hashed = (self._pseudonym(str(value)) if value else None for value in (item.from_, item.to))
        return Item(from_=next(hashed), to=next(hashed))

    def _link(self, item: Item) -> Item | None:
        """Keys, and the words between them where they are the site's own; nothing of a link to outside Jira."""
        old, new = _linked_key(item.from_, item.from_string), _linked_key(item.to, item.to_string)
        if old is None and new is None:
            return None
        return Item(
            from_=old, from_string=self._phrase(item.from_string), to=new, to_string=self._phrase(item.to_string)
        )

    def _phrase(self, text: Text) -> str | None:
        match = _LINK_TEXT.fullmatch(text) if isinstance(text, str) else None
        return match[1] if match and self._names.knows_phrase(match[1]) else None


def keyed_hash(key: bytes, account: str) -> int:
    """What stands for an account id wherever something lands: 63 bits of HMAC-SHA256, never negative."""
    return int.from_bytes(hmac.new(key, account.encode(), hashlib.sha256).digest()[:8], "big") >> 1


def encode(line: LandedIssue | UnreadableIssue) -> bytes:
    """One JSON line, without its newline."""
    return msgspec.json.encode(line)


def unreadable(raw: bytes | msgspec.Raw, error: Exception) -> UnreadableIssue:
    """The notice that lands in place of an answer of unknown shape; the reason names a path, never a value."""
    reason = str(error) if isinstance(error, msgspec.ValidationError | ShapeError) else type(error).__name__
    try:
        return UnreadableIssue(reason, _digits(msgspec.json.decode(raw, type=_OnlyId).id))
    except (msgspec.DecodeError, ValueError):
        return UnreadableIssue(reason)


class ShapeError(ValueError):
    """A value that should be an id, key or instant is none; the text names the place, not the value."""


class _OnlyId(msgspec.Struct):
    id: str | int


@lru_cache(maxsize=8)
def received_shape(custom_ids: tuple[str, ...]) -> type[msgspec.Struct]:
    """ReceivedFields with a site's own custom fields, each under ``_attribute(id)``."""
    return msgspec.defstruct(
        "SiteFields", [(_attribute(custom_id), Any, None) for custom_id in custom_ids], bases=(ReceivedFields,),
        rename={_attribute(custom_id): custom_id for custom_id in custom_ids} | {"fix_versions": "fixVersions"},
    )  # fmt: skip


def _attribute(custom_id: str) -> str:
    return "custom_" + re.sub(r"\W", "_", custom_id)


def _checked(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise ShapeError(f"{what} has an unknown form")
    return value


def _digits(value: str | int) -> str:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_ID):
        raise ShapeError("an id is not a number")
    return text


def _instant(value: str | int) -> str | int:
    return value if isinstance(value, int) else _checked(_INSTANT, value, "an instant")


def _number_or_none(value: Text) -> str | None:
    text = str(value).strip() if value is not None else ""
    return text if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID else None


def _key_or_none(value: Text) -> str | None:
    return value if isinstance(value, str) and _KEY.fullmatch(value) else None


def _linked_key(key: Text, text: Text) -> str | None:
    match = _LINK_TEXT.fullmatch(text) if isinstance(text, str) else None
    return _key_or_none(key) or (_key_or_none(match[2]) if match else None)


def _current_parent(fields: Any, epic_ids: Sequence[str]) -> Parent | None:
    """The parent field, or the epic link field (a key) where Data Center keeps epics apart."""
    parent = fields.parent
    if parent is not None:
        return Parent(_number_or_none(parent.id), _key_or_none(parent.key))
    keys = (_key_or_none(getattr(fields, _attribute(epic_id))) for epic_id in epic_ids)
    return next((Parent(key=key) for key in keys if key), None)


def _is_automation(author: Person | None) -> bool:
    if author is None:
        return False
    names = {(author.name or "").casefold(), (author.key or "").casefold()}
    is_addon = any(name.startswith("addon_") for name in names)
    return author.account_type == "app" or is_addon or bool(names & _AUTOMATION_NAMES)


def _ids(item: Item) -> Item:
    return Item(from_=_number_or_none(item.from_), to=_number_or_none(item.to))


def _parent(item: Item) -> Item:
    return Item(from_=_number_or_none(item.from_), from_string=_key_or_none(item.from_string),
                to=_number_or_none(item.to), to_string=_key_or_none(item.to_string))  # fmt: skip


def _key_change(item: Item) -> Item:
    return Item(from_string=_key_or_none(item.from_string), to_string=_key_or_none(item.to_string))


def _flag(item: Item) -> Item:
    """1 while any checkbox is ticked: some sites fill only the ids, some only the text, some write an empty list."""
    old, new = (
        int(ids != "[]" and bool(ids or text))
        for ids, text in ((item.from_, item.from_string), (item.to, item.to_string))
    )
    return Item(from_=old, to=new)


def _text_length(item: Item) -> Item:
    old, new = (len(str(text)) if text is not None else None for text in (item.from_string, item.to_string))
    return Item(from_=old, to=new)


def _estimate(item: Item) -> Item:
    """Seconds or points, rounded; points come as text without an id."""
    old, new = (_rounded(value if value is not None else text)
                for value, text in ((item.from_, item.from_string), (item.to, item.to_string)))  # fmt: skip
    return Item(from_=old, to=new)


def _rounded(value: Text) -> int | None:
    try:
        number = round(float(value)) if value is not None else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and abs(number) < 10**LONGEST_ID else None


def _sprint(item: Item) -> Item:
    return Item(from_=_sprint_ids(item.from_), to=_sprint_ids(item.to))


def _sprint_ids(value: Text) -> str | None:
    """Ids of a sprint list: ``7, 12``, or Data Center's ``…Sprint@1f[id=7,…]``."""
    text = "" if value is None else str(value)
    ids = _SPRINT_ID.findall(text) or [part.strip() for part in text.split(",") if _number_or_none(part)]
    return ", ".join(ids) or None
