"""What people look at today instead, on the same published tables: one number per stage, the largest wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import polars as pl

Tables = Mapping[str, pl.DataFrame]

KEY = ("value_stream", "stage_name")

FEWEST_DEPARTURES = 10
"""Below, how fast a stage works while something waits is not known."""


def longest_time(tables: Tables, first: date, last: date) -> pl.DataFrame:
    """Working days in the stage per delivered issue."""
    return _mapped(tables, first, last, pl.col.stage_working_days_per_delivered)


def longest_queue(tables: Tables, first: date, last: date) -> pl.DataFrame:
    """Issues waiting for a next person, on average; issues there where hardly any column of it says that work waits."""
    weeks = _weeks(tables, first, last).group_by(KEY).agg(queue=pl.col.queue_mean.mean(), wip=pl.col.wip_mean.mean())
    has_queues = (pl.col.queue > 0).sum().over("value_stream") > 1
    return weeks.select(*KEY, score=pl.when(has_queues).then("queue").otherwise("wip"))


def largest_wip(tables: Tables, first: date, last: date) -> pl.DataFrame:
    """Issues there, on average."""
    return _mapped(tables, first, last, pl.col.wip_mean)


def utilisation(tables: Tables, first: date, last: date) -> pl.DataFrame:
    """Share of its people's time in touch."""
    evidence = tables["constraint_evidence"].filter(period_start_date=first, period_end_date=last)
    return evidence.select(*_plain(), score="utilisation_share")


def lowest_capacity(tables: Tables, first: date, last: date) -> pl.DataFrame:
    """How slowly issues leave while something waits."""
    sums = (
        _weeks(tables, first, last)
        .group_by(KEY)
        .agg(pl.col.saturated_departure_count.sum(), pl.col.saturated_working_ms.sum())
    )
    enough = pl.col.saturated_departure_count >= FEWEST_DEPARTURES
    return sums.select(
        *KEY, score=pl.when(enough).then(-pl.col.saturated_departure_count / pl.col.saturated_working_ms)
    )


METHODS: dict[str, Callable[[Tables, date, date], pl.DataFrame]] = {
    "time in status": longest_time,
    "longest queue": longest_queue,
    "largest WIP": largest_wip,
    "utilisation": utilisation,
    "lowest capacity": lowest_capacity,
}


def answers(tables: Tables, first: date, last: date) -> dict[str, dict[str, str]]:
    """Per method, the stage it names in every value stream of the period; none where it has no number."""
    named = {}
    for method, score in METHODS.items():
        scores = score(tables, first, last).filter(pl.col.score.is_not_null()).sort("score", *KEY)
        named[method] = dict(scores.select(KEY).iter_rows())
    return named


def _mapped(tables: Tables, first: date, last: date, score: pl.Expr) -> pl.DataFrame:
    steps = tables["value_stream_map"].filter(period_start_date=first, period_end_date=last, step_kind="flow")
    return steps.select(*_plain(), score=score)


def _weeks(tables: Tables, first: date, last: date) -> pl.DataFrame:
    weeks = tables["stage_flow_weekly"].filter(pl.col.week_start_date.is_between(first, last), pl.col.is_committed)
    return weeks.with_columns(_plain())


def _plain() -> list[pl.Expr]:
    return [pl.col(name).cast(pl.String) for name in KEY]
