"""Every cheap indicator of every station in a period (METHODS §3.2): what a sceptic looks at beside a verdict.

None of them decides; one of them must agree before a verdict counts as strong.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import gamma

from transforms.constraint.model import Model
from transforms.constraint.observed import Observed
from transforms.constraint.people import served
from transforms.constraint.world import GATE, NONE, WORK
from transforms.metrics.trailing import MINIMUM_SATURATED_DEPARTURES
from transforms.statistics.order_statistics import percentile

ROLE_NAMES = ("work", "gate", "delay")

NET_DRAWS = 200

COUPLED = 0.1
"""Working hours within which an exit follows another that freed a place."""

Row = dict[str, object]


def indicators(model: Model, seed: int) -> list[Row]:
    """One row per station, in the order of the walk; columns of ConstraintEvidence but for its keys."""
    seen = model.seen
    runs = [saturated_runs(seen, k) for k in range(seen.size)]
    saturation = np.array([float(np.sum(run[:, 1] - run[:, 0])) / seen.horizon for run in runs])
    momentary = momentary_shares(runs, _is_busy_by_nature(model), seen.horizon)
    fullness = np.where((np.arange(seen.size) == 0) & model.is_fed, 1.0, saturation)
    counts, rng = served(seen), np.random.default_rng(seed)
    rows = []
    for k in range(seen.size):
        row: Row = {
            "stage_name": seen.stations[k],
            "stage_order": k,
            "role": ROLE_NAMES[seen.role[k]],
            "is_service_start_inferred": bool(seen.role[k] == WORK and not seen.has_queue[k]),
            "pool_name": next((name_of(seen, pool) for pool in model.pools if k in pool), None),
            "saturation_share": float(saturation[k]),
            "momentary_share": None if momentary is None else float(momentary[k]),
            "full_empty_score": float(fullness[k] * (1 - saturation[k + 1 :].max(initial=0.0))),
            "calibration_ratio": float(model.factor[k]) if seen.role[k] == WORK else None,
            "gate_interval_working_days": None,
        }
        rows.append(
            row | _flow(seen, k, rng) | _waits(seen, k) | _capacity(seen, k, runs[k]) | _people(model, counts, k)
        )
    return rows


def name_of(seen: Observed, stations: tuple[int, ...]) -> str:
    """Stations joined by +, in the order of the walk."""
    return "+".join(seen.stations[k] for k in stations)


def _is_busy_by_nature(model: Model) -> np.ndarray:
    """Gates, and the front of a stream that is fed from a backlog, always have something waiting."""
    front = np.arange(model.seen.size) == 0
    natural: np.ndarray = (model.seen.role != WORK) | (front & model.is_fed)
    return natural


def saturated_runs(seen: Observed, k: int) -> np.ndarray:
    """(n, 2) stretches within the period in which something waited in a station."""
    begin, end = seen.queue_span()
    here = (seen.station == k) & (end > begin)
    order = np.argsort(begin[here], kind="stable")
    begin, end = begin[here][order], end[here][order]
    if not len(begin):
        return np.zeros((0, 2))
    reach = np.maximum.accumulate(end)
    first = np.flatnonzero(np.concatenate([[True], begin[1:] > reach[:-1]]))
    last = np.append(first[1:], len(begin)) - 1
    return np.stack([begin[first], reach[last]], axis=1)


def momentary_shares(runs: list[np.ndarray], is_left_out: np.ndarray, horizon: float) -> np.ndarray | None:
    """Share of the time in which each station's saturated run was the longest one going on; None without any run."""
    places = [(run, k) for k, found in enumerate(runs) if not is_left_out[k] for run in found]
    if not places:
        return None
    edges = np.unique(np.concatenate([run for run, _ in places]))
    owner, longest = np.full(len(edges) - 1, NONE), np.zeros(len(edges) - 1)
    for run, k in places:
        first, last = np.searchsorted(edges, run)
        span = slice(first, last)
        is_longer = longest[span] < run[1] - run[0]
        owner[span] = np.where(is_longer, k, owner[span])
        longest[span] = np.maximum(longest[span], run[1] - run[0])
    held = owner != NONE
    shares: np.ndarray = np.bincount(owner[held], weights=np.diff(edges)[held], minlength=len(runs)) / horizon
    return shares


