"""The interval pass over ordered events: ``close_stretches`` beside window functions and a copy of its bytes."""

from __future__ import annotations

from functools import partial
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl

from benchmarks.history import AS_OF, History
from benchmarks.protocol import Bar, Report, Variant, least_cpu, race
from transforms.status_events import status_events
from transforms.stretches import close_stretches

TITLE = "interval pass over ordered events"

PRODUCT, DUCKDB, OVER, PANDAS = "close_stretches", "DuckDB lead()", "Polars shift().over()", "pandas groupby.shift"

COLUMNS = ("issue_id", "status_id", "entered_at", "left_at", "elapsed_ms")
"""What every variant has to give."""

COPIED_WORDS = 2
"""64-bit words the pass has to read, and to write, per row: id and entry; exit and elapsed time."""

LEAD = f"""
select issue_id, status_id, entered_at, left_at,
       (coalesce(epoch_us(left_at), {int(AS_OF.timestamp() * 1e6)}) - epoch_us(entered_at)) // 1000 as elapsed_ms
from (select *, lead(entered_at) over (partition by issue_id order by place) as left_at from events)
"""


def measure(history: History, rounds: int) -> Report:
    """Race the pass against its peers and hold it against a plain copy."""
    events = status_events(history.issues, history.moves)
    measured = race(TITLE, len(events), variants(events), rounds)
    bars = [
        Bar(f"{TITLE}: × {DUCKDB}", measured.ratio(DUCKDB), 10),
        Bar(f"{TITLE}: × {OVER}", measured.ratio(OVER), 15),
        Bar(f"{TITLE}: × {PANDAS}, integer keys", measured.ratio(PANDAS), 2),
        Bar(f"{TITLE}: over a plain copy of its bytes", _copies(events, rounds), 5, is_floor=False),
    ]
    return Report([measured], bars)


def variants(events: pl.DataFrame) -> list[Variant]:
    """The product's pass and three others, each on its own library's frame of the same events."""
    connection = duckdb.connect()
    numbered = events.select("issue_id", "status_id", "entered_at").with_row_index("place")  # noqa: F841
    connection.execute("create table events as select * from numbered")
    frame = events.select("issue_id", "status_id", "entered_at").to_pandas()
    return [
        Variant(PRODUCT, partial(close_stretches, events, AS_OF), rows),
        Variant(DUCKDB, lambda: connection.sql(LEAD).to_arrow_table(), rows),
        Variant(OVER, partial(_over, events), rows),
        Variant(PANDAS, partial(_grouped_shift, frame), rows),
    ]


def rows(result: Any) -> pl.DataFrame:
    """Comparable rows of a Polars, Arrow or pandas result."""
    frame = result if isinstance(result, pl.DataFrame) else pl.DataFrame(result)
    return frame.select(COLUMNS).with_columns(pl.col("entered_at", "left_at").dt.cast_time_unit("us"))


def _over(events: pl.DataFrame) -> pl.DataFrame:
    left = pl.col.entered_at.shift(-1).over("issue_id")
    elapsed = left.fill_null(pl.lit(AS_OF, events.schema["entered_at"])) - pl.col.entered_at
    return events.with_columns(left_at=left, elapsed_ms=elapsed.dt.total_milliseconds())


def _grouped_shift(events: pd.DataFrame) -> pd.DataFrame:
    left = events.groupby("issue_id", sort=False)["entered_at"].shift(-1)
    elapsed = left.fillna(pd.Timestamp(AS_OF)) - events["entered_at"]
    return events.assign(left_at=left, elapsed_ms=elapsed.astype("int64") // 1000)


def _copies(events: pl.DataFrame, rounds: int) -> float:
    """Least CPU of the pass, in least CPU of copying what it reads to as many bytes as it writes; all pages warm."""
    source = np.ones(len(events) * COPIED_WORDS, dtype=np.int64)
    target = np.empty_like(source)
    own, copy = least_cpu([partial(close_stretches, events, AS_OF), partial(np.copyto, target, source)], rounds)
    return own / copy
