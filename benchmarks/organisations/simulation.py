"""Runs an organisation, event by event, compiled. It knows what truly happens; what Jira shows of it is ``recording``.

Whoever has time takes the next issue they can do from the first of their stages that has one. A stage that is full
accepts nothing: what is finished before it stays where it is. Absent people keep what they hold.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from benchmarks.organisations.model import END, VISITS, Chances, Organisation, Outcome, Relief, Stage

ENTERED, TAKEN, DELIVERED, BLOCKED, FREED = range(5)
"""Events of a log: an issue enters a stage, somebody takes it, it is delivered, flagged, no longer flagged."""

NEVER = 1e18

_compiled = njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
"""For what is only called by compiled code: no way in from Python is made, which takes half of the time to compile.

Nothing is allocated, so no references are counted, which takes three quarters of the time to run.
"""

_ISSUE, _EVENTS, _PICK, _TURN, _BLOCKED_COUNT, _ARRIVED = range(6)
"""Places of ``_State.counters``: next issue of the backlog, events logged, chances used, turn, blocked, arrived."""


class _Rules(NamedTuple):
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
    """shift, since, is fed, disorder, blocked stage, blocked share, delay, relieved delay."""


class _State(NamedTuple):
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


class Run(NamedTuple):
    """What happened: when every issue started and finished (NEVER: not yet), and the log, if it was kept."""

    started: np.ndarray
    finished: np.ndarray
    log: np.ndarray
    issue_class: np.ndarray

    def measure(self, begin: float, end: float) -> Outcome:
        """Deliveries, starts and hours in progress within ``[begin, end)``."""
        inside = np.minimum(self.finished, end) - np.maximum(self.started, begin)
        is_delivered = (self.finished >= begin) & (self.finished < end)
        return Outcome(
            int(is_delivered.sum()),
            int(((self.started >= begin) & (self.started < end)).sum()),
            float(np.maximum(inside, 0).sum()),
            (self.finished - self.started)[is_delivered],
        )


NOTHING = Relief()


def simulate(organisation: Organisation, chances: Chances, relief: Relief = NOTHING, *, keeps_log: bool = False) -> Run:
    """Run the organisation once to its end."""
    rules = _rules(organisation, relief)
    state = _state(organisation, chances, keeps_log)
    _run(rules, chances, state)
    return Run(state.started, state.finished, state.log[: state.counters[_EVENTS]], chances.issue_class)


def _rules(organisation: Organisation, relief: Relief) -> _Rules:
    stages, people, blocking = organisation.stages, organisation.people, organisation.blocking
    hours = np.array([[_hours(stage, relief.factor, relief.covers(p, n)) for n, stage in enumerate(stages)]
                      for p in people])  # fmt: skip
    preference = np.full((len(people), len(stages)), -1)
    for row, person in zip(preference, people, strict=True):
        row[: len(person.serves)] = person.serves
    factor = relief.factor if relief.is_external else 1.0
    outside = (blocking.stage, blocking.share, blocking.hours, blocking.hours * factor) if blocking else (-1, 0, 0, 0)
    return _Rules(
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


def _state(organisation: Organisation, chances: Chances, keeps_log: bool) -> _State:
    count, stages, people = len(chances.arrivals), len(organisation.stages), len(organisation.people)
    slots = max(person.slots for person in organisation.people)
    return _State(
        stage=np.full(count, -1), visits=np.zeros((count, stages), np.int64), left=np.zeros(count),
        owner=np.full(count, -1), started=np.full(count, NEVER), finished=np.full(count, NEVER),
        queue=np.zeros((stages, count), np.int64), queued=np.zeros(stages, np.int64),
        done=np.zeros((stages, count), np.int64), done_count=np.zeros(stages, np.int64),
        inside=np.zeros(stages, np.int64), held=np.full((people, slots), -1), to_do=np.zeros((people, slots)),
        load=np.zeros(people, np.int64), seen_at=np.zeros(people), present=chances.present.copy(),
        blocked=np.zeros((count, 2)), will_block=np.zeros(count, np.bool_), train=np.zeros(stages, np.int64),
        counters=np.zeros(6, np.int64), log=np.zeros((count * stages * 12 if keeps_log else 1, 5)),
    )  # fmt: skip


@njit(cache=True, _nrt=False)
def _run(rules, chances, state):  # noqa: ANN001, ANN202
    toggle = 0
    arrived = 0
    _dispatch(0.0, rules, chances, state)
    while True:
        person, completes = _next_completion(state)
        place, frees = _next_freed(state)
        gate, leaves = _next_train(rules, state)
        arrives = NEVER
        if rules.numbers[2] == 0 and arrived < len(chances.arrivals):
            arrives = chances.arrivals[arrived]
        toggles = chances.toggles[toggle] if toggle < len(chances.toggles) else NEVER
        now = min(completes, frees, leaves, arrives, toggles)
        if now >= END:
            return
        if now == completes:
            _complete(now, person, rules, chances, state)
        elif now == frees:
            _free(now, place, state)
        elif now == leaves:
            _depart(now, gate, rules, state)
        elif now == arrives:
            _enter(now, arrived, 0, -1, state)
            arrived += 1
        else:
            _toggle(now, chances.toggling[toggle], state)
            toggle += 1
        _dispatch(now, rules, chances, state)


@_compiled
def _next_completion(state):  # noqa: ANN001, ANN202
    soonest, who = NEVER, -1
    for person in range(len(state.load)):
        load = state.load[person]
        if load and state.present[person]:
            least = state.to_do[person, 0]
            for slot in range(1, load):
                least = min(least, state.to_do[person, slot])
            at = state.seen_at[person] + least * load
            if at < soonest:
                soonest, who = at, person
    return who, soonest


@_compiled
def _next_freed(state):  # noqa: ANN001, ANN202
    soonest, which = NEVER, -1
    for place in range(state.counters[_BLOCKED_COUNT]):
        if state.blocked[place, 1] < soonest:
            soonest, which = state.blocked[place, 1], place
    return which, soonest


@_compiled
def _next_train(rules, state):  # noqa: ANN001, ANN202
    soonest, which = NEVER, -1
    for stage in range(len(state.train)):
        at = rules.gates[stage, state.train[stage]]
        if at < soonest:
            soonest, which = at, stage
    return which, soonest


@_compiled
def _note(now, issue, kind, stage, person, state):  # noqa: ANN001, ANN202
    if len(state.log) > 1:
        row = state.log[state.counters[_EVENTS]]
        row[0], row[1], row[2], row[3], row[4] = now, issue, kind, stage, person
        state.counters[_EVENTS] += 1


@_compiled
def _work_on(now, person, state):  # noqa: ANN001, ANN202
    """Let the person's issues progress up to now."""
    load = state.load[person]
    if load and state.present[person]:
        share = (now - state.seen_at[person]) / load
        for slot in range(load):
            state.to_do[person, slot] = max(state.to_do[person, slot] - share, 0.0)
    state.seen_at[person] = now


