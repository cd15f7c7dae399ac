"""Which journeys count as work: those at the one level at which a site counts, never a parent with its child."""

from __future__ import annotations

import polars as pl

from transforms.workflow import Workflow


def counted_journeys(issue_journeys: pl.LazyFrame, workflow: Workflow) -> pl.LazyFrame:
    """Journeys at ``workflow.flow_level`` that are measured by their own statuses; rows of IssueJourneys."""
    return issue_journeys.filter((pl.col.hierarchy_level == workflow.flow_level) & ~pl.col.is_rolled_up)
