"""Second lives: work that came back long after it had been delivered. Failure demand, outside the journey."""

from __future__ import annotations

import polars as pl

from transforms.core.issue_journeys import OUTCOMES, outcome
from transforms.pass_sums import sum_passes
from transforms.row_rules import partition_rules
from transforms.schema import LABEL, TIMESTAMP, Column, Table


class ReturnPasses(Table, layer="core", key=("issue_id", "pass_number")):
    """One row per second and later life of an issue. Answers: what came back after the reopen horizon, at what cost?

    Outside the sums of ``issue_journeys``, which stay as they were when the work was first delivered.
    """

    issue_id = Column(pl.Int64(), "Jira's immutable id of the issue.", references="issues.issue_id")
    pass_number = Column(pl.Int32(), "2 for the first return, 3 for the next, …", minimum=2)
    issue_key = Column(pl.String(), "Current key.")
    value_stream = Column(LABEL, "Value stream the issue belongs to now.")
    outcome = Column(pl.String(), "What became of this pass, up to as_of.", values=OUTCOMES)
    returned_at = Column(TIMESTAMP, "When it left its terminal status.")
    started_at = Column(TIMESTAMP, "First committed status of this pass. Empty before.", nullable=True)
    finished_at = Column(
        TIMESTAMP, "End of this pass, or when its issue was gone. Empty while it is open.", nullable=True
    )
    span_ms = Column(pl.Int64(), "Start to finish of this pass, or to as_of while open.", minimum=0)
    span_working_ms = Column(pl.Int64(), "Working time of span_ms.", minimum=0)
    touch_ms = Column(pl.Int64(), "Milliseconds of the pass touched.", minimum=0)
    touch_working_ms = Column(pl.Int64(), "Working time of touch_ms.", minimum=0)
    wait_ms = Column(pl.Int64(), "Milliseconds of the pass waiting for a next person.", minimum=0)
    wait_working_ms = Column(pl.Int64(), "Working time of wait_ms.", minimum=0)
    blocked_ms = Column(pl.Int64(), "Milliseconds of the pass blocked.", minimum=0)
    blocked_working_ms = Column(pl.Int64(), "Working time of blocked_ms.", minimum=0)
    unassigned_ms = Column(pl.Int64(), "Milliseconds of the pass active with nobody assigned.", minimum=0)
    unassigned_working_ms = Column(pl.Int64(), "Working time of unassigned_ms.", minimum=0)
    done_gap_ms = Column(pl.Int64(), "Milliseconds of the pass in terminal statuses left again.", minimum=0)
    done_gap_working_ms = Column(pl.Int64(), "Working time of done_gap_ms.", minimum=0)

    locals().update(partition_rules())


def find_return_passes(work_intervals: pl.LazyFrame) -> pl.LazyFrame:
    """Sum every pass after the first; ReturnPasses, from WorkIntervals."""
    intervals = work_intervals.collect()
    passes = sum_passes(intervals).filter(pl.col.pass_number > 1)
    begins = intervals.group_by("issue_id", "pass_number", maintain_order=True).agg(
        pl.col("issue_key", "value_stream").first(), returned_at=pl.col.entered_at.first()
    )
    passes = passes.join(begins, on=["issue_id", "pass_number"], maintain_order="left").with_columns(outcome=outcome())
    return ReturnPasses.select(passes.lazy())
