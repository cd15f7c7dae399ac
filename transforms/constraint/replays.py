"""Replays worlds and measures what came out: once, relieved, and over many resampled worlds.

Which reliefs are worth asking about is ``reliefs``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from transforms.constraint.engine import run
from transforms.constraint.model import Model, replayed
from transforms.constraint.observed import Observed
from transforms.constraint.world import GATE, WORK, World, rested

HOURS_PER_MONTH_WEEKS = 365.25 / 12 / 7
"""Weeks of a month of 30.44 days."""

Factors = Mapping[int, float]
"""Station to the factor on its work, or a gate's interval; BLOCKED to that on blocked time."""

BLOCKED = -1


@dataclass(frozen=True)
class Outcome:
    """What came out of one replay."""

    delivered: int
    started: int
    presence: float
    """Hours in progress within the horizon, all issues together."""
    wip_end: int
    waited: np.ndarray
    """(K) hours waited in each station."""
    present: np.ndarray
    """(K) hours spent in each station."""
    cycle_p50: float
    """Median hours from start to delivery; NaN when nothing was delivered."""

    @property
    def residence(self) -> float:
        """Hours in progress per issue started, open ones included (METHODS §3.3, H/A)."""
        return self.presence / max(1, self.started)


def replay(world: World, factors: Factors | None = None) -> Outcome:
    """Replay a world with some factors on top of its own."""
    fresh = rested(world)
    for station, factor in (factors or {}).items():
        if station == BLOCKED:
            fresh.header["delay_factor"] *= factor
        else:
            fresh.stages["factor"][station] *= factor
    run(fresh)
    header, cycles = fresh.header[0], fresh.issues["cycle"]
    cycles = cycles[~np.isnan(cycles)]
    return Outcome(
        int(header["delivered"]),
        int(header["started"]),
        float(header["presence"]),
        int(header["in_progress"]),
        fresh.stages["waited"],
        fresh.stages["present"],
        float(np.median(cycles)) if len(cycles) else float("nan"),
    )


# --- calibration

GRID = np.exp(np.linspace(-0.6, 0.6, 13))

WORK_SPREAD = 0.12
"""How far, as a logarithm, the work of a station may plausibly be off."""

STAY_SPREAD = 0.25
"""How far, as a logarithm, a replayed stay may plausibly be off though everything is right."""

SHORT_STAY = 1.0
"""Hours a visit stays below which differences do not matter."""

SWEEPS = 2


def calibrated(model: Model, seed: int) -> Model:
    """Put a factor on the work of each station with which what is known stays there as long as was observed.

    Stays, not waits: whether an issue waits in a queue or in the hands of somebody who does several things at once is
    a habit of the board. Only where limits bound all stays, waits tell more; then nothing is known of a first station
    that is fed from a backlog, where nothing waits.
    """
    seen, is_limited = model.seen, bool(model.limit.any())
    observed = _hours_waited(seen) if is_limited else _hours_present(seen)
    visits = np.bincount(seen.station, minlength=seen.size)
    world, factor = replayed(model, seed), np.ones(seen.size)
    first = 1 if model.is_fed and is_limited else 0
    stations = [k for k in range(first, seen.size) if seen.role[k] == WORK and visits[k]]
    for _ in range(SWEEPS):
        for k in stations:
            wanted = (float(observed[k]), SHORT_STAY * float(visits[k]))
            factor[k] = _best(world, factor, k, wanted, is_limited)
    gates = np.where(seen.role == GATE, 1.0, factor)
    return replace(model, factor=gates)


def _hours_waited(seen: Observed) -> np.ndarray:
    begin, end = seen.queue_span()
    return np.bincount(seen.station, weights=end - begin, minlength=seen.size)


def _hours_present(seen: Observed) -> np.ndarray:
    end = np.where(np.isnan(seen.left), seen.horizon, seen.left)
    stays = np.clip(end, 0, seen.horizon) - np.clip(seen.entered, 0, seen.horizon)
    return np.bincount(seen.station, weights=stays, minlength=seen.size)


def _best(world: World, factor: np.ndarray, k: int, wanted: tuple[float, float], is_limited: bool) -> float:
    """The factor of GRID that explains ``wanted`` (observed hours, hours that do not matter) with the least strain."""
    observed, short = wanted
    strains = []
    for tried in GRID:
        factors = {j: (float(tried) if j == k else float(f)) for j, f in enumerate(factor)}
        outcome = replay(world, factors)
        hours = outcome.waited[k] if is_limited else outcome.present[k]
        miss = np.log((hours + short) / (observed + short)) / STAY_SPREAD
        strains.append(miss**2 + (np.log(tried) / WORK_SPREAD) ** 2)
    return float(GRID[int(np.argmin(strains))])
