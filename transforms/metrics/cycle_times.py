"""How long work takes, by what was finished and by everything that was at risk, side by side (METHODS §2).

Promises made from these numbers are ``service_levels``; where the time goes is ``value_stream_map``.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.definitions import cut_where_ended
from transforms.metrics.at_risk import ALL_TYPES, STAYED, at_risk, own_type, with_all_types
from transforms.metrics.cycle_curves import (
    HORIZONS,
    MINIMUM_INCIDENCE_SAMPLE,
    PERCENTS,
    curve_figures,
    standardised_figures,
)
from transforms.metrics.in_users_hands import waits_for_release
from transforms.metrics.period_tables import (
    MS_PER_DAY,
    MS_PER_HOUR,
    PERIOD_KEY,
    PeriodTable,
    as_note,
    cells,
    definition_version_column,
    estimate_columns,
    note_column,
    percentile_columns,
    percentiles_by,
    too_few,
)
from transforms.metrics.periods import periods
from transforms.metrics.slots import events_in_periods
from transforms.schema import LABEL, Column, RowRule
from transforms.statistics.proportions import wilson
from transforms.wording import lacking
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

KEY = ("value_stream", "issue_type", *PERIOD_KEY[1:])

COUNTS = {
    "delivered_count": "Really started work delivered in the period: the n of cycle and lead times.",
    "never_started_count": "Delivered in the period without ever having been started; no cycle time, not in the above.",
    "discarded_count": "Started work given up in the period.",
    "dropped_count": "Ideas given up in the period before they were started.",
    "started_count": "Work started in the period: the n of times to commit.",
    "released_count": "Work whose release went out in the period: the n of done-to-released.",
    "observed_count": "Work in progress at any time of the period: what the km and within figures rest on.",
    "open_count": "Of that, still in progress at the period's end.",
}

CLOCKS = {"days": "elapsed days", "working_days": "working days"}


def _plain_columns() -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for clock, words in CLOCKS.items():
        meaning = f"of the work delivered in the period took at most this, start to finish, in {words}."
        columns |= percentile_columns(f"cycle_{clock}", meaning, PERCENTS)
    for clock, words in CLOCKS.items():
        meaning = f"take at most this at the pace of the period, open work included, nothing cancelled, in {words}."
        columns |= percentile_columns(f"km_cycle_{clock}", meaning, PERCENTS)
    return columns


def _incidence_columns() -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for ending, words in (("delivered", "is delivered"), ("discarded", "is given up")):
        for days in HORIZONS:
            meaning = f"Share of started work that {words} within {days} elapsed days, the other ending competing."
            columns |= estimate_columns(f"{ending}_within_{days}_days_share", meaning)
    return columns


class CycleTimes(PeriodTable, layer="metrics", key=KEY):
    """One row per value stream, issue type (and All) and period. Answers: how long does work take?

    cycle_… speaks of what was delivered in the period: good news is heard first, so it lags behind a slow-down.
    km_… is the period's Kaplan–Meier curve: everything in progress counts from the age it had when the period began to
    the age at which it finished or the period ended. …_within_…_share is the promise that cancelling competes with.
    standardised_… is km_cycle_days with the mix of types held at that of the stream's whole history.
    """

    issue_type = Column(LABEL, f"Issue type; '{ALL_TYPES}' for all together.")
    locals().update({name: Column(pl.Int64(), meaning, minimum=0) for name, meaning in COUNTS.items()})
    locals().update(estimate_columns("type_share", "The type's share of the work delivered in the period: the mix."))
    locals().update(_plain_columns())
    locals().update(
        percentile_columns("standardised_cycle_days", "by the km curve of the whole history's mix of types.", (50, 85))
    )
    locals().update(
        estimate_columns(
            "km_cycle_days_restricted_mean",
            "Mean elapsed days in progress, cut at restricted_to_days, by the km curve.",
        )
    )
    restricted_to_days = Column(
        pl.Float64(), "Age up to which at least 10 issues were watched. Empty where there never were.", nullable=True
    )
    locals().update(_incidence_columns())
    locals().update(
        percentile_columns("lead_days", "of the delivered took at most this from creation, elapsed days.", (50, 85))
    )
    locals().update(
        percentile_columns("time_to_commit_days", "of the started had waited at most this, elapsed days.", (50, 85))
    )
    locals().update(
        percentile_columns("done_to_released_days", "of the released had waited at most this since done.", (50, 85))
    )
    definition_version = definition_version_column()
    note = note_column()

    open_within_observed = RowRule("what is open at the end was observed", "open_count <= observed_count")


def measure_cycle_times(
    raw_issues: pl.LazyFrame,
    status_visits: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    releases: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Estimate how long work takes; CycleTimes."""
    journeys = issue_journeys.filter("is_counted").collect().with_columns(issue_type=own_type())
    if journeys.is_empty():
        return CycleTimes.empty().lazy()
    grid = periods(
        workflow, covered_stretch([journeys[at] for at in ("created_at", "started_at", "finished_at")], as_of)[0], as_of
    )
    visits = cut_where_ended(status_visits.collect(), workflow, as_of)
    waits = waits_for_release(raw_issues, releases, journeys, visits)
    waits = waits.join(journeys.select("issue_id", "issue_type"), on="issue_id")
    seen = with_all_types(at_risk(journeys, grid, workflow, as_of))
    rows = cells(workflow, grid).join(_types(journeys), on="value_stream", maintain_order="left")
    for figures in (*_plain(journeys, waits, grid, workflow), _observed(seen), curve_figures(seen)):
        rows = rows.join(figures, on=KEY, how="left")
    history = journeys.filter(pl.col.cycle_ms.is_not_null()).group_by("value_stream", "issue_type").len("weight")
    rows = rows.join(standardised_figures(seen, history), on=KEY, how="left")
    return CycleTimes.select(_finished(rows).lazy())


