"""What is asked for apart, after the changelog: links issues have now, times of work logs and comments.

They make hub issues huge and are no part of any proof, so they have requests, pages and a budget of their own. Texts
are skipped in decoding and never land.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from pipelines.jira.client import JiraSession
from pipelines.jira.dc_search import search
from pipelines.jira.errors import ForbiddenError, JiraError, NotFoundError, RefusedError, TooHeavyError
from pipelines.jira.heavy import asked_twice, check_not_too_many
from pipelines.jira.options import Options
from pipelines.jira.scrub import Scrubber, ShapeError
from pipelines.jira.shapes import NOBODY, Count, LandedIssue, LandedLink, LandedNote, Link, Person, UnreadableIssue

ISSUES_PER_REQUEST = 100
"""What both flavours give at once where fields with many values are asked for."""

NOTES_PER_PAGE = 1000
LONGEST_LIST = 100_000
NOT_SENT = (TooHeavyError, RefusedError, NotFoundError, ForbiddenError)


class _Comment(msgspec.Struct):
    id: str | int = ""
    created: str | int = ""
    author: Person | None = None


class _Worklog(msgspec.Struct, rename="camel"):
    id: str | int = ""
    started: str | int = ""
    time_spent_seconds: Count = 0
    author: Person | None = None


class _Comments(msgspec.Struct):
    comments: list[_Comment] = []
    total: int | None = None


class _Worklogs(msgspec.Struct):
    worklogs: list[_Worklog] = []
    total: int | None = None


class _Fields(msgspec.Struct):
    issuelinks: list[Link] | None = None
    comment: _Comments | None = None
    worklog: _Worklogs | None = None


class _Issue(msgspec.Struct):
    id: str
    fields: _Fields


class _Issues(msgspec.Struct):
    issues: list[_Issue]


T = TypeVar("T", _Comments, _Worklogs)


@dataclass(frozen=True)
class DetailReader:
    """Fills the details of landed issues."""

    session: JiraSession
    scrubber: Scrubber
    options: Options
    short: set[int] = field(default_factory=set, init=False)
    """Issues that were read and whose details were refused or not sent, or came fewer than their totals say."""
    unsent: set[int] = field(default_factory=set, init=False)
    """Those of them whose details the site may send another time: too heavy for it now, even alone."""

    @property
    def fields(self) -> list[str]:
        """What is asked for; empty where a team wants none of it."""
        notes = ["comment", "worklog"] if self.options.has_worklogs else []
        return (["issuelinks"] if self.options.has_links else []) + notes

    def fill(self, lines: Sequence[tuple[int, LandedIssue | UnreadableIssue]]) -> None:
        """Add links, work logs and comments to these issues; one that is gone by now stays without."""
        landed = {number: line for number, line in lines if isinstance(line, LandedIssue)}
        self.short.difference_update(landed)
        self.unsent.difference_update(landed)
        size = 1000 if self.fields == ["issuelinks"] and self.session.flavour == "cloud" else ISSUES_PER_REQUEST
        ids = list(landed) if self.fields else []
        for start in range(0, len(ids), size):
            for issue in self._read(ids[start : start + size]):
                if line := landed.get(int(issue.id)):
                    self._fill(line, issue.fields)

    def _read(self, ids: Sequence[int]) -> list[_Issue]:
        """Issues with these fields only; a batch too heavy or refused is halved, down to issues that lack them."""
        try:
            return self._ask(ids) if len(ids) > 1 else asked_twice(self.session, ids[0], lambda: self._ask(ids))
        except NOT_SENT as error:
            if len(ids) == 1:
                self._lacks(ids[0], error)
                return []
            middle = len(ids) // 2
            return self._read(ids[:middle]) + self._read(ids[middle:])

    def _ask(self, ids: Sequence[int]) -> list[_Issue]:
        named = [str(number) for number in ids]
        body: dict[str, Any] = {"issueIdsOrKeys": named, "fields": self.fields}
        if self.session.flavour == "dc":
            jql = f"id in ({', '.join(named)}) ORDER BY id ASC"
            body = {"jql": jql, "startAt": 0, "maxResults": len(ids), "fields": self.fields, "validateQuery": False}
            return search(self.session, body, _Issues, is_divisible=True).issues
        path = f"{self.session.api}/issue/bulkfetch"
        return self.session.read("POST", path, _Issues, body=body, is_divisible=True).issues

    def _lacks(self, issue_id: int, error: JiraError) -> None:
        """Note an issue without all its details. Raises the error where too many are too heavy for the site."""
        self.short.add(issue_id)
        if isinstance(error, TooHeavyError):
            self.unsent.add(issue_id)
            check_not_too_many(self.unsent, error)

    def _fill(self, line: LandedIssue, fields: _Fields) -> None:
        line.fields.issuelinks = self._links(fields.issuelinks)
        if fields.worklog:
            logs = self._whole(line.id, "worklog", fields.worklog, lambda page: page.worklogs)
            line.worklogs = self._notes((log, log.started, log.time_spent_seconds) for log in logs)
        if fields.comment:
            comments = self._whole(line.id, "comment", fields.comment, lambda page: page.comments)
            line.comments = self._notes((comment, comment.created, None) for comment in comments)

    def _links(self, links: list[Link] | None) -> list[LandedLink] | None:
        return self.scrubber.links(links or []) if self.options.has_links else None

    def _whole(self, issue_id: str | int, name: str, first: T, values: Callable[[T], list[Any]]) -> list[Any]:
        """All of a list of which an issue shows the first ones only; one that ends before its total is short."""
        found, total = list(values(first)), first.total or 0
        number = int(issue_id)

        def page() -> T:
            params = {"startAt": len(found), "maxResults": NOTES_PER_PAGE}
            path = f"{self.session.api}/issue/{number}/{name}"
            return self.session.read("GET", path, type(first), params=params, is_divisible=True)

        try:
            while len(found) < min(total, LONGEST_LIST) and (more := values(asked_twice(self.session, number, page))):
                found += more
        except NOT_SENT as error:
            self._lacks(number, error)
        distinct = {str(one.id): one for one in found}
        if len(distinct) < total:
            self.short.add(number)
        return list(distinct.values())

    def _notes(self, received: Iterable[tuple[_Comment | _Worklog, str | int, int | None]]) -> list[LandedNote]:
        """What lands of notes; one without a proper id or instant tells nothing and is left out."""
        landed = []
        for note, at, seconds in received:
            author = self.scrubber.person(note.author)
            with suppress(ShapeError):
                instant, number = self.scrubber.instant(at), self.scrubber.number(note.id)
                landed.append(LandedNote(number, instant, NOBODY if author is None else author, seconds))
        return landed
