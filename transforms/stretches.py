"""From rows that say when something began to stretches ``[entered_at, left_at)`` with their elapsed and working time.

The one interval pass of the product. What a stretch means does not belong here.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pyarrow as pa

from transforms.calendar import WorkingClock


def close_stretches(rows: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Add left_at (the next row of the issue; empty for its last) and elapsed_ms (up to ``as_of`` where empty).

    ``rows`` hold issue_id and entered_at, an issue's rows together and in order.
    """
    entered, now = rows["entered_at"], pl.Series([as_of], dtype=rows.schema["entered_at"])
    goes_on = _goes_on(rows["issue_id"].to_numpy())
    left = np.concatenate([entered.to_physical().to_numpy()[1:], now.to_physical().to_numpy()])[: len(rows)]
    left[~goes_on] = now.to_physical()[0]
    elapsed = left - entered.to_physical().to_numpy()
    elapsed //= 1_000
    return rows.with_columns(left_at=_only_where(goes_on, left).cast(entered.dtype), elapsed_ms=elapsed)


def _goes_on(ids: np.ndarray) -> np.ndarray:
    """Whether the next row is of the same issue."""
    return np.append(ids[1:] == ids[:-1], np.zeros(min(len(ids), 1), bool))


def _only_where(is_there: np.ndarray, values: np.ndarray) -> pl.Series:
    """The values where they are there, else empty, without a copy, which would cost as much as all else here."""
    bits = np.packbits(is_there, bitorder="little")
    buffers = [pa.py_buffer(bits), pa.py_buffer(values)]
    return pl.Series(pa.Array.from_buffers(pa.int64(), len(values), buffers))


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
