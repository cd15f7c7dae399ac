"""Jira Data Center: seek paging over issue ids, the whole changelog embedded in the search.

``startAt`` stays 0: paging by position skips and repeats issues while data move. The ids are divided into ranges that
several workers read at once; a range ends only on an empty page. Pages shrink where they are too heavy. A site that
does not compare ids is listed by keys first (``key_sweep``), and its issues are asked for by name.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import msgspec

from pipelines.jira.chain import is_whole
from pipelines.jira.client import JiraSession
from pipelines.jira.cloud_sweep import OnlyId, seek_error
from pipelines.jira.dc_search import search
from pipelines.jira.details import DetailReader
from pipelines.jira.errors import AnswerError, PagingError, RefusedError, TooHeavyError
from pipelines.jira.fields import ISSUE_FIELDS
from pipelines.jira.heavy import notice
from pipelines.jira.key_sweep import Keyed, by_key, compares_ids, sweep_by_key
from pipelines.jira.ordered import map_in_order
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


Query = Callable[[int], dict[str, Any]]
"""What is asked for by a page of a size: its JQL, and what else differs from other pages."""


def pull(
    session: JiraSession,
    jql: str,
    scrubber: Scrubber,
    covered: Collection[Range] = (),
    details: DetailReader | None = None,
    done: Collection[int] = (),
) -> Iterator[Pulled]:
    """Every issue ``jql`` (without ORDER BY) selects outside the ranges covered and but those done, batch by batch.

    Raises JiraError.
    """
    if compares_ids(session, jql, has_match):
        return _pull_ranges(session, jql, scrubber, covered, details)
    ids = [number for number in sweep_ids(session, jql) if number not in done]
    return fetch(session, ids, scrubber, details)


def _pull_ranges(
    session: JiraSession, jql: str, scrubber: Scrubber, covered: Collection[Range], details: DetailReader | None
) -> Iterator[Pulled]:
    """The first batch goes alone and learns how many there are: many are divided among several workers."""
    reader, ranges = _Reader(session, jql, scrubber, details), open_ranges(covered)
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
    """These issues with their changelogs, a batch at a time. Raises JiraError. An id that is gone is missing."""
    reader, workers = _Reader(session, "", scrubber, details, total=len(ids)), session.gate.lanes.most
    batches = [ids[start : start + ISSUES_PER_BATCH] for start in range(0, len(ids), ISSUES_PER_BATCH)]
    with ThreadPoolExecutor(workers) as pool:
        yield from map_in_order(pool, reader.read_named, batches, ahead=workers)


def sweep_ids(session: JiraSession, jql: str) -> list[int]:
    """All ids ``jql`` selects, ascending, without their issues."""
    reader = _Reader(session, jql, None)
    if not compares_ids(session, jql, has_match):
        return sweep_by_key(reader.page_by_key)
    ids: list[int] = []
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


def _read_ranges(reader: _Reader, ranges: Sequence[Range], workers: int) -> Iterator[Pulled]:
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


class _Reader:
    """Reads ranges of ids, or issues by name; the size of a page is learnt by all workers together."""

    def __init__(
        self,
        session: JiraSession,
        jql: str,
        scrubber: Scrubber | None,
        details: DetailReader | None = None,
        total: int | None = None,
    ) -> None:
        self._session, self._jql, self._scrubber, self._details = session, jql, scrubber, details
        self.total = total
        """How many issues there are, as told with the first page unless it is known."""
        self._fields = [*ISSUE_FIELDS, *scrubber.custom_field_ids] if scrubber else ["id"]
        self._second = SecondRoutes(session, scrubber, self._fields) if scrubber else None
        self._size = ISSUES_PER_PAGE if scrubber else LARGEST_PAGE
        self._largest = LARGEST_PAGE
        self._good_pages = 0
        self._lock = threading.Lock()

    def read(self, within: Range) -> tuple[Pulled, Range | None]:
        """One batch from the beginning of a range, and what is left of it; None once an empty page has ended it."""
        after, until = within
        last, lines = after, list[tuple[int, Line]]()
        while page := self.page(last, until):
            last = page[-1][0]
            lines += self._lines(page)
            if len(lines) >= ISSUES_PER_BATCH:
                return self._pack(lines, covers=(after, last)), (last, until)
        return self._pack(lines, covers=(after, until)), None

    def read_named(self, ids: Sequence[int]) -> Pulled:
        """Issues by name. Missing is what a page brings none of, so that a page cut short only costs another."""
        lines, missing, left = list[tuple[int, Line]](), list[int](), list(ids)
        while left:
            asked, found = self._page_of(left)
            lines += self._lines(sorted(found.items()))
            missing += [] if found else asked
            settled = set(found or asked)
            left = [number for number in left if number not in settled]
        return self._pack(lines, missing=tuple(missing))

    def _page_of(self, ids: Sequence[int]) -> tuple[Sequence[int], dict[int, msgspec.Raw]]:
        """The first of these issues, as many as a page holds, and what came of them. None of one that is refused."""

        def query(size: int) -> dict[str, Any]:
            named = ", ".join(map(str, ids[:size]))
            return {"jql": f"id in ({named}) ORDER BY id ASC", "validateQuery": False}

        try:
            size, found = self._certain(query)
        except RefusedError:
            return (ids, {}) if len(ids) == 1 else self._page_of(ids[: len(ids) // 2])
        asked, came = ids[:size], _numbered(found.issues)
        return asked, {number: came[number] for number in asked if number in came}

    def _lines(self, page: Sequence[tuple[int, msgspec.Raw]]) -> list[tuple[int, Line]]:
        return [(number, self._scrub(number, raw)) for number, raw in page]

    def _pack(self, lines: list[tuple[int, Line]], **more: Any) -> Pulled:
        broken = [number for number, line in lines if isinstance(line, LandedIssue) and not is_whole(line)]
        unsent = set(self._second.too_heavy) if self._second else set[int]()
        if self._details:
            self._details.fill(lines)
            unsent |= self._details.unsent
        return pack(lines, broken, unsent, total=self.total, **more)

    def page(self, last: int, until: int | None) -> list[tuple[int, msgspec.Raw]]:
        """Issues above ``last``, ascending; smaller and smaller while they are too heavy. Empty at the end only."""
        bounds = (f" AND id > {last}" if last else "") + (f" AND id <= {until}" if until else "")
        size, found = self._certain(lambda size: {"jql": f"({self._jql}){bounds} ORDER BY id ASC"}, (last, until))
        numbered = _numbered(found.issues)
        if list(numbered) != sorted(numbered) and len(numbered) >= size:
            raise PagingError(
                "search: a full page came out of order, though ascending ids were asked for. Going on would lose"
                " issues, so the run stops; published data stay as they are."
            )
        return sorted(numbered.items())

    def page_by_key(self, condition: str) -> list[Keyed]:
        """The first issues that meet a condition, in the order of their keys."""
        _, found = self._certain(lambda size: {"jql": by_key(self._jql, condition), "fields": ["key"]})
        return [msgspec.json.decode(raw, type=Keyed) for raw in found.issues]

    def _certain(self, query: Query, within: Range = (0, None)) -> tuple[int, _Page]:
        """A page and its size. Raises AnswerError where it stays empty though its total says otherwise.

        Raises PagingError where an id outside of the range comes.
        """
        last, until = within
        for _ in range(EMPTY_PAGES):
            size, found = self._sized(query)
            if strays := [n for n in _numbered(found.issues) if n <= last or (until and n > until)]:
                raise seek_error("search", strays[0], last)
            if not (found.warnings or found.warning_messages) and (found.issues or not found.total):
                return size, found
        raise AnswerError(
            f"The site counts {counted(found.total or 0, 'issue')} in this scope, and sends none or warns that the"
            " result is not whole. Nothing was published; the search index may be rebuilding: run again later."
        )

    def _sized(self, query: Query) -> tuple[int, _Page]:
        while True:
            size = self._size
            try:
                page = self._ask(query(size), size)
            except TooHeavyError:
                if size > 1:
                    with self._lock:
                        self._size, self._good_pages = max(1, size // 2), 0
                    continue
                page = self._ask_apart(query(1))
            self._learn(size, page.max_results)
            self.total = page.total if self.total is None else self.total
            return size, page

    def _ask(self, query: dict[str, Any], size: int) -> _Page:
        body = {"startAt": 0, "maxResults": size, "fields": self._fields, **query}
        body |= {"expand": ["changelog"]} if self._scrubber else {}
        return search(self._session, body, _Page, is_divisible=True)

    def _ask_apart(self, query: dict[str, Any]) -> _Page:
        """A page of one issue that is too heavy for a search: which it is by the search, the rest by its own route."""
        page = search(self._session, {"startAt": 0, "maxResults": 1, "fields": ["id"], **query}, _Page)
        if second := self._second:
            listed = _numbered(page.issues).items()
            page.issues = [second.alone(number, is_expanded=True) or only_id for number, only_id in listed]
        return page

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
        if number in self._second.too_heavy:
            return notice(number)
        try:
            issue = msgspec.json.decode(raw, type=ReceivedIssue)
            if issue.changelog is None:
                raise AnswerError("The issues came without their changelogs, though these were asked for with"
                                  " expand=changelog. A proxy that changes requests is the usual cause.")  # fmt: skip
            line = self._scrubber.scrub(issue, issue.changelog.histories, issue.changelog.total)
        except (msgspec.DecodeError, ValueError) as error:
            return unreadable(raw, error)
        return line if is_whole(line) else self._second.mend(number, issue.changelog.histories) or line


def _numbered(issues: Sequence[msgspec.Raw]) -> dict[int, msgspec.Raw]:
    return {int(msgspec.json.decode(raw, type=OnlyId).id): raw for raw in issues}
