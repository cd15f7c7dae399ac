"""What a simulation moves: issues, people at work, pools, and the scene it is given; no more than bookkeeping."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pipelines.sandbox.company.clocks import NEVER, WorkClock
from pipelines.sandbox.company.people import Person
from pipelines.sandbox.company.specs import PoolSpec, StreamSpec


@dataclass(slots=True)
class Event:
    """One thing that happened to an issue: ``what`` is status, assign, flag, link or version."""

    at: int
    what: str
    value: Any
    actor: Person | None


@dataclass(slots=True, eq=False)
class Item:
    """One issue on its way. Its chances come from its own generator, so that a relief changes only what it relieves."""

    number: int
    kind: str
    created: int
    rng: Random
    log: list[Event] = field(default_factory=list)
    stage: int = -1
    started: int | None = None
    finished: int | None = None
    first_finished: int | None = None
    cancelled: int | None = None
    owner: Worker | None = None
    """Who did the first stage: gets rework back and does not review it."""
    assignee: Person | None = None
    effort: float = 1.0
    work_left: float = 0.0
    pause: float = 0.0
    """Working hours of the impediment still to come on this visit; 0 for none."""
    is_sent_back: bool = False
    cancel_stage: int = -1
    reopen_after: float = 0.0
    """Days after delivery at which it comes back; 0 for never, negative once it has."""
    is_fast: bool = False


@dataclass(slots=True, eq=False)
class Worker:
    """A person at work in a pool."""

    person: Person
    clock: WorkClock
    slots: int
    pool: str
    active: dict[Item, float] = field(default_factory=dict)
    """Issue to remaining working ms."""
    returned: deque[Item] = field(default_factory=deque)
    """Work that comes back to this person: no longer blocked, or sent back."""
    worked: float = 0.0
    """Working ms by this person's clock up to which the active issues' remains are booked."""
    version: int = 0
    """Counts the plans made; a plan of an older version is void."""
    idle_since: int = 0
    wakes_at: int = -1

    def book(self, now: int) -> None:
        """Book the time since the last look: attention is divided equally among the active issues."""
        worked = self.clock.worked(now)
        if self.active:
            share = (worked - self.worked) / len(self.active)
            for item in self.active:
                self.active[item] -= share
        self.worked = worked

    def next_finish(self) -> int:
        """When the first of the active issues will be finished, if nothing else comes up; NEVER without any."""
        if not self.active:
            return NEVER
        least = max(0.0, min(self.active.values()))
        return self.clock.moment(self.worked + least * len(self.active))

    def take_finished(self) -> list[Item]:
        """Take the issues off the desk that have no work left (to the millisecond)."""
        ready = [item for item, left in self.active.items() if left <= 1.0]
        for item in ready:
            del self.active[item]
            item.work_left = 0.0
        return ready


@dataclass(slots=True, eq=False)
class Pool:
    """People, and the stages they serve in the order of the walk."""

    spec: PoolSpec
    workers: list[Worker]
    stages: list[int]


@dataclass(frozen=True)
class Blocker:
    """An issue of another stream that others may wait for."""

    stream: str
    number: int
    started: int
    finished: int


@dataclass(frozen=True)
class Scene:
    """Everything a simulation is given: who works, who writes the issues, from when to when."""

    spec: StreamSpec
    pools: Mapping[str, tuple[Worker, ...]]
    coordinator: Person
    coordinator_clock: WorkClock
    begin: int
    end: int
    seed: str
    relief: Mapping[str, float] = field(default_factory=dict)
    """Stage or pool name to the factor on its hours (gate: on its interval)."""
    relief_from: int = 0
    blockers: tuple[Blocker, ...] = ()
    """Ascending by finish."""
