"""Jira Cloud: sweep the ids, then fetch issues and whole changelogs in bulk.

The changelog embedded in a search is capped at 40 histories and loses the oldest, so it is never asked for. Changelogs
are read unfiltered: one pass instead of two of ten fields each, and the histories received can be held against Jira's
own count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from pipelines.jira.client import JiraSession
from pipelines.jira.errors import NotFoundError, PagingError, RefusedError
from pipelines.jira.fields import ISSUE_FIELDS
from pipelines.jira.ordered import map_in_order
from pipelines.jira.pulled import Pulled, check_ascending
from pipelines.jira.scrub import Scrubber, encode, unreadable
from pipelines.jira.shapes import History, ReceivedIssue, UnreadableIssue

IDS_PER_PAGE = 5000
ISSUES_PER_BATCH = 1000
ISSUES_PER_OLD_BATCH = 100
"""What sites without the raised limit of ``issue/bulkfetch`` accept."""
HISTORIES_PER_PAGE = 10_000
WORKERS = 4


class _Id(msgspec.Struct):
    id: str


class _SearchPage(msgspec.Struct, rename="camel"):
    issues: list[_Id]
    next_page_token: str | None = None
    is_last: bool | None = None
    warnings: list[Any] | None = None


class _Issues(msgspec.Struct):
    issues: list[msgspec.Raw]


class _IssueChangelog(msgspec.Struct, rename="camel"):
    issue_id: str
    change_histories: msgspec.Raw


class _ChangelogPage(
    msgspec.Struct, rename={"issue_changelogs": "issueChangeLogs", "next_page_token": "nextPageToken"}
):
    issue_changelogs: list[_IssueChangelog]
    next_page_token: str | None = None


class _Count(msgspec.Struct):
    count: int


def pull(session: JiraSession, jql: str, scrubber: Scrubber) -> Iterator[Pulled]:
    """Every issue that ``jql`` (bounded, without ORDER BY) selects, a thousand at a time. Raises JiraError."""
    ids = sweep_ids(session, jql)
    fetcher = _BatchFetcher(session, scrubber, len(ids))
    batches = [ids[start : start + ISSUES_PER_BATCH] for start in range(0, len(ids), ISSUES_PER_BATCH)]
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from map_in_order(pool, fetcher.fetch, batches, ahead=WORKERS + 1)


def count_issues(session: JiraSession, jql: str) -> int | None:
    """How many issues the site believes there are: approximate, an alarm and no proof. None where it won't say."""
    try:
        return session.read("POST", f"{session.api}/search/approximate-count", _Count, body={"jql": jql}).count
    except (NotFoundError, RefusedError):
        return None


def sweep_ids(session: JiraSession, jql: str) -> list[int]:
    """All issue ids, ascending. A chain's end is only a claim: asked on above the last id until nothing comes."""
    ids: list[int] = []
    while found := _read_chain(session, jql, ids[-1] if ids else 0):
        ids += found
    return ids


def _read_chain(session: JiraSession, jql: str, last: int) -> list[int]:
    """One chain of pages above ``last``. Raises PagingError where pages contradict themselves or each other."""
    above = f" AND id > {last}" if last else ""
    body: dict[str, Any] = {"jql": f"({jql}){above} ORDER BY id ASC", "fields": ["id"], "maxResults": IDS_PER_PAGE}
    ids: list[int] = []
    tokens: set[str] = set()
    while True:
        page = session.read("POST", f"{session.api}/search/jql", _SearchPage, body=body)
        _check_page(page, tokens)
        found = [int(issue.id) for issue in page.issues]
        check_ascending(found, ids[-1] if ids else last, "search/jql")
        ids += found
        if page.next_page_token is None:
            return ids
        tokens.add(page.next_page_token)
        body["nextPageToken"] = page.next_page_token


def _check_page(page: _SearchPage, tokens: set[str]) -> None:
    problem = None
    if page.warnings:
        problem = "the site warns that the result is not whole"
    elif page.next_page_token in tokens:
        problem = "the site sent the same page token again"
    elif page.is_last is not None and page.is_last != (page.next_page_token is None):
        problem = "the site contradicts itself about whether a page is the last"
    if problem:
        raise _paging_error("search/jql", problem)


