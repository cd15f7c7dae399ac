"""What a run of an organisation is made of: rules that hold throughout, and the state that changes.

What happens to issues is ``journeys``, what people do ``hands``, when it happens ``simulation``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from benchmarks.organisations.model import END, Chances, Organisation, Relief, Stage

ENTERED, TAKEN, DELIVERED, BLOCKED, FREED = range(5)
"""Events of a log: an issue enters a stage, somebody takes it, it is delivered, flagged, no longer flagged."""

NEVER = 1e18

compiled = njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
"""For what is only called by compiled code: no way in from Python is made, which takes half of the time to compile.

Nothing is allocated, so no references are counted, which takes three quarters of the time to run.
"""

ISSUE, EVENTS, PICK, TURN, BLOCKED_COUNT = range(5)
"""Places of ``State.counters``: next issue of the backlog, events logged, chances used, turn, blocked."""

SHIFT_AT, SINCE, IS_FED, DISORDER, BLOCKED_STAGE, BLOCKED_SHARE, DELAY, RELIEVED_DELAY = range(8)
"""Places of ``Rules.numbers``."""


class Rules(NamedTuple):
    """What does not change while it runs."""

    hours: np.ndarray
    """(person, stage, now or relieved, before or after the shift): mean work."""
    preference: np.ndarray
    """(person, place): stages, -1 behind the last."""
    slots: np.ndarray
    skills: np.ndarray
    leaves: np.ndarray
    rework: np.ndarray
    rework_to: np.ndarray
    limits: np.ndarray
    gates: np.ndarray
    """(stage, train): hours of departure, NEVER behind the last."""
    numbers: np.ndarray
    """Single numbers, at the places named above."""


class State(NamedTuple):
    """What changes."""

    stage: np.ndarray
    visits: np.ndarray
    left: np.ndarray
    """Work left once the issue is no longer blocked; 0 where the work is drawn when somebody takes it."""
    owner: np.ndarray
    started: np.ndarray
    finished: np.ndarray
    queue: np.ndarray
    queued: np.ndarray
    done: np.ndarray
    """(stage, place): finished issues that the next stage has no room for."""
    done_count: np.ndarray
    inside: np.ndarray
    held: np.ndarray
    """(person, slot): issue."""
    to_do: np.ndarray
    """(person, slot): hours of work left."""
    load: np.ndarray
    seen_at: np.ndarray
    present: np.ndarray
    blocked: np.ndarray
    """(place, 2): issue and the hour it is freed."""
    will_block: np.ndarray
    train: np.ndarray
    counters: np.ndarray
    log: np.ndarray
    """(event, 5): hour, issue, kind, stage, person or -1."""


def rules_of(organisation: Organisation, relief: Relief) -> Rules:
    """The rules of an organisation in which something is relieved."""
    stages, people, blocking = organisation.stages, organisation.people, organisation.blocking
    hours = np.array([[_hours(stage, relief.factor, relief.covers(p, n)) for n, stage in enumerate(stages)]
                      for p in people])  # fmt: skip
    preference = np.full((len(people), len(stages)), -1)
    for row, person in zip(preference, people, strict=True):
        row[: len(person.serves)] = person.serves
    factor = relief.factor if relief.is_external else 1.0
    outside = (blocking.stage, blocking.share, blocking.hours, blocking.hours * factor) if blocking else (-1, 0, 0, 0)
    return Rules(
        hours,
        preference,
        np.array([p.slots for p in people]),
        np.array([p.skills for p in people]),
        np.array([p.leaves for p in people]),
        np.array([s.rework_share for s in stages]),
        np.array([s.rework_to for s in stages]),
        np.array([s.wip_limit for s in stages]),
        _gates(organisation, relief),
        np.array([organisation.shift_at, relief.since, organisation.is_fed, organisation.disorder, *outside], float),
    )


def _hours(stage: Stage, factor: float, is_relieved: bool) -> list[list[float]]:
    pair = [stage.hours, stage.hours if stage.later_hours is None else stage.later_hours]
    return [pair, [hours * factor if is_relieved else hours for hours in pair]]


def _gates(organisation: Organisation, relief: Relief) -> np.ndarray:
    trains = np.full((len(organisation.stages), int(4 * END / 20)), NEVER)
    for number, stage in enumerate(organisation.stages):
        hour, place = stage.gate_hours, 0
        while stage.is_gate and hour < END:
            trains[number, place], place = hour, place + 1
            faster = relief.factor if number in relief.stages and hour >= relief.since else 1.0
            hour += stage.gate_hours * faster
    return trains


def state_of(organisation: Organisation, chances: Chances, keeps_log: bool) -> State:
    """The state before anything has happened."""
    count, stages, people = len(chances.arrivals), len(organisation.stages), len(organisation.people)
    slots = max(person.slots for person in organisation.people)
    return State(
        stage=np.full(count, -1), visits=np.zeros((count, stages), np.int64), left=np.zeros(count),
        owner=np.full(count, -1), started=np.full(count, NEVER), finished=np.full(count, NEVER),
        queue=np.zeros((stages, count), np.int64), queued=np.zeros(stages, np.int64),
        done=np.zeros((stages, count), np.int64), done_count=np.zeros(stages, np.int64),
        inside=np.zeros(stages, np.int64), held=np.full((people, slots), -1), to_do=np.zeros((people, slots)),
        load=np.zeros(people, np.int64), seen_at=np.zeros(people), present=chances.present.copy(),
        blocked=np.zeros((count, 2)), will_block=np.zeros(count, np.bool_), train=np.zeros(stages, np.int64),
        counters=np.zeros(5, np.int64), log=np.zeros((count * stages * 12 if keeps_log else 1, 5)),
    )  # fmt: skip
