"""A value stream as the replay sees it: plain records of stages, people, issues and what is known of their visits.

Only the layout. Where the numbers come from is ``model``, what happens to them ``engine``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from transforms.constraint.compiled import EVENT

WORK, GATE, DELAY = 0, 1, 2
"""Roles of a stage: people serve it; it opens by the calendar; time passes."""

NONE = -1

HEADER = np.dtype(
    [
        ("horizon", "f8"),  # working hours to replay
        ("wip_limit", "i8"),  # issues in progress up to which people start new ones from the backlog; 0: no limit
        ("is_fed", "i8"),  # the backlog never empties: people who serve stage 0 start new work whenever they may
        ("holds_people", "i8"),  # whoever finished an issue that cannot leave its stage stays with it
        ("delay_factor", "f8"),  # relief: factor on blocked time
        ("seed", "i8"),
        ("arrivals", "i8"),  # issues that come from outside; the others are created from the backlog
        ("created", "i8"),
        ("started", "i8"),
        ("delivered", "i8"),
        ("dropped", "i8"),
        ("in_progress", "i8"),
        ("presence", "f8"),  # hours in progress within the horizon
        ("size", "i8"),  # events planned
        ("events", "i8"),  # events that happened
    ]
)
"""One record: what holds for the whole stream, and the counts of a replay."""

STAGE = np.dtype(
    [
        ("role", "i8"),
        ("limit", "i8"),  # most issues in it, finished ones that cannot leave included; 0: no limit
        ("gate_first", "f8"),
        ("gate_every", "f8"),
        ("gate_passes", "f8"),  # share of issues that do not wait for the gate
        ("work_from", "i8"),  # hours of first visits: draws[work_from:work_to]
        ("work_to", "i8"),
        ("again_from", "i8"),  # hours of returns
        ("again_to", "i8"),
        ("delay_from", "i8"),  # hours blocked on entry, mostly 0
        ("delay_to", "i8"),
        ("factor", "f8"),  # relief: factor on the work, or on a gate's interval
        ("head", "i8"),  # line of what waits
        ("tail", "i8"),
        ("door_head", "i8"),  # line of what cannot come in
        ("door_tail", "i8"),
        ("inside", "i8"),
        ("waited", "f8"),  # hours waited in it within the horizon
        ("present", "f8"),  # hours spent in it within the horizon
        ("visits", "i8"),
    ]
)

PERSON = np.dtype(
    [
        ("absorbed", "f8"),  # hours lost to other things per hour of attention
        ("away", "i8"),  # next absence: away[away:away_to]
        ("away_to", "i8"),
        ("idle_since", "f8"),  # infinite while not free
        ("at", "i8"),  # issue they work on
        ("took", "f8"),  # hours of attention of their last visit
    ]
)

ISSUE = np.dtype(
    [
        ("arrives", "f8"),  # at 0: in progress since before
        ("started", "f8"),  # NaN until then
        ("came", "f8"),  # into its stage
        ("entered", "f8"),  # its queue
        ("stage", "i8"),
        ("heading", "i8"),
        ("visits", "i8"),
        ("been", "i8"),  # bits of stages
        ("holder", "i8"),  # who has finished it and could not let it go
        ("following", "i8"),  # next in the same line
        ("known_from", "i8"),  # visits that are known: known[known_from:known_to]
        ("known_to", "i8"),
        ("fate", "i8"),  # what follows the last of them: K delivered, K + 1 left undelivered, NONE: drawn
        ("cycle", "f8"),  # hours from start to delivery; NaN unless delivered
    ]
)

KNOWN = np.dtype([("stage", "i8"), ("work", "f8"), ("delay", "f8")])
"""A visit that is known; hours below 0 are drawn."""


class World(NamedTuple):
    """All of a value stream; K stages, P people. Arrays of records but for the last four."""

    header: np.ndarray
    stages: np.ndarray
    people: np.ndarray
    issues: np.ndarray
    known: np.ndarray
    events: np.ndarray
    route: np.ndarray
    """(2K, K + 2) cumulative shares of what follows a first visit (row k) or a return (K + k): a stage, delivery, or
    leaving undelivered."""
    serves: np.ndarray
    """(P, K) weight with which a person chooses among stages where work waits; 0: does not serve it."""
    draws: np.ndarray
    """Hours to draw from."""
    away: np.ndarray
    """(W, 2) absences from, to; each person's in order."""


def no_issues(count: int) -> np.ndarray:
    """Records of issues that have not come yet."""
    issues = np.zeros(count, ISSUE)
    issues["started"] = issues["cycle"] = np.nan
    for name in ("stage", "heading", "holder", "following", "fate"):
        issues[name] = NONE
    return issues


def no_events(issues: int, people: int, stages: int) -> np.ndarray:
    """Room for all that can be planned at once."""
    return np.zeros(issues + 2 * people + stages + 8, EVENT)


def rested(world: World) -> World:
    """A copy of which a replay may change what changes."""
    return world._replace(
        header=world.header.copy(), stages=world.stages.copy(), people=world.people.copy(),
        issues=world.issues.copy(), events=np.empty_like(world.events),
    )  # fmt: skip
