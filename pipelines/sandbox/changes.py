"""What people do to a site: change status, edit, move, delete, create, archive, as Jira would record it.

Each function lets the site's clock go on first (a second, unless told), dates the change by it and keeps ``updated``,
changelog, keys and derived fields consistent. A running sandbox notices by itself. How an item of one field is written
is in ``change_items``; which changes happen, and when, is decided by tests and by ``faults``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pipelines.sandbox import change_items
from pipelines.sandbox.index import split_key
from pipelines.sandbox.instants import jira_timestamp
from pipelines.sandbox.site import SANDBOX_USER, Site

Json = dict[str, Any]
IssueName = int | str
"""Id, or current key."""

STEP = timedelta(seconds=1)
"""Time that passes before a change, unless told otherwise."""

AUTHOR: Json = {name: SANDBOX_USER[name] for name in ("accountId", "accountType", "name", "key", "displayName")}
"""Who changes things unless told otherwise."""


def find_issue(site: Site, issue: IssueName) -> int:
    """Id of an issue by id or current key. Raises KeyError for one that is not there."""
    if isinstance(issue, int) or issue.isdecimal():
        if int(issue) in site.issues:
            return int(issue)
        raise KeyError(issue)
    for issue_id in site.issues:
        if site.head(issue_id)["key"] == issue:
            return issue_id
    raise KeyError(issue)


def find_project(site: Site, project: str) -> Json:
    """A project by id or key. Raises KeyError for one that is not there."""
    for known in site.projects:
        if project in (known["id"], known["key"]):
            return known
    raise KeyError(project)


def transition(site: Site, issue: IssueName, status: str, **how: Any) -> int:
    """Put an issue into a status (id or name), with its own self-transition if it is there already; see ``edit``."""
    return edit(site, issue, **how, status=status)


def edit(
    site: Site,
    issue: IssueName,
    *,
    author: Json | None = AUTHOR,
    after: timedelta = STEP,
    is_silent: bool = False,
    **values: Any,
) -> int:
    """Set fields of an issue in one save; returns the id of the history.

    Values by field: ``status``, ``resolution``, ``issuetype``, ``fixVersions`` (a list), each by id or name, None for
    none; ``assignee`` (a user or None), ``flagged`` (bool), ``sprint`` (a list of sprint objects), ``parent`` (issue
    or None), ``summary``, ``description``, ``timeoriginalestimate``, ``labels``. A silent save leaves ``updated`` as it
    was, as some bulk and administrative changes do. Raises KeyError for an unknown issue, field or name.
    """
    issue_id = find_issue(site, issue)
    was = site.issues[issue_id]
    saved = [change_items.write(site, was["fields"], name, value) for name, value in values.items()]
    items = [item for written, _ in saved for item in written]
    fields = {name: value for _, changed in saved for name, value in changed.items()}
    _advance(site, after)
    return _save(site, issue_id, items, fields, author, is_silent=is_silent)


def comment(site: Site, issue: IssueName, *, after: timedelta = STEP) -> None:
    """Comment on an issue: ``updated`` moves without a history."""
    issue_id = find_issue(site, issue)
    _advance(site, after)
    was = site.issues[issue_id]
    written = jira_timestamp(site.now)
    listed = (was["fields"].get("comment") or {}).get("comments", [])
    said = {"id": str(site.revision), "author": AUTHOR, "body": "A comment.", "created": written, "updated": written}
    comments = {"comments": [*listed, said], "total": len(listed) + 1, "maxResults": len(listed) + 1, "startAt": 0}
    site.issues[issue_id] = was | {"fields": was["fields"] | {"comment": comments, "updated": written}}


def move(site: Site, issue: IssueName, project: str, *, author: Json | None = AUTHOR, **values: Any) -> str:
    """Move an issue to another project, perhaps into another status or type in the same save; returns its new key."""
    issue_id, target = find_issue(site, issue), find_project(site, project)
    was = site.issues[issue_id]
    old_key, new_key = was["key"], next_key(site, target["key"])
    saved = [change_items.write(site, was["fields"], name, value) for name, value in values.items()]
    items = [
        change_items.system_item("Key", "issuekey", (None, old_key), (None, new_key)),
        change_items.project_item(was["fields"]["project"], target),
        *(item for written, _ in saved for item in written),
    ]
    refer = {name: target[name] for name in ("id", "key", "name", "projectTypeKey", "simplified") if name in target}
    fields = {name: value for _, changed in saved for name, value in changed.items()} | {"project": refer}
    _advance(site, STEP)
    site.old_keys[old_key] = issue_id
    site.issues[issue_id] = was | {"key": new_key}
    _save(site, issue_id, items, fields, author)
    return new_key


def create(site: Site, project: str, *, after: timedelta = STEP, **values: Any) -> int:
    """Create an issue with the first type and status the site lists, unless told; returns its id. No history."""
    target = find_project(site, project)
    _advance(site, after)
    issue_id, written = max(site.issues, default=10_000) + 1, jira_timestamp(site.now)
    fields: Json = {
        "summary": "A new issue", "description": None, "issuetype": site.issue_types[0], "status": site.statuses[0],
        "project": {name: target[name] for name in ("id", "key", "name")}, "created": written, "updated": written,
        "resolution": None, "assignee": None, "fixVersions": [], "issuelinks": [], "creator": AUTHOR,
    }  # fmt: skip
    for name, value in values.items():
        fields |= change_items.write(site, fields, name, value)[1]
    key = next_key(site, target["key"])
    site.issues[issue_id] = {"id": str(issue_id), "key": key, "fields": fields, "changelog": {"histories": []}}
    return issue_id


def delete(site: Site, issue: IssueName, *, after: timedelta = STEP) -> int:
    """Delete an issue with its history and all its keys; returns its id."""
    issue_id = find_issue(site, issue)
    _advance(site, after)
    del site.issues[issue_id]
    for key in [key for key, owner in site.old_keys.items() if owner == issue_id]:
        del site.old_keys[key]
    return issue_id


def archive_issue(site: Site, issue: IssueName, *, is_archived: bool = True) -> int:
    """Archive an issue, or bring it back; no history tells of it. Returns its id."""
    issue_id = find_issue(site, issue)
    _advance(site, STEP)
    (site.archived_issues.add if is_archived else site.archived_issues.discard)(issue_id)
    return issue_id


def archive_project(site: Site, project: str, *, is_archived: bool = True) -> None:
    """Archive a project, or bring it back: its issues leave the search and stay as they are."""
    known = find_project(site, project)
    _advance(site, STEP)
    site.projects = [listed | {"archived": is_archived} if listed is known else listed for listed in site.projects]


def next_key(site: Site, project_key: str) -> str:
    """The key after the highest ever used in a project."""
    keys = [*(site.head(issue_id)["key"] for issue_id in site.issues), *site.old_keys]
    used = [number for name, number in map(split_key, keys) if name == project_key.upper()]
    return f"{project_key}-{max(used, default=0) + 1}"


def _advance(site: Site, after: timedelta) -> None:
    """Let time pass, and tell whoever serves the site that something changes."""
    site.now += after
    site.revision += 1


def _save(
    site: Site, issue_id: int, items: list[Json], fields: Json, author: Json | None, *, is_silent: bool = False
) -> int:
    """Add a history at the site's now and set fields; a status of another category and a resolution are dated too."""
    was = site.issues[issue_id]
    written = jira_timestamp(site.now)
    dates: Json = {} if is_silent else {"updated": written}
    if "statuscategorychangedate" in was["fields"] and _changes_category(was["fields"], fields):
        dates["statuscategorychangedate"] = written
    if "resolution" in fields and "resolutiondate" in was["fields"]:
        dates["resolutiondate"] = written if fields["resolution"] else None
    history: Json = {"id": str(_next_history(site)), "created": written, "items": items}
    changelog = was.get("changelog", {})
    grown = changelog | {
        "histories": [*changelog.get("histories", ()), history | ({"author": author} if author else {})]
    }
    if "total" in changelog:
        grown["total"] = changelog["total"] + 1
    site.issues[issue_id] = was | {"fields": was["fields"] | fields | dates, "changelog": grown}
    return int(history["id"])


def _changes_category(before: Json, fields: Json) -> bool:
    """Tell whether a save takes an issue into a status of another category."""
    old, new = (side.get("status", {}).get("statusCategory", {}).get("key") for side in (before, before | fields))
    return bool(old != new)


def _next_history(site: Site) -> int:
    """The next id of a history; the highest one so far is looked up once."""
    if not site.last_history_id:
        listed = (issue.get("changelog", {}).get("histories", ()) for issue in site.issues.values())
        site.last_history_id = max((int(history["id"]) for histories in listed for history in histories), default=0)
    site.last_history_id += 1
    return site.last_history_id
