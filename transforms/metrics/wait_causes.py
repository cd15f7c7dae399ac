"""What the wait is made of: six causes, one after the other, that add up to it exactly (METHODS §1.4).

How long work waits is ``value_stream_map``; here is why.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.metrics.bursts import BATCH_SIZE
from transforms.metrics.busy_people import busy_stretches, parts_that_overlap
from transforms.metrics.period_tables import (
    PERIOD_KEY,
    PeriodTable,
    as_note,
    cells,
    definition_version_column,
    estimate_columns,
    note_column,
)
from transforms.metrics.periods import periods
from transforms.metrics.privacy import SUPPRESSED, is_team_large_enough, team_sizes
from transforms.metrics.slots import events_in_periods, working_between
from transforms.metrics.waiting_visits import add_batches, visits_of, waiting_pieces
from transforms.row_rules import all_of, close_to
from transforms.schema import LABEL, Column, RowRule
from transforms.statistics.ratios import MINIMUM_RATIO_SAMPLE, Moments, share_of_sums
from transforms.wording import lacking
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

CAUSES = {
    "unavailable": "outside the calendar's hours",
    "blocked": "flagged, on hold or dependent on another issue, within working hours",
    "batch": f"until the first of the batch left that it left with ({BATCH_SIZE} or more in 15 minutes, by one hand)",
    "contention": "while its eventual worker was busy with work that had come earlier",
    "prioritisation": "while its eventual worker was busy only with work that had come later",
    "extraneous": "while nobody was busy with anything visible: a decision, a meeting, another project",
}
"""Applied in this order: a moment belongs to the first cause that holds."""

OF_PERSONS = ("contention", "prioritisation", "extraneous")
"""Causes that tell how busy somebody was: for teams of at least the minimum group only."""

OTHER_ORDER = {
    "blocked_before_unavailable": "blocked, had it been asked before the calendar",
    "contention_before_batch": "contention, had it been asked before batches",
    "prioritisation_before_batch": "prioritisation, had it been asked before batches",
}
"""The order is a convention: what the causes would be by the other order of two neighbours."""

CELL = (*PERIOD_KEY, "stage_name")


def _cause_columns() -> dict[str, Column]:
    """Time by each cause, its share of the wait, and the same by another order."""
    columns = {}
    for cause, words in CAUSES.items():
        hidden = cause in OF_PERSONS
        empty = " Empty for a team too small (note)." if hidden else ""
        columns[f"{cause}_ms"] = Column(pl.Int64(), f"Milliseconds {words}.{empty}", nullable=hidden, minimum=0)
        columns |= estimate_columns(f"{cause}_share", f"Share of the wait {words}.")
    for name, words in OTHER_ORDER.items():
        hidden = not name.startswith("blocked")
        empty = " Empty for a team too small (note)." if hidden else ""
        columns[f"{name}_ms"] = Column(pl.Int64(), f"Milliseconds {words}.{empty}", nullable=hidden, minimum=0)
    return columns


def _rules() -> dict[str, RowRule]:
    """The causes partition the wait; where some are withheld, the others lie within it."""
    causes = [f"{cause}_ms" for cause in CAUSES]
    shares = (close_to(f"{cause}_ms", f"{cause}_share * wait_ms") for cause in CAUSES)
    return {
        "causes_add_up": RowRule("the six causes add up to the wait", f"wait_ms = {' + '.join(causes)}"),
        "causes_within_the_wait": RowRule(
            "what is told of the causes is not longer than the wait",
            f"{' + '.join(f'coalesce({cause}, 0)' for cause in causes)} <= wait_ms",
        ),
        "shares_as_measured": RowRule("every cause's share is its time out of the wait", all_of(*shares)),
        "counts_fit": RowRule(
            "no more issues than waits, no more known workers than waits",
            "issue_count <= visit_count AND known_worker_count <= visit_count",
        ),
    }


class WaitCauses(PeriodTable, layer="metrics", key=CELL):
    """One row per stage and period in which waits ended. Answers: what is the wait made of, and what would shorten it?

    A wait lasts from entry to a stage's queue until service starts, blocked time on the way included; it counts in the
    period in which it ended. The six causes are disjoint and add up to wait_ms. Contention calls for capacity,
    prioritisation for WIP rules, batches for cadence, extraneous time for a conversation.
    """

    stage_name = Column(LABEL, "Stage in which it waited.", references="stages.stage_name")
    visit_count = Column(pl.Int64(), "Waits that ended in the period.", minimum=1)
    issue_count = Column(pl.Int64(), "Different issues among them: the n of the shares.", minimum=1)
    known_worker_count = Column(
        pl.Int64(), "Waits after which somebody known took the work up; of others nobody's work is known.", minimum=0
    )
    wait_ms = Column(pl.Int64(), "Milliseconds waited, elapsed: the sum of the six causes.", minimum=0)
    locals().update(_cause_columns())
    definition_version = definition_version_column()
    note = note_column()

    locals().update(_rules())


def split_waits(
    person_intervals: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Attribute every wait that has ended; WaitCauses."""
    journeys, persons = issue_journeys.filter("is_counted").collect(), person_intervals.collect()
    causes = causes_of(persons, journeys["issue_id"], raw_changes.collect(), workflow, as_of)
    if causes.is_empty():
        return WaitCauses.empty().lazy()
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    placed = events_in_periods(causes, "left_at", grid)
    times = ["wait_ms", *(f"{name}_ms" for name in (*CAUSES, *OTHER_ORDER))]
    counts = {"visit_count": pl.len(), "known_worker_count": pl.col.worker.is_not_null().sum()}
    issues = placed.group_by(*CELL, "issue_id").agg(pl.col(times).sum(), **counts)
    rows = issues.group_by(CELL).agg(pl.col(*times, *counts).sum(), *_moments(), issue_count=pl.len())
    rows = _with_shares(rows.with_columns(pl.col("issue_count", *counts).cast(pl.Int64)))
    sized = rows.join(cells(workflow, grid), on=PERIOD_KEY).join(
        team_sizes(persons, grid, as_of), on=PERIOD_KEY, how="left"
    )
    return WaitCauses.select(_withheld(sized).sort(CELL).lazy())


