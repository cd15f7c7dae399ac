"""Issues that are made when they are asked for: a site of 200,000 issues without 200,000 issues in memory.

What a generated issue looks like is ``big``'s part. Here is only the mapping: made anew at every look, except those
that were put in, which stay, and those that were taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

Json = dict[str, Any]


class GeneratedIssues(MutableMapping[int, Json]):
    """Issue id to issue. A change to an issue that was got out is lost unless it is put back."""

    def __init__(self, ids: range, make: Callable[[int], Json], make_head: Callable[[int], Json]) -> None:
        """``make`` makes a whole issue of an id, ``make_head`` the same without its changelog."""
        self._ids = ids
        self._make = make
        self._make_head = make_head
        self._kept: dict[int, Json] = {}
        self._gone: set[int] = set()

    def __getitem__(self, issue_id: int) -> Json:
        if issue_id in self._kept:
            return self._kept[issue_id]
        return self._make(self._known(issue_id))

    def head(self, issue_id: int) -> Json:
        """An issue without its changelog, where that is cheaper; raises KeyError for an unknown id."""
        if issue_id in self._kept:
            return self._kept[issue_id]
        return self._make_head(self._known(issue_id))

    def __setitem__(self, issue_id: int, issue: Json) -> None:
        self._kept[issue_id] = issue
        self._gone.discard(issue_id)

    def __delitem__(self, issue_id: int) -> None:
        if issue_id not in self:
            raise KeyError(issue_id)
        self._kept.pop(issue_id, None)
        self._gone.add(issue_id)

    def __contains__(self, issue_id: object) -> bool:
        return issue_id in self._kept or (issue_id in self._ids and issue_id not in self._gone)

    def __iter__(self) -> Iterator[int]:
        yield from (issue_id for issue_id in self._ids if issue_id not in self._gone)
        yield from (issue_id for issue_id in self._kept if issue_id not in self._ids)

    def __len__(self) -> int:
        added = sum(issue_id not in self._ids for issue_id in self._kept)
        return len(self._ids) + added - sum(issue_id in self._ids for issue_id in self._gone)

    def _known(self, issue_id: int) -> int:
        if issue_id not in self._ids or issue_id in self._gone:
            raise KeyError(issue_id)
        return issue_id
