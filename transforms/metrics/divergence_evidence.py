"""What two quarters of weeks up to a moment say of a stream. By which rule that is judged is said in ``divergence``."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from transforms.metrics.divergence import COMPARED_WEEKS, Evidence
from transforms.metrics.occupancy import Occupancy, epoch_ms
from transforms.metrics.period_tables import MS_PER_DAY
from transforms.metrics.weekly_flow import seed_of
from transforms.statistics.bootstrap import resample_weights, slope, weighted_medians
from transforms.statistics.order_statistics import MINIMUM_SAMPLE, Estimate
from transforms.statistics.rates import UNKNOWN, rate_ratio
from transforms.workflow import Workflow

DRAWS = 200

MOST_UNDEFINED = 0.025
"""Share of draws without a median up to which the interval's upper end exists."""


class Stream(NamedTuple):
    """Instants of one stream in epoch ms. ``started`` and ``ended`` belong together; what is open ends after as_of."""

    started: np.ndarray
    ended: np.ndarray
    is_delivered: np.ndarray
    delivered: np.ndarray
    code_done: np.ndarray
    zone: ZoneInfo


class Sources:
    """The streams of a site, looked up by name."""

    def __init__(
        self, journeys: pl.DataFrame, pieces: pl.DataFrame, stages: pl.DataFrame, workflow: Workflow, as_of: datetime
    ) -> None:
        """``journeys`` of ``flow_journeys``, ``pieces`` of ``stage_pieces``, ``stages`` of core."""
        self._journeys, self._pieces, self._stages = journeys, pieces, stages
        self._zones = {stream.name: ZoneInfo(stream.calendar.zone) for stream in workflow.streams}
        self._as_of = as_of
        self._known: dict[str, Stream] = {}

    def __getitem__(self, name: str) -> Stream:
        """The stream of that name."""
        if name not in self._known:
            self._known[name] = self._stream(name)
        return self._known[name]

    @cached_property
    def _code_done(self) -> pl.DataFrame:
        """First arrival of each issue at a stage after the first in which somebody works: value_stream, at."""
        walk = self._stages.filter(pl.col.is_committed & ~pl.col.is_terminal)
        coding = walk.filter("has_active").group_by("value_stream").agg(coding=pl.col.stage_order.min())
        after = walk.join(coding, on="value_stream").filter(pl.col.stage_order > pl.col.coding)
        arrivals = self._pieces.join(after.select("value_stream", "stage_name"), on=["value_stream", "stage_name"])
        return (
            arrivals.filter(pl.col.pass_number == 1)
            .group_by("value_stream", "issue_id")
            .agg(at=pl.col.entered_at.min())
        )

    def _stream(self, name: str) -> Stream:
        own = pl.col.value_stream.cast(pl.String) == name
        journeys = self._journeys.filter(own)
        held = journeys.filter("is_in_flow").sort("started_at")
        delivered = journeys.filter(pl.col.outcome == "delivered")["finished_at"].sort()
        return Stream(
            epoch_ms(held["started_at"]), epoch_ms(held["finished_at"].fill_null(self._as_of + timedelta(days=1))),
            (held["outcome"] == "delivered").to_numpy(), epoch_ms(delivered),
            epoch_ms(self._code_done.filter(own)["at"].sort()), self._zones[name],
        )  # fmt: skip


def gather(sources: Sources, name: str, ends_at: datetime) -> Evidence | None:
    """Evidence of the 26 complete weeks up to ``ends_at``; None where the stream's work does not go back so far."""
    stream = sources[name]
    monday = _monday(ends_at, stream.zone)
    days = _midnights(monday, stream.zone)
    if not len(stream.started) or stream.started[0] > days[7]:
        return None
    weeks, middle = days[::7], COMPARED_WEEKS * 7
    proxies = {"starts": stream.started, "code_done": stream.code_done}
    ratios = {proxy: _ratio(at, weeks) for proxy, at in proxies.items()}
    known = [proxy for proxy in proxies if ratios[proxy].low is not None]
    proxy = max(known, key=lambda one: ratios[one].low or 0.0) if known else None
    rng = np.random.default_rng(seed_of("divergence", name, monday))
    medians, cycle_ratio = _medians(stream, days[0], days[middle], days[-1], rng)
    wip = np.diff(Occupancy(stream.started, stream.ended).standing(days[middle:]))
    slope_per_day = slope(wip, 7, DRAWS, rng)
    return Evidence(
        (monday - timedelta(weeks=COMPARED_WEEKS)).date(), proxy,
        _halves(proxies[proxy], weeks) if proxy else (None, None), _halves(stream.delivered, weeks),
        ratios[proxy] if proxy else UNKNOWN, _ratio(stream.delivered, weeks), medians, cycle_ratio,
        Estimate(*(None if end is None else 7 * end for end in slope_per_day)),
    )  # fmt: skip


