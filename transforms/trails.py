"""Steps from a status to another, put in an order in which each leaves where the one before arrived.

Known to mathematics as an Eulerian trail; whether one exists can be told without trying. When steps need reordering,
and what is done where no order chains, is said in ``status_events``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

Step = tuple[int | None, int]
"""The status a change says it left, if it says one, and the status it arrived at."""


def first_trail(steps: Sequence[Step], start: int | None, end: int | None) -> list[int]:
    """First order, by position, that uses every step once from ``start`` to ``end``; empty if there is none.

    None stands for anywhere. Takes time in the square of the number of steps, whether there is an order or not.
    """
    here, order, left = start, [], dict(enumerate(steps))
    while left:
        fitting = (place for place, (source, _) in left.items() if here is None or source == here)
        place = next((p for p in fitting if _is_trail([s for o, s in left.items() if o != p], left[p][1], end)), None)
        if place is None:
            return []
        order.append(place)
        here = left.pop(place)[1]
    return order


def longest_chain(steps: Sequence[Step], start: int | None) -> list[int]:
    """Order, by position, that chains from ``start`` as far as a step fits, then begins anew.

    For steps that no order chains whole: a change among them is missing.
    """
    here, order, left = start, [], dict(enumerate(steps))
    while left:
        fitting = [place for place, (source, _) in left.items() if source == here]
        place = fitting[0] if fitting else _beginning(left)
        order.append(place)
        here = left.pop(place)[1]
    return order


def _beginning(steps: Mapping[int, Step]) -> int:
    """First step that leaves where none of the others arrives; the first of all where each is arrived at."""
    arrivals: Counter[int | None] = Counter(target for _, target in steps.values())
    fresh = (place for place, (source, target) in steps.items() if arrivals[source] == (source == target))
    return next(fresh, next(iter(steps)))


def _is_trail(steps: Collection[Step], start: int, end: int | None) -> bool:
    """Whether some order of the steps chains from ``start`` to ``end``: balanced everywhere, and all within reach."""
    surplus = Counter(source for source, _ in steps)
    surplus.subtract(Counter([start, *(target for _, target in steps)]))
    if end is not None:
        surplus[end] += 1
    is_balanced = sum(abs(count) for count in surplus.values()) == (end is None)
    return is_balanced and _all_within_reach(steps, start)


def _all_within_reach(steps: Collection[Step], start: int) -> bool:
    onward = defaultdict(set)
    for source, target in steps:
        onward[source].add(target)
    seen, ahead = {start}, [start]
    while ahead:
        fresh = onward.pop(ahead.pop(), set()) - seen
        seen |= fresh
        ahead.extend(fresh)
    return not onward
