"""Touch as an interval, and flow efficiency with it: evidence, shared attention, what the status claims (METHODS §1.3).

The estimates themselves are ``touch_estimates``. Never a ranking of teams, never a target.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from transforms.metrics.bursts import human_events
from transforms.metrics.period_tables import (
    MS_PER_HOUR,
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
from transforms.metrics.slots import events_in_periods
from transforms.metrics.touch_estimates import INTERVAL_KEY, logged_touch, shared_touch
from transforms.row_rules import all_of
from transforms.schema import Column, RowRule
from transforms.statistics.ratios import MINIMUM_RATIO_SAMPLE, Moments, share_of_sums
from transforms.wording import lacking
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

BURST = timedelta(minutes=30)
"""Work that something done by hand proves: so long before it."""

MINIMUM_HOURS = 40
"""Working hours of all issues together below which their flow efficiency is not published (METHODS §8)."""

MINIMUM_EVIDENCE = 0.5
"""Share of the delivered issues with evidence of work below which a team is taken not to leave any: unknown, not 0."""

ESTIMATES = {
    "from_evidence": "with a work log, or in the half hour before something was done to it by hand: a lower bound",
    "shared": "in touch, divided by the issues its person had in touch at once (or the evidence, where that is more)",
    "by_status": "in touch by its status: an upper bound that grows with multitasking",
}

OF_PERSONS = ("from_evidence", "shared")


def _efficiency_columns() -> dict[str, Column]:
    """Flow efficiency by every estimate, with its interval."""
    families = (estimate_columns(f"flow_efficiency_{name}", f"Share {words}.") for name, words in ESTIMATES.items())
    return {column: declared for family in families for column, declared in family.items()}


class TouchShares(PeriodTable, layer="metrics", key=PERIOD_KEY, caveat="No target, no ranking: show all three."):
    """One row per value stream and period. Answers: how much of delivered work's time did somebody work on it?

    Flow efficiency is the sum of touch ÷ the sum of touch, wait, blocked and unassigned time, in working time, over the
    issues delivered in the period; three estimates of touch bound it.
    """

    delivered_count = Column(pl.Int64(), "Really started issues delivered in the period: the n.", minimum=0)
    evidence_count = Column(pl.Int64(), "Those with any evidence of work within their touch.", minimum=0)
    whole_working_days = Column(
        pl.Float64(), "Touch, wait, blocked and unassigned time of all of them, in working days.", minimum=0
    )
    touch_from_evidence_working_days = Column(
        pl.Float64(),
        "Working days of evidence. Empty where most issues leave none, or for a small team (note).",
        nullable=True,
    )
    touch_shared_working_days = Column(
        pl.Float64(), "Working days of touch, shared among what was in touch at once. Empty for a small team (note).",
        nullable=True,
    )  # fmt: skip
    touch_by_status_working_days = Column(pl.Float64(), "Working days of touch by status.", minimum=0)
    locals().update(_efficiency_columns())
    definition_version = definition_version_column()
    note = note_column()

    estimates_in_order = RowRule(
        "evidence is at most the shared touch, and that at most the touch by status",
        all_of(
            "touch_from_evidence_working_days <= touch_shared_working_days + 1e-6",
            "touch_shared_working_days <= touch_by_status_working_days + 1e-6",
        ),
    )
    touch_within_the_whole = RowRule(
        "touch is part of the time in progress",
        all_of(
            "touch_by_status_working_days <= whole_working_days + 1e-6",
            "evidence_count <= delivered_count",
        ),
    )


def bound_touch(
    person_intervals: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
    raw_worklogs: pl.LazyFrame | None = None,
    raw_comments: pl.LazyFrame | None = None,
) -> pl.LazyFrame:
    """Bound the touch of delivered work in every period; TouchShares. Work logs and comments count where there are."""
    journeys, persons = issue_journeys.filter("is_counted").collect(), person_intervals.collect()
    if journeys.is_empty():
        return TouchShares.empty().lazy()
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    events = human_events(raw_changes.collect(), None if raw_comments is None else raw_comments.collect())
    evidence = evidence_of(events, None if raw_worklogs is None else raw_worklogs.collect())
    touched = touch_of(journeys, persons, evidence, workflow, as_of)
    sums = events_in_periods(touched, "finished_at", grid).group_by(PERIOD_KEY).agg(_sums())
    rows = cells(workflow, grid).join(sums, on=PERIOD_KEY, how="left")
    rows = rows.join(team_sizes(persons, grid, as_of), on=PERIOD_KEY, how="left")
    measured = [name for name in sums.columns if name not in PERIOD_KEY]
    rows = _with_efficiencies(rows.with_columns(pl.col(measured).fill_null(0)))
    return TouchShares.select(_withheld(rows).sort(PERIOD_KEY).lazy())


def evidence_of(events: pl.DataFrame, worklogs: pl.DataFrame | None) -> pl.DataFrame:
    """Stretches in which somebody demonstrably worked: issue_id, started_at, seconds; they may overlap."""
    seconds = int(BURST.total_seconds())
    stretches = [events.select("issue_id", started_at=pl.col.at - BURST, seconds=pl.lit(seconds, pl.Int64))]
    if worklogs is not None:
        stretches.append(worklogs.select("issue_id", "started_at", "seconds"))
    return pl.concat(stretches)


def touch_of(
    journeys: pl.DataFrame, person_intervals: pl.DataFrame, evidence: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """One row per really started delivered journey: issue_id, value_stream, finished_at, and working hours.

    Columns from_evidence, shared, by_status (ESTIMATES) and whole. Second lives do not count; what people held in
    parallel does, whatever it was.
    """
    first = person_intervals.filter(pl.col.pass_number == 1)
    shared = shared_touch(person_intervals, workflow, as_of).join(first.select(INTERVAL_KEY), on=INTERVAL_KEY)
    shared = shared.group_by("issue_id").agg(shared=pl.col.shared_touch_working_ms.sum() / MS_PER_HOUR)
    proven = logged_touch(first, evidence, workflow, as_of).select(
        "issue_id", from_evidence=pl.col.logged_touch_working_ms / MS_PER_HOUR
    )
    kinds = ("touch", "wait", "blocked", "unassigned")
    done = journeys.filter(pl.col.cycle_ms.is_not_null()).select(
        "issue_id",
        "value_stream",
        "finished_at",
        by_status=pl.col.touch_working_ms / MS_PER_HOUR,
        whole=pl.sum_horizontal(f"{kind}_working_ms" for kind in kinds) / MS_PER_HOUR,
    )
    joined = done.join(shared, on="issue_id", how="left").join(proven, on="issue_id", how="left")
    return joined.with_columns(pl.col("shared", "from_evidence").fill_null(0.0))


def _sums() -> list[pl.Expr]:
    """Counts, sums, and what the intervals of their ratios need."""
    whole, evidence = pl.col.whole, (pl.col.from_evidence > 0).sum().cast(pl.Int64).alias("evidence_count")
    sums = [pl.len().cast(pl.Int64).alias("delivered_count"), evidence]
    sums += [whole.sum(), (whole * whole).sum().alias("whole_whole")]
    for name in ESTIMATES:
        part = pl.col(name)
        sums += [part.sum(), (part * part).sum().alias(f"{name}_squares"), (part * whole).sum().alias(f"{name}_whole")]
    return sums


def _with_efficiencies(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the flow efficiency by every estimate, with its interval, where there is enough to tell."""
    n = rows["delivered_count"].set(rows["whole"] < MINIMUM_HOURS, 0).to_numpy()
    whole, squares = rows["whole"].to_numpy(), rows["whole_whole"].to_numpy()
    for name in ESTIMATES:
        part, own, product = (rows[f"{name}{end}"].to_numpy() for end in ("", "_squares", "_whole"))
        found = share_of_sums(Moments(n, part, whole, own, product, squares))
        names = [f"flow_efficiency_{name}{end}" for end in ("", "_low", "_high")]
        rows = rows.with_columns(pl.Series(c, v).fill_nan(None) for c, v in zip(names, found, strict=True))
    ends = ("", "_low", "_high")
    is_more = pl.col.from_evidence > pl.col.shared
    points = {f"flow_efficiency_shared{end}": pl.col(f"flow_efficiency_from_evidence{end}") for end in ends}
    better = [pl.when(is_more).then(other).otherwise(name).alias(name) for name, other in points.items()]
    shared = pl.max_horizontal("shared", "from_evidence")
    days = {"whole_working_days": pl.col.whole, "touch_shared_working_days": shared}
    days |= {f"touch_{name}_working_days": pl.col(name) for name in ("from_evidence", "by_status")}
    return rows.with_columns(*better, **{name: hours / pl.col.hours_per_day for name, hours in days.items()})


