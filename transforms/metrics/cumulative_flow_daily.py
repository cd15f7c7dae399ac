"""The cumulative flow diagram: how many issues have come to each stage and left it for good, day by day.

Only counts; weekly rates and queues are ``stage_flow_weekly``. Nothing here grows with issues × days.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.metrics.flow_staircases import count_days
from transforms.metrics.period_tables import definition_version_column
from transforms.schema import LABEL, Column, RowRule, Table
from transforms.workflow import Workflow


class CumulativeFlowDaily(Table, layer="metrics", key=("value_stream", "stage_name", "flow_date")):
    """One row per stage and day. Answers: how do work in each stage and the distance between its edges grow?

    Counted work. All but present_count never fall: first arrivals and final departures of an issue's first life, as
    known now. A chart of reached_count over the stages is the cumulative flow diagram; the last stage's is what was
    delivered. Given-up work leaves through departed_count and discarded_count of the stage it was in.
    """

    value_stream = Column(LABEL, "Value stream.")
    stage_name = Column(LABEL, "Stage.", references="stages.stage_name")
    flow_date = Column(pl.Date(), "Day, in the value stream's zone; counts are those at its end, or at as_of.")
    stage_order = Column(pl.Int32(), "Place in the walk, from 0.", minimum=0)
    is_terminal = Column(pl.Boolean(), "Work in it has ended.")
    arrived_count = Column(pl.Int64(), "Issues that have been there: first arrivals so far.", minimum=0)
    reached_count = Column(
        pl.Int64(), "Issues that have been there or further on, skipping it: never more than in the stage before.",
        minimum=0,
    )  # fmt: skip
    departed_count = Column(pl.Int64(), "Issues that have left it for good so far.", minimum=0)
    discarded_count = Column(pl.Int64(), "Those of them that were given up there.", minimum=0)
    present_count = Column(pl.Int64(), "Issues there now, second lives included; not in terminal stages.", minimum=0)
    definition_version = definition_version_column()

    later_counts_are_smaller = RowRule(
        "no more left a stage than came, and no more were given up than left",
        "discarded_count <= departed_count AND departed_count <= arrived_count AND arrived_count <= reached_count",
    )


def draw_cumulative_flow(
    work_intervals: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    stages: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Count every stage at the end of every day from the stream's first issue on; CumulativeFlowDaily."""
    versions = {stream.name: workflow.definition_version(stream.name) for stream in workflow.streams}
    walk = stages.collect()
    parts = [count_days(work_intervals, issue_journeys, walk, stream, as_of) for stream in workflow.streams]
    known = [part for part in parts if part is not None]
    if not known:
        return CumulativeFlowDaily.empty().lazy()
    version = pl.col.value_stream.cast(pl.String).replace_strict(versions)
    return CumulativeFlowDaily.select(pl.concat(known).with_columns(definition_version=version).lazy())
