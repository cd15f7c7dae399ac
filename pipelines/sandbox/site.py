"""The in-memory Jira site that the sandbox serves, and how recorded issues become one.

What a site knows is here; how a flavour of Jira tells it over HTTP is not (``cloud``, ``datacenter``), nor is how
reference data are read off issues (``recorded``) or how people change a site (``changes``).
"""

import gzip
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from pipelines.sandbox import recorded
from pipelines.sandbox.generated import GeneratedIssues
from pipelines.sandbox.instants import EPOCH, MILLISECOND

Json = dict[str, Any]

SANDBOX_USER: Json = {
    "accountId": "sandbox-user", "accountType": "atlassian", "name": "sandbox", "key": "JIRAUSER10000",
    "displayName": "Sandbox User", "emailAddress": "sandbox@example.com", "active": True,
    "timeZone": "Etc/UTC", "locale": "en_GB",
}  # fmt: skip
"""Who the caller is unless a site says otherwise; each flavour leaves out what it does not tell."""


@dataclass
class Site:
    """One Jira site, complete and without secrets: every issue with its whole changelog, and the reference data."""

    issues: MutableMapping[int, Json]
    """Issue id to REST-shaped issue: ``id``, ``key``, ``fields``, ``changelog.histories`` (whole, in any order)."""
    statuses: list[Json]
    """As ``/status`` lists them; a deleted status occurs in changelogs only."""
    fields: list[Json]
    """As ``/field`` lists them."""
    projects: list[Json]
    """``id``, ``key``, ``name`` and more of each project."""
    versions: dict[int, list[Json]]
    """Project id to its versions."""
    boards: list[Json]
    """Boards; the keys ``configuration`` and ``sprints`` of each are answered on routes of their own."""
    issue_link_types: list[Json]
    resolutions: list[Json]
    issue_types: list[Json]
    now: datetime
    """The site's clock: ``serverInfo.serverTime`` and the HTTP Date header."""
    me: Json = field(default_factory=lambda: dict(SANDBOX_USER))
    """As ``/myself``; ``timeZone`` decides what a quoted date in JQL means."""
    old_keys: dict[str, int] = field(default_factory=dict)
    """Former keys of moved issues to issue id."""
    archived_issues: set[int] = field(default_factory=set)
    """Issues archived one by one: no search finds them, who knows their id can read them."""
    revision: int = 0
    """Grows with every change, so that a running sandbox knows when its index is old."""
    last_history_id: int = 0
    """Highest id of a history; 0 where nobody has looked yet."""

    def head(self, issue_id: int) -> Json:
        """An issue, perhaps without its changelog: cheap for a site that makes its issues when asked for them."""
        return self.issues.head(issue_id) if isinstance(self.issues, GeneratedIssues) else self.issues[issue_id]


def site_from_issues(source: str | Path | Iterable[str | Path | Json], now: datetime | None = None) -> Site:
    """Make a site of recorded issues: paths of JSON lines (plain or .gz), or issues as dictionaries, or both mixed.

    Reference data are what the issues tell of them. ``now`` is a minute after the newest instant unless given.
    Raises ValueError where two different issues share an id.
    """
    issues = _by_id(_read_all([source] if isinstance(source, str | Path) else source))
    everything = list(issues.values())
    return Site(
        issues=issues,
        statuses=recorded.statuses(everything),
        fields=recorded.fields(everything),
        projects=recorded.projects(everything),
        versions=recorded.versions(everything),
        boards=[],
        issue_link_types=recorded.issue_link_types(everything),
        resolutions=recorded.resolutions(everything),
        issue_types=recorded.issue_types(everything),
        now=now or EPOCH + recorded.newest_ms(everything) * MILLISECOND + timedelta(minutes=1),
        old_keys=recorded.old_keys(everything),
    )


def _read_all(source: Iterable[str | Path | Json]) -> Iterable[Json]:
    """Yield the issues of every path and every dictionary, in order."""
    for part in source:
        if isinstance(part, dict):
            yield part
        else:
            yield from _read_lines(Path(part))


def _read_lines(path: Path) -> Iterable[Json]:
    """Yield one issue a line of a JSON-lines file, unpacked if its name ends in .gz."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    decoder = msgspec.json.Decoder(Json)
    return (decoder.decode(line) for line in content.splitlines() if line.strip())


def _by_id(issues: Iterable[Json]) -> dict[int, Json]:
    """Key the issues by id; a repeated issue counts as its last recording."""
    by_id: dict[int, Json] = {}
    for issue in issues:
        issue_id = int(issue["id"])
        other = by_id.setdefault(issue_id, issue)
        if other["key"] != issue["key"]:
            raise ValueError(f"issue id {issue_id} is both {other['key']} and {issue['key']}: not from one site")
        by_id[issue_id] = issue
    return by_id
