"""Who serves what: absences, time lost to what Jira does not see, habits of choosing, and who shares work with whom.

Numbers of people never leave the calculation; what may be published of them is decided where rows are written.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from transforms.constraint.compiled import compiled
from transforms.constraint.observed import Observed
from transforms.constraint.world import NONE, WORK

LEAST_ABSENCE = 24.0
"""Working hours without a trace below which nobody counts as absent."""

LONG_WORK = 6.0
"""A gap must be longer than this many times the median attention of the person's visits …"""

RARE_SPREADS = 3.0
"""… and than what lies this many of its spreads, as logarithms, above the median: long work is no absence."""

LONG_GAP = 6.0
"""… and than this many times the median gap between their traces."""

WANTED = 0.5
"""Share of a gap for which there must have been work for somebody to have been absent rather than idle."""

REACTION = 2.0
"""Working hours within which whoever is free notices what comes; from then on they are busy with other things."""

OCCASIONAL = 0.05
"""Share of somebody's visits below which they do not serve a station."""

MOST_ABSORBED = 30.0

NO_WORK = 0.02
"""Hours of attention up to which a visit shows nobody at work: it was only recorded."""


def with_absences(seen: Observed) -> Observed:
    """Find when people were away, and take that out of the attention of what they had in hand."""
    away = tuple(_absences(seen, p) for p in range(len(seen.people)))
    attention = seen.attention.copy()
    for p, gaps in enumerate(away):
        mine = np.flatnonzero((seen.worker == p) & ~np.isnan(seen.taken))
        if not len(gaps) or not len(mine):
            continue
        end = np.where(np.isnan(seen.done[mine]), seen.horizon, seen.done[mine])
        lost = sum(_overlap(seen.taken[mine], end, begin, until) for begin, until in gaps)
        whole = np.maximum(end - seen.taken[mine], 1e-9)
        attention[mine] *= np.clip(1 - lost / whole, 0, 1)
    return replace(seen, attention=attention, away=away)


def _overlap(begin: np.ndarray, end: np.ndarray, first: float, last: float) -> np.ndarray:
    overlap: np.ndarray = np.maximum(np.minimum(end, last) - np.maximum(begin, first), 0)
    return overlap


def _absences(seen: Observed, p: int) -> np.ndarray:
    """Stretches of the period in which somebody left no trace for improbably long though there was work for them."""
    traces = seen.traces[p]
    mine = (seen.worker == p) & ~np.isnan(seen.taken)
    inside = traces[traces <= seen.horizon]
    if not len(inside):
        return np.array([[0.0, seen.horizon]])
    gaps = np.diff(inside)
    usual = float(np.median(gaps[gaps > 0.25])) if (gaps > 0.25).any() else 0.0
    work = seen.attention[mine & seen.is_over]
    least = max(LEAST_ABSENCE, _longest_plausible(work), LONG_GAP * usual)
    edges = np.concatenate([[min(0.0, inside[0])], inside, [seen.horizon]])
    long = np.flatnonzero((np.diff(edges) > least) & (edges[1:] > 0))
    found = np.clip(np.stack([edges[long], edges[long + 1]], axis=1), 0, seen.horizon)
    return found[[_is_wanted(seen, mine, begin, end) for begin, end in found]] if len(found) else np.zeros((0, 2))


def _longest_plausible(work: np.ndarray) -> float:
    """Hours beyond which no visit is to be expected of somebody whose visits took ``work`` hours; 0 without any."""
    work = work[work > NO_WORK]
    if not len(work):
        return 0.0
    low, median, high = np.quantile(np.log(work), [0.16, 0.5, 0.84])
    return float(np.exp(median + max(np.log(LONG_WORK), RARE_SPREADS * (high - low) / 2)))


def _is_wanted(seen: Observed, mine: np.ndarray, begin: float, end: float) -> bool:
    """Whether, for most of a stretch, somebody had an issue in hand or one waited in a station they have worked in."""
    moments = np.linspace(begin, end, 18)[1:-1]
    held = mine & seen.is_known & (seen.blocked <= seen.blocked_before)
    done = np.where(np.isnan(seen.done[held]), np.inf, seen.done[held])
    in_hand = ((seen.taken[held] <= moments[:, None]) & (done > moments[:, None])).any(axis=1)
    waiting = [queue_at(seen, int(k), moments) > 0 for k in np.unique(seen.station[mine])]
    return bool(np.mean(np.any([in_hand, *waiting], axis=0)) >= WANTED)


