"""From rows that say when something began to stretches ``[entered_at, left_at)`` with their elapsed and working time.

The one interval pass of the product. What a stretch means does not belong here.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from transforms.calendar import WorkingClock
from transforms.order import same_issue


def close_stretches(rows: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Add left_at (the next row of the issue; empty for its last) and elapsed_ms (up to ``as_of`` where empty).

    ``rows`` hold issue_id and entered_at, an issue's rows together and in order.
    """
    left = pl.when(same_issue(-1)).then(pl.col.entered_at.shift(-1))
    end = pl.col.left_at.fill_null(pl.lit(as_of, rows.schema["entered_at"]))
    closed = rows.with_columns(left_at=left)
    return closed.with_columns(elapsed_ms=(end - pl.col.entered_at).dt.total_milliseconds())


def add_working_time(rows: pl.DataFrame, calendar: np.ndarray, clock: WorkingClock, as_of: datetime) -> pl.DataFrame:
    """Add working_ms to closed stretches; ``calendar`` is the position of each row's calendar on the clock."""
    reading = clock.readings(rows["entered_at"].to_physical().to_numpy(), calendar)
    as_of_us = pl.Series([as_of], dtype=rows.schema["entered_at"]).to_physical().to_numpy()
    now = np.concatenate([clock.readings(as_of_us, code) for code in range(int(calendar.max(initial=0)) + 1)])
    lasts = rows["left_at"].is_null().arg_true().to_numpy()
    spent = np.empty_like(reading)
    np.subtract(reading[1:], reading[:-1], out=spent[:-1])
    spent[lasts] = now[calendar[lasts]] - reading[lasts]
    return rows.with_columns(working_ms=pl.Series(spent))