def causes_of(
    person_intervals: pl.DataFrame, issue_ids: pl.Series, changes: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """Every ended wait of the issues with wait_ms, the time by each of CAUSES and OTHER_ORDER; private, with worker."""
    pieces = waiting_pieces(person_intervals.filter(pl.col.issue_id.is_in(issue_ids.implode())))
    pieces = pieces.filter(pl.col.left_at.is_not_null().all().over("visit"))
    visits = add_batches(visits_of(pieces), changes)
    open_pieces = pieces.filter((pl.col.kind == "wait") & (pl.col.working_ms > 0)).join(
        visits.select("visit", "batch_at", since="stage_since"), on="visit", maintain_order="left"
    )
    batch = _working(open_pieces.filter(pl.col.entered_at < pl.col.batch_at), "batch", "batch_at", workflow, as_of)
    busy = busy_stretches(person_intervals, as_of)
    held = _held_up(open_pieces, busy, workflow, as_of)
    found = visits.join(batch, on="visit", how="left").join(held, on="visit", how="left").sort("visit")
    found = found.with_columns(pl.col(batch.columns[1:] + held.columns[1:]).fill_null(0))
    parts = ("unavailable_ms", "blocked_ms", "batch_ms", "contention_ms", "prioritisation_ms")
    return found.with_columns(
        wait_ms="elapsed_ms",
        unavailable_ms=pl.col.elapsed_ms - pl.col.working_ms,
        blocked_before_unavailable_ms="blocked_ms",
        blocked_ms="blocked_working_ms",
    ).with_columns(extraneous_ms=pl.col.wait_ms - pl.sum_horizontal(parts))


def _working(pieces: pl.DataFrame, name: str, until: str, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Working time of the pieces up to the instant ``until``, by visit: ``name``_ms."""
    cut = pieces.with_columns(end=pl.min_horizontal("left_at", until))
    cut = cut.with_columns(working_between(cut, "entered_at", "end", workflow, as_of).alias(f"{name}_ms"))
    return cut.group_by("visit").agg(pl.col(f"{name}_ms").sum())


def _held_up(pieces: pl.DataFrame, busy: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """By visit: working time in which its worker was busy, with what had come earlier or only later.

    Work that came in the same instant is no one's preference and counts as earlier. Time before a batch left counts
    in the columns of OTHER_ORDER only.
    """
    asked = pieces.filter(pl.col.worker.is_not_null()).select(
        "visit", "value_stream", "since", "batch_at", assignee="worker", begin="entered_at", end="left_at"
    )
    parts = [_held_up_by(cut, workflow, as_of) for cut in parts_that_overlap(asked, busy)]
    return pl.concat(parts).group_by("visit").agg(pl.all().sum())


def _held_up_by(cut: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """The same of some overlaps of waits with what their workers were busy with."""
    cut = cut.with_columns(after=pl.min_horizontal("end", pl.max_horizontal("begin", "batch_at")))
    cut = cut.with_columns(
        whole=working_between(cut, "begin", "end", workflow, as_of),
        rest=working_between(cut, "after", "end", workflow, as_of),
    )
    is_earlier = pl.col.oldest_at <= pl.col.since
    return cut.group_by("visit").agg(
        contention_ms=pl.col.rest.filter(is_earlier).sum(),
        prioritisation_ms=pl.col.rest.filter(~is_earlier).sum(),
        contention_before_batch_ms=pl.col.whole.filter(is_earlier).sum(),
        prioritisation_before_batch_ms=pl.col.whole.filter(~is_earlier).sum(),
    )


def _moments() -> list[pl.Expr]:
    """Sums of squares and products over issues, in hours: those of milliseconds leave the integers."""
    hours = {name: pl.col(f"{name}_ms") / 3_600_000 for name in ("wait", *CAUSES)}
    squares = [(hours[name] ** 2).sum().alias(f"{name}_squares") for name in hours]
    return squares + [(hours[name] * hours["wait"]).sum().alias(f"{name}_products") for name in CAUSES]


def _with_shares(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the share of every cause with its interval, the issue as the unit that varies."""
    hours = {name: (rows[f"{name}_ms"] / 3_600_000).to_numpy() for name in ("wait", *CAUSES)}
    n, squares = rows["issue_count"].to_numpy(), rows["wait_squares"].to_numpy()
    for cause in CAUSES:
        own, product = (rows[f"{cause}_{part}"].to_numpy() for part in ("squares", "products"))
        found = share_of_sums(Moments(n, hours[cause], hours["wait"], own, product, squares))
        names = [f"{cause}_share{end}" for end in ("", "_low", "_high")]
        shares = [pl.Series(name, values).fill_nan(None) for name, values in zip(names, found, strict=True)]
        rows = rows.with_columns(shares)
    return rows


def _withheld(rows: pl.DataFrame) -> pl.DataFrame:
    """Empty what tells how busy the people of a small team were, and say so."""
    ends = ("", "_low", "_high")
    hidden = [f"{cause}_ms" for cause in OF_PERSONS] + [f"{c}_share{end}" for c in OF_PERSONS for end in ends]
    hidden += [f"{name}_ms" for name in OTHER_ORDER if not name.startswith("blocked")]
    few = pl.when(pl.col.issue_count < MINIMUM_RATIO_SAMPLE).then(
        lacking(f"shares need {MINIMUM_RATIO_SAMPLE} issues", "issue_count")
    )
    small = pl.when(~is_team_large_enough()).then(pl.lit(f"what people were busy with is {SUPPRESSED}"))
    return rows.with_columns(pl.when(is_team_large_enough()).then(pl.col(hidden)), note=as_note([few, small]))
