"""Observed periods told visit by visit, on a clock of working hours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from transforms.constraint.deliveries import Deliveries
from transforms.constraint.observed import MS_PER_HOUR, Observed, with_roles
from transforms.constraint.world import NONE

DONE, GONE = -1, -2


class Visit(NamedTuple):
    """One visit; ``taken`` and ``left`` are NaN for what had not happened. ``to``: a station, DONE or GONE."""

    issue: int
    station: int
    entered: float
    taken: float
    left: float
    worker: int
    to: int = DONE
    blocked: float = 0.0
    is_return: bool = False
    is_batched: bool = False


def observed(visits: Sequence[Visit], stations: int, *, horizon: float = 400.0, people: int | None = None) -> Observed:
    """The period that these visits make; visits of one issue are one chain, in their order."""
    rows = sorted(visits, key=lambda visit: (visit.issue, visit.entered))
    column = {name: np.array([getattr(row, name) for row in rows]) for name in Visit._fields}
    starts = {row.issue: min(r.entered for r in rows if r.issue == row.issue) for row in rows}
    is_open = np.isnan(column["left"])
    to = np.where(column["to"] == DONE, stations, np.where(column["to"] == GONE, stations + 1, column["to"]))
    count = people if people is not None else int(column["worker"].max()) + 1
    both = [np.concatenate([column[at][column["worker"] == p] for at in ("taken", "left")]) for p in range(count)]
    return with_roles(
        Observed(
            horizon=horizon, week_hours=40.0, day_hours=8.0, weeks=horizon / 40,
            week_edges=np.arange(int(horizon / 40) + 1) * 40.0,
            stations=tuple("ABCDEFG"[:stations]), has_queue=np.ones(stations, bool),
            station=column["station"], chain=np.unique(column["issue"], return_inverse=True)[1], issue=column["issue"],
            entered=column["entered"].astype(float), taken=column["taken"], left=column["left"], done=column["left"],
            is_known=np.ones(len(rows), bool), attention=np.nan_to_num(column["left"] - column["taken"]),
            blocked=column["blocked"], blocked_before=column["blocked"], worker=column["worker"],
            following=np.where(is_open, NONE, to), is_return=column["is_return"],
            chain_started=np.array([starts[row.issue] for row in rows], float), is_batched=column["is_batched"],
            people=np.arange(count), traces=tuple(np.unique(at[~np.isnan(at)]) for at in both),
            away=tuple(np.zeros((0, 2)) for _ in range(count)),
        )
    )  # fmt: skip


def delivered_of(seen: Observed) -> Deliveries:
    """What journeys would tell of the deliveries, where nothing was reopened and every wait has a column."""
    over = np.isin(seen.chain, seen.chain[seen.is_over & (seen.following == seen.size)])
    waits = {
        name: int(seen.waits()[over & (seen.station == k)].sum() * MS_PER_HOUR) for k, name in enumerate(seen.stations)
    }
    cycles = np.sort((seen.cycles() * MS_PER_HOUR).astype(np.int64))
    return Deliveries(cycles, sum(waits.values()), waits)


def served_in_turn(
    arrivals: Sequence[float], work: Sequence[float], workers: int = 1, *, station: int = 0, to: int = DONE,
    away: Sequence[tuple[int, float, float]] = (), pause: float = 0.0, first_worker: int = 0,
) -> list[Visit]:  # fmt: skip
    """Visits of issues served first come, first served; who is away does not start, ``pause`` follows every visit."""
    free, made = [0.0] * workers, []
    for issue, (came, hours) in enumerate(zip(arrivals, work, strict=True)):
        begins = [_begin(max(came, free[p]), p, away) for p in range(workers)]
        p = int(np.argmin(begins))
        end = begins[p] + hours
        free[p] = end + pause
        made.append(Visit(issue, station, came, begins[p], end, first_worker + p, to))
    return made


def _begin(at: float, person: int, away: Sequence[tuple[int, float, float]]) -> float:
    for who, first, last in away:
        if who == person and first <= at < last:
            return last
    return at
