"""A site laid out for searching: issues in ascending order of id, their searchable fields as arrays beside them.

What a query matches is decided in ``search``; this module only knows the site. An index is a snapshot: an issue
changed afterwards is served as it is now but found as it was, as in Jira. When it is made anew is ``exchange``'s part.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.sandbox.instants import epoch_ms
from pipelines.sandbox.site import Site

Json = dict[str, Any]
Ids = NDArray[np.int64]

CLOUD_RESOLUTION_MS = 1
DC_RESOLUTION_MS = 1000
"""Data Center's index knows instants to the second only."""


@dataclass(frozen=True)
class Horizon:
    """What a late or a blind index does not know."""

    known_until_ms: int | None = None
    """Issues created later are missing, changes made later unnoticed."""
    is_hidden: Callable[[Json], bool] = lambda issue: False
    """Issues the caller may not see."""
    hidden_projects: frozenset[int] = frozenset()


class SiteIndex:
    """Arrays over the issues of a site, all in ascending order of id, and dictionaries of names to ids.

    Archived issues, and those of archived projects, are not in it, as in Jira.
    """

    def __init__(
        self,
        site: Site,
        resolution_ms: int = CLOUD_RESOLUTION_MS,
        horizon: Horizon | None = None,
        keys: dict[str, int] | None = None,
    ) -> None:
        """``keys`` are the site's, where somebody has gathered them already."""
        self.zone = str(site.me["timeZone"])
        self.resolution_ms = resolution_ms
        self._horizon = horizon or Horizon()
        self._archived = {str(project["id"]) for project in site.projects if project.get("archived")}
        self._named: dict[str, dict[str, Json]] = {"project": {}, "issuetype": {}}
        facts = [found for issue_id in sorted(site.issues) if (found := self._facts(site, issue_id))]
        columns = list(zip(*facts, strict=True)) if facts else [()] * 7
        self.id, self.project, self.issue_type, self.key_number = (_array(columns[place]) for place in (0, 3, 4, 6))
        self.created, self.updated = (_array(columns[place]) // resolution_ms * resolution_ms for place in (1, 2))
        rank = {name: place for place, name in enumerate(sorted(set(columns[5])))}
        self.key_rank = _array(rank[name] for name in columns[5])
        self._by_key = keys_of(site) if keys is None else keys
        listed = [project for project in site.projects if int(project["id"]) not in self._horizon.hidden_projects]
        self.projects = _names([*listed, *self._named["project"].values()])
        self.issue_types = _names([*site.issue_types, *self._named["issuetype"].values()])

    def _facts(self, site: Site, issue_id: int) -> tuple[Any, ...] | None:
        """What is searched of an issue, in the order of the columns; None for one that this index does not hold."""
        issue = site.head(issue_id)
        fields, until = issue["fields"], self._horizon.known_until_ms
        created = epoch_ms(fields["created"])
        updated = epoch_ms(fields["updated"]) if fields.get("updated") else created
        project, kind = fields.get("project"), fields.get("issuetype")
        is_archived = issue_id in site.archived_issues or (project and project["id"] in self._archived)
        if is_archived or self._horizon.is_hidden(issue) or (until is not None and created > until):
            return None
        for field, value in (("project", project), ("issuetype", kind)):
            if value:
                self._named[field][value["id"]] = value
        if until is not None and updated > until:
            updated = _last_change(site.issues[issue_id], until, created)
        return (issue_id, created, updated, _id_of(project), _id_of(kind), *split_key(issue["key"]))

    def place_of(self, issue_id: int) -> int | None:
        """Position of an issue in the arrays; None for an unknown id."""
        place = int(np.searchsorted(self.id, issue_id))
        return place if place < len(self.id) and self.id[place] == issue_id else None

    def resolve(self, id_or_key: str) -> int | None:
        """Issue id for an id, a key or a former key in any case; None if there is no such issue."""
        known = int(id_or_key) if id_or_key.isdecimal() else self._by_key.get(id_or_key.upper())
        return known if known is not None and self.place_of(known) is not None else None


def split_key(key: str) -> tuple[str, int]:
    """Split ``ABC-12`` into its project's key and its number; a text that is no key has number 0."""
    found = re.fullmatch(r"(.+)-(\d+)", key)
    return (found[1].upper(), int(found[2])) if found else (key.upper(), 0)


def keys_of(site: Site) -> dict[str, int]:
    """Current and former keys, in capitals, to issue id; a key in use is its user's."""
    current = {site.head(issue_id)["key"].upper(): issue_id for issue_id in site.issues}
    return {key.upper(): issue_id for key, issue_id in site.old_keys.items()} | current


def _last_change(issue: Json, until: int, created: int) -> int:
    """When an issue last changed up to a moment, as its changelog knows it."""
    known = (epoch_ms(history["created"]) for history in issue.get("changelog", {}).get("histories", ()))
    return max((moment for moment in known if moment <= until), default=created)


def _array(numbers: Iterable[int]) -> Ids:
    """Make an array of whole numbers."""
    return np.fromiter(numbers, dtype=np.int64)


def _id_of(value: Json | None) -> int:
    """Id of a project or type; -1 where the recording names none."""
    return int(value["id"]) if value else -1


def _names(listed: list[Json]) -> dict[str, set[int]]:
    """Casefolded name, key or id to ids: one name may belong to several team-managed types."""
    found: dict[str, set[int]] = {}
    for thing in listed:
        for name in (thing["id"], thing.get("key"), thing.get("name")):
            if name:
                found.setdefault(str(name).casefold(), set()).add(int(thing["id"]))
    return found