@_compiled
def _toggle(now, person, state):  # noqa: ANN001, ANN202
    _work_on(now, person, state)
    state.present[person] = not state.present[person]


@_compiled
def _complete(now, person, rules, chances, state):  # noqa: ANN001, ANN202
    _work_on(now, person, state)
    load = state.load[person]
    slot = 0
    for other in range(1, load):
        if state.to_do[person, other] < state.to_do[person, slot]:
            slot = other
    issue = state.held[person, slot]
    for other in range(slot, load - 1):
        state.held[person, other] = state.held[person, other + 1]
        state.to_do[person, other] = state.to_do[person, other + 1]
    state.load[person] = load - 1
    if state.will_block[issue]:
        _block(now, issue, rules, chances, state)
    else:
        _leave_work(now, issue, rules, chances, state)


@_compiled
def _block(now, issue, rules, chances, state):  # noqa: ANN001, ANN202
    """Put the issue aside until somebody outside has answered."""
    stage = state.stage[issue]
    visit = min(state.visits[issue, stage], VISITS) - 1
    delay = rules.numbers[7] if now >= rules.numbers[1] else rules.numbers[6]
    place = state.counters[_BLOCKED_COUNT]
    state.blocked[place, 0] = issue
    state.blocked[place, 1] = now + delay * chances.blocked[issue, visit, 2]
    state.counters[_BLOCKED_COUNT] += 1
    state.will_block[issue] = False
    _note(now, issue, BLOCKED, stage, state.owner[issue], state)


