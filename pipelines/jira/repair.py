"""What came broken or not at all: asked for by another route, and united by history id.

Which changelogs are broken is decided by ``chain``. One that stays broken lands as it is; ``quality.completeness``
tells of it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from pipelines.jira.chain import is_whole
from pipelines.jira.client import JiraSession
from pipelines.jira.cloud_changelogs import decode_histories
from pipelines.jira.errors import NotFoundError, RefusedError, TooHeavyError
from pipelines.jira.heavy import asked_twice, check_not_too_many
from pipelines.jira.scrub import Scrubber
from pipelines.jira.shapes import History, LandedIssue, ReceivedIssue

T = TypeVar("T")

HISTORIES_PER_PAGE = 100
"""Jira's own cap on the route of one issue."""

FRUITLESS_REPAIRS = 20
"""After so many in a row that no other route mended, the site's history is itself so and is not asked for any more."""


class _ChangelogPage(msgspec.Struct, rename="camel"):
    values: list[msgspec.Raw]
    total: int | None = None
    is_last: bool | None = None


@dataclass
class SecondRoutes:
    """Other ways to one issue and its changelog; shared by all workers of a run."""

    session: JiraSession
    scrubber: Scrubber
    fields: Sequence[str]
    too_heavy: set[int] = field(default_factory=set, init=False)
    """Issues that were not sent even alone."""
    _fruitless: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def mend(self, issue_id: int, known: Sequence[History]) -> LandedIssue | None:
        """The issue with its changelog united from all routes; None where it is gone or other routes do not help.

        Sets ``changelog.route``; whether the result is whole is for the caller to see. Raises JiraError.
        """
        if self._fruitless >= FRUITLESS_REPAIRS:
            return None
        try:
            best = self._from_other_routes(issue_id, known)
        except (NotFoundError, RefusedError, msgspec.DecodeError, ValueError):
            return None
        with self._lock:
            self._fruitless = 0 if is_whole(best) else self._fruitless + 1
        return best

    def _from_other_routes(self, issue_id: int, known: Sequence[History]) -> LandedIssue:
        """On Cloud page by page, which tells a total; then what is embedded, whole on Data Center."""
        histories, total = list(known), None
        if self.session.flavour == "cloud":
            pages, total = self.page_by_page(issue_id)
            histories += decode_histories(pages)
            found = self.scrubber.scrub(self.issue(issue_id, ReceivedIssue), histories, total)
            found.changelog.route = "single"
            if is_whole(found):
                return found
        issue = self.issue(issue_id, ReceivedIssue, is_expanded=True)
        embedded = issue.changelog
        histories += embedded.histories if embedded else []
        total = total if total is not None or not embedded else embedded.total
        found = self.scrubber.scrub(issue, histories, total)
        found.changelog.route = "expanded"
        return found

    def issue(self, issue_id: int, shape: type[T], *, is_expanded: bool = False, is_divisible: bool = False) -> T:
        """One issue on the route of its own, expanded with its changelog. Raises JiraError."""
        params = {"fields": ",".join(self.fields)} | ({"expand": "changelog"} if is_expanded else {})
        path = f"{self.session.api}/issue/{issue_id}"
        return self.session.read("GET", path, shape, params=params, is_divisible=is_divisible)

    def alone(self, issue_id: int, *, is_expanded: bool = False) -> msgspec.Raw | None:
        """An issue too heavy for a page, by its own route; None where it is for that, too. Raises JiraError.

        Raises TooHeavyError where that is so of too many.
        """

        def ask() -> msgspec.Raw:
            return self.issue(issue_id, msgspec.Raw, is_expanded=is_expanded, is_divisible=True)

        try:
            found = asked_twice(self.session, issue_id, ask)
        except TooHeavyError as error:
            self.give_up(issue_id, error)
            return None
        self.too_heavy.discard(issue_id)
        return found

    def give_up(self, issue_id: int, error: TooHeavyError) -> None:
        """Note an issue that was not sent even alone. Raises the error where there are too many of them."""
        self.too_heavy.add(issue_id)
        check_not_too_many(self.too_heavy, error)

    def page_by_page(self, issue_id: int, *, is_divisible: bool = False) -> tuple[list[msgspec.Raw], int | None]:
        """Pieces of one issue's changelog on the Cloud route of its own, and how many histories that says there are."""
        path, pieces, count = f"{self.session.api}/issue/{issue_id}/changelog", list[msgspec.Raw](), 0
        while True:
            params = {"startAt": count, "maxResults": HISTORIES_PER_PAGE}
            page = self.session.read("GET", path, _ChangelogPage, params=params, is_divisible=is_divisible)
            pieces.append(msgspec.Raw(msgspec.json.encode(page.values)))
            count += len(page.values)
            if not page.values or page.is_last or (page.total is not None and count >= page.total):
                return pieces, page.total