def served(seen: Observed) -> np.ndarray:
    """(P, K) visits of the period that each person finished in each station they serve; 0 for what they do not."""
    counts = np.zeros((len(seen.people), seen.size))
    over = seen.is_over & (seen.worker != NONE) & (seen.attention > NO_WORK)
    np.add.at(counts, (seen.worker[over], seen.station[over]), 1)
    counts[:, seen.role != WORK] = 0
    counts[counts < OCCASIONAL * counts.sum(axis=1, keepdims=True)] = 0
    return counts


STEP = np.dtype([("at", "f8"), ("what", "i8"), ("who", "i8"), ("station", "i8")])
"""Something that happens to a queue or to somebody's hands."""

GONE = np.dtype([("person", "i8"), ("begin", "f8"), ("end", "f8")])

_ENTERS, _TAKEN, _LEAVES, _GIVES_UP, _CLOSES, _OPENS = range(6)

_RANK = np.array([1, 2, 0, 0, 3, 0])
"""At one moment: what leaves, what comes, what is taken up, what is then full."""


def absorbed(seen: Observed, serves: np.ndarray, is_fed: bool, limits: tuple[int, int] = (0, 0)) -> np.ndarray:
    """(P) hours lost to other things per busy hour: free though something had been waiting since before.

    From a backlog nothing can be started while the first station or the stream is full (``limits``, 0: none). Whoever
    becomes free while nothing waits, and soon takes up what comes, loses nothing: that is only a reaction.
    """
    hours = np.zeros((len(serves), 2))
    gone = np.zeros(sum(len(gaps) for gaps in seen.away), GONE)
    if len(gone):
        gone["person"] = np.repeat(np.arange(len(seen.away)), [len(gaps) for gaps in seen.away])
        gone["begin"], gone["end"] = np.concatenate(list(seen.away)).T
    _sweep(_steps(seen, limits if is_fed else (0, 0)), serves > 0, is_fed, seen.horizon, gone, hours)
    share: np.ndarray = np.minimum(hours[:, 1] / np.maximum(hours[:, 0], 1.0), MOST_ABSORBED)
    return share


def _steps(seen: Observed, limits: tuple[int, int]) -> np.ndarray:
    """Everything that happens to queues and people, in order; visits that took no time show nobody at work."""
    work = seen.role[seen.station] == WORK
    taken = work & ~np.isnan(seen.taken) & (seen.worker != NONE) & ~(seen.done <= seen.taken)
    given_up = work & ~taken & ~np.isnan(seen.left)
    parts = [
        _step(seen, _ready_at(seen), work, _ENTERS),
        _step(seen, seen.taken, taken, _TAKEN),
        _step(seen, seen.done, taken & ~np.isnan(seen.done), _LEAVES),
        _step(seen, seen.left, given_up, _GIVES_UP),
        _closings(seen, *limits),
    ]
    steps = np.concatenate(parts)
    ordered: np.ndarray = steps[np.lexsort((_RANK[steps["what"]], steps["at"]))]
    return ordered


def _step(seen: Observed, at: np.ndarray, which: np.ndarray, what: int) -> np.ndarray:
    steps = np.zeros(int(which.sum()), STEP)
    steps["at"], steps["what"] = at[which], what
    steps["who"], steps["station"] = seen.worker[which], seen.station[which]
    return steps


def _ready_at(seen: Observed) -> np.ndarray:
    """When each visit could be taken up: after what was blocked before it was, at the latest when it was or left."""
    until = np.where(np.isnan(seen.taken), np.where(np.isnan(seen.left), seen.horizon, seen.left), seen.taken)
    ready: np.ndarray = np.minimum(seen.entered + seen.blocked_before, until)
    return ready


def _closings(seen: Observed, front: int, whole: int) -> np.ndarray:
    """When the first station, or where that has no limit the whole stream, filled up, and when there was room again."""
    in_front = seen.station == 0
    comes = in_front if front else seen.first_of_chain()
    goes = ~np.isnan(seen.left) & (in_front if front else seen.following >= seen.size)
    at, by = np.concatenate([seen.left[goes], seen.entered[comes]]), np.repeat([-1, 1], [goes.sum(), comes.sum()])
    order = np.lexsort((by, at))
    is_full = np.cumsum(by[order]) >= (front or whole or np.inf)
    turns = np.flatnonzero(np.diff(np.concatenate([[False], is_full]).astype(np.int64)))
    steps = np.zeros(len(turns), STEP)
    steps["at"], steps["what"] = at[order][turns], np.where(is_full[turns], _CLOSES, _OPENS)
    return steps