def _paging_error(route: str, problem: str) -> PagingError:
    return PagingError(
        f"{route}: {problem}. Going on would lose issues or changes, or never end, so the run stops; published data are"
        " untouched. Run again later."
    )


class _BatchFetcher:
    """Fetches batches of issues with their changelogs; remembers which batch size the site accepts."""

    def __init__(self, session: JiraSession, scrubber: Scrubber, total: int) -> None:
        self._session, self._scrubber, self._total = session, scrubber, total
        self._issue_limit = ISSUES_PER_BATCH
        self._fields = [*ISSUE_FIELDS, *scrubber.custom_field_ids]

    def fetch(self, ids: Sequence[int]) -> Pulled:
        """Issues first, changelogs after: then the changelog is at least as new as the fields."""
        answered = self._issues(ids)
        changelogs = self._changelogs([issue_id for issue_id in ids if issue_id in answered])
        lines, histories, unreadable_count = [], 0, 0
        for issue_id in ids:
            if issue_id in answered:
                line = self._scrub(answered[issue_id], changelogs.get(issue_id, []))
                histories += 0 if isinstance(line, UnreadableIssue) else line.changelog.received or 0
                unreadable_count += isinstance(line, UnreadableIssue)
                lines.append((issue_id, encode(line)))
        missing = tuple(issue_id for issue_id in ids if issue_id not in answered)
        return Pulled(tuple(lines), missing, unreadable_count, self._total, histories)

    def _issues(self, ids: Sequence[int]) -> dict[int, msgspec.Raw]:
        """Issues by id; on a refusal in the size all sites accept. An answer nobody asked for is left aside."""
        asked, answered = set(ids), dict[int, msgspec.Raw]()
        start = 0
        while start < len(ids):
            part = ids[start : start + self._issue_limit]
            try:
                found = self._bulk_fetch(part)
            except RefusedError:
                if self._issue_limit == ISSUES_PER_OLD_BATCH:
                    raise
                self._issue_limit = ISSUES_PER_OLD_BATCH
                continue
            answered |= {issue_id: raw for issue_id, raw in found if issue_id in asked}
            start += len(part)
        return answered

    def _bulk_fetch(self, ids: Sequence[int]) -> list[tuple[int, msgspec.Raw]]:
        body = {"issueIdsOrKeys": [str(issue_id) for issue_id in ids], "fields": self._fields}
        found = self._session.read("POST", f"{self._session.api}/issue/bulkfetch", _Issues, body=body).issues
        return [(int(msgspec.json.decode(raw, type=_Id).id), raw) for raw in found]

    def _changelogs(self, ids: Sequence[int]) -> dict[int, list[msgspec.Raw]]:
        """Parts of changelogs by issue id; one issue may be spread over pages, so the chain is read to its end."""
        parts: dict[int, list[msgspec.Raw]] = {}
        tokens: set[str] = set()
        body: dict[str, Any] = {"issueIdsOrKeys": [str(issue_id) for issue_id in ids], "maxResults": HISTORIES_PER_PAGE}
        while ids:
            page = self._session.read("POST", f"{self._session.api}/changelog/bulkfetch", _ChangelogPage, body=body)
            for changelog in page.issue_changelogs:
                parts.setdefault(int(changelog.issue_id), []).append(changelog.change_histories)
            if page.next_page_token is None:
                break
            if page.next_page_token in tokens:
                raise _paging_error("changelog/bulkfetch", "the site sent the same page token again")
            tokens.add(page.next_page_token)
            body["nextPageToken"] = page.next_page_token
        return parts

    def _scrub(self, raw: msgspec.Raw, parts: list[msgspec.Raw]) -> Any:
        try:
            issue = msgspec.json.decode(raw, type=ReceivedIssue)
            histories = [history for part in parts for history in msgspec.json.decode(part, type=list[History])]
            return self._scrubber.scrub(issue, histories, None)
        except (msgspec.DecodeError, ValueError) as error:
            return unreadable(raw, error)
