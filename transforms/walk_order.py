"""Where statuses stand in the walk once some of them have joined another stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from transforms.walk import WalkStatus


def join_stages(walk: Sequence[WalkStatus], joins: Mapping[int, str], stages: Sequence[str]) -> list[WalkStatus]:
    """The walk with statuses in other stages: ``joins`` says by status id in which; ``stages`` are all, in order.

    A status goes to the end of its new stage that is nearest to where it stood, so that neighbours that only change
    their stage keep their order; those that go together keep theirs. What is outside the walk stays outside.
    """
    staying = [s for s in walk if s.status.status_id not in joins]
    keys: dict[int, tuple[float, int]] = {}
    for s in walk:
        if s.status_order is not None:
            low, high = _room(joins[s.status.status_id], staying, stages) if s not in staying else (s.status_order,) * 2
            keys[s.status.status_id] = (min(max(s.status_order, low), high), s.status_order)
    ranked = sorted(set(keys.values()))
    return [
        replace(
            s,
            stage_name=joins.get(s.status.status_id, s.stage_name),
            status_order=None if s.status_order is None else ranked.index(keys[s.status.status_id]),
        )
        for s in walk
    ]


def _room(stage: str, staying: Sequence[WalkStatus], stages: Sequence[str]) -> tuple[float, float]:
    """Between what and what a status of the stage may stand: before, among or behind those that are in it already.

    An empty stage lies behind all open statuses of the stages before it, and before those of the stages after it.
    """
    if own := _orders(staying, [stage], is_terminal=False) or _orders(staying, [stage], is_terminal=True):
        return min(own) - 0.5, max(own) + 0.5
    place = stages.index(stage)
    before = _orders(staying, stages[:place], is_terminal=False)
    behind = _orders(staying, stages[place + 1 :], is_terminal=False) or _orders(staying, stages, is_terminal=True)
    return max(before, default=-1) + 0.5, min(behind, default=len(staying)) - 0.5


def _orders(walk: Sequence[WalkStatus], stages: Sequence[str], *, is_terminal: bool) -> list[int]:
    held = [s for s in walk if s.stage_name in stages and s.is_terminal == is_terminal]
    return [s.status_order for s in held if s.status_order is not None]
