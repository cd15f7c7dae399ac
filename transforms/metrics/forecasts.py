"""What may be delivered by when, with the certainty one wants (METHODS §5). How past answers fared: the backtests."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from transforms.metrics.epic_scopes import epic_scopes, weekly
from transforms.metrics.open_work import days_until_all_left
from transforms.metrics.period_tables import definition_version_column, note_column
from transforms.metrics.recalibration import CERTAINTIES, HORIZONS, Asked, places_by_answer
from transforms.metrics.regimes import doubts
from transforms.metrics.weekly_flow import by_stream, flow_journeys, flow_weeks, seed_of, weekly_flow
from transforms.schema import LABEL, Column, Table
from transforms.statistics.bootstrap import delivered_within, weeks_until
from transforms.statistics.rates import MINIMUM_EVENTS, MINIMUM_WEEKS
from transforms.workflow import Workflow

QUESTIONS = ("how_many", "when_items", "when_open_work", "when_open_epics")

ITEM_COUNTS = (10, 25, 50, 100)
"""Deliveries for which "when" is answered."""

TRIALS = 5000

ANSWERS = ("delivered_count", "week_count", "by_date")


class Forecasts(Table, layer="metrics", key=("value_stream", "question", "target_count", "certainty_share")):
    """One row per question and certainty. Answers: how many will be delivered by when, and when is all open work done?

    Drawn twice from the weeks since which deliveries have been steady (current_regimes), so that a short history makes
    an unsure forecast; open work advances by what work of its age has done, open epics grow as begun epics have grown.
    Where the stream is not stable the answers stand with that label: nothing that draws from the past survives a trend.
    How they fared: forecast_backtests; where past ones promised too much, an answer widened by that stands beside.
    """

    value_stream = Column(LABEL, "Value stream.")
    question = Column(
        pl.String(),
        "how_many: deliveries in the next target_count weeks; when_items: weeks until target_count deliveries;"
        " when_open_work: weeks until all target_count issues in progress have left, delivered or given up;"
        " when_open_epics: weeks until the target_count open issues of begun epics and what those gain meanwhile have"
        " ended, if work on epics goes on as it went and no other epic is begun.",
        values=QUESTIONS,
    )
    target_count = Column(pl.Int64(), "Weeks, deliveries, or issues in progress, as the question says.", minimum=0)
    certainty_share = Column(pl.Float64(), "Chance that the answer is kept: 0.5, 0.7, 0.85, 0.95.")
    delivered_count = Column(
        pl.Int64(), "how_many: at least so many. Else empty, or when withheld (note).", nullable=True, minimum=0
    )
    widened_delivered_count = Column(
        pl.Int64(), "how_many: at least so many, allowing for how past forecasts fell short (by the places of their"
        " answers). Empty unless such forecasts clearly were kept too rarely.", nullable=True, minimum=0,
    )  # fmt: skip
    week_count = Column(
        pl.Int64(), "when: within so many weeks. Else empty, or when not in sight (note).", nullable=True, minimum=0
    )
    by_date = Column(pl.Date(), "when: by the end of this day. Empty likewise.", nullable=True)
    origin_date = Column(
        pl.Date(), "Day after the last complete week: what it looks ahead from; for open work the day of as_of."
    )
    history_start_date = Column(pl.Date(), "Monday of the first week it draws from.")
    history_week_count = Column(pl.Int64(), "Weeks it draws from.", minimum=1)
    history_delivered_count = Column(pl.Int64(), "Deliveries in them.", minimum=0)
    is_stable = Column(
        pl.Boolean(), "Nothing speaks against looking ahead, in the current regime or the weeks it draws from."
    )
    definition_version = definition_version_column()
    note = note_column()


def forecast(
    issue_journeys: pl.LazyFrame,
    current_regimes: pl.LazyFrame,
    forecast_backtests: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Answer the questions for every stream with a regime; Forecasts."""
    journeys = flow_journeys(issue_journeys)
    scopes, levels = epic_scopes(issue_journeys, journeys, workflow), places_by_answer(forecast_backtests.collect())
    flow = weekly_flow(journeys, flow_weeks(journeys, workflow, as_of)).filter("is_complete")
    regimes = {str(row["value_stream"]): row for row in current_regimes.collect().to_dicts()}
    zones = {stream.name: ZoneInfo(stream.calendar.zone) for stream in workflow.streams}
    rows: list[dict[str, object]] = []
    for name, weeks in by_stream(flow):
        regime = regimes[name]
        history = weeks.filter(pl.col.week_start_date >= regime["steady_deliveries_date"])
        own = journeys.filter(pl.col.is_in_flow, pl.col.value_stream.cast(pl.String) == name)
        answers = [*_how_many(name, history, levels), *_when_items(name, history)]
        answers += _when_open(name, own, _starts_at(weeks, regime["regime_start_date"]), as_of, zones[name])
        answers += _when_epics(name, history, scopes.filter(pl.col.value_stream.cast(pl.String) == name))
        rows += [_about(name, history, regime, workflow) | answer for answer in answers]
    labelled = [row | {"note": _note(row)} for row in rows]
    return pl.LazyFrame(labelled, schema=Forecasts.polars_schema())


