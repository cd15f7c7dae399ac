"""Listing issues by their keys, on sites where ``id > N`` does not compare ids.

In Jira's own source ``id`` is another name of the key: greater and less compare the numbers of keys within the project
of issue N, which has to be there. Seeking by id would lose issues of other projects and old ones moved in. So a page
begins with the last issue of the one before, by its key, and other projects are asked for until nothing comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec

from pipelines.jira.client import JiraSession
from pipelines.jira.errors import PagingError, RefusedError

STRIKES = 3
"""Times in a row that a project may bring nothing new while its last issues vanish."""


class Keyed(msgspec.Struct, frozen=True):
    """An issue of which only id and key are read."""

    id: str
    key: str

    @property
    def project(self) -> str:
        """Key of its project."""
        return self.key.rpartition("-")[0]

    @property
    def number(self) -> int:
        """Its number within the project."""
        return int(self.key.rpartition("-")[2])


Page = Callable[[str], list[Keyed]]
"""The first issues that meet a condition, by key; an empty condition is none."""


def compares_ids(session: JiraSession, jql: str, has_match: Callable[[JiraSession, str], bool]) -> bool:
    """Whether the site compares ids with a number that is no issue; asked once in a session. Raises JiraError."""
    if session.compares_ids is None:
        try:
            session.compares_ids = has_match(session, f"({jql}) AND id > 0") or not has_match(session, jql)
        except RefusedError:
            session.compares_ids = False
    return session.compares_ids


def by_key(jql: str, condition: str) -> str:
    """The query of a page: what ``jql`` selects and meets a condition, in the order of keys."""
    return f"({jql}){f' AND {condition}' if condition else ''} ORDER BY key ASC"


def sweep_by_key(page: Page) -> list[int]:
    """All ids, ascending. Raises PagingError where pages contradict each other."""
    sweep = _Sweep(page)
    while found := page(sweep.others()):
        sweep.take(found)
        sweep.finish_project()
    return sorted(sweep.ids)


class _Sweep:
    """What has come so far."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._projects = dict[str, None]()
        self._last: list[Keyed] = []
        self.ids: set[int] = set()

    def others(self) -> str:
        """The condition that leaves out projects that were read to their end."""
        return f"project not in ({', '.join(map(_quoted, self._projects))})" if self._projects else ""

    def take(self, found: Sequence[Keyed]) -> bool:
        """Take a page, and tell whether it brought anything new. Raises PagingError if it is not in order."""
        _check_order(found)
        before = len(self.ids)
        self.ids |= {int(one.id) for one in found}
        self._projects |= dict.fromkeys(one.project for one in found)
        self._last = [one for one in found if one.project == found[-1].project]
        return len(self.ids) > before

    def finish_project(self) -> None:
        """Read on in the project of the last issue until nothing comes above it."""
        strikes = 0
        while (found := self._from_last()) and found[-1] != self._last[-1]:
            strikes = 0 if self.take(found) else strikes + 1
            if strikes > STRIKES:
                raise _error("the same issues come again and again")

    def _from_last(self) -> list[Keyed]:
        """The page that begins with the last issue that is still there; the whole project where none is."""
        for anchor in reversed(self._last):
            found = self._from(anchor)
            if found and found[0] == anchor:
                return found
            if found and found[0].project == anchor.project and found[0].number < anchor.number:
                raise _error(f"{found[0].key} came though only issues from {anchor.key} on were asked for")
        return self._page(f"project = {_quoted(self._last[-1].project)}")

    def _from(self, anchor: Keyed) -> list[Keyed]:
        """Nothing where the site refuses the key: the issue was deleted since."""
        try:
            return self._page(f"key >= {_quoted(anchor.key)}")
        except RefusedError:
            return []


def _check_order(found: Sequence[Keyed]) -> None:
    """Issues come project by project, in each by their numbers. Raises PagingError."""
    for one, other in pairwise(found):
        if one.project == other.project and one.number >= other.number:
            raise _error(f"{other.key} came after {one.key}, though keys were asked for in order")
    projects = [one.project for one, other in pairwise(found) if one.project != other.project]
    if len(projects) > len(set(projects)) or (found and found[-1].project in projects):
        raise _error("a project came twice in a page, though keys were asked for in order")


def _quoted(text: str) -> str:
    return f'"{text}"'


def _error(problem: str) -> PagingError:
    return PagingError(
        f"search: {problem}. Going on would lose or repeat issues, so the run stops; published data stay as they are."
    )
