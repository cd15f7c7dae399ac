"""The constraint: every value stream is replayed once, and three tables tell what came of it, by ``transforms``."""

import polars as pl

from pipelines.assets import table_asset
from pipelines.landed import Landed
from pipelines.spread import answer_all
from transforms.constraint.studies import ConstraintStudies, answered, ask, table_of, with_log_quality
from transforms.metrics.constraint_evidence import ConstraintEvidence
from transforms.metrics.constraint_verdicts import ConstraintVerdicts
from transforms.metrics.relief_estimates import ReliefEstimates
from transforms.schema import Table
from transforms.workflow import Workflow

PRIVATE_TABLES: tuple[type[Table], ...] = (ConstraintStudies,)
"""Tables that only others are made of: kept in the working store, never published."""

Frame = pl.LazyFrame


@table_asset(ConstraintStudies)
def constraint_studies(
    person_intervals: Frame,
    raw_changes: Frame,
    raw_board_columns: Frame,
    issue_journeys: Frame,
    stages: Frame,
    log_quality: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill ConstraintStudies: every stream and period replayed once, for all three tables."""
    as_of = landed_batches.as_of
    questions = ask(
        person_intervals, raw_changes, raw_board_columns, issue_journeys, stages, log_quality, workflow, as_of
    )
    return answered(questions, answer_all)


@table_asset(ConstraintVerdicts)
def constraint_verdicts(constraint_studies: Frame) -> Frame:
    """Fill ConstraintVerdicts."""
    return table_of(constraint_studies, "verdict", ConstraintVerdicts)


@table_asset(ConstraintEvidence)
def constraint_evidence(constraint_studies: Frame, log_quality: Frame) -> Frame:
    """Fill ConstraintEvidence."""
    return with_log_quality(table_of(constraint_studies, "evidence", ConstraintEvidence), log_quality)


@table_asset(ReliefEstimates)
def relief_estimates(constraint_studies: Frame) -> Frame:
    """Fill ReliefEstimates."""
    return table_of(constraint_studies, "reliefs", ReliefEstimates)