def _how_many(name: str, history: pl.DataFrame, levels: dict[Asked, float]) -> list[dict[str, object]]:
    """At least so many: the quantile that all but the certainty lies at or above, plain and widened."""
    answers: list[dict[str, object]] = []
    counts = history["delivered_count"].to_numpy()
    for horizon in HORIZONS:
        drawn = delivered_within(counts, horizon, TRIALS, np.random.default_rng(seed_of("forecasts", name, horizon)))
        for certainty in CERTAINTIES:
            answer = _answer("how_many", horizon, certainty)
            if _is_enough(counts):
                level = levels.get((name, horizon, certainty))
                answer["delivered_count"] = _quantile(drawn, 1 - certainty)
                answer["widened_delivered_count"] = None if level is None else _quantile(drawn, level)
            answers.append(answer)
    return answers


def _when_items(name: str, history: pl.DataFrame) -> list[dict[str, object]]:
    answers: list[dict[str, object]] = []
    counts = history["delivered_count"].to_numpy()
    begin = _origin(history)
    for item_count in ITEM_COUNTS:
        rng = np.random.default_rng(seed_of("forecasts", name, "items", item_count))
        weeks = weeks_until(counts, item_count, TRIALS, rng) if _is_enough(counts) else np.full(1, np.inf)
        answers += [
            _answer("when_items", item_count, certainty) | _within(weeks, certainty, begin) for certainty in CERTAINTIES
        ]
    return answers


def _when_open(
    name: str, journeys: pl.DataFrame, begin: datetime, as_of: datetime, zone: ZoneInfo
) -> list[dict[str, object]]:
    """By the curve of the current regime; all open work has left when the last of it has.

    Weeks run from ``as_of`` itself, so they end within a day like its own, by the stream's zone.
    """
    today = as_of.astimezone(zone).date()
    open_count = journeys["finished_at"].null_count()
    rng = np.random.default_rng(seed_of("forecasts", name, "open"))
    weeks = days_until_all_left(journeys, begin, as_of, TRIALS, rng) / 7
    return [
        _answer("when_open_work", open_count, certainty)
        | _within(weeks, certainty, today + timedelta(days=1))
        | {"origin_date": today}
        for certainty in CERTAINTIES
    ]


def _when_epics(name: str, history: pl.DataFrame, scope: pl.DataFrame) -> list[dict[str, object]]:
    """By what epics' issues ended, less what begun epics gained, in each of the steady weeks."""
    if scope.is_empty():
        return []
    gained, ended = (weekly(scope, at, history) for at in ("gained_at", "finished_at"))
    open_count = int(scope["is_open"].to_numpy().sum())
    rng = np.random.default_rng(seed_of("forecasts", name, "epics"))
    weeks = weeks_until(ended - gained, open_count, TRIALS, rng) if _is_enough(ended) else np.full(1, np.inf)
    weeks = weeks if open_count else np.zeros(1)
    begin = _origin(history)
    return [
        _answer("when_open_epics", open_count, certainty) | _within(weeks, certainty, begin)
        for certainty in CERTAINTIES
    ]


def _quantile(drawn: np.ndarray, level: float) -> int:
    return int(np.quantile(drawn, level, method="inverted_cdf"))


def _answer(question: str, target: int, certainty: float) -> dict[str, object]:
    return {"question": question, "target_count": target, "certainty_share": certainty}


def _within(weeks: np.ndarray, certainty: float, begin: date) -> dict[str, object]:
    """Whole weeks within which the certainty's share of trials is done; empty if that is not in sight."""
    found = float(np.quantile(weeks, certainty, method="inverted_cdf"))
    if not np.isfinite(found):
        return {"week_count": None, "by_date": None}
    count = int(np.ceil(found))
    return {"week_count": count, "by_date": begin + timedelta(days=7 * count - 1)}


def _about(name: str, history: pl.DataFrame, regime: dict[str, object], workflow: Workflow) -> dict[str, object]:
    """What all answers of a stream have in common; doubts of the regime and of the weeks it draws from."""
    told = str(regime["reasons"]).split("; ") if regime["reasons"] else []
    reasons = list(dict.fromkeys([*told, *doubts(history)]))
    return {
        "value_stream": name,
        "origin_date": _origin(history),
        "history_start_date": history["week_start_date"][0],
        "history_week_count": len(history),
        "history_delivered_count": int(history["delivered_count"].sum()),
        "is_stable": not reasons,
        "definition_version": workflow.definition_version(name),
        "note": f"not stable: {'; '.join(reasons)}" if reasons else None,
    }


def _origin(history: pl.DataFrame) -> date:
    monday: date = history["week_start_date"][-1]
    return monday + timedelta(weeks=1)


def _starts_at(weeks: pl.DataFrame, monday: object) -> datetime:
    start: datetime = weeks.filter(pl.col.week_start_date == monday)["starts_at"][0]
    return start


def _note(row: dict[str, object]) -> str | None:
    """The stability label, and why an answer is missing."""
    missing = None
    if all(row.get(answer) is None for answer in ANSWERS):
        missing = (
            "not in sight from what the current regime has shown"
            if row["question"] == "when_open_work"
            else f"a forecast needs {MINIMUM_WEEKS} steady weeks and {MINIMUM_EVENTS} deliveries, and an end in sight"
        )
    return "; ".join(str(text) for text in (row["note"], missing) if text) or None


def _is_enough(counts: np.ndarray) -> bool:
    return len(counts) >= MINIMUM_WEEKS and int(counts.sum()) >= MINIMUM_EVENTS
