"""Work in progress by age: how old, where, and how likely it is to break the promise (METHODS §4.5).

The promise itself is ``service_levels``.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.metrics.at_risk import ALL_TYPES, at_risk, groups_of, own_type, with_all_types
from transforms.metrics.cycle_curves import KEY, curve_of
from transforms.metrics.period_tables import (
    MS_PER_DAY,
    MS_PER_HOUR,
    as_note,
    cells,
    definition_version_column,
    estimate_columns,
    note_column,
)
from transforms.metrics.periods import periods
from transforms.metrics.service_levels import BY_TYPE, expectations
from transforms.metrics.slots import events_in_periods, working_between
from transforms.metrics.stage_stays import stage_pieces, stays_of, visits_then
from transforms.schema import LABEL, TIMESTAMP, Column, RowRule, Table
from transforms.statistics.curves import outlasts
from transforms.statistics.order_statistics import MINIMUM_SAMPLE
from transforms.statistics.proportions import wilson
from transforms.wording import lacking
from transforms.workflow import SPAN_KINDS, Workflow
from transforms.workflow_index import covered_stretch

MINIMUM_PAST = MINIMUM_SAMPLE[0.5]
"""Past issues of a stage below which an age is not ranked among theirs."""

PAST = ["value_stream", "stage_name"]


class AgeingWork(Table, layer="metrics", key=("issue_id",)):
    """One row per started issue that is not finished. Answers: what is growing old, where, and what will be late?

    Past work is what was delivered in the 26 weeks up to the last complete one.
    """

    issue_id = Column(pl.Int64(), "Jira's immutable id of the issue.", references="issues.issue_id")
    issue_key = Column(pl.String(), "Current key.")
    value_stream = Column(LABEL, "Value stream the issue belongs to now.")
    issue_type = Column(LABEL, "Current type.")
    stage_name = Column(LABEL, "Stage it is in now.", references="stages.stage_name")
    kind = Column(pl.String(), "What holds now.", values=SPAN_KINDS)
    is_blocked = Column(pl.Boolean(), "It is on hold, flagged or blocked by another issue now.")
    started_at = Column(TIMESTAMP, "First entry at or after the commitment point.")
    stage_entered_at = Column(TIMESTAMP, "Entry into the stage it is in.")
    age_days = Column(pl.Float64(), "Start to as_of, elapsed days.", minimum=0)
    age_working_days = Column(pl.Float64(), "The same in working days.", minimum=0)
    stage_age_days = Column(pl.Float64(), "Entry into the stage to as_of, elapsed days.", minimum=0)
    stage_age_working_days = Column(pl.Float64(), "The same in working days.", minimum=0)
    past_count = Column(pl.Int64(), "Past issues that went through the stage it is in.", minimum=0)
    locals().update(
        estimate_columns(
            "age_rank_share", "Share of past issues that had left this stage for good at this age or younger."
        )
    )
    service_level_type = Column(
        LABEL, f"Whose promise counts: its type's, or '{ALL_TYPES}' where its type has none. Empty without any.",
        nullable=True,
    )  # fmt: skip
    service_level_days = Column(pl.Float64(), "Elapsed days of that promise. Empty without one.", nullable=True)
    is_over_service_level = Column(pl.Boolean(), "It is older than the promise. Empty without one.", nullable=True)
    locals().update(
        estimate_columns("break_chance_share", "Chance to grow older than the promise if it is not cancelled.")
    )
    definition_version = definition_version_column()
    note = note_column()

    stage_age_within_age = RowRule(
        "nothing is older in its stage than in the flow",
        "stage_age_days <= age_days + 1e-6",
    )
    over_as_measured = RowRule(
        "it is over its service level exactly if it is older",
        "is_over_service_level = (age_days > service_level_days)",
    )


def age_open_work(
    status_visits: pl.LazyFrame,
    work_intervals: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Rank open work by age and by the chance to be late; AgeingWork."""
    journeys = issue_journeys.filter("is_counted").collect().with_columns(issue_type=own_type())
    journeys = journeys.filter(pl.col.started_at.is_not_null() & ~pl.col.is_never_started)
    if journeys.filter(pl.col.outcome == "in_progress").is_empty():
        return AgeingWork.empty().lazy()
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    rolling = grid.filter(pl.col.period_kind != "quarter")
    past = events_in_periods(journeys.filter(pl.col.outcome == "delivered"), "finished_at", rolling)
    still = journeys.filter(pl.col.outcome == "in_progress")
    ids = pl.concat([past["issue_id"], still["issue_id"]])
    pieces = stage_pieces(work_intervals.collect(), visits_then(status_visits.collect(), workflow, as_of), ids)
    rows = _now(still, pieces, cells(workflow, rolling), workflow, as_of)
    rows = _ranked(rows, past, stays_of(pieces))
    seen = with_all_types(at_risk(journeys, rolling, workflow, as_of))
    return AgeingWork.select(_finished(_with_chances(_with_promises(rows, seen), seen)).lazy())


