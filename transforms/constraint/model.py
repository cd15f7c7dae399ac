"""From what a period shows to a world that can be replayed: samples of work, routes, people, gates, limits, arrivals.

A world may repeat what is known issue by issue, or draw everything anew (``resampled``), weeks of arrivals as blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.constraint import world as w
from transforms.constraint.censoring import as_if_known
from transforms.constraint.observed import Observed, openings
from transforms.constraint.people import absorbed, habits, pools, served
from transforms.constraint.world import GATE, NONE, WORK, World

FEW = 8
"""Visits below which a station's returns are not told from its first visits."""

SPARE = 400
"""Issues the backlog may hold beyond three times those that were started."""


@dataclass(frozen=True)
class Model:
    """Everything a world is built from, for one value stream and period."""

    seen: Observed
    is_fed: bool
    serves: np.ndarray
    """(P, K) weights."""
    absorbed: np.ndarray
    pools: tuple[tuple[int, ...], ...]
    limit: np.ndarray
    """(K) 0: none."""
    wip_limit: int
    holds_people: bool
    gate: np.ndarray
    """(K, 3) first opening, interval, share that passes."""
    work: tuple[np.ndarray, ...]
    """2K samples of hours: first visits, then returns."""
    delay: tuple[np.ndarray, ...]
    """K samples of blocked hours."""
    following: np.ndarray
    """(2K, K + 2) counts of what followed a visit."""
    factor: np.ndarray
    """(K) calibration: factor on the work."""


def model_of(seen: Observed, is_fed: bool, limit: np.ndarray, wip_limit: int = 0, holds_people: bool = False) -> Model:
    """Fit a model to a period."""
    counts = served(seen)
    return Model(
        seen=seen,
        is_fed=is_fed,
        serves=habits(seen, counts, is_fed),
        absorbed=absorbed(seen, counts, is_fed, (int(limit[:1].sum()), wip_limit)),
        pools=pools(counts),
        limit=limit,
        wip_limit=wip_limit,
        holds_people=holds_people,
        gate=np.array([_gate(seen, k) for k in range(seen.size)]).reshape(seen.size, 3),
        work=tuple(_work(seen, row) for row in range(2 * seen.size)),
        delay=tuple(seen.blocked[seen.is_over & (seen.station == k)] for k in range(seen.size)),
        following=_following(seen),
        factor=np.ones(seen.size),
    )


def _gate(seen: Observed, k: int) -> tuple[float, float, float]:
    if seen.role[k] != GATE:
        return 0.0, 0.0, 0.0
    at = openings(seen, k)
    over = seen.is_over & (seen.station == k)
    return float(at[0]), float((at[-1] - at[0]) / (len(at) - 1)), float(1 - seen.is_batched[over].mean())


def _work(seen: Observed, row: int) -> np.ndarray:
    """Hours of visits that ended in the period; of gates, how long it took what did not wait for them."""
    k, is_return = row % seen.size, row >= seen.size
    over = seen.is_over & (seen.station == k)
    if seen.role[k] == WORK:
        hours = seen.attention
    else:
        hours = np.maximum(seen.left - seen.entered - seen.blocked, 0)
        over = over & ~seen.is_batched if seen.role[k] == GATE else over
    alike = over & (seen.is_return == is_return)
    chosen = alike if alike.sum() >= FEW else over
    return as_if_known(hours[chosen], seen.is_known[chosen] | (seen.role[k] != WORK))


def _following(seen: Observed) -> np.ndarray:
    counts = np.zeros((2 * seen.size, seen.size + 2))
    over = seen.is_over
    np.add.at(counts, (seen.station[over] + seen.size * seen.is_return[over], seen.following[over]), 1)
    for k in range(seen.size):
        if counts[seen.size + k].sum() < FEW:
            counts[seen.size + k] += counts[k]
        if counts[k].sum() == 0:
            counts[k, -1] = counts[seen.size + k, -1] = 1
    return counts


# --- worlds


def replayed(model: Model, seed: int) -> World:
    """The world in which every issue comes when it came, and does what it is known to have done."""
    first = np.flatnonzero(model.seen.first_of_chain())
    order = first[np.argsort(_arrival_rank(model.seen, first), kind="stable")]
    outside, inside = _split(model, order)
    issues, known = _issues(model, outside, inside, len_known=None)
    return _world(model, issues, known, len(outside), model.work, model.delay, model.following, seed)


