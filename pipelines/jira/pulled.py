"""What both flavours hand over, page by page: scrubbed lines in ascending order of issue id, and what did not come."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipelines.jira.errors import PagingError


@dataclass(frozen=True)
class Pulled:
    """Some issues of a site. ``total`` is how many there are in all, where known by now."""

    lines: tuple[tuple[int, bytes], ...]
    """(issue id, landed line)"""
    missing: tuple[int, ...] = ()
    """Listed by the search but not handed out: deleted, moved or hidden in between."""
    unreadable_count: int = 0
    total: int | None = None
    histories: int = field(default=0)
    """Distinct histories received."""


def check_ascending(ids: list[int], last: int, where: str) -> None:
    """Raise PagingError unless ids grow strictly and begin above ``last``."""
    for before, after in zip([last, *ids], ids, strict=False):
        if after <= before:
            raise PagingError(
                f"{where}: issue {after} came after issue {before}, though ascending ids above {last} were asked for."
                " Going on would lose or repeat issues, so the run stops; published data stay as they are. A server or"
                " proxy that ignores the condition 'id > N' is the usual cause."
            )
