"""What the interval tables and the cumulative flow cost at ten million status changes over ten years.

``python -m benchmarks.ten_years [status changes …]``: from raw changes to visits, intervals, journeys and the diagram,
each table read from and written to Parquet as in the product; every size in a process of its own. The bars are the
product's promise: 60 s on two cores and 4 GB, growing no worse than linearly.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl

from benchmarks.history import AS_OF, WALK, make_history, workflow
from transforms.core.issue_journeys import trace_issue_journeys
from transforms.core.stages import Stages
from transforms.core.status_visits import build_status_visits
from transforms.core.work_intervals import build_person_intervals, build_work_intervals
from transforms.dependencies import find_dependencies
from transforms.metrics.cumulative_flow_daily import draw_cumulative_flow
from transforms.raw import RawTombstones, RawVersions

SIZES = (1_000_000, 3_000_000, 10_000_000)
MOST_SECONDS, MOST_GIGABYTES, MOST_SLOPE = 60, 4, 1.1

BEGIN = AS_OF - timedelta(days=3652)

STEPS = ("status_visits", "person_intervals", "work_intervals", "issue_journeys", "cumulative_flow_daily")


def write_history(status_changes: int, folder: Path) -> None:
    """Raw issues and changes of so many status changes over ten years, and the stages they walk."""
    history = make_history(status_changes, begin=BEGIN)
    history.issues.write_parquet(folder / "raw_issues.parquet")
    history.changes.write_parquet(folder / "raw_changes.parquet")
    stages().write_parquet(folder / "stages.parquet")


def stages() -> pl.DataFrame:
    """core.stages of the walk."""
    last, stream = len(WALK) - 1, workflow().streams[0]
    rows = [
        {
            "value_stream": stream.name, "zone_name": "UTC", "stage_name": name, "stage_order": n,
            "is_committed": n >= stream.commitment_order, "is_terminal": n == last, "has_queue": kind == "queue",
            "has_active": kind == "active", "status_names": name,
        }
        for n, (name, kind) in enumerate(WALK)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=Stages.polars_schema())


def build(folder: Path) -> dict[str, tuple[float, int]]:
    """Build STEPS one after the other in this process; CPU seconds and rows of each."""
    flow = workflow()

    def scan(name: str) -> pl.LazyFrame:
        return pl.scan_parquet(folder / f"{name}.parquet")

    def person_intervals() -> pl.LazyFrame:
        issues, changes, visits = scan("raw_issues"), scan("raw_changes"), scan("status_visits")
        blocks = find_dependencies(issues, changes, visits, RawTombstones.empty().lazy(), flow, AS_OF).lazy()
        return build_person_intervals(issues, changes, visits, blocks, RawVersions.empty().lazy(), flow, AS_OF)

    makers: dict[str, Callable[[], pl.LazyFrame]] = {
        "status_visits": lambda: build_status_visits(scan("raw_issues"), scan("raw_changes"), flow, AS_OF),
        "person_intervals": person_intervals,
        "work_intervals": lambda: build_work_intervals(scan("person_intervals")),
        "issue_journeys": lambda: trace_issue_journeys(
            *map(scan, ("raw_issues", "raw_changes", "status_visits", "person_intervals")), flow, AS_OF
        ),
        "cumulative_flow_daily": lambda: draw_cumulative_flow(
            *map(scan, ("work_intervals", "issue_journeys", "stages")), flow, AS_OF
        ),
    }
    return {name: _write(makers[name], folder / f"{name}.parquet") for name in STEPS}


def _write(make: Callable[[], pl.LazyFrame], path: Path) -> tuple[float, int]:
    begun = time.process_time()
    frame = make().collect()
    frame.write_parquet(path, compression="zstd")
    return time.process_time() - begun, frame.height


def peak_gigabytes() -> float:
    """Most memory this process has held; getrusage would tell its parent's too."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1e6


def measure(size: int) -> tuple[float, float, float]:
    """CPU seconds, seconds by the clock and gigabytes at most of one size, in processes of their own."""
    with tempfile.TemporaryDirectory() as place:
        for step in ("write", "build"):
            command = [sys.executable, "-m", "benchmarks.ten_years", step, str(size), place]
            told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    *steps, last = told.splitlines()
    print("\n".join(steps))
    cpu, wall, gigabytes = (float(word) for word in last.split())
    return cpu, wall, gigabytes


def main(sizes: tuple[int, ...]) -> int:
    """Measure every size; 1 if a bar is missed."""
    found, is_met = [], True
    for size in sizes:
        cpu, wall, gigabytes = measure(size)
        found.append((size, cpu))
        is_met &= cpu <= MOST_SECONDS and gigabytes <= MOST_GIGABYTES
        print(f"{size:>12,} status changes: {cpu:6.2f} s of CPU, {wall:.2f} s by the clock, {gigabytes:.2f} GB at most")
    (few, quick), (many, slow) = found[0], found[-1]
    slope = math.log(slow / quick) / math.log(many / few) if many > few else 1.0
    is_met &= slope <= MOST_SLOPE
    print(f"growth: n^{slope:.2f}; {'every bar is met' if is_met else 'A BAR IS MISSED'}")
    return int(not is_met)


def tell(folder: Path) -> None:
    """Build the tables in ``folder`` and print a line per table, then seconds and memory."""
    begun = time.perf_counter()
    spent = build(folder)
    wall = time.perf_counter() - begun
    for name, (seconds, rows) in spent.items():
        print(f"{name:>24}: {seconds:6.2f} s, {rows:,} rows")
    print(sum(seconds for seconds, _ in spent.values()), wall, peak_gigabytes())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", size, place]:
            write_history(int(size), Path(place))
        case ["build", _, place]:
            tell(Path(place))
        case sizes:
            sys.exit(main(tuple(int(size) for size in sizes) or SIZES))