def resampled(model: Model, seed: int) -> World:
    """A world that might as well have been: weeks of arrivals, hours of work, blocked time and routes drawn anew."""
    rng = np.random.default_rng(seed)
    seen = model.seen
    first = np.flatnonzero(seen.first_of_chain())
    order = first[np.argsort(_arrival_rank(seen, first), kind="stable")]
    outside, _ = _split(model, order)
    before = outside[seen.entered[outside] <= 0]
    fresh = outside[seen.entered[outside] > 0]
    came, stage = _weeks_again(seen, fresh, rng)
    issues, known = _issues(model, before, np.zeros(0, np.int64), len_known=1, came=came, stage=stage)
    work = tuple(_again(sample, rng) for sample in model.work)
    delay = tuple(_again(sample, rng) for sample in model.delay)
    following = np.array([rng.multinomial(int(n.sum()), n / n.sum()) for n in model.following])
    return _world(model, issues, known, len(before) + len(came), work, delay, following, seed)


def _again(sample: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return sample[rng.integers(0, len(sample), len(sample))] if len(sample) else sample


def _arrival_rank(seen: Observed, first: np.ndarray) -> np.ndarray:
    """Order of arrival; of what was there before, what somebody worked on comes before what waited."""
    in_hand = ~np.isnan(seen.taken[first]) & (seen.taken[first] <= 0)
    before = np.where(in_hand, -1e9, 0.0) + seen.entered[first] - 1e6
    rank: np.ndarray = np.where(seen.entered[first] > 0, seen.entered[first], before)
    return rank


def _split(model: Model, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First visits of chains that come from outside, and of those that people took from the backlog."""
    seen = model.seen
    created = model.is_fed & (seen.station[order] == 0) & (seen.entered[order] > 0)
    return order[~created], order[created]


def _weeks_again(seen: Observed, fresh: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Arrivals of as many weeks drawn again: when, and at which station."""
    weeks = max(1, int(np.ceil(seen.horizon / seen.week_hours)))
    week = np.minimum((seen.entered[fresh] / seen.week_hours).astype(np.int64), weeks - 1)
    came, stage = [np.zeros(0)], [np.zeros(0, np.int64)]
    for number, drawn in enumerate(rng.integers(0, weeks, weeks)):
        mine = fresh[week == drawn]
        came.append(seen.entered[mine] + (number - drawn) * seen.week_hours)
        stage.append(seen.station[mine])
    at, where = np.concatenate(came), np.concatenate(stage)
    kept = (at > 0) & (at < seen.horizon)
    order = np.argsort(at[kept], kind="stable")
    return at[kept][order], where[kept][order]


def _issues(
    model: Model, outside: np.ndarray, inside: np.ndarray, len_known: int | None,
    came: np.ndarray | None = None, stage: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Records of issues that come from outside, then room for those taken from the backlog; and their known visits."""
    seen = model.seen
    extra = len(came) if came is not None else 0
    spare = 3 * int((seen.first_of_chain() & (seen.entered > 0)).sum()) + SPARE if model.is_fed else 0
    issues = w.no_issues(len(outside) + extra + max(spare, len(inside)))
    n = len(outside)
    issues["arrives"][:n] = np.maximum(seen.entered[outside], 0)
    issues["started"][:n] = seen.chain_started[outside]
    issues["entered"][:n] = seen.entered[outside]
    issues["heading"][:n] = seen.station[outside]
    if came is not None and stage is not None:
        issues["arrives"][n : n + extra] = issues["started"][n : n + extra] = issues["entered"][n : n + extra] = came
        issues["heading"][n : n + extra] = stage
    places = np.concatenate([np.arange(n), n + extra + np.arange(len(inside))])
    return issues, _known(model, issues, np.concatenate([outside, inside]), places, len_known)


def _known(
    model: Model, issues: np.ndarray, first: np.ndarray, places: np.ndarray, len_known: int | None
) -> np.ndarray:
    """Visits that are known of the chains beginning at ``first``; written into ``issues`` at ``places``."""
    seen = model.seen
    bounds = np.append(np.flatnonzero(seen.first_of_chain()), len(seen.chain))
    ends = bounds[np.searchsorted(bounds, first, "right")]
    lengths = ends - first if len_known is None else np.minimum(ends - first, len_known)
    rows = np.repeat(first - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(lengths.sum())
    known = np.zeros(len(rows), w.KNOWN)
    known["stage"] = seen.station[rows]
    known["work"], known["delay"] = _remaining(seen, rows)
    issues["known_from"][places] = np.cumsum(lengths) - lengths
    issues["known_to"][places] = np.cumsum(lengths)
    last = seen.following[ends - 1]
    is_whole = lengths == ends - first
    issues["fate"][places] = np.where(is_whole & (last >= seen.size), last, NONE)
    return known


def _remaining(seen: Observed, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hours of attention and blocked hours after the period's beginning; below 0 where the visit did not end in it."""
    left, done, taken, entered = seen.left[rows], seen.done[rows], seen.taken[rows], seen.entered[rows]
    begin = np.where(np.isnan(taken), entered, taken)
    whole = np.maximum(done - begin, 1e-9)
    share = np.where(begin < 0, np.clip(done / whole, 0, 1), 1.0)
    is_work = seen.role[seen.station[rows]] == WORK
    hours = np.where(is_work, seen.attention[rows], np.maximum(left - entered - seen.blocked[rows], 0)) * share
    hours = np.where(np.isnan(left) | (is_work & ~seen.is_known[rows]), -1.0, hours)
    blocked = np.where(
        np.isnan(left),
        -1.0,
        np.where(entered < 0, np.minimum(seen.blocked[rows], np.maximum(left, 0)), seen.blocked[rows]),
    )
    blocked = np.where((entered < 0) & (taken < 0), 0.0, blocked)
    return hours, blocked


def _world(
    model: Model, issues: np.ndarray, known: np.ndarray, arrivals: int, work: tuple[np.ndarray, ...],
    delay: tuple[np.ndarray, ...], following: np.ndarray, seed: int,
) -> World:  # fmt: skip
    seen = model.seen
    stages = _stages(model, work, delay)
    draws = np.concatenate([*work, *delay, np.zeros(1)])
    people, away = _people(model)
    header = np.zeros(1, w.HEADER)
    header["horizon"], header["wip_limit"], header["is_fed"] = seen.horizon, model.wip_limit, model.is_fed
    header["holds_people"], header["delay_factor"], header["seed"] = model.holds_people, 1.0, seed
    header["arrivals"] = arrivals
    route = np.cumsum(following / np.maximum(following.sum(axis=1, keepdims=True), 1), axis=1)
    events = w.no_events(len(issues), len(people), len(stages))
    serves = np.ascontiguousarray(model.serves, dtype=float)
    return World(header, stages, people, issues, known, events, route, serves, draws, away)


def _stages(model: Model, work: tuple[np.ndarray, ...], delay: tuple[np.ndarray, ...]) -> np.ndarray:
    size = model.seen.size
    stages = np.zeros(size, w.STAGE)
    ends = np.cumsum([len(sample) for sample in (*work, *delay)])
    begins = np.concatenate([[0], ends[:-1]])
    for name, first in (("work", 0), ("again", size), ("delay", 2 * size)):
        stages[f"{name}_from"], stages[f"{name}_to"] = begins[first : first + size], ends[first : first + size]
    stages["role"], stages["limit"], stages["factor"] = model.seen.role, model.limit, model.factor
    stages["gate_first"], stages["gate_every"], stages["gate_passes"] = model.gate.T
    for name in ("head", "tail", "door_head", "door_tail"):
        stages[name] = NONE
    return stages


def _people(model: Model) -> tuple[np.ndarray, np.ndarray]:
    away = [gaps for gaps in model.seen.away if len(gaps)]
    lengths = np.array([len(gaps) for gaps in model.seen.away], dtype=np.int64)
    people = np.zeros(len(model.seen.people), w.PERSON)
    people["absorbed"], people["at"] = model.absorbed, NONE
    people["away_to"] = np.cumsum(lengths)
    people["away"] = people["away_to"] - lengths
    return people, np.concatenate(away) if away else np.zeros((0, 2))
