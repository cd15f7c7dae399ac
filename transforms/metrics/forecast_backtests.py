"""How past forecasts of deliveries would have fared, made with what was known then (METHODS §5). Always published."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np
import polars as pl

from transforms.definitions import cut_where_ended
from transforms.metrics.known_then import delivered_stretches, edges_of, known_counts
from transforms.metrics.period_tables import definition_version_column, note_column
from transforms.metrics.recalibration import CERTAINTIES, HORIZONS, conformal_place, kept_column, place_column
from transforms.metrics.regimes import places_of_days, regime_seed, steady_place
from transforms.metrics.weekly_flow import by_stream, flow_journeys, flow_weeks, seed_of
from transforms.schema import LABEL, Column, Table
from transforms.statistics.bootstrap import delivered_within
from transforms.statistics.proportions import wilson
from transforms.statistics.rates import MINIMUM_EVENTS, MINIMUM_WEEKS
from transforms.statistics.scores import crps, pinball, place_in
from transforms.wording import there_are
from transforms.workflow import Workflow

MINIMUM_ORIGINS = 12

MOST_ORIGINS = 52
"""Newest weeks from which it is looked ahead: a year, for older ones say little of today's forecasts."""

TRIALS = 1000

NAIVE_WEEKS = 12
"""The naive forecast: as many as in the mean of so many weeks."""

PINBALL = (5, 15, 50)
"""Percent of outcomes that stay at or below the scored answer."""

VERDICTS = ("yes", "no", "cannot_tell")


def _coverage_columns() -> dict[str, Column]:
    columns = {}
    for certainty in CERTAINTIES:
        name, percent = kept_column(certainty), f"{certainty * 100:.0f} %"
        columns[name] = Column(
            pl.Float64(),
            f"Share of forecasts of {percent} certainty that were kept. Empty below 12 forecasts.",
            nullable=True,
        )
        for end, which in (("low", "Lower"), ("high", "Upper")):
            columns[f"{name}_{end}"] = Column(
                pl.Float64(), f"{which} end of its 95 % interval (Wilson, effective n). Empty likewise.", nullable=True
            )
    return columns


def _place_columns() -> dict[str, Column]:
    return {
        place_column(certainty): Column(
            pl.Float64(),
            f"Place at or below which {100 - certainty * 100:.0f} % of answers fell; well below that share, forecasts"
            " promised too much. Empty likewise, or where it takes more forecasts.",
            nullable=True,
        )
        for certainty in CERTAINTIES
    }


class ForecastBacktests(Table, layer="metrics", key=("value_stream", "horizon_weeks")):
    """One row per value stream and horizon, over all past forecasts of it. Answers: have such forecasts been kept?

    A forecast of "how many in the next weeks" is made at the end of every week of the last year, by the method of
    metrics.forecasts, from deliveries as they were known then; the answer is what was known when its weeks were over.
    Forecasts of neighbouring weeks share most of their weeks, so effective_origins of them are independent.
    """

    value_stream = Column(LABEL, "Value stream.")
    horizon_weeks = Column(pl.Int64(), "Weeks ahead.", minimum=1)
    origin_count = Column(pl.Int64(), "Forecasts made whose answer is known.", minimum=0)
    effective_origins = Column(pl.Float64(), "Of them independent: forecasts ÷ weeks ahead.", minimum=0)
    withheld_count = Column(pl.Int64(), "Weeks in which too little was known for a forecast.", minimum=0)
    first_origin_date = Column(pl.Date(), "Monday of the first forecast. Empty when there is none.", nullable=True)
    last_origin_date = Column(pl.Date(), "Monday of the last. Empty likewise.", nullable=True)
    verdict = Column(
        pl.String(), "Are they calibrated: do the intervals of all shares hold what was promised? Nobody can tell below"
        " 12 forecasts or 5 independent ones.", values=VERDICTS,
    )  # fmt: skip
    sentence = Column(pl.String(), "The same in words.")
    locals().update(_coverage_columns())
    pinball_p5 = Column(pl.Float64(), "Mean pinball loss at 5 %, in issues. Empty below 12 forecasts.", nullable=True)
    pinball_p15 = Column(pl.Float64(), "Mean pinball loss at 15 %. Empty likewise.", nullable=True)
    pinball_p50 = Column(pl.Float64(), "Mean pinball loss at 50 %. Empty likewise.", nullable=True)
    crps_mean = Column(
        pl.Float64(), "Continuous ranked probability score, in issues; lower is better. Empty likewise.", nullable=True
    )
    naive_error_mean = Column(
        pl.Float64(), f"Mean absolute error of the mean of {NAIVE_WEEKS} weeks times the horizon. Empty likewise.",
        nullable=True,
    )  # fmt: skip
    skill = Column(
        pl.Float64(), "1 − crps_mean ÷ naive_error_mean: above 0, better than the naive forecast. Empty likewise.",
        nullable=True,
    )  # fmt: skip
    place_mean = Column(
        pl.Float64(), "Where answers fell among the forecast's: 0.5 if it leans to neither side. Empty likewise.",
        nullable=True,
    )  # fmt: skip
    locals().update(_place_columns())
    definition_version = definition_version_column()
    note = note_column()