def _flow(seen: Observed, k: int, rng: np.random.Generator) -> Row:
    here = seen.station == k
    came, over = here & (seen.entered >= 0), here & seen.is_over
    edges, whole = seen.week_edges, len(seen.week_edges) - 1
    net = np.histogram(seen.entered[came], edges)[0] - np.histogram(seen.left[over], edges)[0]
    drawn = net[rng.integers(0, whole, (NET_DRAWS, whole))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    end = np.where(np.isnan(seen.left), seen.horizon, seen.left)
    there = np.clip(end, 0, seen.horizon) - np.clip(seen.entered, 0, seen.horizon)
    begin, until = seen.queue_span()
    presence = float(there[here].sum())
    return {
        "item_count": len(np.unique(seen.issue[here])),
        "arrivals_per_week": came.sum() / seen.weeks,
        "departures_per_week": over.sum() / seen.weeks,
        "net_flow_per_week": float(net.mean()),
        "net_flow_per_week_low": float(min(low, net.mean())),
        "net_flow_per_week_high": float(max(high, net.mean())),
        "wip_mean": presence / seen.horizon,
        "queue_mean": float((until - begin)[here].sum()) / seen.horizon,
        "batch_exit_share": _ratio((over & seen.is_batched).sum(), over.sum()),
        "blocked_share": _ratio(float(np.minimum(seen.blocked, there)[here].sum()), presence),
        "rework_in_share": _ratio((came & seen.is_return).sum(), came.sum()),
        "coupling_downstream_share": coupling(seen, k),
        "service_working_hours_mean": _mean(seen.attention[over & seen.is_known]),
    }


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _ratio(part: float, whole: float) -> float | None:
    return float(part) / float(whole) if whole > 0 else None


def coupling(seen: Observed, k: int) -> float | None:
    """Share of exits from a station that came just after an exit from where they went."""
    moved = seen.is_over & (seen.station == k) & (seen.following < seen.size) & (seen.following != k)
    if not moved.any():
        return None
    hits = 0
    for to in np.unique(seen.following[moved]):
        freed = np.sort(seen.left[seen.is_over & (seen.station == to)])
        at = seen.left[moved & (seen.following == to)]
        if not len(freed):
            continue
        place = np.searchsorted(freed, at + 1e-9, "right") - 1
        hits += int(((place >= 0) & (at - freed[np.maximum(place, 0)] <= COUPLED)).sum())
    return hits / int(moved.sum())


def _waits(seen: Observed, k: int) -> Row:
    over = seen.is_over & (seen.station == k)
    days, waits = seen.day_hours, seen.waits()
    done = np.isin(seen.chain, seen.chain[seen.is_over & (seen.following == seen.size)])
    cycles = float(seen.cycles().sum())
    return {
        "wait_working_days_p50": _scaled(percentile(waits[over], 0.5).value, days),
        "wait_working_days_p85": _scaled(percentile(waits[over], 0.85).value, days),
        "wait_of_cycle_share": _ratio(float(waits[done & (seen.station == k)].sum()), cycles),
    }


def _scaled(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit


def _capacity(seen: Observed, k: int, runs: np.ndarray) -> Row:
    """Exits a week while something waited, taken for Poisson; load."""
    exits = seen.left[seen.is_over & (seen.station == k)]
    saturated = float((runs[:, 1] - runs[:, 0]).sum())
    place = np.searchsorted(runs[:, 0], exits, "left") - 1
    busy = int((exits[place >= 0] <= runs[place[place >= 0], 1]).sum()) if len(runs) else 0
    names = [f"capacity_per_week_saturated{end}" for end in ("", "_low", "_high")]
    if busy < MINIMUM_SATURATED_DEPARTURES or saturated <= 0:
        return dict.fromkeys((*names, "load_ratio"))
    unit = seen.horizon / seen.weeks / saturated
    arrivals = float(((seen.station == k) & (seen.entered >= 0)).sum()) / seen.weeks
    low, high = gamma.ppf(0.025, busy), gamma.ppf(0.975, busy + 1)
    return dict(zip(names, (busy * unit, low * unit, high * unit), strict=True)) | {
        "load_ratio": arrivals / (busy * unit)
    }


def _people(model: Model, counts: np.ndarray, k: int) -> Row:
    """What tells of people; hidden from small teams where rows are published."""
    seen = model.seen
    mine = np.flatnonzero(counts[:, k] > 0)
    row: Row = dict.fromkeys(("utilisation_share", "people_count", "top_exit_share", "availability_share"))
    if not len(mine):
        return row
    there = sum(seen.horizon - float((seen.away[p][:, 1] - seen.away[p][:, 0]).sum()) for p in mine)
    over = seen.is_over & np.isin(seen.worker, mine)
    return {
        "utilisation_share": min(1.0, _ratio(float(seen.attention[over].sum()), there) or 0.0),
        "people_count": len(mine),
        "top_exit_share": float(counts[:, k].max() / counts[:, k].sum()),
        "availability_share": float(np.mean(1 / (1 + model.absorbed[mine]))),
    }


def supports(rows: list[Row], stations: tuple[int, ...]) -> bool:
    """Whether load, full-and-empty or utilisation is highest in one of the stations."""
    for name in ("load_ratio", "full_empty_score", "utilisation_share"):
        values = np.array([np.nan if row[name] is None else float(str(row[name])) for row in rows])
        if not np.isnan(values).all() and int(np.nanargmax(values)) in stations:
            return True
    return any(rows[k]["role"] == ROLE_NAMES[GATE] for k in stations if k >= 0)
