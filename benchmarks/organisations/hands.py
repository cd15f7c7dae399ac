"""What people do: they take what they can of what lies where they look, work on it, and finish it."""

from __future__ import annotations

from benchmarks.organisations.journeys import block, has_room, leave_work, note
from benchmarks.organisations.model import VISITS, Chances
from benchmarks.organisations.situation import (
    BLOCKED_SHARE,
    BLOCKED_STAGE,
    DISORDER,
    IS_FED,
    ISSUE,
    PICK,
    SHIFT_AT,
    SINCE,
    TAKEN,
    TURN,
    Rules,
    State,
    compiled,
)


@compiled
def dispatch(now: float, rules: Rules, chances: Chances, state: State) -> None:
    """Everybody with time takes what they can, the least loaded first, in turn."""
    people = len(state.load)
    most = state.held.shape[1]
    state.counters[TURN] += 1
    for load in range(most):
        for number in range(people):
            person = (number + state.counters[TURN]) % people
            is_there = state.present[person] and now < rules.leaves[person]
            if is_there and state.load[person] == load < rules.slots[person] and _has_choice(person, rules, state):
                _take(now, person, rules, chances, state)


@compiled
def _has_choice(person: int, rules: Rules, state: State) -> bool:
    """Whether anything lies where the person looks: asked often, so cheaply."""
    for stage in rules.preference[person]:
        if stage >= 0 and (state.queued[stage] or (stage == 0 and rules.numbers[IS_FED] == 1)):
            return True
    return False


@compiled
def _take(now: float, person: int, rules: Rules, chances: Chances, state: State) -> None:
    for stage in rules.preference[person]:
        if stage < 0:
            return
        issue = _choose(person, stage, rules, chances, state)
        if issue < 0 and stage == 0 and rules.numbers[IS_FED] == 1 and has_room(0, rules, state):
            issue = _pull(now, chances, state)
        if issue >= 0:
            work_on(now, person, state)
            slot = state.load[person]
            state.held[person, slot] = issue
            state.to_do[person, slot] = _work_of(now, issue, person, rules, chances, state)
            state.load[person] = slot + 1
            state.owner[issue] = person
            note(now, issue, TAKEN, stage, person, state)
            return


@compiled
def _choose(person: int, stage: int, rules: Rules, chances: Chances, state: State) -> int:
    """The oldest issue the person can do, or now and then the most urgent; -1 for none."""
    place, best = -1, -1.0
    if state.queued[stage] == 0:
        return -1
    is_urgent = False
    if rules.numbers[DISORDER] > 0:
        state.counters[PICK] += 1
        is_urgent = chances.picks[state.counters[PICK] % len(chances.picks), 0] < rules.numbers[DISORDER]
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


@compiled
def _pull(now: float, chances: Chances, state: State) -> int:
    issue = state.counters[ISSUE]
    if issue >= len(chances.arrivals):
        return -1
    state.counters[ISSUE] += 1
    state.stage[issue] = 0
    state.inside[0] += 1
    state.started[issue] = now
    return issue


@compiled
def _work_of(now: float, issue: int, person: int, rules: Rules, chances: Chances, state: State) -> float:
    """Hours of work: what was left, or what this visit needs; it may be cut in two by a block."""
    left = state.left[issue]
    if left > 0:
        state.left[issue] = 0.0
        return left
    stage = state.stage[issue]
    state.visits[issue, stage] += 1
    visit = min(state.visits[issue, stage], VISITS) - 1
    is_relieved = 1 if now >= rules.numbers[SINCE] else 0
    is_late = 1 if now >= rules.numbers[SHIFT_AT] else 0
    work = rules.hours[person, stage, is_relieved, is_late] * chances.work[issue, stage, visit]
    if stage == rules.numbers[BLOCKED_STAGE] and chances.blocked[issue, visit, 0] < rules.numbers[BLOCKED_SHARE]:
        before = chances.blocked[issue, visit, 1]
        state.left[issue] = max(work * (1 - before), 1e-9)
        state.will_block[issue] = True
        return work * before
    return work


@compiled
def work_on(now: float, person: int, state: State) -> None:
    """Let the person's issues progress up to now."""
    load = state.load[person]
    if load and state.present[person]:
        share = (now - state.seen_at[person]) / load
        for slot in range(load):
            state.to_do[person, slot] = max(state.to_do[person, slot] - share, 0.0)
    state.seen_at[person] = now


@compiled
def toggle_presence(now: float, person: int, state: State) -> None:
    """Let a person go, or come back."""
    work_on(now, person, state)
    state.present[person] = not state.present[person]


@compiled
def complete(now: float, person: int, rules: Rules, chances: Chances, state: State) -> None:
    """Let a person finish the first of what they work on."""
    work_on(now, person, state)
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
        block(now, issue, rules, chances, state)
    else:
        leave_work(now, issue, rules, chances, state)
