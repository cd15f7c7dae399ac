"""Worlds told by hand, for a replay whose outcome can be worked out on paper or by a loop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from transforms.constraint import world as w
from transforms.constraint.engine import run
from transforms.constraint.world import NONE, WORK, World, rested


def told_world(
    arrivals: Sequence[float],
    work: Sequence[Sequence[float]],
    people: Sequence[Sequence[int]],
    *,
    horizon: float = 1_000.0,
    limits: Sequence[int] = (),
    holds_people: bool = False,
    is_fed: bool = False,
    away: Sequence[tuple[int, float, float]] = (),
    absorbed: float = 0.0,
    wip_limit: int = 0,
) -> World:
    """A line of stages that every issue walks through once, with known work per issue and stage.

    ``work``: (issue, stage) hours; ``people``: the stages each person serves; ``away``: person, from, to.
    """
    stages, count = len(work[0]), len(work)
    issues = w.no_issues(count)
    issues["arrives"][: len(arrivals)] = arrivals
    issues["started"][: len(arrivals)] = arrivals
    issues["entered"][: len(arrivals)] = arrivals
    issues["heading"][: len(arrivals)] = 0
    issues["known_from"] = np.arange(count) * stages
    issues["known_to"] = issues["known_from"] + stages
    issues["fate"] = stages
    known = np.zeros(count * stages, w.KNOWN)
    known["stage"] = np.tile(np.arange(stages), count)
    known["work"] = np.asarray(work, dtype=float).ravel()
    header = np.zeros(1, w.HEADER)
    header["horizon"], header["arrivals"], header["delay_factor"] = horizon, len(arrivals), 1.0
    header["holds_people"], header["is_fed"], header["wip_limit"] = holds_people, is_fed, wip_limit
    route = np.tile(np.r_[np.zeros(stages), 1.0, 1.0], (2 * stages, 1))
    serves = np.array([[float(k in served) for k in range(stages)] for served in people])
    gone = sorted(away)
    return World(
        header, told_stages(stages, limits), told_people(len(people), gone, absorbed), issues, known,
        w.no_events(count, len(people), stages), route, serves, np.zeros(1),
        np.array([span[1:] for span in gone]).reshape(-1, 2).astype(float),
    )  # fmt: skip


def told_stages(count: int, limits: Sequence[int] = ()) -> np.ndarray:
    """Stages somebody works in."""
    stages = np.zeros(count, w.STAGE)
    stages["role"], stages["factor"] = WORK, 1.0
    stages["limit"][: len(limits)] = limits
    for name in ("head", "tail", "door_head", "door_tail"):
        stages[name] = NONE
    return stages


def told_people(count: int, away: Sequence[tuple[int, float, float]] = (), absorbed: float = 0.0) -> np.ndarray:
    """People who are free at the beginning."""
    people = np.zeros(count, w.PERSON)
    people["at"], people["absorbed"] = NONE, absorbed
    owners = [person for person, _, _ in away]
    people["away"] = [sum(owner < person for owner in owners) for person in range(count)]
    people["away_to"] = [sum(owner <= person for owner in owners) for person in range(count)]
    return people


def replayed_world(world: World) -> World:
    """The same world after its replay."""
    fresh = rested(world)
    run(fresh)
    return fresh


def finishes(world: World) -> list[float]:
    """When each issue was delivered, rounded; NaN for those that were not."""
    done = replayed_world(world).issues
    return [round(float(at), 6) for at in done["started"] + done["cycle"]]
