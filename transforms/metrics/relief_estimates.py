"""What would follow from speeding up any one step: halving its wait, a fifth faster, coding 40 % faster (METHODS §3.3).

Replayed by ``transforms.constraint``; only the declaration is here.
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

CELL = (*PERIOD_KEY, "stage_name", "relief")

TARGET_KINDS = ("stage", "pool", "gate", "external")

RELIEFS = ("service_x0.8", "interval_x0.8", "blocked_x0.8", "wait_halved", "coding_40_percent_faster")

_EXPLAINED = {
    "delivered_per_month_change": "Deliveries more a month (30.44 days).",
    "delivered_change_ratio": "The same, as a share of the deliveries.",
    "started_per_month_change": "Starts more a month.",
    "cycle_working_days_p50_change": "Change of the median cycle time of what is delivered, in working days.",
    "residence_change_ratio": "Change of the time in progress per issue, open ones included, as a share of it.",
    "wip_end_change": "Issues more in progress at the end of the period.",
}


def _change_columns() -> dict[str, Column]:
    families = (estimate_columns(name, words) for name, words in _EXPLAINED.items())
    return {column: declared for family in families for column, declared in family.items()}


class ReliefEstimates(
    PeriodTable, layer="metrics", key=CELL, caveat="What the replay says, under its model of people and queues."
):
    """One row per target, what-if and period. Answers: what would change if just this one step were faster?

    Everything else stays: the same arrivals, people and work. Changes are against a replay with nothing changed, by
    common random numbers; intervals hold 95 % of the replays of resampled work. There are rows only where the replay
    reproduces what was observed.
    """

    stage_name = Column(LABEL, "What is relieved: a stage, a gate, stages that share people joined by +, or 'Blocked'.")
    target_kind = Column(
        pl.String(), "A stage, people who serve several stages, a gate, or waiting for others.", values=TARGET_KINDS
    )
    relief = Column(
        pl.String(), "What is done: work of a visit × 0.8; a gate's interval × 0.8; blocked time × 0.8; the mean wait"
        " there halved; work × 1/1.4.", values=RELIEFS,
    )  # fmt: skip
    relief_factor = Column(
        pl.Float64(), "What its work (gate: interval; blocked: delay) was multiplied by to reach that.", minimum=0
    )
    delivered_count = Column(pl.Int64(), "Really started work delivered in the period.", minimum=0)
    replay_count = Column(
        pl.Int64(), "Replays of resampled work behind every change, its interval and win_share.", minimum=1
    )
    delivered_per_month = Column(pl.Float64(), "Deliveries a month with it.", minimum=0)
    cycle_working_days_p50 = Column(
        pl.Float64(), "Median cycle time with it: the observed one moved by the replay's change. Empty below six"
        " deliveries.", nullable=True, minimum=0,
    )  # fmt: skip
    locals().update(_change_columns())
    win_share = Column(
        pl.Float64(), "Share of the resampled replays in which no other target helped more. Empty but for the"
        " one-fifth reliefs, which are compared.", nullable=True, minimum=0,
    )  # fmt: skip
    definition_version = definition_version_column()
    note = note_column()