def _withheld(rows: pl.DataFrame) -> pl.DataFrame:
    """Empty what is unknown or tells too much of a small team, and say so."""
    of = {name: [c for c in TouchShares.columns if c.startswith((f"touch_{name}", f"flow_efficiency_{name}"))]
          for name in OF_PERSONS}  # fmt: skip
    is_known = (pl.col.evidence_count > 0) & (pl.col.evidence_count >= MINIMUM_EVIDENCE * pl.col.delivered_count)
    is_team = is_team_large_enough()
    kept = [pl.when(is_team & is_known).then(pl.col(of["from_evidence"])), pl.when(is_team).then(pl.col(of["shared"]))]
    few = pl.when(pl.col.delivered_count < MINIMUM_RATIO_SAMPLE).then(
        lacking(f"flow efficiency needs {MINIMUM_RATIO_SAMPLE} deliveries", "delivered_count")
    )
    short = pl.when((pl.col.delivered_count >= MINIMUM_RATIO_SAMPLE) & (pl.col.whole < MINIMUM_HOURS)).then(
        pl.lit(f"flow efficiency needs {MINIMUM_HOURS} working hours")
    )
    unknown = pl.when((pl.col.delivered_count > 0) & ~is_known).then(
        pl.format("evidence of work: unknown, left by {} of {} issues", "evidence_count", "delivered_count")
    )
    small = pl.when(~is_team).then(pl.lit(f"evidence and shared touch are {SUPPRESSED}"))
    return rows.with_columns(*kept, note=as_note([few, short, unknown, small]))
