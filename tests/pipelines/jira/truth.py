"""What an extraction must yield, read off the site itself: no code of the product interprets anything here.

``site_truth`` walks over a sandbox's site as plain dictionaries; ``differences`` holds what was extracted against it.
Only the declared columns of the raw tables are shared with the product. Which faults happen on the way does not matter.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import polars as pl

from pipelines.sandbox.site import Site
from transforms.raw import RawChanges, RawIssues

Json = dict[str, Any]

KEY = b"a key for tests only"
"""The pseudonym key that tests give an extraction, as FLOW_PSEUDONYM_KEY."""

NOT_COMPARED = ("history_total", "history_count", "blocked_by_keys", "repair_route")
"""Columns that tell how an issue was read rather than what it is; name others to compare these too."""

SYSTEM = {
    "status": "status", "assignee": "assignee", "resolution": "resolution", "issuetype": "issue_type",
    "project": "project", "fix version": "fix_version", "fixversions": "fix_version", "key": "key", "issuekey": "key",
    "link": "link", "issuelinks": "link", "parent": "parent", "issueparentassociation": "parent",
    "summary": "summary", "description": "description", "timeoriginalestimate": "estimate", "timeestimate": "estimate",
}  # fmt: skip
"""What system items are called, by name or id, to what changed."""

SCHEMAS = {"gh-sprint": "sprint", "gh-epic-link": "parent", "jsw-story-points": "estimate"}
NAMED = {
    "multicheckboxes": {"Flagged": "flagged"},
    "float": {"Story Points": "estimate", "Story point estimate": "estimate"},
}
AUTOMATIONS = ("automation", "jira-automation", "automation-for-jira", "jirabot")


class Truth(NamedTuple):
    """RawIssues by issue, RawChanges by issue, time, history and item."""

    issues: pl.DataFrame
    changes: pl.DataFrame


def site_truth(site: Site, *, projects: Collection[str] = (), hidden: Collection[int] = (), key: bytes = KEY) -> Truth:
    """Everything a search can find: live issues of some projects (by key; none means all), but hidden projects."""
    reader = _Reader(site, key)
    found = [site.issues[issue_id] for issue_id in sorted(site.issues)]
    issues = [issue for issue in found if _is_found(site, issue, projects, hidden)]
    changes = [row for issue in issues for row in reader.changes(issue)]
    return Truth(
        pl.DataFrame([reader.issue(issue) for issue in issues], RawIssues.polars_schema(), orient="row"),
        canonical(pl.DataFrame(changes, RawChanges.polars_schema(), orient="row")),
    )


def differences(
    truth: Truth, issues: pl.DataFrame, changes: pl.DataFrame, ignoring: Collection[str] = NOT_COMPARED
) -> list[str]:
    """What was extracted wrongly, a line for each table and way; empty where all is right."""
    told = []
    for name, expected, got in (("issues", truth.issues, issues), ("changes", truth.changes, canonical(changes))):
        wanted = [column for column in expected.columns if column not in ignoring]
        told += _compare(name, expected.select(wanted), got.select(wanted))
    return told


def canonical(changes: pl.DataFrame) -> pl.DataFrame:
    """Changes in the one order that does not depend on how they came."""
    return changes.sort("issue_id", "changed_at", "history_id", "item_index")


def pseudonym(account: str | None, key: bytes = KEY) -> int | None:
    """The keyed hash of an account id; None for nobody."""
    if not account:
        return None
    return int.from_bytes(hmac.new(key, account.encode(), hashlib.sha256).digest()[:8], "big") >> 1


def _compare(name: str, expected: pl.DataFrame, got: pl.DataFrame) -> list[str]:
    """What is in one of two bags of rows and not in the other."""
    wanted, came = Counter(map(repr, expected.iter_rows())), Counter(map(repr, got.iter_rows()))
    ways = ((wanted - came, "missing"), (came - wanted, "too many"))
    return [f"{name}: {rows.total()} {what}, as {next(iter(rows))}" for rows, what in ways if rows]


def _is_found(site: Site, issue: Json, projects: Collection[str], hidden: Collection[int]) -> bool:
    project = issue["fields"]["project"]
    archived = [known["id"] for known in site.projects if known.get("archived")]
    if int(issue["id"]) in site.archived_issues or project["id"] in archived or int(project["id"]) in hidden:
        return False
    return not projects or project["key"] in projects


class _Reader:
    """Reads issues of one site, which says what its custom fields and links are."""

    def __init__(self, site: Site, key: bytes) -> None:
        self._key = key
        self._customs = {field["id"]: kind for field in site.fields if (kind := _custom_kind(field))}
        self._called = {
            field["name"]: self._customs[field["id"]] for field in site.fields if field["id"] in self._customs
        }
        self._phrases = dict(_phrases(site))

    def issue(self, issue: Json) -> tuple[Any, ...]:
        """A row of RawIssues."""
        fields, histories = issue["fields"], issue.get("changelog", {}).get("histories", [])
        parent = fields.get("parent") or {}
        epics = [fields.get(field_id) for field_id, kind in self._customs.items() if kind == "parent"]
        flags = [fields.get(field_id) for field_id, kind in self._customs.items() if kind == "flagged"]
        return (
            int(issue["id"]), issue["key"], int(fields["project"]["id"]), fields["project"]["key"],
            int(fields["issuetype"]["id"]), fields["issuetype"]["name"], _level(fields["issuetype"]),
            _number(parent.get("id")), parent.get("key") or next(filter(None, epics), None),
            int(fields["status"]["id"]), _instant(fields["created"]),
            _instant(fields["updated"]) if fields.get("updated") else None,
            _number((fields.get("resolution") or {}).get("id")), self._person(fields.get("assignee")), any(flags),
            sorted(int(version["id"]) for version in fields.get("fixVersions") or ()), self._blockers(fields),
            issue.get("changelog", {}).get("total", len(histories)), len({history["id"] for history in histories}),
            None,
        )  # fmt: skip

    def changes(self, issue: Json) -> Iterator[tuple[Any, ...]]:
        """Rows of RawChanges."""
        for history in issue.get("changelog", {}).get("histories", ()):
            author = history.get("author")
            values = [found for item in history["items"] if (found := self._values(item))]
            for place, value in enumerate(values):
                yield (
                    int(issue["id"]), _instant(history["created"]), int(history["id"]), place, *value,
                    self._person(author), _is_automation(author),
                )  # fmt: skip

    def _values(self, item: Json) -> tuple[Any, ...] | None:
        """Field, ids and keys before and after, kind of link; None for an item flow does not depend on."""
        kind = self._kind(item)
        if kind is None:
            return None
        if kind == "link":
            return self._link(item)
        if kind == "key":
            return (kind, None, None, item.get("fromString"), item.get("toString"), None)
        read: Callable[[Json, str], int | None] = {
            "assignee": self._account, "flagged": _flag, "sprint": _sprint, "summary": _length, "description": _length,
            "estimate": _estimate,
        }.get(kind, lambda item, side: _number(item.get(side)))  # fmt: skip
        return (kind, read(item, "from"), read(item, "to"), None, None, None)

    def _kind(self, item: Json) -> str | None:
        if item.get("fieldtype", "jira") == "jira":
            return SYSTEM.get(item["field"].lower())
        return self._customs.get(item["fieldId"]) if "fieldId" in item else self._called.get(item["field"])

    def _link(self, item: Json) -> tuple[Any, ...] | None:
        keys = [_linked(item, side) for side in ("from", "to")]
        text = re.fullmatch(r"(?:This issue )?(.+) \S+", item.get("toString") or item.get("fromString") or "")
        kind = self._phrases.get(text[1].casefold() if text else "", "other")
        return ("link", None, None, *keys, kind) if any(keys) else None

    def _account(self, item: Json, side: str) -> int | None:
        return pseudonym(item.get(side), self._key)

    def _person(self, user: Json | None) -> int | None:
        accounts = [user.get(name) for name in ("accountId", "key", "name")] if user else []
        return pseudonym(next(filter(None, accounts), None), self._key)

    def _blockers(self, fields: Json) -> list[str]:
        ends = [(link["type"]["inward"], link.get("inwardIssue")) for link in fields.get("issuelinks") or ()]
        ends += [(link["type"]["outward"], link.get("outwardIssue")) for link in fields.get("issuelinks") or ()]
        return sorted(
            {end["key"] for phrase, end in ends if end and self._phrases.get(phrase.casefold()) == "blocked_by"}
        )


def _custom_kind(field: Json) -> str | None:
    schema = str(field.get("schema", {}).get("custom", "")).rpartition(":")[2]
    called = {field["name"], field.get("untranslatedName"), *field.get("clauseNames", ())}
    by_name = next((kind for name, kind in NAMED.get(schema, {}).items() if name in called), None)
    return SCHEMAS.get(schema) or by_name


def _phrases(site: Site) -> Iterator[tuple[str, str]]:
    for link in site.issue_link_types:
        if link["name"] == "Blocks":
            yield link["inward"].casefold(), "blocked_by"
            yield link["outward"].casefold(), "blocks"


def _level(kind: Json) -> int:
    if "hierarchyLevel" in kind:
        return int(kind["hierarchyLevel"])
    return -1 if kind.get("subtask") else int("Epic" in (kind["name"], kind.get("untranslatedName")))


def _instant(written: str | int) -> datetime:
    if isinstance(written, int):
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=written)
    return datetime.fromisoformat(written).astimezone(UTC)


def _number(text: Any) -> int | None:
    return int(text) if text is not None and str(text).isdigit() else None


def _flag(item: Json, side: str) -> int:
    ids, text = item.get(side), item.get(f"{side}String")
    return int(ids != "[]" and bool(ids or text))


def _sprint(item: Json, side: str) -> int | None:
    """The first sprint before, the last one after."""
    text = item.get(side) or ""
    ids = re.findall(r"\bid=(\d+)", text) or re.findall(r"\d+", text)
    return int(ids[0 if side == "from" else -1]) if ids else None


def _length(item: Json, side: str) -> int | None:
    text = item.get(f"{side}String")
    return None if text is None else len(text)


def _estimate(item: Json, side: str) -> int | None:
    written = item.get(side) if item.get(side) is not None else item.get(f"{side}String")
    try:
        return None if written is None else round(float(written))
    except ValueError:
        return None


def _linked(item: Json, side: str) -> str | None:
    text = f"{item.get(side) or ''} {item.get(f'{side}String') or ''}"
    keys = re.findall(r"\b[A-Z][A-Z0-9_]*-\d+\b", text)
    return keys[0] if keys else None


def _is_automation(author: Json | None) -> bool:
    if not author:
        return False
    names = [str(author.get(name, "")).lower() for name in ("name", "key")]
    return author.get("accountType") == "app" or any(name.startswith("addon_") or name in AUTOMATIONS for name in names)
