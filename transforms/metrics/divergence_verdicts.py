"""The dashboard is up, delivery is not: does more get started and coded while what ships gets slower (METHODS §4.1)?

Why that is so belongs to ``constraint_verdicts``; the weeks themselves are ``flow_weekly``.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.metrics.divergence import COMPARED_WEEKS, Evidence, judge
from transforms.metrics.divergence_evidence import Sources, gather
from transforms.metrics.period_tables import PERIOD_KEY, PeriodTable, cells, definition_version_column, estimate_columns
from transforms.metrics.periods import periods
from transforms.metrics.stage_stays import stage_pieces, visits_then
from transforms.metrics.weekly_flow import flow_journeys
from transforms.schema import Column
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

VERDICTS = ("yes", "no", "cannot_tell")

PROXIES = ("starts", "code_done")


class DivergenceVerdicts(PeriodTable, layer="metrics", key=PERIOD_KEY):
    """One row per value stream and period. Answers: does output go up while delivery does not, and gets slower?

    The last 13 complete weeks of the period are held against the 13 before them. "yes" takes all three: output up by
    more than a tenth, deliveries not keeping up with it, and work that takes longer or piles up; each beyond its 95 %
    interval. "no": one of them is excluded likewise. Else nobody can tell. Not a verdict on people.
    """

    later_start_date = Column(
        pl.Date(), f"First day of the later {COMPARED_WEEKS} weeks. Empty without them.", nullable=True
    )
    verdict = Column(pl.String(), "Whether output goes up while delivery does not follow.", values=VERDICTS)
    sentence = Column(pl.String(), "The verdict and what it rests on, in words.")
    output_proxy = Column(
        pl.String(), "Which output is judged: what was started, or finished its first active stage; the one that rose"
        " more surely. Empty when neither can be compared.", nullable=True, values=PROXIES,
    )  # fmt: skip
    output_before_count = Column(pl.Int64(), "Output of the earlier weeks. Empty likewise.", nullable=True)
    output_after_count = Column(pl.Int64(), "Output of the later weeks. Empty likewise.", nullable=True)
    delivered_before_count = Column(pl.Int64(), "Deliveries of the earlier weeks. Empty without them.", nullable=True)
    delivered_after_count = Column(pl.Int64(), "Deliveries of the later weeks. Empty likewise.", nullable=True)
    locals().update(estimate_columns("output_ratio", "Output per week, later ÷ earlier."))
    locals().update(estimate_columns("delivered_ratio", "Deliveries per week, later ÷ earlier."))
    cycle_days_p50_before = Column(
        pl.Float64(), "Median cycle time of the earlier weeks, open work included (period Kaplan–Meier). Empty when"
        " not reached or from too little.", nullable=True,
    )  # fmt: skip
    cycle_days_p50_after = Column(pl.Float64(), "The same of the later weeks. Empty likewise.", nullable=True)
    locals().update(estimate_columns("cycle_ratio", "The later median ÷ the earlier; bootstrap by week of start."))
    locals().update(
        estimate_columns("wip_slope_per_week", "Theil–Sen slope of daily WIP in the later weeks; bootstrap by week.")
    )
    definition_version = definition_version_column()


def judge_divergence(
    status_visits: pl.LazyFrame,
    work_intervals: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    stages: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Judge every stream in every period; DivergenceVerdicts."""
    journeys = flow_journeys(issue_journeys)
    if journeys.is_empty():
        return DivergenceVerdicts.empty().lazy()
    pieces = stage_pieces(
        work_intervals.collect(), visits_then(status_visits.collect(), workflow, as_of), journeys["issue_id"]
    )
    grid = cells(workflow, periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of))
    sources = Sources(journeys, pieces, stages.collect(), workflow, as_of)
    rows = []
    for cell in grid.select(
        *PERIOD_KEY, "period_end_date", "is_complete_period", "definition_version", "ends_at"
    ).to_dicts():
        found = gather(sources, cell["value_stream"], cell.pop("ends_at"))
        rows.append(cell | _row(found))
    return pl.LazyFrame(rows, schema=DivergenceVerdicts.polars_schema())


def _row(found: Evidence | None) -> dict[str, object]:
    if found is None:
        words = f"Nobody can tell: there are no {2 * COMPARED_WEEKS} complete weeks of work up to the period's end."
        return {"verdict": "cannot_tell", "sentence": words}
    verdict, sentence = judge(found)
    row: dict[str, object] = {"verdict": verdict, "sentence": sentence, "later_start_date": found.later_start_date}
    row |= {
        "output_proxy": found.proxy,
        "cycle_days_p50_before": found.medians[0],
        "cycle_days_p50_after": found.medians[1],
    }
    for name, counts in (("output", found.output), ("delivered", found.delivered)):
        row |= dict(zip((f"{name}_before_count", f"{name}_after_count"), counts, strict=True))
    for name, estimate in zip(
        ("output_ratio", "delivered_ratio", "cycle_ratio", "wip_slope_per_week"),
        (found.output_ratio, found.delivered_ratio, found.cycle_ratio, found.wip_slope), strict=True,
    ):  # fmt: skip
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), estimate, strict=True))
    return row
