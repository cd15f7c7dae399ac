"""Whether reviews get shallower under load: the rubber stamp (METHODS §4.9). Of teams, never of a reviewer.

Which visits count, and under what load they began, is ``review_visits``.
"""

from __future__ import annotations

from datetime import datetime
from zlib import crc32

import numpy as np
import polars as pl

from transforms.metrics.period_tables import (
    PERIOD_KEY,
    PeriodTable,
    cells,
    definition_version_column,
    estimate_columns,
    note_column,
    percentile_columns,
    percentiles_by,
)
from transforms.metrics.periods import periods
from transforms.metrics.privacy import SUPPRESSED, is_team_large_enough, team_sizes
from transforms.metrics.review_contrast import COUNTS, MINIMUM_TERCILE, contrast, judge
from transforms.metrics.review_visits import add_escapes, add_sizes, review_visits
from transforms.metrics.slots import events_in_periods
from transforms.schema import LABEL, Column
from transforms.statistics.proportions import wilson
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

CELL = (*PERIOD_KEY, "stage_name")

SHORT_MINUTES = 5
"""An approval after less working time than that is a quick one."""

SEED = 0x0E57

VERDICTS = ("yes", "no", "cannot_tell", "suppressed")

ESTIMATES = {
    "minutes_ratio": "Median working minutes of a review under high load ÷ under low load, each measured against the"
    " median of its size.",
    "returned_share_difference": "Share sent back under high load − under low load, adjusted for size.",
    "escaped_bugs_difference": "Bugs linked within 30 days after, per review: under high load − under low load.",
}


class ReviewDepth(PeriodTable, layer="metrics", key=CELL):
    """One row per review stage and period with reviews. Answers: is work waved through when much is waiting?

    A review is a finished visit, touched for a minute or more, of a stage after the first active one that is named for
    judging work or has sent work back. Load: what waits in the stage and what else the reviewer has in touch when it
    begins; low and high are its outer thirds. A risk if reviews under high load are shorter by 30 % and more and fewer
    are sent back, both beyond chance. For teams of at least five people; a finding about the queue, never a person.
    """

    stage_name = Column(LABEL, "Review stage.")
    review_count = Column(
        pl.Int64(), "Reviews that ended in the period: the n. Empty for a team too small (note).", nullable=True,
        minimum=0,
    )  # fmt: skip
    low_load_count = Column(pl.Int64(), "Of them, under low load. Empty likewise.", nullable=True, minimum=0)
    high_load_count = Column(pl.Int64(), "Under high load. Empty likewise.", nullable=True, minimum=0)
    low_load_at_most = Column(
        pl.Int64(), "Low load is at most so many issues. Empty likewise, or where loads hardly differ.", nullable=True,
        minimum=0,
    )  # fmt: skip
    high_load_at_least = Column(pl.Int64(), "High load is at least so many. Empty likewise.", nullable=True, minimum=0)
    locals().update(percentile_columns("review_minutes", "of the reviews took at most so many working minutes.", (50,)))
    locals().update(estimate_columns("short_approval_share", "Approvals after less than 5 working minutes, of all."))
    locals().update({n: c for name, words in ESTIMATES.items() for n, c in estimate_columns(name, words).items()})
    verdict = Column(pl.String(), "Whether there is a risk that work is waved through under load.", values=VERDICTS)
    sentence = Column(pl.String(), "The finding in words. Empty for a team too small.", nullable=True)
    definition_version = definition_version_column()
    note = note_column()


def measure_review_depth(
    person_intervals: pl.LazyFrame,
    raw_issues: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    status_visits: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Contrast reviews under high and low load; ReviewDepth."""
    journeys, persons = issue_journeys.filter("is_counted").collect(), person_intervals.collect()
    if journeys.is_empty():
        return ReviewDepth.empty().lazy()
    changes = raw_changes.collect()
    visits = review_visits(persons, status_visits.collect(), journeys, workflow, as_of)
    visits = add_sizes(visits, journeys, changes)
    visits = add_escapes(visits, raw_issues.collect(), changes, issue_journeys.collect(), as_of)
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    placed = events_in_periods(visits.filter(pl.col.left_at <= as_of), "left_at", grid)
    if placed.is_empty():
        return ReviewDepth.empty().lazy()
    rows = _counted(placed).join(_contrasts(placed.sort("left_at", "issue_id")), on=CELL)
    rows = rows.join(cells(workflow, grid), on=PERIOD_KEY)
    rows = rows.join(team_sizes(persons, grid, as_of), on=PERIOD_KEY, how="left")
    return ReviewDepth.select(_withheld(rows).sort(CELL).lazy())


def _counted(placed: pl.DataFrame) -> pl.DataFrame:
    """Reviews, their minutes, and the share of quick approvals of every CELL."""
    passed, is_short = ~pl.col.is_returned, pl.col.minutes < SHORT_MINUTES
    rows = placed.group_by(CELL).agg(
        review_count=pl.len().cast(pl.Int64), passed=passed.sum(), short=(passed & is_short).sum()
    )
    rows = rows.join(percentiles_by(placed, CELL, {"minutes": "review_minutes"}, (50,)), on=CELL)
    n = np.where(rows["passed"].to_numpy() >= MINIMUM_TERCILE, rows["passed"].to_numpy(), 0)
    found = wilson(np.where(n > 0, rows["short"].to_numpy(), 0), n)
    names = [f"short_approval_share{end}" for end in ("", "_low", "_high")]
    return rows.with_columns(pl.Series(c, v).fill_nan(None) for c, v in zip(names, found, strict=True))


def _contrasts(placed: pl.DataFrame) -> pl.DataFrame:
    """Contrast, verdict, sentence and note of every CELL."""
    records = []
    for key, cell in placed.group_by(CELL, maintain_order=True):
        found = contrast(cell, np.random.default_rng(SEED ^ crc32("/".join(map(str, key)).encode())))
        verdict, sentence, note = judge(str(key[-1]), found)
        ends = (value for name in ESTIMATES for value in getattr(found, name))
        records.append((*key, *found[: len(COUNTS)], *ends, verdict, sentence, note))
    schema: dict[str, pl.DataType] = {name: placed.schema[name] for name in CELL}
    schema |= {name: pl.Int64() for name in COUNTS}
    schema |= {f"{name}{end}": pl.Float64() for name in ESTIMATES for end in ("", "_low", "_high")}
    schema |= {name: pl.String() for name in ("verdict", "sentence", "note")}
    return pl.DataFrame(records, schema=schema, orient="row")


def _withheld(rows: pl.DataFrame) -> pl.DataFrame:
    """Empty the rows of small teams."""
    said = (*CELL, "period_end_date", "is_complete_period", "definition_version", "verdict", "note")
    hidden = [name for name in ReviewDepth.columns if name not in said]
    is_team = is_team_large_enough()
    return rows.with_columns(
        pl.when(is_team).then(pl.col(hidden)),
        verdict=pl.when(is_team).then("verdict").otherwise(pl.lit("suppressed")),
        note=pl.when(is_team).then("note").otherwise(pl.lit(f"everything is {SUPPRESSED}")),
    )
