"""Jira Data Center: seek paging over issue ids, the whole changelog embedded in the search.

``startAt`` stays 0: paging by position skips and repeats issues while data move. The ids are divided into ranges that
several workers read at once; a range ends only on an empty page. Pages shrink where they are too heavy.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import msgspec

from pipelines.jira.chain import is_whole
from pipelines.jira.client import JiraSession
from pipelines.jira.cloud_sweep import OnlyId, seek_error
from pipelines.jira.dc_search import search
from pipelines.jira.details import DetailReader
from pipelines.jira.errors import AnswerError, PagingError, TooHeavyError
from pipelines.jira.fields import ISSUE_FIELDS
from pipelines.jira.pulled import Line, Pulled, pack
from pipelines.jira.ranges import Range, divide, open_ranges
from pipelines.jira.repair import SecondRoutes
from pipelines.jira.scrub import Scrubber, unreadable
from pipelines.jira.shapes import LandedIssue, ReceivedIssue
from transforms.wording import counted

ISSUES_PER_PAGE = 100
LARGEST_PAGE = 1000
GOOD_PAGES_PER_STEP = 10
GROWTH = 1.25
ISSUES_PER_BATCH = 1000
ISSUES_PER_RANGE = 2500
"""So many issues are worth a range of their own: each costs an empty page."""
EMPTY_PAGES = 3
"""Empty pages in a row that contradict the total they tell."""


class _Page(msgspec.Struct, rename="camel"):
    issues: list[msgspec.Raw]
    total: int | None = None
    max_results: int | None = None
    warnings: list[Any] | None = None
    warning_messages: list[Any] | None = None


def pull(
    session: JiraSession,
    jql: str,
    scrubber: Scrubber,
    covered: Collection[Range] = (),
    details: DetailReader | None = None,
) -> Iterator[Pulled]:
    """Every issue ``jql`` (without ORDER BY) selects outside the ranges covered, batch by batch. Raises JiraError.

    The first batch goes alone and learns how many there are: many are divided among several workers.
    """
    reader, ranges = _RangeReader(session, jql, scrubber, details), open_ranges(covered)
    if not ranges:
        return
    pulled, rest = reader.read(ranges[0])
    yield pulled
    ranges = [rest, *ranges[1:]] if rest else ranges[1:]
    workers = session.gate.lanes.most
    pieces = min(workers, (reader.total or 0) // ISSUES_PER_RANGE)
    if pieces > 1 and rest:
        ranges = divide(ranges, rest[0], _last_id(session, jql), pieces)
    yield from _read_ranges(reader, ranges, workers)


def fetch(
    session: JiraSession, ids: Sequence[int], scrubber: Scrubber, details: DetailReader | None = None
) -> Iterator[Pulled]:
    """These issues with their changelogs. An id that is gone is missing; one by one, as few are ever asked for so."""
    for issue_id in ids:
        reader = _RangeReader(session, f"id >= {issue_id} AND id <= {issue_id}", scrubber, details)
        pulled, _ = reader.read((0, None))
        yield pulled if pulled.lines else Pulled((), missing=(issue_id,))


def sweep_ids(session: JiraSession, jql: str) -> list[int]:
    """All ids ``jql`` selects, ascending, without their issues."""
    ids: list[int] = []
    reader = _RangeReader(session, jql, None)
    while page := reader.page(ids[-1] if ids else 0, None):
        ids += [number for number, _ in page]
    return ids


def count_issues(session: JiraSession, jql: str) -> int | None:
    """How many issues the site believes there are."""
    body = {"jql": jql, "startAt": 0, "maxResults": 0, "fields": ["id"]}
    return search(session, body, _Page).total


def has_match(session: JiraSession, jql: str) -> bool:
    """Whether any issue matches. Raises RefusedError where the site does not understand the query."""
    body = {"jql": jql, "startAt": 0, "maxResults": 1, "fields": ["id"]}
    return bool(search(session, body, _Page).issues)


def _last_id(session: JiraSession, jql: str) -> int:
    body = {"jql": f"({jql}) ORDER BY id DESC", "startAt": 0, "maxResults": 1, "fields": ["id"]}
    issues = search(session, body, _Page).issues
    return int(msgspec.json.decode(issues[0], type=OnlyId).id) if issues else 0


def _read_ranges(reader: _RangeReader, ranges: Sequence[Range], workers: int) -> Iterator[Pulled]:
    """Batches of all ranges as they come; what is left of a range is read on."""
    with ThreadPoolExecutor(workers) as pool:
        running: set[Future[tuple[Pulled, Range | None]]] = {pool.submit(reader.read, one) for one in ranges}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for pulled, rest in sorted(
                    (future.result() for future in done), key=lambda one: one[0].covers or (0, 0)
                ):
                    running |= {pool.submit(reader.read, rest)} if rest else set()
                    yield pulled
        finally:
            for future in running:
                future.cancel()


class _RangeReader:
    """Reads ranges of ids; the size of a page is learnt by all workers together."""

    def __init__(
        self, session: JiraSession, jql: str, scrubber: Scrubber | None, details: DetailReader | None = None
    ) -> None:
        self._session, self._jql, self._scrubber, self._details = session, jql, scrubber, details
        self.total: int | None = None
        """How many issues matched when the first page came."""
        self._fields = [*ISSUE_FIELDS, *scrubber.custom_field_ids] if scrubber else ["id"]
        self._second = SecondRoutes(session, scrubber, self._fields) if scrubber else None
        self._size = ISSUES_PER_PAGE if scrubber else LARGEST_PAGE
        self._largest = LARGEST_PAGE
        self._good_pages = 0
        self._lock = threading.Lock()

    def read(self, within: Range) -> tuple[Pulled, Range | None]:
        """One batch from the beginning of a range, and what is left of it; None once an empty page has ended it."""
        after, until = within
        last, lines, broken = after, list[tuple[int, Line]](), list[int]()
        while page := self.page(last, until):
            last = page[-1][0]
            for number, raw in page:
                line = self._scrub(number, raw)
                lines.append((number, line))
                if isinstance(line, LandedIssue) and not is_whole(line):
                    broken.append(number)
            if len(lines) >= ISSUES_PER_BATCH:
                return self._pack(lines, broken, (after, last)), (last, until)
        return self._pack(lines, broken, (after, until)), None

    def _pack(self, lines: list[tuple[int, Line]], broken: list[int], covers: Range) -> Pulled:
        if self._details:
            self._details.fill(lines)
        return pack(lines, broken, total=self.total, covers=covers)

    def page(self, last: int, until: int | None) -> list[tuple[int, msgspec.Raw]]:
        """Issues above ``last``, ascending; smaller and smaller while they are too heavy. Empty at the end only."""
        for _ in range(EMPTY_PAGES):
            found = self._sized_page(last, until)
            numbered = {int(msgspec.json.decode(raw, type=OnlyId).id): raw for raw in found.issues}
            if strays := [number for number in numbered if number <= last or (until and number > until)]:
                raise seek_error("search", strays[0], last)
            if found.warnings or found.warning_messages:
                continue
            if numbered or not found.total:
                return self._certain(sorted(numbered.items()), list(numbered))
        raise AnswerError(
            f"The site counts {counted(found.total or 0, 'issue')} in this scope, and sends none or warns that the"
            " result is not whole. Nothing was published; the search index may be rebuilding: run again later."
        )

    def _certain(self, ordered: list[tuple[int, msgspec.Raw]], came: list[int]) -> list[tuple[int, msgspec.Raw]]:
        """A page in any order proves less: one above its highest id may have been left for the next."""
        if came != sorted(came) and len(ordered) >= self._size:
            raise PagingError(
                "search: a full page came out of order, though ascending ids were asked for. Going on would lose"
                " issues, so the run stops; published data stay as they are."
            )
        return ordered

    def _sized_page(self, last: int, until: int | None) -> _Page:
        while True:
            size = self._size
            try:
                page = self._ask(last, until, size)
            except TooHeavyError:
                if size == 1:
                    raise
                with self._lock:
                    self._size, self._good_pages = max(1, size // 2), 0
                continue
            self._learn(size, page.max_results)
            self.total = page.total if self.total is None else self.total
            return page

    def _ask(self, last: int, until: int | None, size: int) -> _Page:
        bounds = (f" AND id > {last}" if last else "") + (f" AND id <= {until}" if until else "")
        body: dict[str, Any] = {
            "jql": f"({self._jql}){bounds} ORDER BY id ASC",
            "startAt": 0,
            "maxResults": size,
            "fields": self._fields,
        }
        body |= {"expand": ["changelog"]} if self._scrubber else {}
        return search(self._session, body, _Page, is_divisible=size > 1)

    def _learn(self, asked: int, echoed: int | None) -> None:
        """Larger pages after a while of good ones, never above what the site gives or what was too heavy."""
        with self._lock:
            self._good_pages += 1
            if echoed and 0 < echoed < asked:
                self._largest = self._size = min(self._largest, echoed)
            elif self._good_pages % GOOD_PAGES_PER_STEP == 0:
                self._size = min(self._largest, max(self._size + 1, int(self._size * GROWTH)))

    def _scrub(self, number: int, raw: msgspec.Raw) -> Line:
        assert self._scrubber and self._second
        try:
            issue = msgspec.json.decode(raw, type=ReceivedIssue)
            if issue.changelog is None:
                raise AnswerError("The issues came without their changelogs, though these were asked for with"
                                  " expand=changelog. A proxy that changes requests is the usual cause.")  # fmt: skip
            line = self._scrubber.scrub(issue, issue.changelog.histories, issue.changelog.total)
        except (msgspec.DecodeError, ValueError) as error:
            return unreadable(raw, error)
        return line if is_whole(line) else self._second.mend(number, issue.changelog.histories) or line
