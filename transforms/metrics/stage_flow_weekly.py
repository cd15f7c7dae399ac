"""Each stage week by week: what comes, what goes, what waits, and how fast the stage works while something waits.

Whole periods of it, with times and percentiles, are ``value_stream_map``; the stream as a whole is ``flow_weekly``.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.metrics.period_tables import (
    MS_PER_DAY,
    as_note,
    definition_version_column,
    estimate_columns,
    note_column,
)
from transforms.metrics.stage_stays import stage_pieces, visits_then
from transforms.metrics.stage_weeks import STAGE, lay_stages_over_weeks
from transforms.metrics.trailing import TRAILING_WEEKS, add_capacity, add_little_ratio, trailing_sum
from transforms.metrics.weekly_flow import WEEK, add_change_note, flow_journeys, flow_weeks, weeks_since
from transforms.row_rules import LITTLES_LAW, WIP_BALANCES, all_of
from transforms.schema import LABEL, Column, RowRule, Table
from transforms.workflow import Workflow

MS_PER_WEEK = 7 * MS_PER_DAY

DRAIN_WEEKS = 6
"""Weeks whose departures say how fast a queue would drain."""


class StageFlowWeekly(Table, layer="metrics", key=("value_stream", "stage_name", "week_start_date")):
    """One row per stage and week. Answers: does more arrive at a stage than leaves it, and how long is its queue?

    Every stay counts, second lives included; a stage's queue is what waits in it for a next person, not what is
    blocked. wip_mean = present_per_week × residence_days / 7 holds exactly in every week (Little's law on a window).
    """

    value_stream = Column(LABEL, "Value stream.")
    stage_name = Column(LABEL, "Stage.", references="stages.stage_name")
    week_start_date = Column(pl.Date(), "Monday, in the value stream's zone.")
    is_complete_week = Column(pl.Boolean(), "The week had ended by as_of; a running one is counted up to as_of.")
    stage_order = Column(pl.Int32(), "Place in the walk, from 0.", minimum=0)
    is_committed = Column(pl.Boolean(), "Work in it counts as started.")
    arrival_count = Column(pl.Int64(), "Entries, returns included.", minimum=0)
    departure_count = Column(pl.Int64(), "Exits.", minimum=0)
    wip_start = Column(pl.Int64(), "Issues there just before the week began.", minimum=0)
    wip_end = Column(pl.Int64(), "Issues there just before it ended: start + arrivals − departures.", minimum=0)
    wip_mean = Column(pl.Float64(), "Issues there, averaged over the time of the week.", minimum=0)
    wip_limit = Column(
        pl.Int64(), "The board's limit as it is now: Jira keeps no history of it. Empty where none is known (note).",
        nullable=True, minimum=0,
    )  # fmt: skip
    over_limit_share = Column(
        pl.Float64(), "Share of the week's time in which more was there than the limit. Empty likewise.",
        nullable=True, minimum=0,
    )  # fmt: skip
    queue_end = Column(pl.Int64(), "Of wip_end, waiting for a next person.", minimum=0)
    queue_mean = Column(pl.Float64(), "Waiting issues, averaged over the time of the week.", minimum=0)
    drain_weeks = Column(
        pl.Float64(),
        f"Weeks the queue would take to drain if nothing came and as much left as in the last {DRAIN_WEEKS} weeks."
        " Empty when nothing left in them.",
        nullable=True,
        minimum=0,
    )
    present_count = Column(pl.Int64(), "Stays that touch the week.", minimum=0)
    presence_ms = Column(pl.Int64(), "Milliseconds of the week all of them were there.", minimum=0)
    present_per_week = Column(pl.Float64(), "Λ: present_count per seven days of the week's time.", minimum=0)
    residence_days = Column(
        pl.Float64(), "w: days of the week an average stay was there. Empty when nothing was there.",
        nullable=True, minimum=0,
    )  # fmt: skip
    locals().update(
        estimate_columns(
            "little_ratio",
            f"Length of the stays that ended in the last {TRAILING_WEEKS} weeks ÷ what WIP and departures imply; 1 in a"
            " steady state, below 1 while the stage fills up with what has not left yet.",
        )
    )
    saturated_working_ms = Column(pl.Int64(), "Working milliseconds of the week in which something waited.", minimum=0)
    saturated_share = Column(
        pl.Float64(), "Share of the week's working time in which something waited. Empty without working time.",
        nullable=True, minimum=0,
    )  # fmt: skip
    saturated_departure_count = Column(pl.Int64(), "Exits while something waited.", minimum=0)
    locals().update(
        estimate_columns(
            "capacity_per_week",
            f"Exits per week of working time while something waited, over the last {TRAILING_WEEKS} weeks.",
        )
    )
    load_ratio = Column(
        pl.Float64(), f"Arrivals of the last {TRAILING_WEEKS} weeks ÷ that capacity. Empty likewise.", nullable=True
    )
    definition_version = definition_version_column()
    note = note_column()

    wip_balances = WIP_BALANCES
    littles_law_holds = LITTLES_LAW
    queue_within_wip = RowRule(
        "what waits in a stage is part of what is there",
        all_of(
            "queue_end <= wip_end",
            "queue_mean <= wip_mean + 1e-6",
            "saturated_departure_count <= departure_count",
        ),
    )


def follow_stages(
    status_visits: pl.LazyFrame,
    work_intervals: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    stages: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Measure every stage that is not terminal in every week from the stream's first issue on; StageFlowWeekly.

    What is said over half a year begins with the first week in which work started or ended.
    """
    journeys = flow_journeys(issue_journeys)
    pieces = stage_pieces(
        work_intervals.collect(), visits_then(status_visits.collect(), workflow, as_of), journeys["issue_id"]
    )
    walk = stages.filter(~pl.col.is_terminal).collect()
    grid = _weeks_since_the_first_issue(journeys, pieces, workflow, as_of)
    if grid.is_empty():
        return StageFlowWeekly.empty().lazy()
    flow = lay_stages_over_weeks(pieces, walk, grid, workflow, as_of)
    flowing = flow_weeks(journeys, workflow, as_of).select(*WEEK, has_flowed=pl.lit(True))
    flow = flow.join(flowing, on=WEEK, how="left", maintain_order="left").with_columns(
        pl.col.has_flowed.fill_null(False)
    )
    versions = {stream.name: workflow.definition_version(stream.name) for stream in workflow.streams}
    measured = add_change_note(add_capacity(add_little_ratio(_with_rates(flow))), workflow)
    limit_note = pl.format("no WIP limit: {}", "wip_limit_note")
    return StageFlowWeekly.select(
        measured.with_columns(
            over_limit_share=pl.when(pl.col.wip_limit.is_not_null()).then(pl.col.over_limit_ms / pl.col.week_ms),
            definition_version=pl.col.value_stream.cast(pl.String).replace_strict(versions),
            note=as_note([pl.col.change_note, limit_note, pl.col.little_note, pl.col.capacity_note]),
        ).lazy()
    )


def _weeks_since_the_first_issue(
    journeys: pl.DataFrame, pieces: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """Weeks of each stream from the one in which an issue first was anywhere."""
    born = journeys.select("value_stream", entered_at=pl.min_horizontal("created_at", "finished_at"))
    return weeks_since(pl.concat([born, pieces.select("value_stream", "entered_at")]), "entered_at", workflow, as_of)


def _with_rates(flow: pl.DataFrame) -> pl.DataFrame:
    """Averages over the week's time, and how long the queue would take to drain."""
    length = pl.col.week_ms
    left = trailing_sum("departure_count", STAGE, DRAIN_WEEKS, at_least=1)
    weeks = trailing_sum("week_ms", STAGE, DRAIN_WEEKS, at_least=1) / MS_PER_WEEK
    return flow.with_columns(
        present_count=pl.col.wip_start + pl.col.arrival_count,
        wip_mean=pl.col.presence_ms / length,
        queue_mean=pl.col.queue_ms / length,
        drain_weeks=pl.when(left > 0).then(pl.col.queue_end * weeks / left),
        saturated_share=pl.when(pl.col.working_ms > 0).then(pl.col.saturated_working_ms / pl.col.working_ms),
    ).with_columns(
        present_per_week=pl.col.present_count * MS_PER_WEEK / length,
        residence_days=pl.when(pl.col.present_count > 0).then(pl.col.presence_ms / pl.col.present_count / MS_PER_DAY),
    )
