"""The replay: a discrete-event simulation of one value stream, compiled.

Issues arrive, wait in stages, are served by people one at a time, are sent on, back or away. Times are working hours
since the period began. Every chance is a hash of the seed, the issue and how often it has moved, so the same issue
meets the same fate in every replay, whatever is relieved (common random numbers). The records are ``world``'s.
"""

from __future__ import annotations

import numpy as np

from transforms.constraint.compiled import chance, drop_event, lean, push_event
from transforms.constraint.world import DELAY, GATE, NONE, WORK, World

SERVED, FREE, WAITED, OPENED = 0, 1, 2, 3
"""Kinds of events: a service ends, a person becomes free, a delay ends, a gate opens."""

PER_VISIT = 8
"""Chances an issue has at each of its visits: hours, blocked hours, what follows, whether it passes a gate."""

LONGEST = 60
"""Visits after which an issue is sent away: nothing goes round for ever."""


@lean
def run(w: World) -> None:
    """Replay ``w`` in place. Issues that come from outside lie first in ``w.issues``, ascending by arrival."""
    h = w.header[0]
    for k in range(len(w.stages)):
        if w.stages[k].role == GATE:
            _plan(w, w.stages[k].gate_first * w.stages[k].factor, OPENED, k)
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


@lean
def _plan(w: World, at: float, kind: int, who: int) -> None:
    w.header[0].size = push_event(w.events, w.header[0].size, at, kind, who)


@lean
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
            _queue(w, who, at)
        else:
            _finish_visit(w, who, at)
    else:
        _open(w, who, at)


# --- issues


@lean
def _arrive(w: World, item: int, at: float) -> None:
    """An issue comes from outside: new, in progress since before, or back after its delivery."""
    entered = w.issues[item].entered
    if at > 0 and w.issues[item].started == at:
        w.header[0].started += 1
    w.header[0].in_progress += 1
    _go(w, item, at)
    if at <= 0 and w.issues[item].stage != NONE:
        w.issues[item].entered = min(at, entered)


@lean
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


@lean
def _go(w: World, item: int, at: float) -> bool:
    """Move an issue to where it is heading, and whatever may follow into the places this frees; False if it cannot."""
    to = w.issues[item].heading
    if to < len(w.stages) and w.issues[item].stage not in (NONE, to) and _is_full(w, to):
        _stand_at_door(w, to, item)
        return False
    place = _move(w, item, at)
    while place != NONE and w.stages[place].door_head != NONE and not _is_full(w, place):
        other = w.stages[place].door_head
        w.stages[place].door_head = w.issues[other].following
        place = _move(w, other, at)
        if w.issues[other].holder != NONE:
            _rest(w, w.issues[other].holder, at)
            w.issues[other].holder = NONE
    return True


@lean
def _is_full(w: World, k: int) -> bool:
    return bool(w.stages[k].limit > 0 and w.stages[k].inside >= w.stages[k].limit)


@lean
def _stand_at_door(w: World, k: int, item: int) -> None:
    w.issues[item].following = NONE
    if w.stages[k].door_head == NONE:
        w.stages[k].door_head = item
    else:
        w.issues[w.stages[k].door_tail].following = item
    w.stages[k].door_tail = item


@lean
def _move(w: World, item: int, at: float) -> int:
    """Take an issue out of its stage and into the next, or out of the stream; returns the stage it left."""
    left, to = w.issues[item].stage, w.issues[item].heading
    if left != NONE:
        w.stages[left].inside -= 1
    if to >= len(w.stages):
        _leave(w, item, at, to == len(w.stages))
        return int(left)
    w.stages[to].inside += 1
    if _enter(w, item, at):
        _queue(w, item, at)
    return int(left)


@lean
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


@lean
def _enter(w: World, item: int, at: float) -> bool:
    """Begin a visit. True if work can begin; else the issue is blocked, passes time, or waits for a gate."""
    k = w.issues[item].heading
    w.issues[item].stage = k
    w.issues[item].visits += 1
    w.stages[k].visits += 1
    blocked = w.header[0].delay_factor * _blocked_hours(w, item, k)
    role = w.stages[k].role
    if role == DELAY:
        _plan(w, at + blocked + w.stages[k].factor * _hours(w, item, k), WAITED, item)
    elif (
        role == GATE and chance(w.header[0].seed, item, w.issues[item].visits * PER_VISIT + 3) < w.stages[k].gate_passes
    ):
        _plan(w, at + blocked + _hours(w, item, k), WAITED, item)
    elif role == GATE:
        _queue(w, item, at)
    elif blocked > 0:
        _plan(w, at + blocked, WAITED, item)
    else:
        return True
    return False


@lean
def _queue(w: World, item: int, at: float) -> None:
    k = w.issues[item].stage
    w.issues[item].entered = at
    w.issues[item].following = NONE
    if w.stages[k].head == NONE:
        w.stages[k].head = item
    else:
        w.issues[w.stages[k].tail].following = item
    w.stages[k].tail = item


@lean
def _next_in_queue(w: World, k: int, at: float) -> int:
    """Take the first issue out of a queue, and book how long it waited."""
    item = w.stages[k].head
    w.stages[k].head = w.issues[item].following
    w.stages[k].waited += at - max(0.0, w.issues[item].entered)
    return int(item)


@lean
def _known(w: World, item: int) -> int:
    """Place of the issue's current visit among the known ones; NONE beyond them."""
    place = w.issues[item].known_from + w.issues[item].visits - 1
    return int(place) if place < w.issues[item].known_to else NONE


