"""On how few people the exit from a waiting stage depends (METHODS §4.8): roles and queues, never names.

How long the wait takes by hour of the week is ``decision_latency``.
"""

from __future__ import annotations

from datetime import datetime
from zlib import crc32

import numpy as np
import polars as pl

from transforms.definitions import cut_where_ended
from transforms.metrics.exits import waiting_exits
from transforms.metrics.period_tables import (
    PERIOD_KEY,
    PeriodTable,
    cells,
    definition_version_column,
    estimate_columns,
    note_column,
)
from transforms.metrics.periods import periods
from transforms.metrics.privacy import SUPPRESSED, is_team_large_enough, team_sizes
from transforms.metrics.slots import events_in_periods
from transforms.schema import LABEL, Column
from transforms.statistics.order_statistics import MINIMUM_SAMPLE
from transforms.wording import lacking
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

CELL = (*PERIOD_KEY, "stage_name")

MINIMUM_EXITS = 30

MINIMUM_WAITS = MINIMUM_SAMPLE[0.5]
"""Waits with and without the top approver below which their medians are not compared."""

MOST_WORK = 0.8
"""Share of the exits that the bus factor asks people for."""

DRAWS, SEED = 500, 0x0A99

STATES = ("published", "suppressed", "too_few_exits")

ESTIMATES = {
    "top_approver_share": "Share of the exits made by the one person who made most.",
    "effective_approver_number": "1 ÷ the sum of squared shares: as if so many people shared the exits evenly.",
    "absence_penalty_ratio": "Median wait begun on days without a trace of that person ÷ that of other days.",
}


class ApproverConcentration(PeriodTable, layer="metrics", key=CELL):
    """One row per waiting stage and period with exits. Answers: does everything here have to pass one person?

    An exit is a move out of a status to wait in, made by a person. A finding is one about the role: delegate it, do not
    hurry it. For teams of at least five people, and from 30 exits on; else the figures are empty.
    """

    stage_name = Column(LABEL, "Stage in which it waited.", references="stages.stage_name")
    exit_count = Column(pl.Int64(), "Exits by people in the period: the n.", minimum=0)
    automated_exit_count = Column(pl.Int64(), "Exits by automation, left out of everything else.", minimum=0)
    state = Column(pl.String(), "Whether the figures are published, and if not, why.", values=STATES)
    locals().update({n: c for name, words in ESTIMATES.items() for n, c in estimate_columns(name, words).items()})
    concentration_index = Column(
        pl.Float64(), "Sum of squared shares, corrected for small samples: 1 where one person decides, 0 where nobody"
        " decides twice. Empty when too little is known (note).", nullable=True,
    )  # fmt: skip
    bus_factor_count = Column(
        pl.Int64(), "People who together make 80 % of the exits. Empty likewise.", nullable=True, minimum=1
    )
    sentence = Column(pl.String(), "The finding in words. Empty likewise.", nullable=True)
    definition_version = definition_version_column()
    note = note_column()


