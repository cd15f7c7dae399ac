"""THE constraint of every value stream, in a sentence, or an honest "cannot tell" (METHODS §3).

How it is found is ``transforms.constraint``; what speaks for and against it is ``constraint_evidence``; what every
stage would bring is ``relief_estimates``. Only the declaration is here.
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
from transforms.schema import Column

VERDICTS = (
    "constraint_stage", "constraint_pool", "policy_gate", "external_block", "intake_limited", "not_separable",
    "insufficient_data",
)  # fmt: skip

CONFIDENCES = ("strong", "moderate", "weak", "none")

REGIMES = ("throughput", "delay")

_REPLAYED = "by the replay"


class ConstraintVerdicts(
    PeriodTable, layer="metrics", key=PERIOD_KEY, caveat="A finding about a step or a queue, never about a person."
):
    """One row per value stream and period. Answers: what limits how much comes out, and what would loosening it bring?

    The period is replayed with the observed arrivals, routes, people and work; each stage, each group of people that
    serves several stages, and each gate is made a fifth faster in turn. What helps most is the constraint, if it does
    so in nearly all replays of resampled work. Where nothing brings more deliveries, work arrives more slowly than it
    could be done: then only the largest delay is named.
    """

    verdict = Column(
        pl.String(),
        "What limits: a stage; people who serve several stages; a gate that opens by the calendar; waiting for others;"
        " that no more is asked for (intake); more than one candidate (not separable); or too little is known.",
        values=VERDICTS,
    )
    constraint_name = Column(
        pl.String(), "Stage, gate or group of people that limits. Empty where the verdict names none.", nullable=True
    )
    constraint_stage_names = Column(
        pl.String(), "The stages it stands for, separated by commas. Empty likewise.", nullable=True
    )
    largest_delay_name = Column(
        pl.String(), "What would shorten work in progress most. Empty where the replay is not to be trusted.",
        nullable=True,
    )  # fmt: skip
    confidence = Column(
        pl.String(), "Calibrated on simulated organisations: how often such a verdict is right.", values=CONFIDENCES
    )
    sentence = Column(pl.String(), "The verdict in words.")
    moved_sentence = Column(
        pl.String(), "That the constraint moved since the quarter before. Empty unless both verdicts are at least"
        " moderate and differ.", nullable=True,
    )  # fmt: skip
    reasons = Column(pl.String(), "Why no constraint is named, or not with more confidence. Else empty.", nullable=True)
    regime = Column(
        pl.String(), "Whether anything would bring more deliveries, or only shorten the delay. Empty without replay.",
        nullable=True, values=REGIMES,
    )  # fmt: skip
    candidate_name = Column(pl.String(), "What helped most, spoken or not. Empty without replay.", nullable=True)
    runner_up_name = Column(pl.String(), "What helped second most. Empty without replay or second.", nullable=True)
    vote_share = Column(
        pl.Float64(), "Share of the resampled replays in which the candidate helped most. Empty without replay.",
        nullable=True, minimum=0,
    )  # fmt: skip
    margin_share = Column(
        pl.Float64(), "Its lead over the runner-up, as a share of its effect. Empty likewise.", nullable=True, minimum=0
    )
    delivered_count = Column(
        pl.Int64(), "Really started work delivered in the period, as in metrics.cycle_times.", minimum=0
    )
    week_count = Column(
        pl.Int64(),
        "Complete calendar weeks of the period, from the stream's first work on. At least 8 are needed.",
        minimum=0,
    )
    fidelity_ratio = Column(
        pl.Float64(), "Deliveries of the replay with nothing changed ÷ observed ones, second lives among them. Empty"
        " without replay.", nullable=True, minimum=0,
    )  # fmt: skip
    fidelity_residence_ratio = Column(
        pl.Float64(), "Time in progress per issue of the replay ÷ the observed. Empty likewise.", nullable=True,
        minimum=0,
    )  # fmt: skip
    is_backlog_fed = Column(
        pl.Boolean(), "People start new work whenever they are free: faster starts mean more of them. Empty likewise.",
        nullable=True,
    )  # fmt: skip
    cycle_working_days_p50 = Column(
        pl.Float64(), "Median cycle time of what was delivered, in working days: that of metrics.cycle_times. Empty"
        " without six.", nullable=True, minimum=0,
    )  # fmt: skip
    wait_of_cycle_working_days = Column(
        pl.Float64(), "Of that median, the part that waiting (wait_working_ms of core.issue_journeys) has in all cycle"
        " times together. Empty likewise.", nullable=True, minimum=0,
    )  # fmt: skip
    constraint_wait_of_cycle_working_days = Column(
        pl.Float64(), "The part that waiting in the stages of the constraint (or largest delay) has. Empty likewise,"
        " where none is named, or where no status tells that something waits for it.", nullable=True, minimum=0,
    )  # fmt: skip
    locals().update(
        estimate_columns("halved_cycle_working_days_p50", f"Median cycle time, that wait halved {_REPLAYED}.")
    )
    locals().update(
        estimate_columns("halved_delivered_per_month_change", f"Deliveries more a month, that wait halved {_REPLAYED}.")
    )
    faster_stage_name = Column(
        pl.String(), "The first stage that somebody works in, which management would speed up. Empty without replay.",
        nullable=True,
    )  # fmt: skip
    locals().update(
        estimate_columns("faster_delivered_per_month_change", f"Deliveries more a month, it 40 % faster {_REPLAYED}.")
    )
    locals().update(
        estimate_columns("faster_started_per_month_change", f"Starts more a month, it 40 % faster {_REPLAYED}.")
    )
    locals().update(
        estimate_columns("faster_wip_change", f"Issues more in progress at the end, it 40 % faster {_REPLAYED}.")
    )
    locals().update(
        estimate_columns("faster_cycle_working_days_p50_change", f"Change of the median, it 40 % faster {_REPLAYED}.")
    )
    definition_version = definition_version_column()
    note = note_column()
