"""What one knew of past weeks' deliveries in each week: work that was reopened later counted as delivered then.

Forecasts are tested against this, not against today's knowledge of the past.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.metrics.occupancy import epoch_ms
from transforms.order import same_issue


def delivered_stretches(
    journeys: pl.DataFrame, work_intervals: pl.LazyFrame, status_visits: pl.DataFrame
) -> pl.DataFrame:
    """Every stretch in which counted work stood as delivered: issue_id, value_stream, entered_at, left_at.

    ``left_at`` is empty for deliveries that still stand. Stretches that ended were left within the reopen horizon; one
    in a cancelled status is none. ``status_visits`` are those of ``cut_where_ended``.
    """
    final = journeys.filter(pl.col.outcome == "delivered").select(
        "issue_id", "value_stream", entered_at="finished_at", left_at=pl.lit(None, journeys.schema["finished_at"])
    )
    ids = journeys["issue_id"].implode()
    gaps = work_intervals.filter(pl.col.kind == "done_gap", pl.col.pass_number == 1, pl.col.issue_id.is_in(ids))
    stood = gaps.select("issue_id", "value_stream", "entered_at", "left_at").sort("issue_id", "entered_at").collect()
    begins = ~same_issue(1) | (pl.col.entered_at != pl.col.left_at.shift(1))
    runs = (
        stood.with_columns(run=begins.fill_null(True).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(pl.col("issue_id", "value_stream", "entered_at").first(), pl.col.left_at.last())
    )
    kinds = status_visits.filter(pl.col.work_kind == "done").select("issue_id", "entered_at").unique()
    return pl.concat([final, runs.drop("run").join(kinds, on=["issue_id", "entered_at"], how="semi")])


def known_counts(stretches: pl.DataFrame, edges: np.ndarray) -> np.ndarray:
    """Deliveries of each week as known at each edge: (edges, weeks); row n holds what was known at ``edges[n]``.

    ``edges`` are the weeks' ends in epoch ms, the first one the beginning of the first week.
    """
    count = len(edges) - 1
    entered = epoch_ms(stretches["entered_at"])
    week = np.searchsorted(edges, entered, "right") - 1
    lasting = np.iinfo(np.int64).max
    left = stretches["left_at"].dt.epoch("ms").fill_null(lasting).to_numpy()
    gone = np.minimum(np.searchsorted(edges, left, "right"), count + 1)
    inside = (week >= 0) & (week < count) & (gone > week + 1)
    steps = np.zeros((count + 2, count), np.int64)
    np.add.at(steps, (week[inside] + 1, week[inside]), 1)
    np.add.at(steps, (gone[inside], week[inside]), -1)
    known: np.ndarray = np.cumsum(steps, axis=0)[: count + 1]
    return known


def edges_of(weeks: pl.DataFrame) -> np.ndarray:
    """Ends of one stream's weeks for ``known_counts``."""
    return np.append(epoch_ms(weeks["starts_at"]), epoch_ms(weeks["ends_at"])[-1:])
