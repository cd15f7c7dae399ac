"""Whether the young are finished before the old: flow debt (Vacanti; METHODS §4.4).

The gap between two times: that read horizontally off the cumulative flow, from the k-th end back to the k-th start, and
that of the issues that did end. Where the oldest always ends first there is none; where it lasts, what is in progress
ages. What is given up or gone ends as well: left out once it is, but not before, it would look like debt until then.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.stats import t

from transforms.metrics.period_tables import MS_PER_DAY, as_note
from transforms.metrics.slots import events_in_slots
from transforms.metrics.weekly_flow import WEEK, by_stream
from transforms.metrics.weekly_limits import QUARTER_WEEKS, estimates_of_quarters
from transforms.statistics.order_statistics import Estimate
from transforms.statistics.rates import MINIMUM_EVENTS, MINIMUM_WEEKS, UNKNOWN


def add_flow_debt(flow: pl.DataFrame, journeys: pl.DataFrame) -> pl.DataFrame:
    """Add flow_debt_days of the last QUARTER_WEEKS complete weeks with its interval, and debt_note.

    ``flow``: weeks with is_complete; ``journeys`` as of ``flow_journeys``.
    """
    overtaken = events_in_slots(_overtaking(journeys), "finished_at", flow)
    weekly = overtaken.group_by(WEEK).agg(gap=pl.col.gap_ms.sum() / MS_PER_DAY, count=pl.len())
    gaps = flow.select(*WEEK, "is_complete").join(weekly, on=WEEK, how="left", maintain_order="left").fill_null(0)
    parts = [_debts(weeks.filter("is_complete")) for _, weeks in by_stream(gaps)]
    few = f"flow debt needs {QUARTER_WEEKS} complete weeks, and {MINIMUM_EVENTS} ends in {MINIMUM_WEEKS} of them"
    return flow.join(pl.concat(parts), on=WEEK, how="left", maintain_order="left").with_columns(
        debt_note=as_note([pl.when(pl.col.flow_debt_days.is_null()).then(pl.lit(few))])
    )


def _overtaking(journeys: pl.DataFrame) -> pl.DataFrame:
    """finished_at of what ended, and gap_ms: its own start less the start that was next in turn, by stream."""
    begun = journeys.filter("is_in_flow")
    turns = begun.select("value_stream", turn_at="started_at").sort("turn_at")
    ended = begun.filter(pl.col.finished_at.is_not_null()).sort("finished_at", "issue_id")
    place = pl.int_range(pl.len()).over("value_stream").alias("place")
    held = ended.with_columns(place).join(turns.with_columns(place), on=["value_stream", "place"])
    gap_ms = (pl.col.started_at - pl.col.turn_at).dt.total_milliseconds()
    return held.select("value_stream", "finished_at", gap_ms=gap_ms)


def _debts(weeks: pl.DataFrame) -> pl.DataFrame:
    series = weeks["gap"].to_numpy(), weeks["count"].to_numpy()
    return estimates_of_quarters(weeks, "flow_debt_days", series, _mean_gap)


def _mean_gap(gap: np.ndarray, count: np.ndarray) -> Estimate:
    """Σ gap ÷ Σ count with an interval that takes the week as the unit that varies (ratio estimator, Student's t)."""
    total = int(count.sum())
    if total < MINIMUM_EVENTS or np.count_nonzero(count) < MINIMUM_WEEKS:
        return UNKNOWN
    mean = float(gap.sum()) / total
    spread = float(np.sqrt(np.sum((gap - mean * count) ** 2) * len(gap) / (len(gap) - 1)))
    half = float(t.ppf(0.975, len(gap) - 1)) * spread / total
    return Estimate(mean, mean - half, mean + half)
