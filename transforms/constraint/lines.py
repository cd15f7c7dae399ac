"""The bookkeeping of the replay: planned events, lines of waiting issues, and absences of people. No decisions."""

from __future__ import annotations

import numpy as np

from transforms.constraint.compiled import inner, push_event
from transforms.constraint.world import NONE, World

SERVED, FREE, WAITED, OPENED = 0, 1, 2, 3
"""Kinds of events: a service ends, a person becomes free, a delay ends, a gate opens."""


@inner
def plan(w: World, at: float, kind: int, who: int) -> None:
    """Plan an event."""
    w.header[0].size = push_event(w.events, w.header[0].size, at, kind, who)


@inner
def stand_in_line(w: World, item: int, at: float) -> None:
    """Let an issue wait in the stage it is in."""
    k = w.issues[item].stage
    w.issues[item].entered = at
    w.issues[item].following = NONE
    if w.stages[k].head == NONE:
        w.stages[k].head = item
    else:
        w.issues[w.stages[k].tail].following = item
    w.stages[k].tail = item


@inner
def next_in_line(w: World, k: int, at: float) -> int:
    """Take the first issue out of a queue, and book how long it waited."""
    item = w.stages[k].head
    w.stages[k].head = w.issues[item].following
    w.stages[k].waited += at - max(0.0, w.issues[item].entered)
    return int(item)


@inner
def is_full(w: World, k: int) -> bool:
    """Whether a stage takes no more issues."""
    return bool(w.stages[k].limit > 0 and w.stages[k].inside >= w.stages[k].limit)


@inner
def stand_at_door(w: World, k: int, item: int) -> None:
    """Let a finished issue wait, where it is, for room in stage ``k``."""
    w.issues[item].following = NONE
    if w.stages[k].door_head == NONE:
        w.stages[k].door_head = item
    else:
        w.issues[w.stages[k].door_tail].following = item
    w.stages[k].door_tail = item


@inner
def worked_until(w: World, p: int, at: float, hours: float) -> float:
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


@inner
def has_left(w: World, p: int, at: float) -> bool:
    """Whether somebody free has just left; if so they are planned to come back."""
    place, end = w.people[p].away, w.people[p].away_to
    while place < end and w.away[place, 1] <= at:
        place += 1
    w.people[p].away = place
    if place == end or w.away[place, 0] > at:
        return False
    w.people[p].idle_since = np.inf
    plan(w, w.away[place, 1], FREE, p)
    return True
