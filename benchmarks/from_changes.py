"""From issues and unordered changes to intervals: ``status_events`` and ``close_stretches`` beside SQL and pandas.

The product also repairs chains, names doubts and checks the order; its peers only sort. All get the rows as Jira gives
them: issues in no order, but each issue's changes together, newest first. The product moves such issues whole; where
rows are in no order at all it has to sort every one, which takes most of its lead.
"""

from __future__ import annotations

from functools import partial

import duckdb
import pandas as pd
import polars as pl

from benchmarks.history import AS_OF, History, shuffled
from benchmarks.interval_pass import rows
from benchmarks.protocol import Bar, Report, Variant, race
from transforms.status_events import status_events
from transforms.stretches import close_stretches

TITLE = "intervals from issues and unordered changes"

PRODUCT, DUCKDB, PANDAS, OVER = "status_events + close_stretches", "DuckDB SQL", "pandas", "Polars sort + over"

SQL = f"""
with events as (
    select issue_id, created_at as entered_at, 0 as history_id, null as from_id, null as to_id, status_id as now_id
    from issues
    union all
    select issue_id, changed_at, history_id, from_id, to_id, null
    from changes
    where field = 'status' and to_id is not null
), chained as (
    select issue_id, entered_at, lead(entered_at) over chain as left_at,
           coalesce(to_id, lead(from_id) over chain, now_id) as status_id
    from events
    window chain as (partition by issue_id order by entered_at, history_id)
)
select issue_id, status_id, entered_at, left_at,
       (coalesce(epoch_us(left_at), {int(AS_OF.timestamp() * 1e6)}) - epoch_us(entered_at)) // 1000 as elapsed_ms
from chained
"""


def measure(history: History, rounds: int) -> Report:
    """Race the way from raw tables to intervals."""
    received = shuffled(History(history.issues, history.moves))
    measured = race(TITLE, len(received.changes), variants(received), rounds)
    bars = [
        Bar(f"{TITLE}: × {DUCKDB}", measured.ratio(DUCKDB), 4),
        Bar(f"{TITLE}: × {PANDAS}", measured.ratio(PANDAS), 8),
    ]
    return Report([measured], bars)


def variants(received: History) -> list[Variant]:
    """The product's way and three others, each on its own library's frames of the same rows."""
    issues = received.issues.select("issue_id", "created_at", "status_id")
    changes = received.changes.select("issue_id", "changed_at", "history_id", "field", "from_id", "to_id")
    connection = duckdb.connect()
    connection.execute("create table issues as select * from issues")
    connection.execute("create table changes as select * from changes")
    return [
        Variant(PRODUCT, partial(_product, received), rows),
        Variant(DUCKDB, lambda: connection.sql(SQL).to_arrow_table(), rows),
        Variant(PANDAS, partial(_pandas, issues.to_pandas(), changes.to_pandas()), rows),
        Variant(OVER, partial(_over, issues, changes), rows),
    ]


def _product(received: History) -> pl.DataFrame:
    return close_stretches(status_events(*received), AS_OF)


def _pandas(issues: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    moves = changes[(changes["field"] == "status") & changes["to_id"].notna()].drop(columns="field")
    moves = moves.rename(columns={"changed_at": "entered_at", "to_id": "status_id"})
    moves = moves.sort_values(["issue_id", "entered_at", "history_id"])
    opening = issues.rename(columns={"created_at": "entered_at"}).set_index("issue_id")
    left = moves.groupby("issue_id", sort=False)["from_id"].first()
    opening["status_id"] = left.reindex(opening.index).fillna(opening["status_id"]).astype("int64")
    events = pd.concat([opening.reset_index().assign(history_id=0), moves.drop(columns="from_id")])
    events = events.sort_values(["issue_id", "entered_at", "history_id"], ignore_index=True)
    events["left_at"] = events.groupby("issue_id", sort=False)["entered_at"].shift(-1)
    elapsed = events["left_at"].fillna(pd.Timestamp(AS_OF)) - events["entered_at"]
    return events.assign(elapsed_ms=elapsed.astype("int64") // 1000)


def _over(issues: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    moves = changes.lazy().filter(pl.col.field == "status", pl.col.to_id.is_not_null())
    opening = issues.lazy().select(
        "issue_id", entered_at="created_at", history_id=pl.lit(0, pl.Int64), now_id="status_id"
    )
    moves = moves.select("issue_id", "history_id", "from_id", "to_id", entered_at="changed_at")
    events = pl.concat([opening, moves], how="diagonal").sort("issue_id", "entered_at", "history_id")
    left = pl.col.entered_at.shift(-1).over("issue_id")
    elapsed = left.fill_null(pl.lit(AS_OF, issues.schema["created_at"])) - pl.col.entered_at
    status = pl.coalesce("to_id", pl.col.from_id.shift(-1).over("issue_id"), "now_id")
    return events.select(
        "issue_id", "entered_at", left_at=left, elapsed_ms=elapsed.dt.total_milliseconds(), status_id=status
    ).collect()
