"""The replay: a discrete-event simulation of one value stream, compiled.

Issues arrive, wait in stages, are served by people one at a time, are sent on, back or away. Times are working hours
since the period began. Every chance is a hash of the seed, the issue and how often it has moved, so the same issue
meets the same fate in every replay, whatever is relieved (common random numbers). The records are ``world``'s.
"""

from __future__ import annotations

import numpy as np

from transforms.constraint.compiled import chance, drop_event, inner, lean
from transforms.constraint.fates import blocked_hours, hours_of, next_stage, passes_gate
from transforms.constraint.lines import (
    FREE,
    OPENED,
    SERVED,
    WAITED,
    has_left,
    is_full,
    next_in_line,
    plan,
    stand_at_door,
    stand_in_line,
    worked_until,
)
from transforms.constraint.world import DELAY, GATE, NONE, WORK, World


@lean
def run(w: World) -> None:
    """Replay ``w`` in place. Issues that come from outside lie first in ``w.issues``, ascending by arrival."""
    h = w.header[0]
    for k in range(len(w.stages)):
        if w.stages[k].role == GATE:
            plan(w, w.stages[k].gate_first * w.stages[k].factor, OPENED, k)
    coming = 0
    while True:
        at = w.events[0].at if h.size else np.inf
        if coming < h.arrivals and w.issues[coming].arrives <= at:
            at = w.issues[coming].arrives
            if at >= h.horizon:
                break
            _arrive(w, coming, at)
            coming += 1
        else:
            if at >= h.horizon:
                break
            _happen(w, at)
        _dispatch(w, at)
    _close(w)


@inner
def _happen(w: World, at: float) -> None:
    """Let the earliest event happen."""
    h = w.header[0]
    kind, who = w.events[0].kind, w.events[0].who
    h.size = drop_event(w.events, h.size)
    h.events += 1
    if kind == SERVED:
        item = w.people[who].at
        w.people[who].at = NONE
        w.issues[item].holder = who
        is_gone = _finish_visit(w, item, at)
        if is_gone or not h.holds_people:
            _rest(w, who, at)
            w.issues[item].holder = NONE
    elif kind == FREE:
        w.people[who].idle_since = at
    elif kind == WAITED:
        if w.stages[w.issues[who].stage].role == WORK:
            stand_in_line(w, who, at)
        else:
            _finish_visit(w, who, at)
    else:
        _open(w, who, at)


# --- issues


@inner
def _arrive(w: World, item: int, at: float) -> None:
    """An issue comes from outside: new, in progress since before, or back after its delivery."""
    entered = w.issues[item].entered
    if at > 0 and w.issues[item].started == at:
        w.header[0].started += 1
    w.header[0].in_progress += 1
    _go(w, item, at)
    if at <= 0 and w.issues[item].stage != NONE:
        w.issues[item].entered = min(at, entered)


@inner
def _create(w: World, at: float) -> int:
    """Somebody takes a new issue from the backlog; NONE if it is blocked at once."""
    h = w.header[0]
    item = h.arrivals + h.created
    h.created += 1
    h.started += 1
    h.in_progress += 1
    w.issues[item].started = at
    w.issues[item].heading = 0
    w.stages[0].inside += 1
    return item if _enter(w, item, at) else NONE


@inner
def _go(w: World, item: int, at: float) -> bool:
    """Move an issue to where it is heading, and whatever may follow into the places this frees; False if it cannot."""
    to = w.issues[item].heading
    if to < len(w.stages) and w.issues[item].stage not in (NONE, to) and is_full(w, to):
        stand_at_door(w, to, item)
        return False
    place = _move(w, item, at)
    while place != NONE and w.stages[place].door_head != NONE and not is_full(w, place):
        other = w.stages[place].door_head
        w.stages[place].door_head = w.issues[other].following
        place = _move(w, other, at)
        if w.issues[other].holder != NONE:
            _rest(w, w.issues[other].holder, at)
            w.issues[other].holder = NONE
    return True


@inner
def _move(w: World, item: int, at: float) -> int:
    """Take an issue out of its stage and into the next, or out of the stream; returns the stage it left."""
    left, to = w.issues[item].stage, w.issues[item].heading
    if left != NONE:
        w.stages[left].inside -= 1
        w.stages[left].present += at - max(0.0, w.issues[item].came)
    if to >= len(w.stages):
        _leave(w, item, at, to == len(w.stages))
        return int(left)
    w.stages[to].inside += 1
    if _enter(w, item, at):
        stand_in_line(w, item, at)
    return int(left)


@inner
def _leave(w: World, item: int, at: float, is_delivered: bool) -> None:
    h = w.header[0]
    h.in_progress -= 1
    w.issues[item].stage = NONE
    h.presence += at - max(0.0, w.issues[item].started)
    if is_delivered:
        w.issues[item].cycle = at - w.issues[item].started
        h.delivered += 1
    else:
        h.dropped += 1