@compiled
def _sweep(
    steps: np.ndarray, serves: np.ndarray, is_fed: bool, horizon: float, gone: np.ndarray, hours: np.ndarray
) -> None:
    """Book each person's busy and lost hours within the horizon into ``hours`` (P, 2)."""
    people, stations = serves.shape
    queue, hands, patience = np.zeros(stations), np.zeros(people, np.int64), np.full(people, REACTION)
    before = 0.0
    for place in range(len(steps) + 1):
        now = min(steps[place].at, horizon) if place < len(steps) else horizon
        if now > before:
            for p in range(people):
                if hands[p] > 0:
                    hours[p, 0] += now - before
                elif _reach(queue, serves, p, is_fed) > 0 and not _is_gone(gone, p, (before + now) / 2):
                    late = max(0.0, now - before - patience[p])
                    patience[p] = max(0.0, patience[p] - (now - before))
                    share = _reach(queue, serves, p, is_fed) / _rivals(queue, serves, hands, p, is_fed)
                    hours[p, 1] += late * min(1.0, share)
            before = now
        if place == len(steps) or steps[place].at > horizon:
            break
        k, p, what = steps[place].station, steps[place].who, steps[place].what
        if what == _ENTERS:
            queue[k] += 1
        elif what in (_CLOSES, _OPENS):
            is_fed = what == _OPENS
        elif what == _TAKEN:
            queue[k] -= 1
            hands[p] += 1
        elif what == _LEAVES:
            hands[p] -= 1
            if hands[p] == 0:
                patience[p] = 0.0 if _reach(queue, serves, p, is_fed) > 0 else REACTION
        else:
            queue[k] -= 1


@compiled
def _reach(queue: np.ndarray, serves: np.ndarray, p: int, is_fed: bool) -> float:
    """How much waits for a person."""
    total = 1e9 if is_fed and serves[p, 0] else 0.0
    for k in range(len(queue)):
        if serves[p, k] and queue[k] > 0:
            total += queue[k]
    return total


@compiled
def _rivals(queue: np.ndarray, serves: np.ndarray, hands: np.ndarray, p: int, is_fed: bool) -> float:
    """Free people, the person among them, who could take something of what waits for the person."""
    count = 0.0
    for other in range(len(hands)):
        if hands[other] == 0:
            for k in range(len(queue)):
                if serves[other, k] and serves[p, k] and (queue[k] > 0 or (k == 0 and is_fed)):
                    count += 1
                    break
    return max(count, 1.0)


@compiled
def _is_gone(gone: np.ndarray, p: int, at: float) -> bool:
    is_gone = False
    for place in range(len(gone)):
        is_gone |= gone[place].person == p and gone[place].begin <= at < gone[place].end
    return is_gone


def queue_at(seen: Observed, k: int, at: np.ndarray) -> np.ndarray:
    """How many visits waited in a station just before each instant."""
    here = seen.station == k
    begin = np.sort(_ready_at(seen)[here])
    until = np.where(np.isnan(seen.taken), seen.left, seen.taken)[here]
    end = np.sort(until[~np.isnan(until)])
    waiting: np.ndarray = np.searchsorted(begin, at, "left") - np.searchsorted(end, at, "left")
    return waiting


def habits(seen: Observed, serves: np.ndarray, is_fed: bool) -> np.ndarray:
    """(P, K) weights with which people choose where work waits: how often they took it when there was a choice."""
    weights = np.where(serves > 0, 1.0, 0.0)
    taken = (seen.taken > 0) & (seen.worker != NONE) & (seen.role[seen.station] == WORK)
    at, k, p = seen.taken[taken], seen.station[taken], seen.worker[taken]
    waiting = np.stack([queue_at(seen, j, at) for j in range(seen.size)], axis=1) > 0
    if is_fed:
        waiting[:, 0] = True
    waiting[np.arange(len(at)), k] = True
    could = waiting & (serves[p] > 0)
    had_choice = could.sum(axis=1) > 1
    won = np.bincount(k[had_choice], minlength=seen.size)
    met = could[had_choice].sum(axis=0)
    share = (won + 1.0) / (met + 2.0)
    weighted: np.ndarray = weights * share
    return weighted


SHARED = 0.5
"""Share of a station's visits that people of another finish from which the two have the same people."""


def pools(serves: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """Groups of stations that are served by the same people, each of two stations and more."""
    stations = serves.shape[1]
    total = np.maximum(serves.sum(axis=0), 1e-9)
    group = list(range(stations))
    for i in range(stations):
        for j in range(i + 1, stations):
            both = (serves[:, i] > 0) & (serves[:, j] > 0)
            if (serves[both][:, [i, j]].sum(axis=0) / total[[i, j]] >= SHARED).all():
                old, new = group[j], group[i]
                group = [new if g == old else g for g in group]
    members = [tuple(k for k in range(stations) if group[k] == g) for g in dict.fromkeys(group)]
    return tuple(m for m in members if len(m) > 1)