@lean
def _hours(w: World, item: int, k: int) -> float:
    """Hours of attention the current visit takes."""
    place = _known(w, item)
    if place != NONE and w.known[place].work >= 0:
        return float(w.known[place].work)
    is_back = w.issues[item].been >> k & 1
    first = w.stages[k].again_from if is_back else w.stages[k].work_from
    last = w.stages[k].again_to if is_back else w.stages[k].work_to
    return _drawn(w, item, first, last, 0)


@lean
def _blocked_hours(w: World, item: int, k: int) -> float:
    place = _known(w, item)
    if place != NONE and w.known[place].delay >= 0:
        return float(w.known[place].delay)
    return _drawn(w, item, w.stages[k].delay_from, w.stages[k].delay_to, 1)


@lean
def _drawn(w: World, item: int, first: int, last: int, which: int) -> float:
    if first == last:
        return 0.0
    draw = chance(w.header[0].seed, item, w.issues[item].visits * PER_VISIT + which)
    return float(w.draws[first + int(draw * (last - first))])


@lean
def _finish_visit(w: World, item: int, at: float) -> bool:
    """Decide where an issue goes and let it; False while it cannot."""
    k, stages, place, to = w.issues[item].stage, len(w.stages), _known(w, item), NONE
    if place != NONE:
        is_last = place + 1 == w.issues[item].known_to
        to = w.issues[item].fate if is_last else w.known[place + 1].stage
    if to == NONE:
        row = k + stages if w.issues[item].been >> k & 1 else k
        draw, to = chance(w.header[0].seed, item, w.issues[item].visits * PER_VISIT + 2), 0
        while to < stages + 1 and draw >= w.route[row, to]:
            to += 1
    if w.issues[item].visits >= LONGEST:
        to = stages + 1
    w.issues[item].been |= 1 << k
    w.issues[item].heading = to
    return _go(w, item, at)


@lean
def _open(w: World, k: int, at: float) -> None:
    """Let through what waits at a gate, and plan the next opening."""
    last = w.stages[k].tail
    while w.stages[k].head != NONE:
        item = _next_in_queue(w, k, at)
        _finish_visit(w, item, at)
        if item == last:
            break
    _plan(w, at + w.stages[k].gate_every * w.stages[k].factor, OPENED, k)


# --- people


@lean
def _rest(w: World, p: int, at: float) -> None:
    """Let somebody go: free at once, or after what else they have to do."""
    if w.people[p].absorbed > 0:
        _plan(w, _worked_until(w, p, at, w.people[p].absorbed * w.people[p].took), FREE, p)
    else:
        w.people[p].idle_since = at


@lean
def _worked_until(w: World, p: int, at: float, hours: float) -> float:
    """When somebody has worked ``hours`` from ``at`` on, their absences left out."""
    place, end = w.people[p].away, w.people[p].away_to
    while place < end and w.away[place, 1] <= at:
        place += 1
    while place < end and w.away[place, 0] < at + hours:
        if w.away[place, 0] > at:
            hours -= w.away[place, 0] - at
        at = w.away[place, 1]
        place += 1
    w.people[p].away = place
    return at + hours


@lean
def _is_away(w: World, p: int, at: float) -> bool:
    """Whether somebody free has just left; if so they are planned to come back."""
    place, end = w.people[p].away, w.people[p].away_to
    while place < end and w.away[place, 1] <= at:
        place += 1
    w.people[p].away = place
    if place == end or w.away[place, 0] > at:
        return False
    w.people[p].idle_since = np.inf
    _plan(w, w.away[place, 1], FREE, p)
    return True


@lean
def _dispatch(w: World, at: float) -> None:
    """Give work to whoever is free, longest idle first."""
    while True:
        best = NONE
        for p in range(len(w.people)):
            is_sooner = best == NONE or w.people[p].idle_since < w.people[best].idle_since
            if w.people[p].idle_since <= at and is_sooner and _weight(w, p) > 0 and not _is_away(w, p, at):
                best = p
        if best == NONE:
            return
        _take(w, best, at)


@lean
def _is_waiting(w: World, k: int) -> bool:
    """Whether there is something to take up in a stage."""
    if w.stages[k].role != WORK:
        return False
    return w.stages[k].head != NONE or (k == 0 and w.header[0].is_fed and _may_start(w))


@lean
def _may_start(w: World) -> bool:
    h = w.header[0]
    is_room = h.arrivals + h.created < len(w.issues) and not _is_full(w, 0)
    return is_room and (h.wip_limit == 0 or h.in_progress < h.wip_limit)


@lean
def _weight(w: World, p: int) -> float:
    """Sum of the weights of the stages in which something waits for a person."""
    total = 0.0
    for k in range(len(w.stages)):
        if w.serves[p, k] > 0 and _is_waiting(w, k):
            total += w.serves[p, k]
    return total


@lean
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
    item = _next_in_queue(w, chosen, at) if w.stages[chosen].head != NONE else _create(w, at)
    if item != NONE:
        person = w.people[p]
        person.idle_since = np.inf
        person.at = item
        person.took = w.stages[chosen].factor * _hours(w, item, chosen)
        _plan(w, _worked_until(w, p, at, person.took), SERVED, p)


@lean
def _close(w: World) -> None:
    """Count what is still in progress, and still waiting, at the horizon."""
    h = w.header[0]
    for item in range(h.arrivals + h.created):
        issue = w.issues[item]
        if issue.stage != NONE:
            h.presence += h.horizon - max(0.0, issue.started)
    for k in range(len(w.stages)):
        item = w.stages[k].head
        while item != NONE:
            w.stages[k].waited += h.horizon - max(0.0, w.issues[item].entered)
            item = w.issues[item].following
