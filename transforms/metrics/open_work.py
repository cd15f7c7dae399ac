"""When work in progress will have left, by what work of its age has done in the current regime (METHODS §5).

Open work is not fresh work: an issue that is 40 days old has the remaining life of 40-day-old issues. That of a single
issue against its service level is ``ageing_work``.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from transforms.metrics.occupancy import epoch_ms
from transforms.metrics.period_tables import MS_PER_DAY
from transforms.statistics.order_statistics import MINIMUM_SAMPLE
from transforms.statistics.survival import Survival, period_kaplan_meier

DRAWN_AT_ONCE = 250
"""Trials kept in memory together."""


def days_until_all_left(
    journeys: pl.DataFrame, begin: datetime, as_of: datetime, trials: int, rng: np.random.Generator
) -> np.ndarray:
    """Days from ``as_of`` until the last open one of ``journeys`` has left, once per trial; infinite if not in sight.

    Each open issue leaves independently by the period curve since ``begin``, given its age. Leaving is being delivered
    or given up: both empty the board. What is gone was watched up to then. 0 where
    nothing is open; infinite below the minimum sample.
    """
    started = epoch_ms(journeys["started_at"])
    is_open = journeys["finished_at"].is_null().to_numpy()
    if not is_open.any():
        return np.zeros(trials)
    now, first = (int(moment.timestamp() * 1000) for moment in (as_of, begin))
    ended = epoch_ms(journeys["finished_at"].fill_null(as_of))
    seen = is_open | (ended >= first)
    entry = np.maximum(first - started[seen] - 1, 0) / MS_PER_DAY
    leave = (ended[seen] - started[seen]) / MS_PER_DAY
    is_event = (~is_open & (journeys["outcome"] != "gone").to_numpy())[seen]
    if is_event.sum() < MINIMUM_SAMPLE[0.5]:
        return np.full(trials, np.inf)
    ages = (now - started[is_open]) / MS_PER_DAY
    return _last_of(period_kaplan_meier(entry, leave, is_event), ages, trials, rng)


def _last_of(curve: Survival, ages: np.ndarray, trials: int, rng: np.random.Generator) -> np.ndarray:
    """Largest remaining life among ``ages``, once per trial.

    A remaining life is where the curve falls below a uniform share of what it is at the issue's age.
    """
    heights = np.concatenate([[1.0], curve.remaining])[np.searchsorted(curve.ages, ages, "right")]
    until = np.append(curve.ages, np.inf)
    found = []
    for begin in range(0, trials, DRAWN_AT_ONCE):
        share = rng.random((min(DRAWN_AT_ONCE, trials - begin), len(ages))) * heights
        place = np.searchsorted(-curve.remaining, -share, "left")
        left = np.where(heights > 0, until[place] - ages, np.inf)
        found.append(left.max(axis=1))
    lives: np.ndarray = np.maximum(np.concatenate(found), 0)
    return lives
