"""A site laid out for searching: issues in ascending order of id, their searchable fields as arrays beside them.

What a query matches is decided in ``search``; this module only knows the site. An index is a snapshot: an issue
changed afterwards is served as it is now but found as it was, as in Jira.
"""

import re
from collections.abc import Iterable
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


class SiteIndex:
    """Arrays over the issues of a site, all in ascending order of id, and dictionaries of names to ids."""

    def __init__(self, site: Site, resolution_ms: int = CLOUD_RESOLUTION_MS) -> None:
        self.zone = str(site.me["timeZone"])
        self.resolution_ms = resolution_ms
        self.id = _array(sorted(site.issues))
        rows = [site.issues[issue_id] for issue_id in self.id.tolist()]
        self.created = self._instants(row["fields"]["created"] for row in rows)
        self.updated = self._instants(row["fields"].get("updated") or row["fields"]["created"] for row in rows)
        self.project = _array(_id_of(row["fields"].get("project")) for row in rows)
        self.issue_type = _array(_id_of(row["fields"].get("issuetype")) for row in rows)
        keys = [split_key(row["key"]) for row in rows]
        rank = {name: place for place, name in enumerate(sorted({name for name, _ in keys}))}
        self.key_rank = _array(rank[name] for name, _ in keys)
        self.key_number = _array(number for _, number in keys)
        current = {row["key"].upper(): int(row["id"]) for row in rows}
        self.by_key = {key.upper(): issue_id for key, issue_id in site.old_keys.items()} | current
        self.projects = _names(_projects_of(site, rows))
        self.issue_types = _names([*site.issue_types, *_values(rows, "issuetype")])

    def _instants(self, written: Iterable[str]) -> Ids:
        """Milliseconds since 1970, as coarse as this site's index keeps them."""
        exact = _array(epoch_ms(text) for text in written)
        return exact // self.resolution_ms * self.resolution_ms

    def place_of(self, issue_id: int) -> int | None:
        """Position of an issue in the arrays; None for an unknown id."""
        place = int(np.searchsorted(self.id, issue_id))
        return place if place < len(self.id) and self.id[place] == issue_id else None

    def resolve(self, id_or_key: str) -> int | None:
        """Issue id for an id, a key or a former key in any case; None if there is no such issue."""
        if id_or_key.isdecimal():
            return int(id_or_key) if self.place_of(int(id_or_key)) is not None else None
        return self.by_key.get(id_or_key.upper())


def split_key(key: str) -> tuple[str, int]:
    """Split ``ABC-12`` into its project's key and its number; a text that is no key has number 0."""
    found = re.fullmatch(r"(.+)-(\d+)", key)
    return (found[1].upper(), int(found[2])) if found else (key.upper(), 0)


def _array(numbers: Iterable[int]) -> Ids:
    """Make an array of whole numbers."""
    return np.fromiter(numbers, dtype=np.int64)


def _id_of(value: Json | None) -> int:
    """Id of a project or type; -1 where the recording names none."""
    return int(value["id"]) if value else -1


def _values(rows: list[Json], field: str) -> list[Json]:
    """One object an id of those that issues have in a field."""
    return list({row["fields"][field]["id"]: row["fields"][field] for row in rows if row["fields"].get(field)}.values())


def _projects_of(site: Site, rows: list[Json]) -> list[Json]:
    """Projects the site lists, and those only its issues name."""
    return [*site.projects, *_values(rows, "project")]


def _names(listed: list[Json]) -> dict[str, set[int]]:
    """Casefolded name, key or id to ids: one name may belong to several team-managed types."""
    found: dict[str, set[int]] = {}
    for thing in listed:
        for name in (thing["id"], thing.get("key"), thing.get("name")):
            if name:
                found.setdefault(str(name).casefold(), set()).add(int(thing["id"]))
    return found
