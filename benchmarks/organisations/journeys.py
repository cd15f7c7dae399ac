"""What happens to issues: they enter stages, are blocked and freed, move on where there is room, and are delivered."""

from __future__ import annotations

from benchmarks.organisations.model import VISITS, Chances
from benchmarks.organisations.situation import (
    BLOCKED,
    BLOCKED_COUNT,
    DELAY,
    DELIVERED,
    ENTERED,
    EVENTS,
    FREED,
    RELIEVED_DELAY,
    SINCE,
    Rules,
    State,
    compiled,
)


@compiled
def note(now: float, issue: int, kind: int, stage: int, person: int, state: State) -> None:
    """Write an event into the log, if it is kept."""
    if len(state.log) > 1:
        row = state.log[state.counters[EVENTS]]
        row[0], row[1], row[2], row[3], row[4] = now, issue, kind, stage, person
        state.counters[EVENTS] += 1


@compiled
def enter(now: float, issue: int, stage: int, person: int, state: State) -> None:
    """Let an issue come into a stage and wait there."""
    state.stage[issue] = stage
    state.inside[stage] += 1
    state.queue[stage, state.queued[stage]] = issue
    state.queued[stage] += 1
    state.started[issue] = min(state.started[issue], now)
    note(now, issue, ENTERED, stage, person, state)


@compiled
def leave_work(now: float, issue: int, rules: Rules, chances: Chances, state: State) -> None:
    """Send what is finished back, on, or let it wait for room in the next stage."""
    stage = state.stage[issue]
    visit = state.visits[issue, stage]
    person = state.owner[issue]
    if visit < VISITS and chances.sent_back[issue, stage, visit - 1] < rules.rework[stage]:
        state.inside[stage] -= 1
        enter(now, issue, rules.rework_to[stage], person, state)
        fill(now, stage, rules, state)
    elif stage + 1 < len(state.inside) and not has_room(stage + 1, rules, state):
        state.done[stage, state.done_count[stage]] = issue
        state.done_count[stage] += 1
    else:
        move_on(now, issue, person, state)
        fill(now, stage, rules, state)


@compiled
def has_room(stage: int, rules: Rules, state: State) -> bool:
    """Whether a stage takes one more issue."""
    return rules.limits[stage] == 0 or state.inside[stage] < rules.limits[stage]


@compiled
def move_on(now: float, issue: int, person: int, state: State) -> None:
    """Move an issue into the next stage, or deliver it."""
    stage = state.stage[issue]
    state.inside[stage] -= 1
    if stage + 1 == len(state.inside):
        state.finished[issue] = now
        note(now, issue, DELIVERED, stage, person, state)
    else:
        enter(now, issue, stage + 1, person, state)


@compiled
def fill(now: float, stage: int, rules: Rules, state: State) -> None:
    """A place has come free: whatever is finished before it moves up, and so on towards the beginning."""
    for before in range(stage - 1, -1, -1):
        while state.done_count[before] and has_room(before + 1, rules, state):
            issue = state.done[before, 0]
            for place in range(state.done_count[before] - 1):
                state.done[before, place] = state.done[before, place + 1]
            state.done_count[before] -= 1
            move_on(now, issue, state.owner[issue], state)


@compiled
def depart(now: float, stage: int, rules: Rules, state: State) -> None:
    """The train leaves with everything there is."""
    state.train[stage] += 1
    count = state.queued[stage]
    state.queued[stage] = 0
    for place in range(count):
        move_on(now, state.queue[stage, place], -1, state)
    fill(now, stage, rules, state)


@compiled
def block(now: float, issue: int, rules: Rules, chances: Chances, state: State) -> None:
    """Put the issue aside until somebody outside has answered."""
    stage = state.stage[issue]
    visit = min(state.visits[issue, stage], VISITS) - 1
    delay = rules.numbers[RELIEVED_DELAY] if now >= rules.numbers[SINCE] else rules.numbers[DELAY]
    place = state.counters[BLOCKED_COUNT]
    state.blocked[place, 0] = issue
    state.blocked[place, 1] = now + delay * chances.blocked[issue, visit, 2]
    state.counters[BLOCKED_COUNT] += 1
    state.will_block[issue] = False
    note(now, issue, BLOCKED, stage, state.owner[issue], state)


@compiled
def free(now: float, place: int, state: State) -> None:
    """Whoever has time goes on with it before anything else."""
    issue = int(state.blocked[place, 0])
    last = state.counters[BLOCKED_COUNT] - 1
    state.blocked[place, 0], state.blocked[place, 1] = state.blocked[last, 0], state.blocked[last, 1]
    state.counters[BLOCKED_COUNT] = last
    stage = state.stage[issue]
    note(now, issue, FREED, stage, state.owner[issue], state)
    for other in range(state.queued[stage], 0, -1):
        state.queue[stage, other] = state.queue[stage, other - 1]
    state.queue[stage, 0] = issue
    state.queued[stage] += 1
