"""What the journeys tell of the work that was delivered in each period: what a verdict says of cycle time and waiting.

The replay cuts the same work into visits of its own (``visits``); its figures are never told as those of the journeys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from transforms.metrics.period_tables import PERIOD_KEY
from transforms.metrics.slots import events_in_periods

PeriodKey = tuple[str, ...]
"""Values of PERIOD_KEY."""


@dataclass(frozen=True)
class Deliveries:
    """Really started work delivered in one period, from its first start to its finish, in working milliseconds."""

    cycles: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """Ascending."""
    waited: int = 0
    waited_by_station: Mapping[str, int] = field(default_factory=dict)
    """Waiting after the start in the stages of each station; what was waited elsewhere is in none."""

    @property
    def count(self) -> int:
        """Deliveries."""
        return len(self.cycles)


def deliveries_by_period(
    journeys: pl.DataFrame, person_intervals: pl.DataFrame, stations: pl.DataFrame, grid: pl.DataFrame
) -> dict[PeriodKey, Deliveries]:
    """The deliveries of every stream and period that has any; ``stations`` are those of ``stations_of``."""
    finished = events_in_periods(journeys.filter(pl.col.cycle_ms.is_not_null()), "finished_at", grid)
    sums = finished.group_by(PERIOD_KEY).agg(pl.col.cycle_working_ms.sort(), pl.col.wait_working_ms.sum())
    waits = _waits(finished, person_intervals, stations)
    return {
        (key := period_key(row)): Deliveries(
            np.array(row["cycle_working_ms"], dtype=np.int64), row["wait_working_ms"], waits.get(key, {})
        )
        for row in sums.to_dicts()
    }


def period_key(row: Mapping[str, object]) -> PeriodKey:
    """The stream and period of a row, by which its deliveries are found."""
    return tuple(str(row[name]) for name in PERIOD_KEY)


def _waits(
    finished: pl.DataFrame, person_intervals: pl.DataFrame, stations: pl.DataFrame
) -> dict[PeriodKey, dict[str, int]]:
    """Waiting of the deliveries of each period by station."""
    waits = person_intervals.filter((pl.col.kind == "wait") & (pl.col.pass_number == 1))
    placed = waits.join(stations.select("value_stream", "stage_name", "station"), on=["value_stream", "stage_name"])
    of_issue = placed.group_by("issue_id", "station").agg(pl.col.working_ms.sum())
    joined = finished.select("issue_id", *PERIOD_KEY).join(of_issue, on="issue_id")
    found: dict[PeriodKey, dict[str, int]] = {}
    for row in joined.group_by(*PERIOD_KEY, "station").agg(pl.col.working_ms.sum()).to_dicts():
        found.setdefault(period_key(row), {})[row["station"]] = row["working_ms"]
    return found