@_compiled
def _free(now, place, state):  # noqa: ANN001, ANN202
    """Whoever has time goes on with it before anything else."""
    issue = int(state.blocked[place, 0])
    last = state.counters[_BLOCKED_COUNT] - 1
    state.blocked[place, 0], state.blocked[place, 1] = state.blocked[last, 0], state.blocked[last, 1]
    state.counters[_BLOCKED_COUNT] = last
    stage = state.stage[issue]
    _note(now, issue, FREED, stage, state.owner[issue], state)
    for other in range(state.queued[stage], 0, -1):
        state.queue[stage, other] = state.queue[stage, other - 1]
    state.queue[stage, 0] = issue
    state.queued[stage] += 1


@_compiled
def _leave_work(now, issue, rules, chances, state):  # noqa: ANN001, ANN202
    stage = state.stage[issue]
    visit = state.visits[issue, stage]
    person = state.owner[issue]
    if visit < VISITS and chances.sent_back[issue, stage, visit - 1] < rules.rework[stage]:
        state.inside[stage] -= 1
        _enter(now, issue, rules.rework_to[stage], person, state)
        _fill(now, stage, rules, state)
    elif stage + 1 < len(state.inside) and not _has_room(stage + 1, rules, state):
        state.done[stage, state.done_count[stage]] = issue
        state.done_count[stage] += 1
    else:
        _move_on(now, issue, person, state)
        _fill(now, stage, rules, state)


@_compiled
def _has_room(stage, rules, state):  # noqa: ANN001, ANN202
    return rules.limits[stage] == 0 or state.inside[stage] < rules.limits[stage]


@_compiled
def _move_on(now, issue, person, state):  # noqa: ANN001, ANN202
    stage = state.stage[issue]
    state.inside[stage] -= 1
    if stage + 1 == len(state.inside):
        state.finished[issue] = now
        _note(now, issue, DELIVERED, stage, person, state)
    else:
        _enter(now, issue, stage + 1, person, state)


@_compiled
def _fill(now, stage, rules, state):  # noqa: ANN001, ANN202
    """A place has come free: whatever is finished before it moves up, and so on towards the beginning."""
    for before in range(stage - 1, -1, -1):
        while state.done_count[before] and _has_room(before + 1, rules, state):
            issue = state.done[before, 0]
            for place in range(state.done_count[before] - 1):
                state.done[before, place] = state.done[before, place + 1]
            state.done_count[before] -= 1
            _move_on(now, issue, state.owner[issue], state)


@_compiled
def _enter(now, issue, stage, person, state):  # noqa: ANN001, ANN202
    state.stage[issue] = stage
    state.inside[stage] += 1
    state.queue[stage, state.queued[stage]] = issue
    state.queued[stage] += 1
    state.started[issue] = min(state.started[issue], now)
    _note(now, issue, ENTERED, stage, person, state)


@_compiled
def _depart(now, stage, rules, state):  # noqa: ANN001, ANN202
    """The train leaves with everything there is."""
    state.train[stage] += 1
    count = state.queued[stage]
    state.queued[stage] = 0
    for place in range(count):
        _move_on(now, state.queue[stage, place], -1, state)
    _fill(now, stage, rules, state)


