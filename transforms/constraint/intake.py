"""Where new work comes from: from outside, or from a backlog that never empties; and the limits that boards tell."""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.constraint.observed import Observed
from transforms.constraint.world import WORK
from transforms.workflow import Workflow

NEVER_EMPTY = 0.95
"""Share of working time in which something must lie ready for a backlog to feed the stream."""

COUPLED_STARTS = 0.5
"""Share of starts that must follow at once when somebody or a place becomes free."""

AT_ONCE = 0.3
"""Working hours within which a start follows at once."""


def is_backlog_fed(seen: Observed, backlog: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether people of the first station start something new whenever they are free or there is room.

    ``backlog``: when each issue was written down, and when it was started or thrown away (NaN while it lies there).
    """
    if not seen.size or seen.role[0] != WORK or filled_share(backlog, seen.horizon) < NEVER_EMPTY:
        return False
    if seen.has_queue[0] and seen.waits()[seen.station == 0].mean() > AT_ONCE:
        return False
    starts = np.sort(seen.entered[seen.first_of_chain() & (seen.station == 0) & (seen.entered > 0)])
    if len(starts) < 10:
        return False
    freed = np.sort(seen.left[seen.is_over & ((seen.station == 0) | (seen.following >= seen.size))])
    place = np.searchsorted(freed, starts + 1e-6, "right") - 1
    is_near = (place >= 0) & (starts - freed[np.maximum(place, 0)] <= AT_ONCE)
    return bool(is_near.mean() >= COUPLED_STARTS)


def filled_share(backlog: tuple[np.ndarray, np.ndarray], horizon: float) -> float:
    """Share of the period in which at least one issue lay in the backlog."""
    begin, end = (np.clip(np.nan_to_num(times, nan=horizon), 0, horizon) for times in backlog)
    order = np.argsort(begin, kind="stable")
    begin, reach = begin[order], np.maximum.accumulate(end[order]) if len(end) else end
    if not len(begin):
        return 0.0
    empty = np.maximum(begin - np.concatenate([[0.0], reach[:-1]]), 0).sum() + (horizon - reach[-1])
    return 1 - float(empty) / horizon


def board_limits(columns: pl.DataFrame, stations: pl.DataFrame, workflow: Workflow) -> dict[tuple[str, str], int]:
    """Limit of each station whose board column has one: (value stream, station) → most issues.

    ``columns`` are RawBoardColumns, ``stations`` those of ``stations_of``. Of several boards the strictest counts.
    """
    limited = columns.filter(pl.col.wip_limit.is_not_null() & (pl.col.wip_limit > 0))
    spread = limited.select("board_id", "project_id", "column_index", "wip_limit", status_id="status_ids").explode(
        "status_id"
    )
    projects = workflow.scopes.select("project_id", "value_stream").unique()
    model = workflow.statuses.select("value_stream", "status_id", "stage_name")
    named = stations.select(pl.col("value_stream", "stage_name", "station").cast(pl.String))
    placed = (
        spread.drop_nulls("status_id")
        .join(projects, on="project_id")
        .join(model, on=["value_stream", "status_id"])
        .join(named, on=["value_stream", "stage_name"])
    )
    found = placed.group_by("value_stream", "station").agg(pl.col.wip_limit.min())
    return {(stream, station): int(limit) for stream, station, limit in found.iter_rows()}
