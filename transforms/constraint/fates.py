"""What an issue of the replay meets at each visit: known where it is known, else drawn by a hash that is its own.

When it meets it is said in ``engine``.
"""

from __future__ import annotations

from transforms.constraint.compiled import chance, inner
from transforms.constraint.world import NONE, World

PER_VISIT = 8
"""Chances an issue has at each of its visits: hours, blocked hours, what follows, whether it passes a gate."""

LONGEST = 60
"""Visits after which an issue is sent away: nothing goes round for ever."""


@inner
def known_visit(w: World, item: int) -> int:
    """Place of the issue's current visit among the known ones; NONE beyond them."""
    place = w.issues[item].known_from + w.issues[item].visits - 1
    return int(place) if place < w.issues[item].known_to else NONE


@inner
def hours_of(w: World, item: int, k: int) -> float:
    """Hours of attention the current visit takes."""
    place = known_visit(w, item)
    if place != NONE and w.known[place].work >= 0:
        return float(w.known[place].work)
    is_back = w.issues[item].been >> k & 1
    first = w.stages[k].again_from if is_back else w.stages[k].work_from
    last = w.stages[k].again_to if is_back else w.stages[k].work_to
    return drawn(w, item, first, last, 0)


@inner
def blocked_hours(w: World, item: int, k: int) -> float:
    """Hours the current visit is blocked before anything can be done."""
    place = known_visit(w, item)
    if place != NONE and w.known[place].delay >= 0:
        return float(w.known[place].delay)
    return drawn(w, item, w.stages[k].delay_from, w.stages[k].delay_to, 1)


@inner
def drawn(w: World, item: int, first: int, last: int, which: int) -> float:
    """One of draws[first:last], by the chance ``which`` of the current visit."""
    if first == last:
        return 0.0
    draw = chance(w.header[0].seed, item, w.issues[item].visits * PER_VISIT + which)
    return float(w.draws[first + int(draw * (last - first))])


@inner
def passes_gate(w: World, item: int, k: int) -> bool:
    """Whether the issue does not wait for the gate."""
    draw = chance(w.header[0].seed, item, w.issues[item].visits * PER_VISIT + 3)
    return bool(draw < w.stages[k].gate_passes)


@inner
def next_stage(w: World, item: int) -> int:
    """What follows the current visit: a stage, K for delivery, K + 1 for leaving undelivered."""
    k, stages, place, to = w.issues[item].stage, len(w.stages), known_visit(w, item), NONE
    if place != NONE:
        is_last = place + 1 == w.issues[item].known_to
        to = w.issues[item].fate if is_last else w.known[place + 1].stage
    if to == NONE:
        row = k + stages if w.issues[item].been >> k & 1 else k
        draw, to = chance(w.header[0].seed, item, w.issues[item].visits * PER_VISIT + 2), 0
        while to < stages + 1 and draw >= w.route[row, to]:
            to += 1
    return stages + 1 if w.issues[item].visits >= LONGEST else int(to)