def _now(
    still: pl.DataFrame, pieces: pl.DataFrame, about: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """Where every open issue is, since when, and how old it is on both clocks."""
    last = pieces.group_by("issue_id", maintain_order=True).agg(pl.col("stay", "stage_name", "kind").last())
    entered = stays_of(pieces).select("stay", stage_entered_at="entered_at")
    rows = still.join(last, on="issue_id").join(entered, on="stay")
    rows = rows.join(about.select("value_stream", "hours_per_day", "definition_version"), on="value_stream")
    rows = rows.with_columns(now=pl.lit(as_of, TIMESTAMP))
    working_day = MS_PER_HOUR * pl.col.hours_per_day
    return rows.with_columns(
        is_blocked=pl.col.kind == "blocked",
        age_days=pl.col.span_ms / MS_PER_DAY,
        age_working_days=pl.col.span_working_ms / working_day,
        stage_age_days=(pl.col.now - pl.col.stage_entered_at).dt.total_milliseconds() / MS_PER_DAY,
        stage_age_working_days=working_between(rows, "stage_entered_at", "now", workflow, as_of) / working_day,
    )


def _ranked(rows: pl.DataFrame, past: pl.DataFrame, stays: pl.DataFrame) -> pl.DataFrame:
    """Add past_count and age_rank_share: the place of each age among the ages at which past issues left the stage."""
    own = stays.filter((pl.col.pass_number == 1) & pl.col.left_at.is_not_null())
    left = (
        own.join(past.select("issue_id", "started_at"), on="issue_id")
        .group_by("issue_id", *PAST)
        .agg(age=((pl.col.left_at.max() - pl.col.started_at.first()).dt.total_milliseconds() / MS_PER_DAY))
    )
    known = left.group_by(PAST).agg(past_count=pl.len().cast(pl.Int64))
    placed = left.sort("age").with_columns(rank=pl.int_range(1, pl.len() + 1).over(PAST))
    asked = rows.sort("age_days").join_asof(
        placed.select(*PAST, "rank", "age"), left_on="age_days", right_on="age", by=PAST, check_sortedness=False
    )
    ranked = asked.join(known, on=PAST, how="left").with_columns(pl.col("rank", "past_count").fill_null(0))
    enough = (ranked["past_count"] >= MINIMUM_PAST).to_numpy()
    shares = wilson(ranked["rank"].to_numpy() * enough, ranked["past_count"].to_numpy() * enough)
    return ranked.with_columns(
        pl.Series(f"age_rank_share{end}", v).fill_nan(None)
        for end, v in zip(("", "_low", "_high"), shares, strict=True)
    )


def _with_promises(rows: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Add the promise of the issue's own type, else of its whole stream."""
    promises = expectations(seen).filter(pl.col.expectation_days.is_not_null())
    own = promises.select(*BY_TYPE, own_days="expectation_days")
    whole = promises.filter(pl.col.issue_type == ALL_TYPES).select("value_stream", all_days="expectation_days")
    rows = rows.join(own, on=BY_TYPE, how="left").join(whole, on="value_stream", how="left")
    has_own, has_any = pl.col.own_days.is_not_null(), pl.col.all_days.is_not_null()
    days = pl.coalesce("own_days", "all_days")
    whose = pl.when(has_own).then("issue_type").when(has_any).then(pl.lit(ALL_TYPES, LABEL))
    return rows.with_columns(
        service_level_days=days, service_level_type=whose, is_over_service_level=pl.col.age_days > days
    )


def _with_chances(rows: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Add break_chance_share: S(promise) / S(age) by the curve the promise was read from."""
    curves = {key[:2]: curve_of(group) for key, group in groups_of(seen, KEY)}
    names = list(estimate_columns("break_chance_share", ""))
    without = rows.filter(pl.col.service_level_days.is_null())
    parts = [without.with_columns(pl.lit(None, pl.Float64).alias(name) for name in names)]
    promised = rows.filter(pl.col.service_level_days.is_not_null())
    for key, part in promised.partition_by("value_stream", "service_level_type", as_dict=True).items():
        found = outlasts(curves[key], part["age_days"].to_numpy(), part["service_level_days"][0])
        columns = (pl.Series(name, values).fill_nan(None) for name, values in zip(names, found, strict=True))
        parts.append(part.with_columns(columns))
    return pl.concat(parts)


def _finished(rows: pl.DataFrame) -> pl.DataFrame:
    notes = [
        pl.when(pl.col.past_count < MINIMUM_PAST).then(
            lacking(f"rank needs {MINIMUM_PAST} past issues of the stage", "past_count")
        ),
        pl.when(pl.col.service_level_days.is_null()).then(pl.lit("no promise for its value stream yet")),
    ]
    return rows.with_columns(note=as_note(notes)).sort("value_stream", -pl.col.age_days, "issue_id")
