"""From rows that say when something began to stretches ``[entered_at, left_at)`` with their elapsed and working time.

The one interval pass of the product. What a stretch means does not belong here.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from transforms.calendar import WorkingClock
from transforms.order import run_ends, same_issue


def close_stretches(rows: pl.DataFrame, as_of: datetime, gone: pl.DataFrame | None = None) -> pl.DataFrame:
    """Add left_at (the next row of the issue; empty for its last) and elapsed_ms (up to ``as_of`` where empty).

    ``rows`` hold issue_id and entered_at in microseconds, an issue's rows together and in order. The last row of an
    issue in ``gone`` (issue_id, gone_at; in order) is left when the issue was gone.
    """
    left: pl.Expr | pl.Series = pl.when(same_issue(-1)).then(pl.col.entered_at.shift(-1))
    lasts = run_ends(rows["issue_id"].to_numpy())
    ends = pl.Series([as_of], dtype=rows.schema["entered_at"])
    if gone is not None and len(gone):
        told = _gone(rows[pl.Series(lasts)], gone)
        left, ends = rows.select(left).to_series().scatter(lasts, told), told.fill_null(as_of)
    elapsed = _until_next(rows["entered_at"].to_physical().to_numpy(), lasts, ends.to_physical().to_numpy())
    elapsed //= 1000  # in place: a temporary of this size costs more than the division
    return rows.with_columns(left_at=left, elapsed_ms=pl.Series(elapsed))


def add_working_time(rows: pl.DataFrame, calendar: np.ndarray, clock: WorkingClock, as_of: datetime) -> pl.DataFrame:
    """Add working_ms to closed stretches; ``calendar`` is the position of each row's calendar on the clock."""
    readings = clock.readings(rows["entered_at"].to_physical().to_numpy(), calendar)
    lasts = run_ends(rows["issue_id"].to_numpy())
    ends = clock.readings(rows["left_at"].gather(lasts).fill_null(as_of).to_physical().to_numpy(), calendar[lasts])
    return rows.with_columns(working_ms=pl.Series(_until_next(readings, lasts, ends)))


def _gone(lasts: pl.DataFrame, gone: pl.DataFrame) -> pl.Series:
    """When the issue of each of these rows was gone, never before the row begins; empty for one that is not."""
    told = lasts.join(gone, on="issue_id", how="left", maintain_order="left")
    is_gone = pl.col.gone_at.is_not_null()
    return told.select(left=pl.when(is_gone).then(pl.max_horizontal("gone_at", "entered_at")))["left"]


def _until_next(readings: np.ndarray, lasts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """How far it is from each reading to the next; from those in ``lasts`` to ``ends``, one for each or one for all."""
    spent = np.empty_like(readings)
    np.subtract(readings[1:], readings[:-1], out=spent[:-1])
    spent[lasts] = ends - readings[lasts]
    return spent
