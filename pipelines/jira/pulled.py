"""What both flavours hand over, batch by batch: scrubbed lines, what did not come, and what of the site it covers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from pipelines.jira.scrub import encode
from pipelines.jira.shapes import LandedChangelog, LandedIssue, UnreadableIssue

Line = LandedIssue | UnreadableIssue


@dataclass(frozen=True)
class Pulled:
    """Some issues of a site. ``total`` is how many there are in all, where known by now."""

    lines: tuple[tuple[int, bytes], ...]
    """(issue id, landed line)"""
    missing: tuple[int, ...] = ()
    """Listed by the search but not handed out: deleted, moved or hidden in between."""
    unreadable: tuple[int, ...] = ()
    """Of unknown form or not sent: notices stand in for them."""
    total: int | None = None
    histories: int = 0
    """Distinct histories received."""
    repaired_count: int = 0
    """Changelogs that were whole only after a second reading."""
    broken_count: int = 0
    """Changelogs that are not whole after all readings."""
    unrepaired: tuple[int, ...] = ()
    """Of which more may be had another time: not or not wholly sent, or broken and no total told or fewer came."""
    is_single: bool = False
    """Every changelog was held against the route of its issue."""
    covers: tuple[int, int | None] | None = None
    """Every matching issue with an id above the first and up to the second number (None: any) is here."""


def pack(
    lines: Iterable[tuple[int, Line]], broken: Iterable[int] = (), unsent: Collection[int] = (), **more: Any
) -> Pulled:
    """Encode and count lines. Of ``broken`` the changelogs stayed broken; ``unsent`` came as notices or not wholly."""
    listed = list(lines)
    changelogs = {number: line.changelog for number, line in listed if isinstance(line, LandedIssue)}
    left = set(broken)
    again = {number for number, _ in listed if number in unsent} | {n for n in left if _may_be_had(changelogs[n])}
    return Pulled(
        lines=tuple((issue_id, encode(line)) for issue_id, line in listed),
        unreadable=tuple(number for number, line in listed if isinstance(line, UnreadableIssue)),
        histories=sum(changelog.received or 0 for changelog in changelogs.values()),
        repaired_count=sum(bool(one.route) for number, one in changelogs.items() if number not in left),
        broken_count=len(left),
        unrepaired=tuple(sorted(again)),
        **more,
    )


def _may_be_had(changelog: LandedChangelog) -> bool:
    """A chain broken though as many histories came as the site counts is the site's own."""
    return changelog.total is None or (changelog.received or 0) < changelog.total