def _types(journeys: pl.DataFrame) -> pl.DataFrame:
    """Types every stream has ever had, and ALL_TYPES."""
    return with_all_types(journeys.select("value_stream", "issue_type")).unique().sort("value_stream", "issue_type")


def _plain(journeys: pl.DataFrame, waits: pl.DataFrame, grid: pl.DataFrame, workflow: Workflow) -> list[pl.DataFrame]:
    """Counts of what happened in every period, and percentiles of what it had taken."""
    hours = {stream.name: float(stream.calendar.hours_per_day) for stream in workflow.streams}
    working_day = MS_PER_HOUR * pl.col.value_stream.cast(pl.String).replace_strict(hours, return_dtype=pl.Float64)
    is_delivered, is_discarded = (pl.col.outcome == ending for ending in ("delivered", "discarded"))
    finished = _in_periods(journeys, "finished_at", grid).with_columns(
        cycle=pl.col.cycle_ms / MS_PER_DAY,
        working=pl.col.cycle_working_ms / working_day,
        lead=pl.col.lead_ms / MS_PER_DAY,
    )
    is_without_lead = pl.col.is_migrated & pl.col.cycle_ms.is_not_null()
    endings = finished.group_by(KEY).agg(
        migrated_count=is_without_lead.sum(),
        delivered_count=(is_delivered & ~pl.col.is_never_started).sum(),
        never_started_count=(is_delivered & pl.col.is_never_started).sum(),
        discarded_count=(is_discarded & ~pl.col.is_never_started).sum(),
        dropped_count=(is_discarded & pl.col.is_never_started).sum(),
    )
    started = _in_periods(journeys.filter(~pl.col.is_never_started), "started_at", grid)
    started = started.with_columns(upstream=_days(pl.col.created_at, pl.col.started_at).clip(0))
    released = _in_periods(waits, "released_at", grid).with_columns(wait=_days(pl.col.done_at, pl.col.released_at))
    return [
        endings,
        started.group_by(KEY).agg(started_count=pl.len()),
        released.group_by(KEY).agg(released_count=pl.len()),
        percentiles_by(finished, KEY, {"cycle": "cycle_days", "working": "cycle_working_days"}, PERCENTS),
        percentiles_by(finished, KEY, {"lead": "lead_days"}, (50, 85)),
        percentiles_by(started, KEY, {"upstream": "time_to_commit_days"}, (50, 85)),
        percentiles_by(released, KEY, {"wait": "done_to_released_days"}, (50, 85)),
    ]


def _in_periods(frame: pl.DataFrame, at: str, grid: pl.DataFrame) -> pl.DataFrame:
    return with_all_types(events_in_periods(frame, at, grid))


def _days(begin: pl.Expr, end: pl.Expr) -> pl.Expr:
    return (end - begin).dt.total_milliseconds() / MS_PER_DAY


def _observed(seen: pl.DataFrame) -> pl.DataFrame:
    return seen.group_by(KEY).agg(
        observed_count=pl.len(), open_count=((pl.col.cause == STAYED) & ~pl.col.is_gone).sum()
    )


def _finished(rows: pl.DataFrame) -> pl.DataFrame:
    """Counts as they are published, the mix, and the note."""
    rows = rows.with_columns(pl.col(COUNTS).fill_null(0).cast(pl.Int64))
    whole = pl.col.delivered_count.filter(pl.col.issue_type == ALL_TYPES).sum().over(PERIOD_KEY)
    mix = rows.select("delivered_count", whole=whole)
    shares = wilson(mix["delivered_count"].to_numpy(), mix["whole"].to_numpy())
    rows = rows.with_columns(
        pl.Series(f"type_share{end}", v).fill_nan(None) for end, v in zip(("", "_low", "_high"), shares, strict=True)
    )
    few_observed = pl.when(pl.col.observed_count < MINIMUM_INCIDENCE_SAMPLE).then(
        lacking(f"shares within need {MINIMUM_INCIDENCE_SAMPLE} in progress", "observed_count")
    )
    migrated = pl.when(pl.col.migrated_count > 0).then(
        pl.format("lead leaves out {} migrated issues, created after their history began", "migrated_count")
    )
    parts = [
        *too_few(PERCENTS, "delivered_count", "deliveries"),
        few_observed,
        migrated,
        pl.col.curve_note,
        pl.col.mix_note,
    ]
    return rows.with_columns(note=as_note(parts)).sort("value_stream", "issue_type", *PERIOD_KEY[1:])
