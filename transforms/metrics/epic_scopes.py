"""The issues of epics: which are open, which were added after their epic had begun, when they ended (METHODS §5).

What follows for a forecast is ``forecasts``.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.metrics.slots import events_in_slots
from transforms.workflow import Workflow


def epic_scopes(issue_journeys: pl.LazyFrame, journeys: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """One row per counted issue with an epic: issue_id, value_stream, gained_at, finished_at, is_open.

    ``journeys`` are those of ``flow_journeys``. ``gained_at``: when it was created, if its epic had begun by then and
    had not ended; else empty. ``is_open``: neither it nor its epic has ended, and the epic has begun.
    """
    above = issue_journeys.filter(pl.col.hierarchy_level > workflow.flow_level)
    epics = above.select(parent_id="issue_id", began_at="started_at", ended_at="finished_at").collect()
    children = journeys.join(epics, on="parent_id")
    has_begun = (pl.col.created_at > pl.col.began_at).fill_null(False)
    still = pl.col.ended_at.is_null() | (pl.col.created_at < pl.col.ended_at)
    return children.select(
        "issue_id", "value_stream", "finished_at",
        gained_at=pl.when(has_begun & still).then("created_at"),
        is_open=pl.col.finished_at.is_null() & pl.col.began_at.is_not_null() & pl.col.ended_at.is_null(),
    )  # fmt: skip


def weekly(scope: pl.DataFrame, at: str, weeks: pl.DataFrame) -> np.ndarray:
    """How many issues of one stream have ``at`` in each of its ``weeks`` (``flow_weeks``)."""
    held = events_in_slots(scope.select("value_stream", at), at, weeks).group_by("week_start_date").len()
    found = weeks.select("week_start_date").join(held, on="week_start_date", how="left", maintain_order="left")
    counts: np.ndarray = found["len"].fill_null(0).cast(pl.Int64).to_numpy()
    return counts
