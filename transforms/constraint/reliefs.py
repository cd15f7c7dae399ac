"""What relieving each step does, over resampled worlds that share their chances (METHODS §3.3, steps 5 to 7).

What is concluded from it is ``judgement``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from transforms.constraint.model import Model, replayed, resampled
from transforms.constraint.replays import BLOCKED, Outcome, replay
from transforms.constraint.world import GATE, WORK, World

FIFTH = 0.8

FASTER = 1 / 1.4
"""Coding 40 % faster."""

LEAST_FACTOR = 0.05

HALVING_STEPS = 9

WORTH_RELIEVING = 0.01
"""Share of the time in progress that must be blocked for waiting on others to be a candidate."""


LEAST_DEPARTURES = 20
"""Departures below which a stage is no candidate of its own; with a neighbour of the same people it is in a pool."""


@dataclass(frozen=True)
class Target:
    """Something that can be relieved: stations and how."""

    kind: str
    """stage, pool, gate or external."""
    stations: tuple[int, ...]
    """BLOCKED for waiting on others."""


@dataclass(frozen=True)
class Effect:
    """Outcomes of every world with a target relieved."""

    target: Target
    relief: str
    factor: float
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Reliefs:
    """All that was replayed of a model."""

    known: Outcome
    """The replay of what is known, nothing relieved."""
    base: tuple[Outcome, ...]
    fifths: tuple[Effect, ...]
    halved: tuple[Effect, ...]
    faster: Effect | None


def targets_of(model: Model) -> tuple[Target, ...]:
    """What can be relieved: stages somebody works in, shared people, gates, and waiting for others if there is any."""
    seen = model.seen
    departures = np.bincount(seen.station[seen.is_over], minlength=seen.size)
    pooled = {k for members in model.pools for k in members}
    kept = [k for k in range(seen.size) if departures[k] >= LEAST_DEPARTURES or k in pooled]
    found = [Target("stage", (k,)) for k in kept if seen.role[k] == WORK]
    found += [Target("pool", members) for members in model.pools]
    found += [Target("gate", (k,)) for k in range(seen.size) if seen.role[k] == GATE]
    over = seen.is_over
    blocked = float(seen.blocked[over].sum())
    if blocked > WORTH_RELIEVING * max(seen.presence_hours(), 1.0):
        found.append(Target("external", (BLOCKED,)))
    return tuple(found)


def relieve(model: Model, draws: int, seed: int) -> Reliefs:
    """Replay ``draws`` resampled worlds as they are and with each target relieved in each way."""
    world = replayed(model, seed)
    worlds = [resampled(model, seed + 1 + number) for number in range(draws)]
    targets = targets_of(model)
    fifths = tuple(_effect(worlds, target, _name(target), FIFTH) for target in targets)
    halves = [(target, halving_factor(world, target)) for target in targets if target.kind != "external"]
    halved = tuple(_effect(worlds, target, "wait_halved", factor) for target, factor in halves if factor is not None)
    first = next((target for target in targets if target.kind == "stage"), None)
    faster = None if first is None else _effect(worlds, first, "coding_40_percent_faster", FASTER)
    return Reliefs(replay(world), tuple(replay(one) for one in worlds), fifths, halved, faster)


def _name(target: Target) -> str:
    return {"gate": "interval_x0.8", "external": "blocked_x0.8"}.get(target.kind, "service_x0.8")


def _effect(worlds: Sequence[World], target: Target, relief: str, factor: float) -> Effect:
    factors = dict.fromkeys(target.stations, factor)
    return Effect(target, relief, factor, tuple(replay(world, factors) for world in worlds))


def halving_factor(world: World, target: Target) -> float | None:
    """The factor with which a target's wait is half as long, by bisection; None where even the least is not enough."""
    stations = list(target.stations)
    goal = replay(world).waited[stations].sum() / 2

    def is_enough(factor: float) -> bool:
        return bool(replay(world, dict.fromkeys(stations, factor)).waited[stations].sum() <= goal)

    if goal <= 0 or not is_enough(LEAST_FACTOR):
        return None
    low, high = LEAST_FACTOR, 1.0
    for _ in range(HALVING_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_enough(middle) else (low, middle)
    return low


def gains(base: Sequence[Outcome], effect: Effect) -> np.ndarray:
    """Relative change of deliveries in each world."""
    return np.array([new.delivered / max(1, old.delivered) - 1 for old, new in zip(base, effect.outcomes, strict=True)])


def falls(base: Sequence[Outcome], effect: Effect) -> np.ndarray:
    """Relative fall of the time in progress per issue in each world."""
    return np.array(
        [1 - new.residence / max(old.residence, 1e-9) for old, new in zip(base, effect.outcomes, strict=True)]
    )
