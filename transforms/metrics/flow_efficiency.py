"""How much of the time between start and finish was touch: a ratio of sums, never a mean of ratios (METHODS §1.3)."""

from __future__ import annotations

from typing import Literal

import polars as pl

CLOCKS = {"elapsed": "_ms", "working": "_working_ms"}


def flow_efficiency(clock: Literal["elapsed", "working"] = "elapsed", touch: pl.Expr | None = None) -> pl.Expr:
    """Σ touch ÷ Σ (touch + wait + blocked + unassigned) over delivered journeys, as an aggregate over IssueJourneys.

    Fraction 0–1; empty where nothing was delivered or the denominator is 0. Time in done statuses that were left again
    counts on neither side. ``touch`` replaces the numerator by another estimate of it, in milliseconds.
    """
    unit = CLOCKS[clock]
    delivered = pl.col.outcome == "delivered"
    spent = pl.sum_horizontal(f"{kind}{unit}" for kind in ("touch", "wait", "blocked", "unassigned"))
    whole = spent.filter(delivered).sum()
    part = (pl.col(f"touch{unit}") if touch is None else touch).filter(delivered).sum()
    return pl.when(whole > 0).then(part / whole)
