"""Listing issue ids on Jira Cloud, and proving that the list is whole.

A token chain that ends is only a claim: it is asked on above the highest id until nothing comes. A chain that
contradicts itself is begun again above what is certain, a few times. A site that does not compare ids is listed by keys
(``key_sweep``).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from pipelines.jira.client import JiraSession
from pipelines.jira.errors import NotFoundError, PagingError, RefusedError
from pipelines.jira.key_sweep import Keyed, by_key, compares_ids, sweep_by_key

IDS_PER_PAGE = 5000
RESTARTS = 3
"""Times in a row that a chain may break without a single new id."""


class OnlyId(msgspec.Struct):
    """An issue of which only the id is read."""

    id: str


class _Page(msgspec.Struct, rename="camel", kw_only=True):
    next_page_token: str | None = None
    is_last: bool | None = None
    warnings: list[Any] | None = None


class _SearchPage(_Page):
    issues: list[OnlyId]


class _KeyPage(_Page):
    issues: list[Keyed]


class _Count(msgspec.Struct):
    count: int


def sweep_ids(session: JiraSession, jql: str) -> list[int]:
    """All ids ``jql`` (bounded, without ORDER BY) selects, ascending. Raises PagingError where no chain holds."""
    if compares_ids(session, jql, has_match):
        return _sweep_by_id(session, jql)
    return sweep_by_key(partial(_page_by_key, session, jql))


def _sweep_by_id(session: JiraSession, jql: str) -> list[int]:
    """Chain above chain until one is empty. One that comes out of order is read again until it brings nothing new."""
    ids, last, strikes = set[int](), 0, 0
    while True:
        chain = _Chain(session, jql, last)
        try:
            chain.read()
            found, strikes = chain.found, 0
            if not found:
                return sorted(ids)
        except PagingError:
            found = chain.certain
            strikes = 0 if found else strikes + 1
            if strikes > RESTARTS:
                raise
        if found == chain.certain or ids.issuperset(found):
            last = max([last, *found])
        ids.update(found)


def count_issues(session: JiraSession, jql: str) -> int | None:
    """How many issues the site believes there are: approximate. None where it won't say."""
    try:
        return session.read("POST", f"{session.api}/search/approximate-count", _Count, body={"jql": jql}).count
    except (NotFoundError, RefusedError):
        return None


def has_match(session: JiraSession, jql: str) -> bool:
    """Whether any issue matches. Raises RefusedError where the site does not understand the query."""
    body = {"jql": jql, "fields": ["id"], "maxResults": 1}
    return bool(session.read("POST", f"{session.api}/search/jql", _SearchPage, body=body).issues)


def _page_by_key(session: JiraSession, jql: str, condition: str) -> list[Keyed]:
    """The first issues of ``jql`` that meet a condition, by key; where a page contradicts itself it is asked again."""
    body = {"jql": by_key(jql, condition), "fields": ["key"], "maxResults": IDS_PER_PAGE}
    for strike in range(RESTARTS + 1):
        page = session.read("POST", f"{session.api}/search/jql", _KeyPage, body=body)
        try:
            _check_page(page, set())
            return page.issues
        except PagingError:
            if strike == RESTARTS:
                raise
    return []


class _Chain:
    """One chain of pages above an id."""

    def __init__(self, session: JiraSession, jql: str, last: int) -> None:
        self._session, self._last = session, last
        above = f" AND id > {last}" if last else ""
        self._body: dict[str, Any] = {
            "jql": f"({jql}){above} ORDER BY id ASC", "fields": ["id"], "maxResults": IDS_PER_PAGE,
        }  # fmt: skip
        self._tokens: set[str] = set()
        self.found: list[int] = []

    @property
    def certain(self) -> list[int]:
        """What a chain that broke still proves: if ids came in order, all up to the last one."""
        is_ordered = all(before < after for before, after in zip(self.found, self.found[1:], strict=False))
        return self.found if is_ordered else []

    def read(self) -> None:
        """Read to the end; raises PagingError where pages contradict themselves or each other."""
        while True:
            page = self._page()
            _check_page(page, self._tokens)
            found = [int(issue.id) for issue in page.issues]
            if strays := [issue_id for issue_id in found if issue_id <= self._last]:
                raise seek_error("search/jql", strays[0], self._last)
            self.found += found
            if page.next_page_token is None:
                return
            self._tokens.add(page.next_page_token)
            self._body["nextPageToken"] = page.next_page_token

    def _page(self) -> _SearchPage:
        try:
            return self._session.read("POST", f"{self._session.api}/search/jql", _SearchPage, body=self._body)
        except RefusedError as error:
            if "nextPageToken" not in self._body:
                raise
            raise paging_error("search/jql", f"the site no longer accepts its own page token ({error})") from None


def _check_page(page: _Page, tokens: set[str]) -> None:
    problem = None
    if page.warnings:
        problem = "the site warns that the result is not whole"
    elif page.next_page_token in tokens:
        problem = "the site sent the same page token again"
    elif page.is_last is not None and page.is_last != (page.next_page_token is None):
        problem = "the site contradicts itself about whether a page is the last"
    if problem:
        raise paging_error("search/jql", problem)


def paging_error(route: str, problem: str) -> PagingError:
    """A chain of pages that cannot be followed."""
    return PagingError(
        f"{route}: {problem}. Going on would lose issues or changes, or never end, so the run stops; published data are"
        " untouched. Run again later."
    )


def seek_error(route: str, issue_id: int, last: int) -> PagingError:
    """A page that holds what was asked to be left out."""
    return PagingError(
        f"{route}: issue {issue_id} came though only ids above {last} were asked for. Going on would lose or repeat"
        " issues, so the run stops; published data stay as they are. A server or proxy that ignores the condition"
        " 'id > N' is the usual cause."
    )
