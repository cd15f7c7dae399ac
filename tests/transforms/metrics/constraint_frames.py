"""A small stream whose constraint is known, told as histories: one reviewer for what three developers start.

The tables made of it are shared by the tests of all three.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import polars as pl

from tests.builders import BOARD, PERSONS, frames, history
from tests.chain import compute
from tests.transforms.metrics.flow_frames import MONDAY
from tests.transforms.metrics.metric_frames import checked, core_of
from transforms.constraint.studies import answered, ask, table_of
from transforms.metrics.constraint_evidence import ConstraintEvidence
from transforms.metrics.constraint_verdicts import ConstraintVerdicts
from transforms.metrics.relief_estimates import ReliefEstimates
from transforms.quality.log_quality import LogQuality
from transforms.raw import RawBoardColumns
from transforms.workflow import Workflow

WEEKS = 26

END = MONDAY + timedelta(weeks=WEEKS)

DAY_HOURS, WEEK_HOURS = 8, 40


class Made(NamedTuple):
    """The three tables of one told stream."""

    verdicts: pl.DataFrame
    evidence: pl.DataFrame
    reliefs: pl.DataFrame


def moment(hours):
    """An instant so many working hours after MONDAY, nine to five."""
    week, rest = divmod(hours, WEEK_HOURS)
    day, hour = divmod(rest, DAY_HOURS)
    return MONDAY + timedelta(weeks=int(week), days=int(day), hours=float(hour))


def review_bound(weeks=WEEKS, per_week=10, review_hours=4.8, seed=1):
    """Three developers and one reviewer, who has more to do than there is time; both first come, first served."""
    rng, told = np.random.default_rng(seed), []
    developers, reviewer = dict.fromkeys(("ana", "ben", "chi"), 0.0), 0.0
    for number, came in enumerate(sorted(rng.uniform(0, weeks * WEEK_HOURS, weeks * per_week))):
        who = min(developers, key=developers.get)
        begun = max(came, developers[who])
        coded = developers[who] = begun + rng.exponential(6.0)
        taken = max(coded, reviewer)
        reviewed = reviewer = taken + rng.exponential(review_hours)
        told.append(_issue(f"C-{number}", who, came, begun, coded, taken, reviewed))
    return [one for one in told if one is not None]


def _issue(key, who, came, begun, coded, taken, reviewed):
    end = WEEKS * WEEK_HOURS
    if came >= end:
        return None
    steps = [("Selected", came, None), ("In Progress", begun, who), ("Ready for Review", coded, None),
             ("In Review", taken, "boss"), ("Done", reviewed, None)]  # fmt: skip
    one = history(key).created(moment(came) - timedelta(minutes=5), status="Backlog")
    for status, at, person in steps:
        if at >= end:
            break
        one = one.to(status, moment(at))
        one = one.assign(person, moment(at)) if person else one
    return one


def study(told, workflow: Workflow, as_of, columns: pl.DataFrame | None = None) -> Made:
    """The three tables of told histories."""
    raw = frames(*told)
    core, persons = core_of(raw, workflow, as_of), compute(raw, workflow, as_of)["person_intervals"]
    questions = ask(
        persons.lazy(), core.raw_changes, (RawBoardColumns.empty() if columns is None else columns).lazy(),
        core.issue_journeys, core.stages, LogQuality.empty().lazy(), workflow, as_of,
    )  # fmt: skip
    studies = answered(questions)
    parts = (("verdict", ConstraintVerdicts), ("evidence", ConstraintEvidence), ("reliefs", ReliefEstimates))
    return Made(*(checked(table, table_of(studies, part, table)) for part, table in parts))


@lru_cache(maxsize=1)
def review_bound_tables() -> Made:
    """Tables of ``review_bound``."""
    return study(review_bound(), BOARD.workflow(commitment="In Progress"), END)


def rolling(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of the 26 weeks up to the last complete one."""
    return frame.filter(period_kind="rolling_26_weeks")


__all__ = ["END", "PERSONS", "review_bound", "review_bound_tables", "rolling", "study"]
