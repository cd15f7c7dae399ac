"""What one issue went through, as METHODS.md says: values of its fields, definitions that held, visits and lives.

For ``oracle_life``, which says what that means at every instant. As plain as that, and as far from the implementation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.oracle_events import Move, chained, moment, ms
from transforms.workflow import TERMINAL_KINDS, ValueStream

if TYPE_CHECKING:
    from tests.oracle import Site

Row = dict[str, Any]

FOREVER = 2**62

CURRENT = {"status": "status_id", "assignee": "assignee", "flagged": "is_flagged", "resolution": "resolution_id"}
"""Fields with a value over time, and the column of the issue that holds the current one."""


class Visit(NamedTuple):
    """An uninterrupted stay in a status. ``doubt`` is what the change that ended it says the status was, if another."""

    status_id: int
    entered: int
    left: int | None
    doubt: int | None


class Stay(NamedTuple):
    """A visit, or a part of one: cut where its status came to end work, and where that came to be an end indeed.

    ``is_over`` where work has ended and waits for no release.
    """

    visit: Visit
    entered: int
    left: int | None
    is_ended: bool
    is_over: bool


class Pass(NamedTuple):
    """A life of an issue: from its first status, or from a reopening too late to belong to the life before."""

    number: int
    stays: list[Stay]
    started: int | None
    finished: int | None


@dataclass(frozen=True)
class StatusModel:
    """What a stream's model says of a status; one that it does not know is a wait outside the walk."""

    stage: str = ""
    kind: str = "queue"
    order: int | None = None