def concentrate_approvers(
    person_intervals: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    status_visits: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Measure how few people every waiting stage depends on; ApproverConcentration."""
    journeys, changes = issue_journeys.filter("is_counted").collect(), raw_changes.collect()
    visits = cut_where_ended(status_visits.collect(), workflow, as_of)
    exits = waiting_exits(visits, journeys["issue_id"], changes, workflow)
    if exits.is_empty():
        return ApproverConcentration.empty().lazy()
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    placed = events_in_periods(exits.filter(pl.col.left_at <= as_of), "left_at", grid)
    by_hand = pl.col.author.filter(~pl.col.is_automation)
    rows = placed.group_by(CELL).agg(
        exit_count=by_hand.len().cast(pl.Int64), automated_exit_count=pl.col.is_automation.sum().cast(pl.Int64)
    )
    rows = rows.join(cells(workflow, grid), on=PERIOD_KEY).join(
        team_sizes(person_intervals.collect(), grid, as_of), on=PERIOD_KEY, how="left"
    )
    state = (
        pl.when(~is_team_large_enough())
        .then(pl.lit("suppressed"))
        .when(pl.col.exit_count < MINIMUM_EXITS)
        .then(pl.lit("too_few_exits"))
        .otherwise(pl.lit("published"))
    )
    rows = rows.with_columns(state=state)
    shown = placed.join(rows.filter(pl.col.state == "published").select(CELL), on=CELL).filter(~pl.col.is_automation)
    figures = figures_of(shown.sort("left_at", "issue_id"), traces_of(changes, workflow))
    return ApproverConcentration.select(_explained(rows.join(figures, on=CELL, how="left")).sort(CELL).lazy())


def traces_of(changes: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Days on which a person left a trace: value_stream (for its zone), author, day. Private."""
    by_hand = changes.filter(~pl.col.is_automation & pl.col.author.is_not_null()).select("author", "changed_at")
    zones = {stream.name: stream.calendar.zone for stream in workflow.streams}
    days = [
        by_hand.select(
            "author",
            value_stream=pl.lit(name, LABEL),
            day=pl.col.changed_at.dt.convert_time_zone(zone).dt.date(),
        ).unique()
        for name, zone in zones.items()
    ]
    return pl.concat(days)


def figures_of(exits: pl.DataFrame, traces: pl.DataFrame) -> pl.DataFrame:
    """Figures of every CELL from its exits: author, day (of the entry), is_working_day, latency_working_ms."""
    rows = []
    for key, cell in exits.group_by(CELL, maintain_order=True):
        counts = cell.group_by("author", maintain_order=True).agg(count=pl.len())
        counts = counts.sort("count", descending=True, maintain_order=True)  # of equals, who acted first
        top = counts["author"][0]
        rng = np.random.default_rng(SEED ^ crc32("/".join(map(str, key)).encode()))
        seen = traces.filter(pl.col.author == top, pl.col.value_stream == key[0])["day"]
        waits = cell.filter("is_working_day")
        is_present = waits["day"].is_in(seen.implode())
        absent, present = (waits.filter(side)["latency_working_ms"].to_numpy() for side in (~is_present, is_present))
        rows.append((*key, *concentration(counts["count"].to_numpy(), rng), *absence_penalty(absent, present, rng)))
    ends = ("", "_low", "_high")
    named = [f"{name}{end}" for name in ("top_approver_share", "effective_approver_number") for end in ends]
    named += ["concentration_index", "bus_factor_count", *(f"absence_penalty_ratio{end}" for end in ends)]
    schema = {name: exits.schema[name] for name in CELL} | {name: pl.Float64() for name in named}
    return pl.DataFrame(rows, schema=schema | {"bus_factor_count": pl.Int64()}, orient="row")


def concentration(counts: np.ndarray, rng: np.random.Generator) -> tuple[float, ...]:
    """Of exits per person, most first: top share and effective number with 95 % bootstrap intervals, index, bus factor.

    The intervals draw the exits again and hold the values themselves.
    """
    n = int(counts.sum())
    shares = counts / n
    drawn = rng.multinomial(n, shares, DRAWS) / n
    index = float((shares**2).sum())
    spread = {"top": drawn.max(axis=1), "effective": 1 / (drawn**2).sum(axis=1)}
    top = (float(shares[0]), *_around(float(shares[0]), spread["top"]))
    effective = (1 / index, *_around(1 / index, spread["effective"]))
    people = int(np.searchsorted(np.cumsum(counts), MOST_WORK * n - 1e-9)) + 1
    return (*top, *effective, (n * index - 1) / (n - 1), people)


def absence_penalty(
    absent: np.ndarray, present: np.ndarray, rng: np.random.Generator
) -> tuple[float | None, float | None, float | None]:
    """Median of ``absent`` ÷ median of ``present`` waits with a 95 % bootstrap interval; all None for few waits."""
    if min(len(absent), len(present)) < MINIMUM_WAITS or np.median(present) <= 0:
        return None, None, None
    ratio = float(np.median(absent) / np.median(present))
    drawn = [np.median(waits[rng.integers(0, len(waits), (DRAWS, len(waits)))], axis=1) for waits in (absent, present)]
    return ratio, *_around(ratio, drawn[0] / np.maximum(drawn[1], 1))


def _around(value: float, drawn: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return min(value, float(low)), max(value, float(high))


def _explained(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the finding in words, and which figures are missing."""
    found = pl.format(
        "{}: effective approvers {}; the busiest of them makes {} % of {} exits.", "stage_name",
        pl.col.effective_approver_number.round(1), (pl.col.top_approver_share * 100).round(0).cast(pl.Int64), "exits",
    )  # fmt: skip
    few = lacking(f"figures need {MINIMUM_EXITS} exits", "exit_count")
    is_penalty_unknown = pl.col.absence_penalty_ratio.is_null()
    note = (
        pl.when(pl.col.state == "suppressed")
        .then(pl.lit(f"everything is {SUPPRESSED}"))
        .when(pl.col.state == "too_few_exits")
        .then(few)
        .when(is_penalty_unknown)
        .then(pl.lit(f"the absence penalty needs {MINIMUM_WAITS} waits with and without"))
    )
    published = pl.when(pl.col.state == "published")
    return rows.with_columns(exits=pl.col.exit_count).with_columns(sentence=published.then(found), note=note)