@inner
def _enter(w: World, item: int, at: float) -> bool:
    """Begin a visit. True if work can begin; else the issue is blocked, passes time, or waits for a gate."""
    k = w.issues[item].heading
    w.issues[item].stage = k
    w.issues[item].came = at
    w.issues[item].visits += 1
    w.stages[k].visits += 1
    blocked = w.header[0].delay_factor * blocked_hours(w, item, k)
    role = w.stages[k].role
    if role == DELAY:
        plan(w, at + blocked + w.stages[k].factor * hours_of(w, item, k), WAITED, item)
    elif role == GATE and passes_gate(w, item, k):
        plan(w, at + blocked + hours_of(w, item, k), WAITED, item)
    elif role == GATE:
        stand_in_line(w, item, at)
    elif blocked > 0:
        plan(w, at + blocked, WAITED, item)
    else:
        return True
    return False


@inner
def _finish_visit(w: World, item: int, at: float) -> bool:
    """Decide where an issue goes and let it; False while it cannot."""
    to = next_stage(w, item)
    w.issues[item].been |= 1 << w.issues[item].stage
    w.issues[item].heading = to
    return _go(w, item, at)


@inner
def _open(w: World, k: int, at: float) -> None:
    """Let through what waits at a gate, and plan the next opening."""
    last = w.stages[k].tail
    while w.stages[k].head != NONE:
        item = next_in_line(w, k, at)
        _finish_visit(w, item, at)
        if item == last:
            break
    plan(w, at + w.stages[k].gate_every * w.stages[k].factor, OPENED, k)


# --- people


@inner
def _rest(w: World, p: int, at: float) -> None:
    """Let somebody go: free at once, or after what else they have to do."""
    if w.people[p].absorbed > 0:
        plan(w, worked_until(w, p, at, w.people[p].absorbed * w.people[p].took), FREE, p)
    else:
        w.people[p].idle_since = at


@inner
def _dispatch(w: World, at: float) -> None:
    """Give work to whoever is free, longest idle first."""
    while True:
        best = NONE
        for p in range(len(w.people)):
            is_sooner = best == NONE or w.people[p].idle_since < w.people[best].idle_since
            if w.people[p].idle_since <= at and is_sooner and _weight(w, p) > 0 and not has_left(w, p, at):
                best = p
        if best == NONE:
            return
        _take(w, best, at)


@inner
def _is_waiting(w: World, k: int) -> bool:
    """Whether there is something to take up in a stage."""
    if w.stages[k].role != WORK:
        return False
    return w.stages[k].head != NONE or (k == 0 and w.header[0].is_fed and _may_start(w))


@inner
def _may_start(w: World) -> bool:
    h = w.header[0]
    is_room = h.arrivals + h.created < len(w.issues) and not is_full(w, 0)
    return is_room and (h.wip_limit == 0 or h.in_progress < h.wip_limit)


@inner
def _weight(w: World, p: int) -> float:
    """Sum of the weights of the stages in which something waits for a person."""
    total = 0.0
    for k in range(len(w.stages)):
        if w.serves[p, k] > 0 and _is_waiting(w, k):
            total += w.serves[p, k]
    return total


@inner
def _take(w: World, p: int, at: float) -> None:
    """Let a person choose a stage by their habits and take up the first issue there."""
    h, chosen = w.header[0], NONE
    draw = _weight(w, p) * chance(h.seed, 1 << 40 | p, h.events)
    for k in range(len(w.stages)):
        if w.serves[p, k] > 0 and _is_waiting(w, k):
            chosen = k
            draw -= w.serves[p, k]
            if draw < 0:
                break
    item = next_in_line(w, chosen, at) if w.stages[chosen].head != NONE else _create(w, at)
    if item != NONE:
        person = w.people[p]
        person.idle_since = np.inf
        person.at = item
        person.took = w.stages[chosen].factor * hours_of(w, item, chosen)
        plan(w, worked_until(w, p, at, person.took), SERVED, p)


@inner
def _close(w: World) -> None:
    """Count what is still in progress, and still waiting, at the horizon."""
    h = w.header[0]
    for item in range(h.arrivals + h.created):
        issue = w.issues[item]
        if issue.stage != NONE:
            h.presence += h.horizon - max(0.0, issue.started)
            w.stages[issue.stage].present += h.horizon - max(0.0, issue.came)
    for k in range(len(w.stages)):
        item = w.stages[k].head
        while item != NONE:
            w.stages[k].waited += h.horizon - max(0.0, w.issues[item].entered)
            item = w.issues[item].following
