"""What the cumulative flow diagram costs at ten million status changes over ten years: seconds, memory, growth.

``python -m benchmarks.cumulative_flow [status changes …]``: each size in a process of its own, read from Parquet as in
the product. The bars are those of the product's promise: 60 s and 4 GB, growing no worse than linearly.
"""

from __future__ import annotations

import math
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.history import WALK, workflow
from transforms.core.issue_journeys import IssueJourneys
from transforms.core.stages import Stages
from transforms.core.work_intervals import WorkIntervals
from transforms.metrics.cumulative_flow_daily import draw_cumulative_flow
from transforms.schema import LABEL, TIMESTAMP

SIZES = (1_000_000, 10_000_000)
MOST_SECONDS, MOST_GIGABYTES, MOST_SLOPE = 60, 4, 1.15

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
BEGIN = datetime(2016, 1, 1, tzinfo=UTC)
MOVES = len(WALK) - 1
"""Status changes of every issue: once through the walk."""


def write_tables(status_changes: int, folder: Path) -> None:
    """Work intervals, journeys and stages of so many status changes over ten years; stays are log-normal."""
    rng = np.random.default_rng(status_changes)
    count = status_changes // MOVES
    born = rng.integers(_us(BEGIN), _us(AS_OF), count)
    stays = (rng.lognormal(0.5, 1.2, (count, MOVES)) * 86_400e6).astype(np.int64)
    entered = np.column_stack([born, born[:, None] + np.cumsum(stays, axis=1)])
    left = np.column_stack([entered[:, 1:], np.full(count, _us(AS_OF) + 1)])
    issue = np.repeat(np.arange(count, dtype=np.int64), MOVES + 1)
    stage = np.tile(np.arange(MOVES + 1, dtype=np.int64), count)
    seen = entered.ravel() <= _us(AS_OF)
    _intervals(issue[seen], stage[seen], entered.ravel()[seen], left.ravel()[seen], folder)
    _journeys(born, entered[:, -1], folder)
    _stages(folder)


def measure(folder: Path) -> tuple[float, float]:
    """Seconds and peak gigabytes of drawing the diagram from the tables in ``folder``, in this process."""
    tables = (pl.scan_parquet(folder / f"{name}.parquet") for name in ("work_intervals", "issue_journeys", "stages"))
    begun = time.perf_counter()
    drawn = draw_cumulative_flow(*tables, workflow(), AS_OF).collect()
    seconds = time.perf_counter() - begun
    if drawn["present_count"].min() < 0 or drawn.is_empty():
        raise AssertionError("the diagram is wrong, whatever it costs")
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(sizes: tuple[int, ...]) -> int:
    """Measure every size in a fresh process; 1 if a bar is missed."""
    found = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as place:
            for step in ("write", "measure"):
                command = [sys.executable, "-m", "benchmarks.cumulative_flow", step, str(size), place]
                told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        seconds, gigabytes = (float(word) for word in told.split())
        found.append((size, seconds))
        print(f"{size:>12,} status changes: {seconds:6.2f} s, {gigabytes:.2f} GB at most")
        if seconds > MOST_SECONDS or gigabytes > MOST_GIGABYTES:
            return 1
    (few, quick), (many, slow) = found[0], found[-1]
    slope = math.log(slow / quick) / math.log(many / few) if many > few else 1.0
    print(f"growth: n^{slope:.2f}")
    return int(slope > MOST_SLOPE)


def _intervals(issue: np.ndarray, stage: np.ndarray, entered: np.ndarray, left: np.ndarray, folder: Path) -> None:
    names = pl.Series([name for name, _ in WALK], dtype=LABEL)
    kinds = pl.Series(["not_started", "not_started"] + ["wait"] * (MOVES - 2) + ["done"])
    is_open = pl.Series(left > _us(AS_OF))
    frame = pl.DataFrame({"issue_id": issue, "entered_at": entered, "left_at": left}).with_columns(
        pl.col("entered_at").cast(TIMESTAMP),
        pl.when(~is_open).then(pl.col.left_at.cast(TIMESTAMP)).alias("left_at"),
        stage_name=names.gather(stage),
        kind=kinds.gather(stage).cast(WorkIntervals.columns["kind"].dtype),
        value_stream=pl.lit(workflow().streams[0].name, LABEL),
        pass_number=pl.lit(1, pl.Int32),
    )
    frame.write_parquet(folder / "work_intervals.parquet")


def _journeys(born: np.ndarray, done: np.ndarray, folder: Path) -> None:
    is_done = pl.Series(done <= _us(AS_OF))
    frame = pl.DataFrame({"issue_id": np.arange(len(born), dtype=np.int64), "created_at": born, "done": done})
    frame.select(
        "issue_id",
        pl.col.created_at.cast(TIMESTAMP),
        finished_at=pl.when(is_done).then(pl.col.done.cast(TIMESTAMP)),
        outcome=pl.when(is_done).then(pl.lit("delivered")).otherwise(pl.lit("in_progress")),
        value_stream=pl.lit(workflow().streams[0].name, LABEL),
        hierarchy_level=pl.lit(0, IssueJourneys.columns["hierarchy_level"].dtype),
        is_rolled_up=pl.lit(False),
    ).write_parquet(folder / "issue_journeys.parquet")


def _stages(folder: Path) -> None:
    stream = workflow().streams[0].name
    rows = [
        (stream, name, n, n > 1, n == MOVES, kind == "queue", kind == "active", name)
        for n, (name, kind) in enumerate(WALK)
    ]
    pl.DataFrame(rows, schema=Stages.polars_schema(), orient="row").write_parquet(folder / "stages.parquet")


def _us(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", size, place]:
            write_tables(int(size), Path(place))
        case ["measure", _, place]:
            print(*measure(Path(place)))
        case sizes:
            sys.exit(main(tuple(int(size) for size in sizes) or SIZES))
