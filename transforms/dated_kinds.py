"""Statuses that meant something else before a day: where lives are cut at that day, and what the status meant then.

Ids are stable, so a new column dates itself; this is for a status that a team uses otherwise from a day on, as a
"Review" that became the queue for reviewers. Only the work kind changes: stage and place in the walk stay.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from transforms.local_days import midnight_of
from transforms.schema import TIMESTAMP
from transforms.states import Timeline
from transforms.workflow import WORK_KIND, Workflow
from transforms.workflow_index import WorkflowIndex


def definition_timeline(placed: pl.DataFrame, workflow: Workflow, as_of: datetime) -> Timeline:
    """How many changes of meaning an issue's stream has seen up to ``as_of``; cuts its life at each."""
    seen = [
        (stream.name, at, number)
        for stream in workflow.streams
        for number, day in enumerate(sorted({change.until for change in stream.kind_changes}), start=1)
        if (at := midnight_of(day, ZoneInfo(stream.calendar.zone))) <= as_of
    ]
    schema = {"value_stream": pl.String(), "entered_at": TIMESTAMP, "value": pl.Int64()}
    rows = placed.select("issue_id", pl.col.value_stream.cast(pl.String)).join(
        pl.DataFrame(seen, schema, orient="row"), on="value_stream"
    )
    changes = rows.select("issue_id", "entered_at", "value").sort("issue_id", "entered_at")
    return Timeline(placed.select("issue_id", value=pl.lit(0, pl.Int64)), changes)


def kind_then(index: WorkflowIndex, row: str, kind: str) -> pl.Expr:
    """The work kind at ``entered_at`` of the status in row ``row`` of ``index``; column ``kind`` holds its kind now."""
    held = pl.col(kind)
    for code, stream in enumerate(index.workflow.streams):
        for change in reversed(stream.kind_changes):
            [place] = index.locate(np.array([code]), np.array([change.status_id]))
            until = midnight_of(change.until, ZoneInfo(stream.calendar.zone))
            is_earlier = (pl.col(row) == place) & (pl.col.entered_at < until)
            held = pl.when(is_earlier).then(pl.lit(change.work_kind, WORK_KIND)).otherwise(held)
    return held.alias(kind)
