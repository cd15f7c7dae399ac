"""Jira Cloud: sweep the ids, then fetch issues and whole changelogs in bulk, and check that they hold together.

The changelog embedded in a search is capped at 40 histories and loses the oldest, so it is never asked for. Listing ids
belongs to ``cloud_sweep``, reading changelogs to ``cloud_changelogs``, mending them to ``repair``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain

import msgspec

from pipelines.jira.audit import Audit
from pipelines.jira.chain import is_whole
from pipelines.jira.client import JiraSession
from pipelines.jira.cloud_changelogs import ChangelogReader, Parts, decode_histories
from pipelines.jira.cloud_sweep import OnlyId, count_issues, has_match, paging_error, sweep_ids
from pipelines.jira.details import DetailReader
from pipelines.jira.errors import AnswerError, NotFoundError, RefusedError, TooHeavyError
from pipelines.jira.fields import CATEGORY_CHANGED, ISSUE_FIELDS
from pipelines.jira.heavy import asked_twice, check_not_too_many, notice
from pipelines.jira.instants import read_instant
from pipelines.jira.ordered import map_in_order
from pipelines.jira.pulled import Line, Pulled, pack
from pipelines.jira.repair import SecondRoutes
from pipelines.jira.scrub import Scrubber, unreadable
from pipelines.jira.shapes import LandedIssue, ReceivedIssue

__all__ = ["count_issues", "fetch", "has_match", "pull", "sweep_ids"]

ISSUES_PER_BATCH = 1000
ISSUES_PER_OLD_BATCH = 100
"""What sites without the raised limit of ``issue/bulkfetch`` accept."""

CLOCK_SLACK_US = 1_000_000
"""``updated`` may be this much later than the history it belongs to."""

READINGS = 3
"""Times that a batch whose changelogs came short is read before the run stops."""


class _Issues(msgspec.Struct):
    issues: list[msgspec.Raw]


def pull(
    session: JiraSession,
    jql: str,
    scrubber: Scrubber,
    done: Collection[int] = (),
    details: DetailReader | None = None,
    audit: Audit | None = None,
) -> Iterator[Pulled]:
    """Every issue that ``jql`` (bounded, without ORDER BY) selects but those done. Raises JiraError."""
    ids = [issue_id for issue_id in sweep_ids(session, jql) if issue_id not in done]
    return fetch(session, ids, scrubber, details, audit)


def fetch(
    session: JiraSession,
    ids: Sequence[int],
    scrubber: Scrubber,
    details: DetailReader | None = None,
    audit: Audit | None = None,
) -> Iterator[Pulled]:
    """These issues with their changelogs, a thousand at a time. Raises JiraError.

    The first batch goes alone: from it the others learn what the site accepts and how dense its histories are. Once an
    audit failed, every changelog is read on a route of its own; ``Pulled.is_single`` tells which were.
    """
    fetcher = _BatchFetcher(session, scrubber, len(ids), details, audit)
    batches = [(start, ids[start : start + ISSUES_PER_BATCH]) for start in range(0, len(ids), ISSUES_PER_BATCH)]
    workers = session.gate.lanes.most
    if batches:
        yield fetcher.fetch(batches[0])
    with ThreadPoolExecutor(workers) as pool:
        yield from map_in_order(pool, fetcher.fetch, batches[1:], ahead=workers)


class _BatchFetcher:
    """Fetches batches of issues with their changelogs; remembers which batch size the site accepts."""

    def __init__(
        self, session: JiraSession, scrubber: Scrubber, total: int, details: DetailReader | None, audit: Audit | None
    ) -> None:
        self._session, self._scrubber, self._total, self._details = session, scrubber, total, details
        self._audit = audit
        self._issue_limit = ISSUES_PER_BATCH
        self._fields = [*ISSUE_FIELDS, CATEGORY_CHANGED, *scrubber.custom_field_ids]
        self._changelogs = ChangelogReader(session, scrubber.change_field_ids, scrubber.flag_ids)
        self._second = SecondRoutes(session, scrubber, self._fields)
        self._apart: set[int] = set()

    def fetch(self, batch: tuple[int, Sequence[int]]) -> Pulled:
        """Issues first, changelogs after: then the changelog is at least as new as the fields."""
        first, ids = batch
        answered = self._issues(ids)
        present = [issue_id for issue_id in ids if issue_id in answered]
        parts = self._whole_chain(present, answered)
        lines = {issue_id: self._scrub(answered[issue_id], parts.get(issue_id, [])) for issue_id in present}
        self._read_refused(lines, answered, parts)
        is_single = self._hold_against_single_route(first, lines, answered, parts)
        broken = self._mend(lines, parts)
        unsent = {number for number in ids if number in self._second.too_heavy and number not in lines}
        lines |= {number: notice(number) for number in unsent}
        missing = tuple(issue_id for issue_id in ids if issue_id not in lines)
        if self._details:
            self._details.fill(list(lines.items()))
            unsent |= self._details.unsent
        return pack(lines.items(), broken, unsent, missing=missing, total=self._total, is_single=is_single)

    def _issues(self, ids: Sequence[int]) -> dict[int, msgspec.Raw]:
        """Issues by id, in the size the site accepts. An answer nobody asked for is left aside."""
        answered: dict[int, msgspec.Raw] = {}
        start = 0
        while start < len(ids):
            part = ids[start : start + self._issue_limit]
            try:
                answered |= self._bulk_fetch(part)
            except RefusedError:
                if len(part) > ISSUES_PER_OLD_BATCH:
                    self._issue_limit = ISSUES_PER_OLD_BATCH
                    continue
                answered |= self._halves(part)
            except TooHeavyError as error:
                answered |= self._halves(part) if len(part) > 1 else self._alone(part[0], error)
            start += len(part)
        return answered

    def _halves(self, ids: Sequence[int]) -> dict[int, msgspec.Raw]:
        """Both halves of a batch that was refused; an issue that is refused alone counts as not handed out."""
        middle = len(ids) // 2
        return self._issues(ids[:middle]) | self._issues(ids[middle:]) if middle else {}

    def _alone(self, number: int, error: TooHeavyError) -> dict[int, msgspec.Raw]:
        """An issue too heavy for the bulk route, by its own; nothing where it is gone by now or too heavy for that.

        Raises the error where there are too many such issues.
        """
        self._apart.add(number)
        check_not_too_many(self._apart, error)
        with suppress(NotFoundError):
            if raw := self._second.alone(number):
                return {number: raw}
        return {}

    def _bulk_fetch(self, ids: Sequence[int]) -> dict[int, msgspec.Raw]:
        asked = set(ids)
        body = {"issueIdsOrKeys": [str(issue_id) for issue_id in ids], "fields": self._fields}
        path = f"{self._session.api}/issue/bulkfetch"
        found = self._session.read("POST", path, _Issues, body=body, is_divisible=True).issues
        numbered = ((int(msgspec.json.decode(raw, type=OnlyId).id), raw) for raw in found)
        return {issue_id: raw for issue_id, raw in numbered if issue_id in asked}

    def _whole_chain(self, ids: Sequence[int], answered: dict[int, msgspec.Raw]) -> Parts:
        """Changelogs, and the proof that no end was lost: who was touched later has nothing more to tell."""
        parts: Parts = {}
        for _ in range(READINGS):
            for issue_id, pieces in self._changelogs.read(ids).items():
                parts.setdefault(issue_id, []).extend(pieces)
            told = {issue_id: answered[issue_id] for issue_id in ids if issue_id not in self._changelogs.refused}
            suspects = _touched_later(told, parts)
            again = self._changelogs.read_again(suspects)
            is_cut = False
            for issue_id, pieces in again.items():
                before = self._scrub(answered[issue_id], parts.get(issue_id, []))
                parts[issue_id] = [*parts.get(issue_id, []), *pieces]
                is_cut |= _change_count(self._scrub(answered[issue_id], parts[issue_id])) > _change_count(before)
            if not is_cut:
                return parts
        raise paging_error("changelog/bulkfetch", "the site keeps leaving out changes")

    def _read_refused(self, lines: dict[int, Line], answered: dict[int, msgspec.Raw], parts: Parts) -> None:
        """Changelogs the bulk route refuses, on the route of one issue; one gone by now or too heavy is left out."""
        for number in [number for number in lines if number in self._changelogs.refused]:
            pieces, total = self._changelog_alone(number)
            parts[number] = [*parts.get(number, []), *pieces]
            lines[number] = self._scrub(answered[number], parts[number], total)
            self._take(lines, number, lines[number], "single")
            if not pieces:
                del lines[number]

    def _changelog_alone(self, number: int) -> tuple[list[msgspec.Raw], int | None]:
        """A changelog the bulk route refuses; empty for an issue that is gone by now, or where it is too heavy."""
        try:
            return asked_twice(self._session, number, lambda: self._single(number, is_divisible=True))
        except TooHeavyError as error:
            self._second.give_up(number, error)
        except NotFoundError:
            pass
        return [], None

    def _hold_against_single_route(
        self, first: int, lines: dict[int, Line], answered: dict[int, msgspec.Raw], parts: Parts
    ) -> bool:
        """Audit some changelogs; where any was short, in this batch or another, read all on the route of one issue."""
        audit = self._audit
        if audit is None:
            return False
        if not audit.is_failed:
            landed = {number: line for number, line in lines.items() if isinstance(line, LandedIssue)}
            chosen = audit.choose(landed, first, self._total)
            audit.is_failed |= any(self._is_short(number, lines, answered[number], parts) for number in chosen)
        if audit.is_failed:
            for number in lines:
                pieces, total = self._single(number)
                parts[number] = [*parts.get(number, []), *pieces]
                self._take(lines, number, self._scrub(answered[number], parts[number], total), "single")
        return audit.is_failed

    def _is_short(self, number: int, lines: dict[int, Line], raw: msgspec.Raw, parts: Parts) -> bool:
        """Whether the route of one issue tells changes that the bulk route leaves out, even when asked once more."""
        pieces, total = self._single(number)
        told = self._scrub(raw, [*parts.get(number, []), *pieces], total)
        if _is_broken(told):
            lines[number] = told
        if _change_count(told) <= _change_count(lines[number]):
            return False
        parts[number] = [*parts.get(number, []), *self._changelogs.read_again([number]).get(number, [])]
        lines[number] = self._scrub(raw, parts[number])
        return _change_count(self._scrub(raw, [*parts[number], *pieces])) > _change_count(lines[number])

    def _single(self, number: int, *, is_divisible: bool = False) -> tuple[list[msgspec.Raw], int | None]:
        """A changelog on the route of one issue; empty for an issue that is gone by now."""
        try:
            return self._second.page_by_page(number, is_divisible=is_divisible)
        except NotFoundError:
            if number in self._issues([number]) or number in self._second.too_heavy:
                raise AnswerError(
                    f"The site shows issue {number} and says that it has no changelog, so none of its changelogs can be"
                    " proved whole. Nothing was published; run again later."
                ) from None
            return [], None

    def _mend(self, lines: dict[int, Line], parts: Parts) -> list[int]:
        """Read broken changelogs again, all at once, then one by one on other routes; returns what stays broken."""
        broken = [issue_id for issue_id, line in lines.items() if _is_broken(line)]
        if broken:
            fresh, again = self._issues(broken), self._changelogs.read_again(broken)
            for issue_id in broken:
                parts[issue_id] = [*parts.get(issue_id, []), *again.get(issue_id, [])]
                if issue_id in fresh:
                    found = self._scrub(fresh[issue_id], parts[issue_id], _told_total(lines[issue_id]))
                    self._take(lines, issue_id, found, "again")
        for issue_id in broken:
            if _is_broken(lines[issue_id]):
                self._take(lines, issue_id, self._second.mend(issue_id, decode_histories(parts[issue_id])), None)
        return [issue_id for issue_id in broken if _is_broken(lines[issue_id])]

    def _take(self, lines: dict[int, Line], issue_id: int, found: Line | None, route: str | None) -> None:
        if isinstance(found, LandedIssue):
            found.changelog.route = route or found.changelog.route
            lines[issue_id] = found

    def _scrub(self, raw: msgspec.Raw, parts: Sequence[msgspec.Raw], total: int | None = None) -> Line:
        try:
            return self._scrubber.scrub(msgspec.json.decode(raw, type=ReceivedIssue), decode_histories(parts), total)
        except (msgspec.DecodeError, ValueError) as error:
            return unreadable(raw, error)


class _Touched(msgspec.Struct):
    created: str | int = 0
    updated: str | int | None = None


class _TouchedIssue(msgspec.Struct):
    fields: _Touched


class _Dated(msgspec.Struct):
    created: str | int


def _touched_later(answered: dict[int, msgspec.Raw], parts: Parts) -> list[int]:
    """Issues updated after the newest history of the batch, and those updated without any history of their own."""
    try:
        dated = (msgspec.json.decode(piece, type=list[_Dated]) for piece in chain.from_iterable(parts.values()))
        newest = max((read_instant(one.created) for one in chain.from_iterable(dated)), default=0)
        touched = {number: msgspec.json.decode(raw, type=_TouchedIssue).fields for number, raw in answered.items()}
        return [
            number
            for number, one in touched.items()
            if one.updated is not None
            and read_instant(one.updated) > (newest if number in parts else read_instant(one.created)) + CLOCK_SLACK_US
        ]
    except (msgspec.DecodeError, ValueError):
        return list(answered)


def _is_broken(line: Line) -> bool:
    return isinstance(line, LandedIssue) and not is_whole(line)


def _told_total(line: Line) -> int | None:
    return line.changelog.total if isinstance(line, LandedIssue) else None


def _change_count(line: Line) -> int:
    return sum(len(history.items) for history in line.changelog.histories) if isinstance(line, LandedIssue) else 0
