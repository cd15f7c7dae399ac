"""Runs an organisation, event by event, compiled. It knows what truly happens; what Jira shows of it is ``recording``.

Whoever has time takes the next issue they can do from the first of their stages that has one. A stage that is full
accepts nothing: what is finished before it stays where it is. Absent people keep what they hold.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from benchmarks.organisations.hands import complete, dispatch, toggle_presence
from benchmarks.organisations.journeys import depart, enter, free
from benchmarks.organisations.model import END, Chances, Organisation, Outcome, Relief
from benchmarks.organisations.situation import (
    BLOCKED_COUNT,
    EVENTS,
    IS_FED,
    NEVER,
    Rules,
    State,
    compiled,
    rules_of,
    state_of,
)


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
    rules = rules_of(organisation, relief)
    state = state_of(organisation, chances, keeps_log)
    _run(rules, chances, state)
    return Run(state.started, state.finished, state.log[: state.counters[EVENTS]], chances.issue_class)


@njit(cache=True, _nrt=False)
def _run(rules: Rules, chances: Chances, state: State) -> None:
    toggle = 0
    arrived = 0
    dispatch(0.0, rules, chances, state)
    while True:
        person, completes = _next_completion(state)
        place, frees = _next_freed(state)
        gate, leaves = _next_train(rules, state)
        arrives = NEVER
        if rules.numbers[IS_FED] == 0 and arrived < len(chances.arrivals):
            arrives = chances.arrivals[arrived]
        toggles = chances.toggles[toggle] if toggle < len(chances.toggles) else NEVER
        now = min(completes, frees, leaves, arrives, toggles)
        if now >= END:
            return
        if now == completes:
            complete(now, person, rules, chances, state)
        elif now == frees:
            free(now, place, state)
        elif now == leaves:
            depart(now, gate, rules, state)
        elif now == arrives:
            enter(now, arrived, 0, -1, state)
            arrived += 1
        else:
            toggle_presence(now, chances.toggling[toggle], state)
            toggle += 1
        dispatch(now, rules, chances, state)


@compiled
def _next_completion(state: State) -> tuple[int, float]:
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


@compiled
def _next_freed(state: State) -> tuple[int, float]:
    soonest, which = NEVER, -1
    for place in range(state.counters[BLOCKED_COUNT]):
        if state.blocked[place, 1] < soonest:
            soonest, which = state.blocked[place, 1], place
    return which, soonest


@compiled
def _next_train(rules: Rules, state: State) -> tuple[int, float]:
    soonest, which = NEVER, -1
    for stage in range(len(state.train)):
        at = rules.gates[stage, state.train[stage]]
        if at < soonest:
            soonest, which = at, stage
    return which, soonest