def _monday(at: datetime, zone: ZoneInfo) -> datetime:
    """Local midnight of the Monday with which the last complete week ends."""
    day = at.astimezone(zone).date()
    return datetime.combine(day - timedelta(days=day.weekday()), time(), zone)


def _midnights(monday: datetime, zone: ZoneInfo) -> np.ndarray:
    """Local midnights of the 26 weeks up to ``monday`` and that one, in epoch ms."""
    days = range(-2 * COMPARED_WEEKS * 7, 1)
    at = (datetime.combine(monday.date() + timedelta(days=day), time(), zone) for day in days)
    return np.array([int(moment.timestamp() * 1000) for moment in at])


def _counts(at: np.ndarray, weeks: np.ndarray) -> np.ndarray:
    counts: np.ndarray = np.diff(np.searchsorted(at, weeks, "left"))
    return counts


def _ratio(at: np.ndarray, weeks: np.ndarray) -> Estimate:
    counts = _counts(at, weeks)
    return rate_ratio(counts[COMPARED_WEEKS:], counts[:COMPARED_WEEKS])


def _halves(at: np.ndarray, weeks: np.ndarray) -> tuple[int, int]:
    counts = _counts(at, weeks)
    return int(counts[:COMPARED_WEEKS].sum()), int(counts[COMPARED_WEEKS:].sum())


def _medians(
    stream: Stream, begin: int, middle: int, end: int, rng: np.random.Generator
) -> tuple[tuple[float | None, float | None], Estimate]:
    """Period medians in days of both halves, and their ratio with its bootstrap interval by week of start."""
    before, after = (_drawn(stream, *window, rng) for window in ((begin, middle), (middle, end)))
    points = tuple(float(drawn[0]) if len(drawn) and np.isfinite(drawn[0]) else None for drawn in (before, after))
    if points[0] is None or points[1] is None:
        return (points[0], points[1]), UNKNOWN
    with np.errstate(invalid="ignore"):
        ratios = after[1:] / before[1:]
    ratios = np.sort(np.where(np.isnan(ratios), np.inf, ratios))
    low = float(np.quantile(ratios, 0.025, method="lower"))
    high = float(np.quantile(ratios, 1 - MOST_UNDEFINED, method="higher"))
    interval = (low if np.isfinite(low) else None, high if np.isfinite(high) else None)
    return (points[0], points[1]), Estimate(points[1] / points[0], *interval)


def _drawn(stream: Stream, begin: int, end: int, rng: np.random.Generator) -> np.ndarray:
    """Median of the window's curve as it is, then of every bootstrap draw; empty below the minimum sample."""
    seen = (stream.started < end) & (stream.ended >= begin)
    started, ended = stream.started[seen], stream.ended[seen]
    is_event = stream.is_delivered[seen] & (ended < end)
    if is_event.sum() < MINIMUM_SAMPLE[0.5]:
        return np.zeros(0)
    entry = np.maximum(begin - started - 1, 0) / MS_PER_DAY
    leave = (np.minimum(ended, end) - started) / MS_PER_DAY
    weeks, cohort = np.unique((started - begin) // (7 * MS_PER_DAY), return_inverse=True)
    weights = np.concatenate([np.ones((1, len(weeks)), np.int64), resample_weights(len(weeks), DRAWS, rng)])
    return weighted_medians(entry, leave, is_event, cohort, weights)
