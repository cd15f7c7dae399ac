"""What a sceptic wants to see beside a verdict on the constraint: every indicator of every stage (METHODS §3.2, §3.3).

Measured by ``transforms.constraint``; only the declaration is here. No single one of these names a constraint.
"""

from __future__ import annotations

import polars as pl

from transforms.metrics.period_tables import (
    PERIOD_KEY,
    PeriodTable,
    definition_version_column,
    estimate_columns,
    note_column,
)
from transforms.schema import LABEL, Column

CELL = (*PERIOD_KEY, "stage_name")

ROLES = ("work", "gate", "delay")

LIMIT_SOURCES = ("board", "found")

OF_PERSONS = ("utilisation_share", "people_count", "top_exit_share", "availability_share")
"""Figures about people: for teams of at least the minimum group only."""


def _share(meaning: str, empty: str = "Empty when nothing was there.") -> Column:
    return Column(pl.Float64(), f"{meaning} {empty}", nullable=True, minimum=0)


class ConstraintEvidence(PeriodTable, layer="metrics", key=CELL):
    """One row per stage of committed work and period. Answers: what speaks for and against it as the constraint?

    Working time throughout; weeks are those of the calendar, from the stream's first work on. A stage saturates while
    something waits in it; the momentary constraint is the stage whose saturated run is the longest at that moment.
    """

    stage_name = Column(LABEL, "Stage.")
    stage_order = Column(pl.Int32(), "Place in the walk, from 0.", minimum=0)
    role = Column(
        pl.String(), "Somebody works in it; it opens by the calendar (gate); or time passes in it and nobody knows who"
        " works (delay).", values=ROLES,
    )  # fmt: skip
    is_service_start_inferred = Column(
        pl.Boolean(), "No column to wait in: work is taken to start when its worker had finished what came before."
    )
    pool_name = Column(
        pl.String(), "The stages that share this one's people, joined by +. Empty where it has people of its own.",
        nullable=True,
    )  # fmt: skip
    item_count = Column(pl.Int64(), "Different issues that were there.", minimum=0)
    arrivals_per_week = Column(pl.Float64(), "Entries, returns included.", minimum=0)
    departures_per_week = Column(pl.Float64(), "Exits.", minimum=0)
    locals().update(estimate_columns("net_flow_per_week", "Entries less exits; bootstrap by week."))
    wip_mean = Column(pl.Float64(), "Issues there, averaged over working time.", minimum=0)
    queue_mean = Column(pl.Float64(), "Of those, waiting to be taken up.", minimum=0)
    wait_working_days_p50 = _share("Median wait of visits that left, in working days.", "Empty below six.")
    wait_working_days_p85 = _share("85 % of the visits that left waited no longer.", "Empty below 23.")
    wait_of_cycle_share = _share("Share that waiting here has in the time of delivered issues.", "Empty without any.")
    service_working_hours_mean = _share("Mean working hours of attention a visit took.", "Empty without visits.")
    saturation_share = _share("Share of working time in which something waited.")
    locals().update(estimate_columns("capacity_per_week_saturated", "Exits a week while something waited."))
    load_ratio = _share("Arrivals ÷ that capacity.", "Empty when that is.")
    momentary_share = _share("Share of working time in which it was the momentary constraint.", "Empty without queues.")
    full_empty_score = _share(
        "Saturation (1 of a first stage fed from a backlog) × (1 − the largest further on): full, with empty behind it."
    )
    utilisation_share = _share(
        "Attention given ÷ working time of its people while they were there.",
        "Empty for a small team or without people.",
    )
    people_count = Column(
        pl.Int64(), "People who worked in it. Empty for a small team (note).", nullable=True, minimum=0
    )
    top_exit_share = _share("Share of its finished visits by whoever finished most.", "Empty for a small team.")
    availability_share = _share(
        "Of the time in which its people were free though something waited or were busy, the busy part: what is left"
        " after work that Jira does not see.", "Empty for a small team or without people.",
    )  # fmt: skip
    gate_interval_working_days = _share("Working days between openings.", "Empty for what is not a gate.")
    batch_exit_share = _share("Share of exits in batches of three and more.", "Empty without exits.")
    blocked_share = _share("Share of its time in which issues were blocked by something else.")
    rework_in_share = _share("Share of entries that were returns.", "Empty without entries.")
    coupling_downstream_share = _share(
        "Share of exits that came within minutes of an exit further on that freed a place.", "Empty without exits."
    )
    wip_limit = Column(
        pl.Int64(), "Most issues that may be in it: what the replay kept to. Empty where there is none.", nullable=True,
        minimum=0,
    )  # fmt: skip
    wip_limit_source = Column(
        pl.String(), "Whether the board says so or it was found in the data. Empty where there is none.", nullable=True,
        values=LIMIT_SOURCES,
    )  # fmt: skip
    calibration_ratio = _share(
        "Factor on its work with which the replay waits as long as was observed.", "Empty without replay."
    )
    data_quality = _share("How far the stage's log can be trusted (quality.log_quality).", "Empty when not judged.")
    definition_version = definition_version_column()
    note = note_column()
