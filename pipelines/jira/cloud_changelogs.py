"""Whole changelogs of many issues on Jira Cloud through its bulk route.

Histories come oldest first over all issues asked for, so one issue may be spread over pages and a chain that ends too
early cuts the newest: issues that were touched after the last history received are asked for again. Where a site's
histories are dense, two passes that name the fields cost less than one that does not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pipelines.jira.client import JiraSession
from pipelines.jira.cloud_sweep import RESTARTS, paging_error
from pipelines.jira.errors import PagingError, RefusedError, TooHeavyError
from pipelines.jira.fields import SYSTEM_FIELD_IDS
from pipelines.jira.shapes import History

HISTORIES_PER_PAGE = 10_000
FIELDS_PER_PASS = 10

Parts = dict[int, list[msgspec.Raw]]
"""Pieces of changelogs by issue id."""


class _IssueChangelog(msgspec.Struct, rename="camel"):
    issue_id: str
    change_histories: msgspec.Raw


class _ChangelogPage(
    msgspec.Struct, rename={"issue_changelogs": "issueChangeLogs", "next_page_token": "nextPageToken"}
):
    issue_changelogs: list[_IssueChangelog]
    next_page_token: str | None = None


class _DenseError(Exception):
    """The histories are so many that naming the fields costs less."""


@dataclass
class ChangelogReader:
    """Reads changelogs for one site; learns from the first batch whether to name the fields."""

    session: JiraSession
    custom_ids: Sequence[str]
    flag_ids: Sequence[str] = ()
    is_filtered: bool = False
    refused: set[int] = field(default_factory=set, init=False)
    """Issues whose changelogs this route refuses even when asked for alone: what came of them proves nothing."""
    _is_settled: bool = field(default=False, init=False)

    @property
    def passes(self) -> list[list[str]]:
        """Fields of each pass; what intervals are made of is in all of them, so that a pass that was cut short shows.

        As much of it as costs no further pass, but always the status.
        """
        firm = ["status", "assignee", *self.flag_ids]
        named = list(dict.fromkeys((*firm, *SYSTEM_FIELD_IDS, *self.custom_ids)))
        cuts = [_cut(named, count) for count in range(1, min(len(firm), FIELDS_PER_PASS - 1) + 1)]
        return min(reversed(cuts), key=len)

    def read(self, ids: Sequence[int]) -> Parts:
        """Pieces of the changelogs of these issues; an issue without any history is left out."""
        if not self.is_filtered:
            try:
                parts = self._divide(ids, [], None if self._is_settled else len(self.passes))
            except _DenseError:
                self.is_filtered = True
            else:
                self._is_settled = True
                return parts
        parts = {}
        for names in self.passes:
            for issue_id, pieces in self._divide(ids, names, None).items():
                parts.setdefault(issue_id, []).extend(pieces)
        return parts

    def read_again(self, ids: Sequence[int]) -> Parts:
        """The same without naming fields: what came before is held against it."""
        return self._divide(ids, [], None)

    def _divide(self, ids: Sequence[int], names: list[str], most_pages: int | None) -> Parts:
        """Read a chain; halve the batch where it is too heavy or refused, down to issues that are ``refused`` alone."""
        if not ids:
            return {}
        try:
            return self._follow(ids, names, most_pages)
        except (TooHeavyError, RefusedError):
            if len(ids) == 1:
                self.refused.update(ids)
                return {}
            middle = len(ids) // 2
            return self._divide(ids[:middle], names, None) | self._divide(ids[middle:], names, None)

    def _follow(self, ids: Sequence[int], names: list[str], most_pages: int | None) -> Parts:
        for strike in range(RESTARTS + 1):
            try:
                return self._chain(ids, names, most_pages)
            except PagingError:
                if strike == RESTARTS:
                    raise
        return {}

    def _chain(self, ids: Sequence[int], names: list[str], most_pages: int | None) -> Parts:
        parts: Parts = {}
        asked, tokens = set(ids), set[str]()
        body: dict[str, Any] = {"issueIdsOrKeys": [str(issue_id) for issue_id in ids], "maxResults": HISTORIES_PER_PAGE}
        body |= {"fieldIds": names} if names else {}
        while True:
            page = self._page(body)
            for changelog in page.issue_changelogs:
                if int(changelog.issue_id) in asked:
                    parts.setdefault(int(changelog.issue_id), []).append(changelog.change_histories)
            if page.next_page_token is None:
                return parts
            if page.next_page_token in tokens:
                raise paging_error("changelog/bulkfetch", "the site sent the same page token again")
            tokens.add(page.next_page_token)
            if most_pages is not None and len(tokens) >= most_pages:
                raise _DenseError
            body["nextPageToken"] = page.next_page_token

    def _page(self, body: dict[str, Any]) -> _ChangelogPage:
        path = f"{self.session.api}/changelog/bulkfetch"
        try:
            return self.session.read("POST", path, _ChangelogPage, body=body, is_divisible=True)
        except RefusedError as error:
            if "nextPageToken" not in body:
                raise
            raise paging_error("changelog/bulkfetch", f"the site no longer accepts its page token ({error})") from None


def _cut(named: list[str], firm_count: int) -> list[list[str]]:
    """Passes over all of these fields, the first few in each."""
    size = FIELDS_PER_PASS - firm_count
    starts = range(firm_count, max(len(named), firm_count + 1), size)
    return [[*named[:firm_count], *named[start : start + size]] for start in starts]


def decode_histories(parts: Collection[msgspec.Raw]) -> list[History]:
    """Histories of the pieces of one changelog."""
    return [history for part in parts for history in msgspec.json.decode(part, type=list[History])]
