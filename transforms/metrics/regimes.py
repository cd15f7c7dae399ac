"""Since when a value stream has been working as it does now, and whether it is steady enough to look ahead from.

A regime begins where weekly deliveries or log cycle times change for good, or where the definitions change (METHODS
§2.6). Publishing it belongs to ``current_regimes``; who relies on it reads the date from there.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.stats import kendalltau

from transforms.metrics.weekly_flow import left_count, seed_of
from transforms.statistics.change_points import (
    SHORTEST_SEGMENT,
    Search,
    counts,
    mean_gain,
    poisson_gain,
)
from transforms.statistics.process_behaviour import autocorrelation, is_autocorrelated
from transforms.statistics.rates import MINIMUM_WEEKS, rate_ratio
from transforms.wording import counted

CAUSES = ("history", "deliveries", "cycle_time", "definitions")
"""Why a regime begins where it does: the history itself begins there, or what changed."""

TREND_SIGNIFICANCE = 0.05

ECHO_WEEKS = 6
"""Weeks of cycle times permuted together: what is delivered in neighbouring weeks waited in the same queues."""

TOLERATED_RATIO = 1.1
"""Starting this much more than ends, or the other way round, is not steady."""


class Regime(NamedTuple):
    """First week of a regime, by its place in the series; why it begins there, and how likely chance would show it."""

    place: int
    cause: str
    p_value: float | None


def find_regimes(flow: pl.DataFrame, seed: int, definition_places: tuple[int, ...] = ()) -> list[Regime]:
    """All regimes of one stream, earliest first. ``flow``: its complete weeks, with the columns of ``weekly_flow``.

    Changes of two kinds closer together than a regime lasts at least are one; the later date counts.
    """
    found = [Regime(0, "history", None)]
    found += [Regime(c.place, "deliveries", c.p_value) for c in _deliveries(seed).all_of(_delivered(flow))]
    found += [Regime(c.place, "cycle_time", c.p_value) for c in _cycles(seed).all_of(_log_cycles(flow))]
    found += [Regime(place, "definitions", None) for place in definition_places]
    found.sort(key=lambda regime: regime.place)
    following = [regime.place for regime in found[1:]] + [len(flow) + SHORTEST_SEGMENT]
    return [one for one, after in zip(found, following, strict=True) if after - one.place >= SHORTEST_SEGMENT]


def places_of_days(flow: pl.DataFrame, days: tuple[date, ...]) -> tuple[int, ...]:
    """The first week that lies wholly after each day, for days within the series; ``flow`` as in ``find_regimes``."""
    begins = [int((flow["week_start_date"] < day).sum()) for day in days]
    return tuple(place for place in begins if 0 < place < len(flow))


def regime_seed(value_stream: str) -> int:
    """The seed of a stream's search, alike for whoever asks."""
    return seed_of("regimes", value_stream)


def steady_place(delivered: np.ndarray, seed: int) -> int:
    """Place of the week since which deliveries alone have not changed."""
    change = _deliveries(seed).last_of(counts(delivered))
    return change.place if change else 0


def doubts(flow: pl.DataFrame) -> list[str]:
    """What speaks against looking ahead from these weeks, in words; nothing if they are steady."""
    delivered = flow["delivered_count"].to_numpy()
    if len(flow) < MINIMUM_WEEKS:
        weeks = counted(len(flow), "week")
        return [f"only {weeks} since the last change, {MINIMUM_WEEKS} are needed"]
    return [text for text in (_trend(delivered), _echo(delivered), _imbalance(flow)) if text]


def _deliveries(seed: int) -> Search:
    return Search(poisson_gain, seed)


def _cycles(seed: int) -> Search:
    return Search(mean_gain, seed + 1, ECHO_WEEKS)


def _delivered(flow: pl.DataFrame) -> np.ndarray:
    return counts(flow["delivered_count"].to_numpy())


def _log_cycles(flow: pl.DataFrame) -> np.ndarray:
    """Rows for the search. The overall mean is taken off, which changes nothing but the rounding."""
    cycles = flow.select("cycle_count", "cycle_log_sum").to_numpy().astype(float)
    items = cycles[:, 0].sum()
    cycles[:, 1] -= cycles[:, 0] * (cycles[:, 1].sum() / items if items else 0.0)
    return cycles


def _trend(delivered: np.ndarray) -> str | None:
    """Kendall's test of deliveries against time: no shape is assumed, and one wild week does not decide."""
    if np.ptp(delivered) == 0:
        return None
    tau, p_value = kendalltau(np.arange(len(delivered)), delivered)
    if p_value >= TREND_SIGNIFICANCE:
        return None
    return f"deliveries {'rise' if tau > 0 else 'fall'} within it (trend, p = {p_value:.3f})"


def _echo(delivered: np.ndarray) -> str | None:
    if not is_autocorrelated(delivered):
        return None
    return f"weeks resemble their neighbours (lag-1 autocorrelation {autocorrelation(delivered):.2f})"


def _imbalance(flow: pl.DataFrame) -> str | None:
    """Whether clearly more, or less, is started than ends: then work in progress drifts."""
    ended = flow.select(left_count()).to_series().to_numpy()
    ratio, low, high = rate_ratio(flow["started_count"].to_numpy(), ended)
    if ratio is None or low is None or high is None or (low <= 1 <= high):
        return None
    if 1 / TOLERATED_RATIO <= ratio <= TOLERATED_RATIO:
        return None
    return f"{ratio:.2f} issues are started for each that ends [{low:.2f}, {high:.2f}]"
