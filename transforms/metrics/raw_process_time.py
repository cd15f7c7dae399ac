"""How long the work itself takes: the touch of a typical issue, stage by stage, without any waiting (METHODS §3.5).

Touch is shared among the issues a person has open at once, or parallel work would look like long work.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import numpy as np
import polars as pl

from transforms.metrics.touch_estimates import shared_touch
from transforms.metrics.trailing import TRAILING_WEEKS
from transforms.metrics.weekly_flow import WEEK, by_stream
from transforms.statistics.order_statistics import MINIMUM_SAMPLE, Estimate, percentile
from transforms.workflow import Workflow

RAW_PROCESS_COLUMNS = ("raw_process_ms", "raw_process_ms_low", "raw_process_ms_high")


def add_raw_process_time(
    weeks: pl.DataFrame,
    person_intervals: pl.DataFrame,
    journeys: pl.DataFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.DataFrame:
    """Add the sum of each stage's median touch over what was delivered in the last half year, and its interval.

    Working milliseconds (RAW_PROCESS_COLUMNS) and raw_process_count, the issues behind it. An issue that skips a stage
    counts with no touch there, so a stage that most issues skip adds nothing. Empty before half a year has passed.
    """
    touch = _touch_by_stage(person_intervals, journeys, workflow, as_of)
    parts = []
    for name, own in by_stream(weeks):
        done = touch.filter(pl.col.value_stream.cast(pl.String) == name).sort("finished_at")
        values = done.drop("issue_id", "value_stream", "finished_at").to_numpy()
        places = _places(done["finished_at"], own)
        rows = [_typical(values[a:b]) if is_full else (None, None, None, 0) for a, b, is_full in places]
        columns = zip((*RAW_PROCESS_COLUMNS, "raw_process_count"), zip(*rows, strict=True), strict=True)
        parts.append(own.select(WEEK).with_columns(pl.Series(n, v, _dtype(n)) for n, v in columns))
    return weeks.join(pl.concat(parts), on=WEEK, how="left", maintain_order="left")


def _touch_by_stage(
    person_intervals: pl.DataFrame, journeys: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """One row per delivered journey that was in the flow, one column per stage with its shared touch in working ms."""
    done = journeys.filter(pl.col.is_in_flow & (pl.col.outcome == "delivered"))
    done = done.select("issue_id", "value_stream", "finished_at")
    shares = shared_touch(person_intervals, workflow, as_of)
    held = person_intervals.filter(pl.col.pass_number == 1).select("issue_id", "interval_number", "stage_name")
    held = held.join(done.select("issue_id"), on="issue_id").join(shares, on=["issue_id", "interval_number"])
    sums = held.group_by("issue_id", pl.col.stage_name.cast(pl.String)).agg(pl.col.shared_touch_working_ms.sum())
    stages = sums["stage_name"].unique().sort().to_list()
    by_stage = sums.pivot("stage_name", on_columns=stages, index="issue_id", values="shared_touch_working_ms")
    return done.join(by_stage, on="issue_id", how="left").with_columns(pl.col(stages).fill_null(0.0))


def _places(finished: pl.Series, weeks: pl.DataFrame) -> list[tuple[int, int, bool]]:
    """Per week: first and last place of what was finished in the half year it ends, and whether that has passed."""
    edges = [*weeks["starts_at"], weeks["ends_at"][-1]]
    places = [int(finished.search_sorted(edge, "left")) for edge in edges]
    return [
        (places[max(0, n + 1 - TRAILING_WEEKS)], end, n + 1 >= TRAILING_WEEKS)
        for n, (_, end) in enumerate(pairwise(places))
    ]


def _typical(touch: np.ndarray) -> tuple[float | None, float | None, float | None, int]:
    """Σ of the columns' medians; the intervals of the parts give that of the sum (Zou & Donner's MOVER)."""
    n = len(touch)
    if n < MINIMUM_SAMPLE[0.5]:
        return None, None, None, n
    parts = [percentile(column, 0.5) for column in touch.T]
    known = [(part.value, part.low, part.high) for part in parts if _is_known(part)]
    values, lows, highs = (np.array(ends, dtype=float) for ends in zip(*known, strict=True))
    total = float(values.sum())
    below, above = (float(np.sqrt(np.sum((values - ends) ** 2))) for ends in (lows, highs))
    return total, max(0.0, total - below), total + above, n


def _is_known(part: Estimate) -> bool:
    return part.value is not None


def _dtype(name: str) -> pl.DataType:
    return pl.Int64() if name.endswith("_count") else pl.Float64()