class Scored(NamedTuple):
    """One past forecast and its answer."""

    kept: tuple[bool, ...]
    losses: tuple[float, ...]
    crps: float
    naive_error: float
    place: float
    reached: float
    """Share of the ensemble at or below the answer."""


def backtest_forecasts(
    status_visits: pl.LazyFrame,
    work_intervals: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Score past forecasts of every stream with a complete week; ForecastBacktests."""
    journeys = flow_journeys(issue_journeys)
    grid = flow_weeks(journeys, workflow, as_of).filter("is_complete")
    visits = cut_where_ended(status_visits.collect(), workflow, as_of)
    stretches = delivered_stretches(journeys, work_intervals, visits)
    rows = []
    for name, weeks in by_stream(grid):
        known = known_counts(stretches.filter(pl.col.value_stream.cast(pl.String) == name), edges_of(weeks))
        redefined = places_of_days(weeks, workflow.definition_changes(name))
        histories = _histories(name, known, redefined)
        for horizon in HORIZONS:
            row = _row(name, known, histories, weeks, horizon)
            rows.append(row | {"definition_version": workflow.definition_version(name)})
    return pl.LazyFrame(rows, schema=ForecastBacktests.polars_schema())


def _histories(name: str, known: np.ndarray, redefined: tuple[int, ...]) -> dict[int, np.ndarray]:
    """Per origin (weeks before it): the steady weeks known then; no entry where they are too few.

    ``redefined`` are places of weeks from which other definitions held; weeks before them are left out.
    """
    found = {}
    for origin in range(max(MINIMUM_WEEKS, len(known) - MOST_ORIGINS - max(HORIZONS)), len(known)):
        weeks = known[origin, :origin]
        since = max((place for place in redefined if place < origin), default=0)
        steady = weeks[max(since, steady_place(weeks, regime_seed(name))) :]
        if len(steady) >= MINIMUM_WEEKS and steady.sum() >= MINIMUM_EVENTS:
            found[origin] = steady
    return found


def _row(
    name: str, known: np.ndarray, histories: dict[int, np.ndarray], weeks: pl.DataFrame, horizon: int
) -> dict[str, object]:
    ends = len(known) - 1 - horizon
    origins = [origin for origin in histories if max(0, ends - MOST_ORIGINS) < origin <= ends]
    asked = len(range(max(1, ends - MOST_ORIGINS + 1), ends + 1))
    scored = [_score(name, known, histories[origin], origin, horizon) for origin in origins]
    mondays = [weeks["week_start_date"][origin] for origin in origins]
    row: dict[str, object] = {
        "value_stream": name, "horizon_weeks": horizon, "origin_count": len(scored),
        "effective_origins": len(scored) / horizon, "withheld_count": asked - len(scored),
        "first_origin_date": min(mondays, default=None), "last_origin_date": max(mondays, default=None),
    }  # fmt: skip
    if len(scored) < MINIMUM_ORIGINS:
        note = f"a backtest needs {MINIMUM_ORIGINS} past forecasts, {there_are(len(scored))}"
        return row | {"verdict": "cannot_tell", "sentence": f"Nobody can tell: {note}.", "note": note}
    shares = _shares(scored, horizon)
    return row | shares | _means(scored) | _verdict(shares, len(scored), horizon)


def _score(name: str, known: np.ndarray, history: np.ndarray, origin: int, horizon: int) -> Scored:
    """Make the forecast of that week, and hold it against what was known when its weeks were over."""
    rng = np.random.default_rng(seed_of("backtests", name, origin, horizon))
    drawn = delivered_within(history, horizon, TRIALS, rng)
    actual = int(known[origin + horizon, origin : origin + horizon].sum())
    promised = [np.quantile(drawn, 1 - certainty, method="inverted_cdf") for certainty in CERTAINTIES]
    losses = [pinball(float(np.quantile(drawn, p / 100, method="inverted_cdf")), actual, p / 100) for p in PINBALL]
    naive = float(known[origin, max(0, origin - NAIVE_WEEKS) : origin].mean()) * horizon
    kept = tuple(bool(actual >= least) for least in promised)
    reached = float(np.mean(drawn <= actual))
    return Scored(kept, tuple(losses), crps(drawn, actual), abs(actual - naive), place_in(drawn, actual), reached)


def _shares(scored: list[Scored], horizon: int) -> dict[str, object]:
    """Shares kept, with Wilson's interval for as many forecasts as are independent."""
    kept = np.mean([one.kept for one in scored], axis=0)
    effective = np.full(len(CERTAINTIES), max(1.0, len(scored) / horizon))
    found = wilson(kept * effective, effective)
    names = [kept_column(certainty) for certainty in CERTAINTIES]
    return {
        f"{name}{end}": float(value)
        for end, values in zip(("", "_low", "_high"), found, strict=True)
        for name, value in zip(names, values, strict=True)
    }


def _means(scored: list[Scored]) -> dict[str, object]:
    losses = np.mean([one.losses for one in scored], axis=0)
    score, naive = (float(np.mean([getattr(one, part) for one in scored])) for part in ("crps", "naive_error"))
    means: dict[str, object] = {f"pinball_p{p}": float(loss) for p, loss in zip(PINBALL, losses, strict=True)}
    means |= {"crps_mean": score, "naive_error_mean": naive, "skill": 1 - score / naive if naive else None}
    reached = np.array([one.reached for one in scored])
    means |= {place_column(certainty): conformal_place(reached, certainty) for certainty in CERTAINTIES}
    return means | {"place_mean": float(np.mean([one.place for one in scored]))}


def _verdict(shares: dict[str, object], count: int, horizon: int) -> dict[str, object]:
    """Whether every interval holds what was promised, and the widest failure in words."""
    kept = float(str(shares["kept_p85_share"]))
    low, high = (float(str(shares[f"kept_p85_share_{end}"])) for end in ("low", "high"))
    facts = f"what was promised with 85 % certainty was kept {kept:.0%} of the time [{low:.0%}, {high:.0%}]"
    missed = [c for c in CERTAINTIES if float(str(shares[f"kept_p{c * 100:.0f}_share_high"])) < c]
    timid = [c for c in CERTAINTIES if float(str(shares[f"kept_p{c * 100:.0f}_share_low"])) > c]
    words = f"over {count} {'forecast' if count == 1 else 'forecasts'} {facts}"
    if missed or timid:
        said = "Forecasts have promised too much" if missed else "Forecasts have been too careful"
        return {"verdict": "no", "sentence": f"{said}: {words}.", "note": None}
    if count / horizon < 5:
        note = f"only {count / horizon:.1f} of the forecasts are independent"
        return {"verdict": "cannot_tell", "sentence": f"Nobody can tell yet: {words}, but {note}.", "note": note}
    return {"verdict": "yes", "sentence": f"Forecasts have been kept as promised: {words}.", "note": None}
