"""What flow.toml may refer to: statuses, projects, types and resolutions of a site, found by id or name.

A reference that finds nothing is an error that names it, what is nearest, and what there is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from transforms.status_names import Decision, NamedStatus, plain
from transforms.walk import WorkflowError

LISTED_NAMES = 30
"""So many names of what there is go into a message; more are counted."""


@dataclass(frozen=True)
class SiteStatuses:
    """Every status the site lists or its issues ever had."""

    by_id: Mapping[int, NamedStatus]

    @classmethod
    def read(cls, statuses: pl.DataFrame, seen_ids: Iterable[int]) -> SiteStatuses:
        """From RawStatuses; a status in ``seen_ids`` that the table does not hold is called by its id."""
        rows = statuses.select("status_id", "status_name", "category").iter_rows()
        known = {status_id: NamedStatus(status_id, name, category) for status_id, name, category in rows}
        unnamed = {status_id: NamedStatus(status_id, f"Status {status_id}", None) for status_id in seen_ids}
        return cls(unnamed | known)

    def find(self, reference: str, seen_ids: Collection[int]) -> tuple[list[NamedStatus], Decision] | None:
        """The statuses of this id, or all of this name: those in ``seen_ids``, or anywhere if none is there."""
        if reference.strip().isdecimal() and (status := self.by_id.get(int(reference))):
            return [status], "config_id"
        named = [status for status in self.by_id.values() if same_name(status.name, reference)]
        found = [status for status in named if status.status_id in seen_ids] or named
        return (sorted(found, key=lambda status: status.status_id), "config_name") if found else None


def same_name(name: str, reference: str) -> bool:
    """Whether both are the same but for case and blanks."""
    return _folded(name) == _folded(reference)


def find_ids(what: str, references: Iterable[str], names_by_id: Mapping[int, str], *, said_by: str) -> frozenset[int]:
    """Ids of what is referred to by id or name. Raises WorkflowError where one is not there."""
    ids: set[int] = set()
    for reference in references:
        found = {i for i, name in names_by_id.items() if str(i) == reference.strip() or same_name(name, reference)}
        if not found:
            raise WorkflowError(unknown_reference(what, reference, names_by_id.values(), said_by=said_by))
        ids |= found
    return frozenset(ids)


def find_stage(reference: str, stages: Collection[str], where: str) -> str:
    """The stage of this name. Raises WorkflowError where a change (``where``) names one the stream does not have."""
    for name in stages:
        if same_name(name, reference):
            return name
    listed = ", ".join(f"'{name}'" for name in stages)
    raise WorkflowError(
        f"flow.toml: {where} names the stage '{reference}', which is none of the stream's."
        f"{_nearest(reference, stages)} Its stages are: {listed}. For a stage that begins on that day, add a"
        " [[value_stream.stage]] with its name and without statuses, in its place in the walk."
    )


def unknown_reference(
    what: str, reference: str, names: Iterable[str], *, said_by: str, listed: Iterable[str] = (), list_is: str = ""
) -> str:
    """A paragraph: ``reference`` is not among ``names``, what is nearest to it, what there is, and what to do.

    ``listed`` are the names to show if they are not all, introduced by ``list_is``.
    """
    known = sorted(set(names), key=plain)
    shown = sorted(set(listed), key=plain) or known
    text = ", ".join(f"'{name}'" for name in shown[:LISTED_NAMES]) or "nothing of the kind"
    more = f" and {len(shown) - LISTED_NAMES} more" if len(shown) > LISTED_NAMES else ""
    there_is = (listed and list_is) or "The site has"
    return (
        f"flow.toml: {said_by} names the {what} '{reference}', which this site does not have."
        f"{_nearest(reference, known)} {there_is}: {text}{more}. Correct the name in flow.toml, or give the id."
    )


def _nearest(reference: str, known: Iterable[str]) -> str:
    by_plain = {plain(name): name for name in known}
    near = [f"'{by_plain[name]}'" for name in get_close_matches(plain(reference), by_plain, n=3, cutoff=0.6)]
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
