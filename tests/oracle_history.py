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

CURRENT = {"status": "status_id", "assignee": "assignee", "flagged": "is_flagged", "resolution": "resolution_id"}
"""Fields with a value over time, and the column of the issue that holds the current one."""


class Visit(NamedTuple):
    """An uninterrupted stay in a status. ``doubt`` is what the change that ended it says the status was, if another."""

    status_id: int
    entered: int
    left: int | None
    doubt: int | None


class Pass(NamedTuple):
    """A life of an issue: from its first status, or from a reopening too late to belong to the life before."""

    number: int
    visits: list[Visit]
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
        self.issue, self.site, self.as_of = issue, site, site.as_of
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

    def is_terminal(self, status_id: int) -> bool:
        """Whether work ends there, delivered or not: the same by every definition."""
        return self.model(status_id, self.begin).kind in TERMINAL_KINDS

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

    # passes

    def is_delivered(self, last: Visit) -> bool:
        """Whether a terminal stretch that ends with this visit counts as delivered."""
        at = max(last.entered, last.left - 1 if last.left is not None else self.as_of)
        return not self.is_discarded_at(last.status_id, at)

    def is_discarded_at(self, status_id: int, at: int) -> bool:
        """Whether a terminal status means discarded at an instant, by itself or by the resolution."""
        resolution = self.value_at("resolution", at)
        return (
            self.model(status_id, at).kind == "discarded" or resolution in self.site.workflow.discarding_resolution_ids
        )

    @cached_property
    def passes(self) -> list[Pass]:
        """The lives of the issue: a delivered stretch longer than the horizon, later left, ends one."""
        horizon = self.stream.reopen_horizon // timedelta(milliseconds=1)
        found: list[list[Visit]] = []
        lives: list[Visit] = []
        for terminal, run in groupby(self.visits, key=lambda v: self.is_terminal(v.status_id)):
            stretch = list(run)
            lives = lives + stretch
            left = stretch[-1].left
            long = left is not None and left - stretch[0].entered > horizon
            if terminal and long and self.is_delivered(stretch[-1]):
                found.append(lives)
                lives = []
        return [self._pass(n, part) for n, part in enumerate([*found, lives] if lives else found, start=1)]

    def _pass(self, number: int, visits: list[Visit]) -> Pass:
        commits = [
            at for v in visits for at in self.held(v) if self.commits(v.status_id, at) or self.is_terminal(v.status_id)
        ]
        started = (commits or [None])[0]
        finished = None
        for visit in reversed(visits):
            if not self.is_terminal(visit.status_id):
                break
            finished = visit.entered
        return Pass(number, visits, started, finished)

    def held(self, visit: Visit) -> list[int]:
        """When a visit began, and every instant of it at which another definition did."""
        return [visit.entered, *self.midnights(visit.entered, self.as_of + 1 if visit.left is None else visit.left)]

    def commits(self, status_id: int, at: int) -> bool:
        """Whether being in this status starts the clock, by the definition of an instant (terminal statuses aside)."""
        order, (_, commitment) = self.model(status_id, at).order, self.definition_at(at)
        return not self.is_terminal(status_id) and order is not None and order >= commitment

    def pass_at(self, at: int) -> Pass:
        """The life the instant belongs to; the long rest after a delivery belongs to the delivered one."""
        return [p for p in self.passes if p.visits[0].entered <= at][-1]
