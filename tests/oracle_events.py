"""Time and order, asked plainly: is this minute working time, and in which order did these changes happen?

Apart from the implementation, and slow on purpose. Times are integer milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby, pairwise, permutations
from typing import NamedTuple
from zoneinfo import ZoneInfo

from transforms.calendar import WorkingCalendar

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000


def ms(moment: datetime) -> int:
    """Milliseconds since the epoch."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def moment(at: int) -> datetime:
    """The instant ``at`` milliseconds after the epoch."""
    return EPOCH + timedelta(milliseconds=at)


def is_open(calendar: WorkingCalendar, at: int) -> bool:
    """Whether the wall clock of the calendar's zone shows working time at this instant."""
    wall = moment(at).astimezone(ZoneInfo(calendar.zone))
    if wall.date() in calendar.holidays:
        return False
    minute = wall.hour * 60 + wall.minute
    return any(
        day == wall.weekday() and start.hour * 60 + start.minute <= minute < (end.hour * 60 + end.minute or 1440)
        for day, start, end in calendar.openings
    )


@cache
def _open_minutes(calendar: WorkingCalendar, hour: int) -> tuple[bool, ...]:
    return tuple(is_open(calendar, (hour * 60 + minute) * MINUTE) for minute in range(60))


def working_ms(calendar: WorkingCalendar, start: int, end: int) -> int:
    """Working time in [start, end): asks each minute, and cuts the first and the last one."""
    total = 0
    for minute in range(start // MINUTE, -(-end // MINUTE)):
        if _open_minutes(calendar, minute // 60)[minute % 60]:
            total += min(end, (minute + 1) * MINUTE) - max(start, minute * MINUTE)
    return total


class Move(NamedTuple):
    """One change of one field, with the value it says it came from and the value it set."""

    at: int
    source: int | None
    target: int | None
    history_id: int
    item_index: int


Reached = tuple[tuple[int, int, list[tuple[int, int]]], list[Move]]
"""What an order costs (breaks, breaks within an instant, ids) and the order."""


def chained(moves: Iterable[Move], last_known: int | None) -> list[Move]:
    """The order in which changes of one field happened.

    By instant; within one instant so that each starts where the one before ended: fewest breaks (counting where the
    next instant starts, and the current value), fewest of them within an instant, and then by history id and item.
    """
    best: dict[int | None, Reached] = {}
    for _, group in groupby(sorted(moves, key=lambda m: m.at), key=lambda m: m.at):
        best = _extended(best, list(group))
    ends = [((breaks + (value != last_known), *rest), path) for value, ((breaks, *rest), path) in best.items()]
    return min(ends, key=lambda end: end[0])[1] if ends else []


def _extended(best: dict[int | None, Reached], group: list[Move]) -> dict[int | None, Reached]:
    """The cheapest order for each value the changes of one more instant may end in."""
    reached: dict[int | None, Reached] = {}
    for order in permutations(group):
        inner = sum(a.target != b.source for a, b in pairwise(order))
        names = [(m.history_id, m.item_index) for m in order]
        for value, ((breaks, within, before), path) in (best or {order[0].source: ((0, 0, []), [])}).items():
            cost = (breaks + inner + (value != order[0].source), within + inner, before + names)
            end = order[-1].target
            if end not in reached or cost < reached[end][0]:
                reached[end] = (cost, path + list(order))
    return reached
