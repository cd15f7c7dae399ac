"""The stretch of weeks that says how a value stream works now. How it is found is said in ``regimes``."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from transforms.metrics.period_tables import definition_version_column, estimate_columns, note_column
from transforms.metrics.regimes import CAUSES, doubts, find_regimes, places_of_days, regime_seed, steady_place
from transforms.metrics.weekly_flow import by_stream, flow_journeys, flow_weeks, weekly_flow
from transforms.schema import LABEL, Column, Table
from transforms.statistics.rates import MINIMUM_EVENTS, MINIMUM_WEEKS, rate
from transforms.workflow import Workflow


class CurrentRegimes(Table, layer="metrics", key=("value_stream",)):
    """One row per value stream. Answers: since when has it worked as it does now, and is that steady?

    A stretch of complete weeks that begins with the last change of weekly deliveries or cycle times that chance would
    show less than once in a hundred times, or of the definitions. Forecasts look ahead from it. Percentiles and
    promises (cycle_times, service_levels, ageing_work) are those of their period, whatever changed within it.
    """

    value_stream = Column(LABEL, "Value stream.")
    regime_start_date = Column(pl.Date(), "Monday of the regime's first week.")
    regime_end_date = Column(pl.Date(), "Last day of the last complete week.")
    began_with = Column(pl.String(), "What changed then; 'history': nothing ever has.", values=CAUSES)
    change_p_value = Column(
        pl.Float64(), "How often chance shows such a change. Empty for the beginning of history and definitions.",
        nullable=True, minimum=0,
    )  # fmt: skip
    steady_deliveries_date = Column(
        pl.Date(), "Monday since which deliveries and definitions, whatever cycle times did, have not changed."
    )
    earlier_regime_count = Column(pl.Int64(), "Regimes before this one.", minimum=0)
    week_count = Column(pl.Int64(), "Complete weeks in it.", minimum=1)
    delivered_count = Column(pl.Int64(), "Issues delivered in it.", minimum=0)
    locals().update(estimate_columns("delivered_per_week", "Mean deliveries per week, weeks without any included."))
    is_stable = Column(pl.Boolean(), "Nothing speaks against looking ahead from it.")
    reasons = Column(pl.String(), "What does, in words. Empty when it is stable.", nullable=True)
    definition_version = definition_version_column()
    note = note_column()


def find_current_regimes(issue_journeys: pl.LazyFrame, workflow: Workflow, as_of: datetime) -> pl.LazyFrame:
    """Find the current regime of every stream that has a complete week; CurrentRegimes."""
    journeys = flow_journeys(issue_journeys)
    flow = weekly_flow(journeys, flow_weeks(journeys, workflow, as_of)).filter("is_complete")
    rows = [_row(name, weeks, workflow) for name, weeks in by_stream(flow)]
    return pl.LazyFrame(rows, schema=CurrentRegimes.polars_schema())


def _row(name: str, flow: pl.DataFrame, workflow: Workflow) -> dict[str, object]:
    places, seed = places_of_days(flow, workflow.definition_changes(name)), regime_seed(name)
    regimes = find_regimes(flow, seed, places)
    last = regimes[-1]
    current, days = flow[last.place :], flow["week_start_date"]
    steady = max(steady_place(flow["delivered_count"].to_numpy(), seed), *places, 0)
    reasons = doubts(current)
    found = rate(current["delivered_count"].to_numpy())
    return {
        "value_stream": name,
        "regime_start_date": days[last.place],
        "regime_end_date": days[-1] + timedelta(days=6),
        "began_with": last.cause,
        "change_p_value": last.p_value,
        "steady_deliveries_date": days[steady],
        "earlier_regime_count": len(regimes) - 1,
        "week_count": len(current),
        "delivered_count": int(current["delivered_count"].sum()),
        **dict(zip(("delivered_per_week", "delivered_per_week_low", "delivered_per_week_high"), found, strict=True)),
        "is_stable": not reasons,
        "reasons": "; ".join(reasons) or None,
        "definition_version": workflow.definition_version(name),
        "note": None if found.value is not None else _withheld(),
    }


def _withheld() -> str:
    return f"a rate needs {MINIMUM_WEEKS} weeks and {MINIMUM_EVENTS} deliveries"
