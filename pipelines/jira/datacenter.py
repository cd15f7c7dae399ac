"""Jira Data Center: seek paging over issue ids, the whole changelog embedded in the search.

``startAt`` stays 0: paging by position skips and repeats issues while data move. Several lanes, and a page that shrinks
on timeouts, attach to ``pull``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from pipelines.jira.client import JiraSession
from pipelines.jira.errors import AnswerError
from pipelines.jira.fields import ISSUE_FIELDS
from pipelines.jira.pulled import Pulled, check_ascending
from pipelines.jira.scrub import Scrubber, encode, unreadable
from pipelines.jira.shapes import ReceivedIssue, UnreadableIssue

ISSUES_PER_PAGE = 100


class _Id(msgspec.Struct):
    id: str


class _Page(msgspec.Struct, rename="camel"):
    issues: list[msgspec.Raw]
    total: int | None = None
    max_results: int | None = None


def pull(session: JiraSession, jql: str, scrubber: Scrubber) -> Iterator[Pulled]:
    """Every issue ``jql`` (without ORDER BY) selects, page by page; ends only on an empty page. Raises JiraError."""
    last, size, total = 0, ISSUES_PER_PAGE, None
    fields = [*ISSUE_FIELDS, *scrubber.custom_field_ids]
    while True:
        page = _read_page(session, jql, last, size, fields)
        total = page.total if total is None else total
        if not page.issues:
            if not last and total:
                raise AnswerError(f"The site says that {total} issues match, and sends none. Nothing was published; the"
                                  " search index may be rebuilding: run again later.")  # fmt: skip
            return
        ids = [int(msgspec.json.decode(raw, type=_Id).id) for raw in page.issues]
        check_ascending(ids, last, "search")
        last = ids[-1]
        size = min(size, page.max_results or size)
        yield _scrub_page(page, ids, scrubber, total)


def count_issues(session: JiraSession, jql: str) -> int | None:
    """How many issues the site believes there are."""
    body = {"jql": jql, "startAt": 0, "maxResults": 0, "fields": ["id"]}
    return session.read("POST", f"{session.api}/search", _Page, body=body).total


def _read_page(session: JiraSession, jql: str, last: int, size: int, fields: list[str]) -> _Page:
    above = f" AND id > {last}" if last else ""
    body: dict[str, Any] = {
        "jql": f"({jql}){above} ORDER BY id ASC",
        "startAt": 0,
        "maxResults": size,
        "fields": fields,
        "expand": ["changelog"],
    }
    return session.read("POST", f"{session.api}/search", _Page, body=body)


def _scrub_page(page: _Page, ids: list[int], scrubber: Scrubber, total: int | None) -> Pulled:
    scrubbed = [_scrub(raw, scrubber) for raw in page.issues]
    received = (line.changelog.received or 0 for line in scrubbed if not isinstance(line, UnreadableIssue))
    return Pulled(
        lines=tuple((issue_id, encode(line)) for issue_id, line in zip(ids, scrubbed, strict=True)),
        unreadable_count=sum(isinstance(line, UnreadableIssue) for line in scrubbed),
        total=total,
        histories=sum(received),
    )


def _scrub(raw: msgspec.Raw, scrubber: Scrubber) -> Any:
    try:
        issue = msgspec.json.decode(raw, type=ReceivedIssue)
        if issue.changelog is None:
            raise AnswerError("the issue came without its changelog")
        return scrubber.scrub(issue, issue.changelog.histories, issue.changelog.total)
    except (msgspec.DecodeError, ValueError) as error:
        return unreadable(raw, error)
