"""What truly came out of a simulated stream: the interventional truth that the product's estimates are held against.

Read from the simulation itself, never from Jira's record of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pipelines.sandbox.company.clocks import DAY
from pipelines.sandbox.company.state import Item

MONTH = 365.25 / 12 * DAY


@dataclass(frozen=True)
class FlowMeasures:
    """Flow in a window: rates per month of 30.44 days, durations in elapsed days."""

    finished_per_month: float
    started_per_month: float
    residence_days: float
    """Mean time in progress inside the window per issue started in it (METHODS §3.3, ΔR)."""
    cycle_days_p50: float
    """Median cycle time of what was finished in the window; 0 where nothing was."""
    wip: int
    """In progress at the end of the window."""


def measure_flow(items: Sequence[Item], begin: int, end: int) -> FlowMeasures:
    """Measure the window [begin, end) in UTC ms."""
    months = (end - begin) / MONTH
    spans = [(item.started, _left(item)) for item in items if item.started is not None and item.started < end]
    delivered = [(item.started, item.finished) for item in items if item.started is not None and item.finished]
    started = sum(start >= begin for start, _ in spans)
    present = sum(max(0, min(left, end) - max(start, begin)) for start, left in spans)
    cycles = [(left - start) / DAY for start, left in delivered if begin <= left < end]
    return FlowMeasures(
        len(cycles) / months,
        started / months,
        present / DAY / max(1, started),
        median(cycles) if cycles else 0.0,
        sum(left >= end for _, left in spans),
    )


def _left(item: Item) -> int:
    """When the issue left the work in progress for good; far in the future while it has not."""
    return item.finished or item.cancelled or 2**60
