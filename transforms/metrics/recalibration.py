"""Widening a forecast by how past ones fared: where their answers fell among what had been drawn (METHODS §5).

If answers fell below the 15 % quantile far more often than 15 times in a hundred, the quantile is taken at which they
did fall so often. How past forecasts are scored is ``forecast_backtests``.
"""

from __future__ import annotations

import numpy as np
import polars as pl

CERTAINTIES = (0.5, 0.7, 0.85, 0.95)
"""Chances at which "at least so many" is answered."""

HORIZONS = (2, 6, 12)
"""Weeks ahead for which it is answered."""

Asked = tuple[str, int, float]
"""Value stream, weeks ahead, certainty."""


def place_column(certainty: float) -> str:
    """Name of the column that holds the place at or below which 1 − certainty of past answers fell."""
    return f"place_p{100 - certainty * 100:.0f}"


def kept_column(certainty: float) -> str:
    """Name of the column that holds the share of such forecasts that were kept."""
    return f"kept_p{certainty * 100:.0f}_share"


def conformal_place(places: np.ndarray, certainty: float) -> float | None:
    """The place below which at most 1 − certainty of the answers fall, those to come included; None for too few.

    ``places`` are shares of each ensemble at or below its answer. The rank is that of conformal prediction,
    ⌊(n + 1)(1 − certainty)⌋: the next answer lies below it with at most that chance if it is like the ones before.
    """
    rank = int(np.floor((len(places) + 1) * (1 - certainty) + 1e-9))
    return float(np.sort(places)[rank - 1]) if rank >= 1 else None


def places_by_answer(backtests: pl.DataFrame) -> dict[Asked, float]:
    """At which quantile to answer where past forecasts clearly promised too much; from ForecastBacktests."""
    found = {}
    for row in backtests.to_dicts():
        for certainty in CERTAINTIES:
            high, place = row[f"{kept_column(certainty)}_high"], row[place_column(certainty)]
            if high is not None and high < certainty and place is not None:
                found[str(row["value_stream"]), row["horizon_weeks"], certainty] = min(place, 1 - certainty)
    return found