class IssueHistory:
    """What one issue went through: values, definitions, visits, passes."""

    def __init__(self, issue: Row, changes: Sequence[Row], site: Site) -> None:
        self.issue, self.site = issue, site
        gone_at = site.gone_at.get(issue["issue_id"], FOREVER)
        self.is_gone, self.as_of = gone_at <= site.as_of, site.as_of
        if self.is_gone:  # a run that misses it at as_of finds it gone just before
            self.as_of = max(ms(issue["created_at"]), min(gone_at, site.as_of - 1))
        self._changes = changes
        self.begin = min([ms(issue["created_at"])] + [ms(c["changed_at"]) for c in changes])

    # facts

    def moves(self, field: str) -> list[Move]:
        """All changes of a field, in the order in which they happened."""
        found = [
            Move(ms(c["changed_at"]), c["from_id"], c["to_id"], c["history_id"], c["item_index"])
            for c in self._changes
            if c["field"] == field
        ]
        return chained(found, self.issue[CURRENT[field]])

    @cached_property
    def _values(self) -> dict[str, tuple[Any, list[Move]]]:
        lists = {field: self.moves(field) for field in CURRENT}
        return {f: (m[0].source if m else self.issue[CURRENT[f]], m) for f, m in lists.items()}

    def value_at(self, field: str, at: int) -> Any:
        """What a field holds at an instant."""
        value, moves = self._values[field]
        for move in moves:
            if move.at <= at:
                value = move.target
        return value

    @property
    def former_keys(self) -> set[str]:
        """Keys the issue had before it moved."""
        return {c["from_key"] for c in self._changes if c["field"] == "key"}

    @property
    def stream(self) -> ValueStream:
        """The value stream of the issue's current project and type."""
        return self.site.stream_of(self.issue)

    def definition_at(self, at: int) -> tuple[date | None, int]:
        """The definition that holds on the wall calendar of this instant: until when (None: still), its commitment."""
        today = moment(at).astimezone(ZoneInfo(self.stream.calendar.zone)).date()
        ahead = [(until, order) for until, order in self.stream.earlier if today < until]
        return min(ahead) if ahead else (None, self.stream.commitment_order)

    def model(self, status_id: int, at: int) -> StatusModel:
        """What the stream says of a status by the definition of an instant."""
        until, _ = self.definition_at(at)
        return self.site.models.get((self.stream.name, status_id, until), StatusModel())

    def midnights(self, start: int, end: int) -> list[int]:
        """Instants in (start, end) at which another definition begins."""
        zone = ZoneInfo(self.stream.calendar.zone)
        begins = [ms(datetime.combine(until, time(), zone)) for until, _ in self.stream.earlier]
        return [at for at in sorted(begins) if start < at < end]

    def ended_from(self, visit: Visit, status_id: int) -> int | None:
        """The first instant of a visit at which work ends in a status, delivered or not; from then on it has ended."""
        ends = [at for at in self.held(visit) if self.model(status_id, at).kind in TERMINAL_KINDS]
        return ends[0] if ends else None

    def is_ended_at(self, visit: Visit, status_id: int, at: int) -> bool:
        """Whether by an instant of a visit work has ended in a status."""
        ended = self.ended_from(visit, status_id)
        return ended is not None and ended <= at

    def told_at(self, visit: Visit, status_id: int, at: int) -> StatusModel:
        """What holds of a status at an instant of a visit: where work has ended in it, what held when it did."""
        ended = self.ended_from(visit, status_id)
        return self.model(status_id, at if ended is None else min(at, ended))

    # visits

    @cached_property
    def visits(self) -> list[Visit]:
        """Every stay in a status that began by ``as_of``."""
        initial, moves = self._values["status"]
        moves = [m for m in moves if m.at <= self.as_of]
        statuses = [initial] + [m.target for m in moves]
        entered = [self.begin] + [m.at for m in moves]
        left = [*entered[1:], None]
        doubts = [m.source if m.source != before else None for m, before in zip(moves, statuses, strict=False)]
        return [Visit(*parts) for parts in zip(statuses, entered, left, [*doubts, None], strict=True)]

    @cached_property
    def stays(self) -> list[Stay]:
        """The visits, cut where their status comes to end work and where that comes to be an end, or ceases to."""
        found: list[Stay] = []
        for visit in self.visits:
            told = [(at, self.is_ended_at(visit, visit.status_id, at), self.is_over_at(visit, visit.status_id, at))
                    for at in self.turns(visit)]  # fmt: skip
            parts = [next(run) for _, run in groupby(told, key=lambda part: part[1:])]
            ends = [at for at, _, _ in parts[1:]] + [visit.left]
            found += [Stay(visit, at, left, *flags) for (at, *flags), left in zip(parts, ends, strict=True)]
        return found

    def turns(self, visit: Visit) -> list[int]:
        """When a visit began, and every later instant of it that may make its status an end, or cease to."""
        last = self.as_of + 1 if visit.left is None else visit.left
        events = [self.in_users_hands_at, *(move.at for move in self.moves("resolution"))]
        return sorted({*self.held(visit), *(at for at in events if visit.entered < at < last)})

    # release

    @cached_property
    def in_users_hands_at(self) -> int:
        """From when on finished work is in users' hands: noon of its earliest release, where it needs one."""
        own = [self.site.versions.get(number) for number in self.issue["fix_version_ids"]]
        days = [version["release_date"] for version in own if version is not None and version["is_released"]]
        if self.stream.delivery != "release" or not own or None in days:
            return self.begin
        noons = [ms(datetime.combine(day, time(12), ZoneInfo(self.stream.calendar.zone))) for day in days]
        return min(noons, default=FOREVER)

    def is_over_at(self, visit: Visit, status_id: int, at: int) -> bool:
        """Whether by an instant of a visit work has ended in a status and does not wait for its release."""
        is_shipped = self.in_users_hands_at <= at or self.is_discarded_at(visit, status_id, at)
        return self.is_ended_at(visit, status_id, at) and is_shipped

    # passes

    def is_delivered(self, stretch: Sequence[Stay]) -> bool:
        """Whether a terminal stretch counts as delivered: by what held last until it was left."""
        last = next((stay for stay in reversed(stretch) if stay.left != stay.entered), stretch[-1])
        at = self.as_of if last.left is None else max(last.entered, last.left - 1)
        return not self.is_discarded_at(last.visit, last.visit.status_id, at)

    def is_discarded_at(self, visit: Visit, status_id: int, at: int) -> bool:
        """Whether a terminal status means discarded at an instant, by itself or by the resolution."""
        is_so_by_itself = self.told_at(visit, status_id, at).kind == "discarded"
        return is_so_by_itself or self.value_at("resolution", at) in self.site.workflow.discarding_resolution_ids

    @cached_property
    def passes(self) -> list[Pass]:
        """The lives of the issue: a delivered stretch longer than the horizon, later left, ends one."""
        horizon = self.stream.reopen_horizon // timedelta(milliseconds=1)
        found: list[list[Stay]] = []
        lives: list[Stay] = []
        for over, run in groupby(self.stays, key=lambda stay: stay.is_over):
            stretch = list(run)
            lives = lives + stretch
            left = stretch[-1].left
            long = left is not None and left - stretch[0].entered > horizon
            if over and long and self.is_delivered(stretch):
                found.append(lives)
                lives = []
        return [self._pass(n, part) for n, part in enumerate([*found, lives] if lives else found, start=1)]

    def _pass(self, number: int, stays: list[Stay]) -> Pass:
        commits = [at for stay in stays for at in ([stay.entered] if stay.is_ended else self.worked(stay))]
        started = (commits or [None])[0]
        finished = None
        for stay in reversed(stays):
            if not stay.is_over:
                break
            finished = stay.entered
        return Pass(number, stays, started, finished)

    def worked(self, stay: Stay) -> list[int]:
        """Instants of a stay that has not ended at which a definition began by which it is committed."""
        if stay.is_ended:
            return []
        end = self.as_of + 1 if stay.left is None else stay.left
        begins = [stay.entered, *self.midnights(stay.entered, end)]
        return [at for at in begins if self.commits(stay.visit.status_id, at)]

    def held(self, visit: Visit) -> list[int]:
        """When a visit began, and every instant of it at which another definition did."""
        return [visit.entered, *self.midnights(visit.entered, self.as_of + 1 if visit.left is None else visit.left)]

    def commits(self, status_id: int, at: int) -> bool:
        """Whether being in this status starts the clock, by the definition of an instant (terminal statuses aside)."""
        order, (_, commitment) = self.model(status_id, at).order, self.definition_at(at)
        is_terminal = self.model(status_id, at).kind in TERMINAL_KINDS
        return not is_terminal and order is not None and order >= commitment

    def pass_at(self, at: int) -> Pass:
        """The life the instant belongs to; the long rest after a delivery belongs to the delivered one."""
        return [p for p in self.passes if p.stays[0].entered <= at][-1]
