"""From what truly happened to what Jira records: an issue's log becomes dated changes with authors and changelog items.

Faithful: nothing is late, wrong or lost here; that is ``habits`` and ``upheavals``. Keys and ids come in ``assemble``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pipelines.sandbox.company import items as item_of
from pipelines.sandbox.company import texts
from pipelines.sandbox.company.clocks import DAY
from pipelines.sandbox.company.people import Person
from pipelines.sandbox.company.reference import RESOLUTIONS, list_sprints, status_id, version_json
from pipelines.sandbox.company.scenes import Span, Team
from pipelines.sandbox.company.specs import StreamSpec
from pipelines.sandbox.company.state import Blocker, Event, Item

Json = dict[str, Any]

DONE, WONT_DO, DUPLICATE = RESOLUTIONS


@dataclass(slots=True)
class Change:
    """One history to be: when, by whom, what."""

    at: int
    author: Person | None
    items: list[Json]


@dataclass(slots=True)
class Link:
    """The issue is blocked by another, from one moment until another, or for good."""

    blocker: Blocker
    at: int
    author: Person | None
    removed_at: int | None = None


@dataclass(slots=True)
class Move:
    """A move from another project; ``change`` is the history that gets the old and new key."""

    origin: StreamSpec
    change: Change


@dataclass(slots=True, eq=False)
class Draft:
    """An issue without id and key. ``changes`` stay ascending by moment."""

    spec: StreamSpec
    kind: str
    created: int
    reporter: Person
    summary: str
    text: str
    rng: Random
    status: tuple[str, str]
    """Id and name of the status it was created in."""
    changes: list[Change] = field(default_factory=list)
    number: int = -1
    """Number of the simulated issue behind it; -1 for those made up around the simulation."""
    assignee: Person | None = None
    points: float | None = None
    estimate: int | None = None
    links: list[Link] = field(default_factory=list)
    related: Draft | None = None
    """An issue delivered before, of which this bug is a consequence."""
    parent: Draft | None = None
    parent_change: Change | None = None
    """The history that put it under its parent; None where it was created there."""
    move: Move | None = None
    comments: list[tuple[int, Person, str]] = field(default_factory=list)
    """Moment, author and text."""
    versions: Mapping[str, Json] = field(default_factory=dict)
    sprints: Mapping[str, Json] = field(default_factory=dict)
    colleagues: Mapping[str, Person] = field(default_factory=dict)
    """What the ids in the changelog stand for: shared by all issues of a stream."""
    issue_id: int = 0
    key: str = ""
    old_key: str = ""

    def add(self, change: Change) -> None:
        """Insert a change after all that are not later."""
        position = len(self.changes)
        while position and self.changes[position - 1].at > change.at:
            position -= 1
        self.changes.insert(position, change)

    def status_moves(self) -> list[tuple[Change, Json]]:
        """Every change of status with its item, ascending."""
        return [(change, item) for change in self.changes for item in change.items if item["field"] == "status"]


@dataclass
class Recorder:
    """Records one stream. ``versions`` fills as issues are put into them."""

    team: Team
    span: Span
    gate_openings: Sequence[int]
    seed: str
    bot: Person
    versions: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spec = self.team.spec
        self.people = self.team.people()
        self.sprints = list_sprints(self.spec, self.span.begin, self.span.end)
        self._sprints_by_id = {str(sprint["id"]): sprint for sprint in self.sprints}
        self._colleagues = {person.account_id: person for person in self.people}
        self._makers: Mapping[str, Callable[[Draft, _Now, Event], list[Json]]] = {
            "status": self._status, "assign": self._assign, "flag": self._flag, "link": self._link,
            "version": self._version, "cancel": self._cancel,
        }  # fmt: skip

    def record(self, items: Sequence[Item]) -> list[Draft]:
        """Draft every issue of the stream."""
        return [self._draft(item) for item in items]

    def draft(self, kind: str, created: int, rng: Random, status: str) -> Draft:
        """An issue that nothing has happened to yet."""
        reporter = self.people[0] if rng.random() < 0.6 else rng.choice(self.people)
        summary = texts.summary(rng, kind, self.people)
        text = texts.description(rng, self.people)
        draft = Draft(self.spec, kind, created, reporter, summary, text, rng, (status_id(self.spec, status), status))
        draft.versions, draft.sprints, draft.colleagues = self.versions, self._sprints_by_id, self._colleagues
        return draft

    def _draft(self, item: Item) -> Draft:
        rng = Random(f"{self.seed}/record/{item.number}")
        kind = "Task" if item.kind == "Story" and rng.random() < 0.2 else item.kind
        draft = self.draft(kind, item.created, rng, self.spec.backlog_status)
        draft.number = item.number
        if self.spec.key in ("PAY", "MOB", "WEB"):
            draft.points = float(rng.choice((1, 2, 3, 3, 5, 8)))
        else:
            draft.estimate = 3600 * rng.choice((4, 8, 8, 16, 24))
        now = _Now(self.spec.backlog_status)
        for event in item.log[1:]:
            self._note(draft, now, event)
        if self.sprints:
            self._plan_sprints(draft, item)
        return draft

    def _note(self, draft: Draft, now: _Now, event: Event) -> None:
        """Add what an event changed: to the last history, if it was the same moment and person."""
        made = self._makers[event.what](draft, now, event)
        if not made:
            return
        author = self.bot if event.what == "status" and event.value in self.spec.bots else event.actor
        last = draft.changes[-1] if draft.changes else None
        if last and last.at == event.at and last.author is author:
            last.items += made
        else:
            draft.changes.append(Change(event.at, author, made))

    def _status(self, draft: Draft, now: _Now, event: Event) -> list[Json]:
        old, now.status = now.status, event.value
        made = [] if old == now.status else [item_of.status_item(self.spec, old, now.status)]
        resolution = DONE if now.status == self.spec.done_status else None
        return made + self._resolve(now, resolution)

    def _resolve(self, now: _Now, resolution: Json | None) -> list[Json]:
        old, now.resolution = now.resolution, resolution
        return [] if old is resolution else [item_of.resolution_item(old, resolution)]

    def _cancel(self, draft: Draft, now: _Now, event: Event) -> list[Json]:
        old, now.status = now.status, self.spec.cancelled_status or self.spec.done_status
        move = item_of.status_item(self.spec, old, now.status)
        return [move, *self._resolve(now, DUPLICATE if draft.rng.random() < 0.25 else WONT_DO)]

    def _assign(self, draft: Draft, now: _Now, event: Event) -> list[Json]:
        old, now.assignee = now.assignee, event.value
        return [item_of.assignee_item(old, now.assignee)]

    def _flag(self, draft: Draft, now: _Now, event: Event) -> list[Json]:
        return [item_of.flag_item(is_raised=event.value)]

    def _link(self, draft: Draft, now: _Now, event: Event) -> list[Json]:
        """Links have an other end, so their histories are made last; a third of them is removed again."""
        link = Link(event.value, event.at, event.actor)
        if draft.rng.random() < 1 / 3 and event.value.finished + DAY < self.span.end:
            link.removed_at = event.value.finished + draft.rng.randrange(DAY)
        draft.links.append(link)
        return []

    def _version(self, draft: Draft, now: _Now, event: Event) -> list[Json]:
        kind, number = event.value
        opened = self.gate_openings[number] if number < len(self.gate_openings) else self.gate_openings[-1] + 14 * DAY
        version = version_json(self.spec, number, kind, opened, self.span.end)
        version = self.versions.setdefault(version["id"], version)
        old, now.version = now.version, version
        removed = [item_of.version_item(old, None)] if old and old is not version else []
        return removed + ([] if old is version else [item_of.version_item(None, version)])

    def _plan_sprints(self, draft: Draft, item: Item) -> None:
        """Put committed work into the sprint of its planning, and into the next while it is not finished."""
        period = self.spec.planning_days * DAY
        left = item.first_finished or item.cancelled or self.span.end
        held: list[Json] = []
        for number, sprint in enumerate(self.sprints):
            begins = self.span.begin + number * period + 9 * 3_600_000
            if item.started is not None and item.started < begins + period and begins - DAY < left:
                at = max(item.started, begins) if held else item.started
                draft.add(Change(at, self.people[0], [item_of.sprint_item(held, [*held, sprint])]))
                held = [*held, sprint]


@dataclass(slots=True)
class _Now:
    """What Jira showed just before a change."""

    status: str
    assignee: Person | None = None
    resolution: Json | None = None
    version: Json | None = None
