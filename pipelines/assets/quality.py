"""One asset per table that vouches for the others. Runs and validations are filled by the audit (``published``)."""

import polars as pl

from pipelines.assets import table_asset
from pipelines.landed import Landed
from transforms.quality.completeness import Completeness, prove_completeness
from transforms.quality.log_quality import LogQuality, judge_logs
from transforms.quality.quarantine import Quarantine, list_quarantine
from transforms.workflow import Workflow

Frame = pl.LazyFrame


@table_asset(Completeness)
def completeness(raw_issues: Frame, status_visits: Frame) -> Frame:
    """Fill Completeness."""
    return prove_completeness(raw_issues, status_visits)


@table_asset(Quarantine)
def quarantine(raw_quarantine: Frame, landed_batches: Landed) -> Frame:
    """Fill Quarantine."""
    return list_quarantine(raw_quarantine, landed_batches.missing)


@table_asset(LogQuality)
def log_quality(
    raw_issues: Frame,
    raw_changes: Frame,
    status_visits: Frame,
    issue_journeys: Frame,
    completeness: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill LogQuality."""
    as_of = landed_batches.as_of
    return judge_logs(raw_issues, raw_changes, status_visits, issue_journeys, completeness, workflow, as_of)