@_compiled
def _dispatch(now, rules, chances, state):  # noqa: ANN001, ANN202
    """Everybody with time takes what they can, the least loaded first, in turn."""
    people = len(state.load)
    most = state.held.shape[1]
    state.counters[_TURN] += 1
    for load in range(most):
        for number in range(people):
            person = (number + state.counters[_TURN]) % people
            is_there = state.present[person] and now < rules.leaves[person]
            if is_there and state.load[person] == load < rules.slots[person] and _has_choice(person, rules, state):
                _take(now, person, rules, chances, state)


@_compiled
def _has_choice(person, rules, state):  # noqa: ANN001, ANN202
    """Whether anything lies where the person looks: asked often, so cheaply."""
    for stage in rules.preference[person]:
        if stage >= 0 and (state.queued[stage] or (stage == 0 and rules.numbers[2] == 1)):
            return True
    return False


@_compiled
def _take(now, person, rules, chances, state):  # noqa: ANN001, ANN202
    for stage in rules.preference[person]:
        if stage < 0:
            return
        issue = _choose(person, stage, rules, chances, state)
        if issue < 0 and stage == 0 and rules.numbers[2] == 1 and _has_room(0, rules, state):
            issue = _pull(now, chances, state)
        if issue >= 0:
            _work_on(now, person, state)
            slot = state.load[person]
            state.held[person, slot] = issue
            state.to_do[person, slot] = _work_of(now, issue, person, rules, chances, state)
            state.load[person] = slot + 1
            state.owner[issue] = person
            _note(now, issue, TAKEN, stage, person, state)
            return


@_compiled
def _choose(person, stage, rules, chances, state):  # noqa: ANN001, ANN202
    """The oldest issue the person can do, or now and then the most urgent; -1 for none."""
    place, best = -1, -1.0
    if state.queued[stage] == 0:
        return -1
    is_urgent = False
    if rules.numbers[3] > 0:
        state.counters[_PICK] += 1
        is_urgent = chances.picks[state.counters[_PICK] % len(chances.picks), 0] < rules.numbers[3]
    for other in range(state.queued[stage]):
        issue = state.queue[stage, other]
        can = (rules.skills[person] >> chances.issue_class[issue]) & 1
        if can and chances.urgency[issue] > best:
            place, best = other, chances.urgency[issue]
            if not is_urgent:
                break
    if place < 0:
        return -1
    issue = state.queue[stage, place]
    for other in range(place, state.queued[stage] - 1):
        state.queue[stage, other] = state.queue[stage, other + 1]
    state.queued[stage] -= 1
    return issue


@_compiled
def _pull(now, chances, state):  # noqa: ANN001, ANN202
    issue = state.counters[_ISSUE]
    if issue >= len(chances.arrivals):
        return -1
    state.counters[_ISSUE] += 1
    state.stage[issue] = 0
    state.inside[0] += 1
    state.started[issue] = now
    return issue


@_compiled
def _work_of(now, issue, person, rules, chances, state):  # noqa: ANN001, ANN202
    """Hours of work: what was left, or what this visit needs; it may be cut in two by a block."""
    left = state.left[issue]
    if left > 0:
        state.left[issue] = 0.0
        return left
    stage = state.stage[issue]
    state.visits[issue, stage] += 1
    visit = min(state.visits[issue, stage], VISITS) - 1
    is_relieved = 1 if now >= rules.numbers[1] else 0
    is_late = 1 if now >= rules.numbers[0] else 0
    work = rules.hours[person, stage, is_relieved, is_late] * chances.work[issue, stage, visit]
    if stage == rules.numbers[4] and chances.blocked[issue, visit, 0] < rules.numbers[5]:
        before = chances.blocked[issue, visit, 1]
        state.left[issue] = max(work * (1 - before), 1e-9)
        state.will_block[issue] = True
        return work * before
    return work
