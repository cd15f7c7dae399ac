"""How variants are measured and judged: CPU seconds, shuffled rounds, ratios round by round, medians, equal checksums.

CPU seconds are user plus system time of all threads of this process. What is measured does not belong here.
"""

from __future__ import annotations

import gc
import math
import random
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

WARM_RUNS = 15
"""Fewest runs behind a comparison of minima, which leaves out page faults and neighbours on the machine."""


class ChecksumError(AssertionError):
    """Two variants did not do the same work."""


class Variant(NamedTuple):
    """One way to do the work. ``rows_of`` turns its result into comparable rows, outside the measured time."""

    name: str
    run: Callable[[], Any]
    rows_of: Callable[[Any], pl.DataFrame]


class Spent(NamedTuple):
    """What one run cost, in seconds."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Measured:
    """All runs of all variants of one race; the product comes first."""

    title: str
    row_count: int
    runs: dict[str, list[Spent]]
    least: float = math.nan
    """Least CPU seconds of the product, warm and by itself: its growth must not hang on the pages of its peers."""

    @property
    def product(self) -> str:
        """Name of the product's own variant."""
        return next(iter(self.runs))

    def cpu(self, name: str) -> float:
        """Median CPU seconds of a variant."""
        return statistics.median(spent.cpu for spent in self.runs[name])

    def wall(self, name: str) -> float:
        """Median wall seconds of a variant."""
        return statistics.median(spent.wall for spent in self.runs[name])

    def ratio(self, name: str) -> float:
        """How many times the product's CPU a variant took: median of the ratios of every round."""
        pairs = zip(self.runs[name], self.runs[self.product], strict=True)
        return statistics.median(peer.cpu / own.cpu for peer, own in pairs)


class Bar(NamedTuple):
    """A promise and what was measured."""

    promise: str
    measured: float
    limit: float
    is_floor: bool = True
    """Whether ``limit`` is the least that will do; otherwise the most."""

    @property
    def passes(self) -> bool:
        """Whether the promise is kept."""
        return self.measured >= self.limit if self.is_floor else self.measured <= self.limit


@dataclass
class Report:
    """What a section of the benchmark found."""

    races: list[Measured] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def race(title: str, row_count: int, variants: Sequence[Variant], rounds: int, seed: int = 1) -> Measured:
    """Check that all variants do the same work, run rounds, each in another order, then the product by itself."""
    check_checksums(variants)
    rng = random.Random(seed)
    runs: dict[str, list[Spent]] = {variant.name: [] for variant in variants}
    for _ in range(rounds):
        for variant in rng.sample(list(variants), len(variants)):
            runs[variant.name].append(spend(variant.run))
    [least] = least_cpu([variants[0].run])
    return Measured(title, row_count, runs, least)


def check_checksums(variants: Sequence[Variant]) -> int:
    """Checksum that all variants share; raises ChecksumError where they do not. Warms every variant up, too."""
    sums = {variant.name: checksum(variant.rows_of(variant.run())) for variant in variants}
    if len(set(sums.values())) > 1:
        raise ChecksumError(f"the variants do not give the same rows: {sums}")
    return next(iter(sums.values()))


def checksum(rows: pl.DataFrame) -> int:
    """A number for the multiset of rows: their order does not matter, everything else does."""
    plain = rows.select(pl.all().to_physical().cast(pl.Int64)).select(sorted(rows.columns))
    return int(plain.hash_rows(seed=0).sum()) + len(rows)


def spend(run: Callable[[], Any]) -> Spent:
    """Cost of one run. The result is dropped and garbage collected outside of the measured time."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    result = run()
    spent = Spent(time.process_time() - cpu, time.perf_counter() - wall)
    del result
    return spent


def least_cpu(runs: Sequence[Callable[[], Any]], count: int = WARM_RUNS) -> list[float]:
    """Least CPU seconds of each of ``runs`` over ``count`` warm rounds.

    For bars near what memory allows: pages that a process touches for the first time cost several times as much after
    a neighbour that has given back gigabytes, most of all on virtual machines (PERFORMANCE.md §1).
    """
    spent = [[spend(run).cpu for run in runs] for _ in range(max(count, WARM_RUNS))]
    return [min(column) for column in zip(*spent, strict=True)]


def peak_mb() -> float:
    """Most memory this process has held so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
