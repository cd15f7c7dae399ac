"""Touch as an interval, not a number: what parallel work and work logs leave of the time a status allows (§1.3).

``touch_high`` is the status's own claim (core); here are the share of a person's attention and the logged evidence.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from transforms.states import NOBODY
from transforms.workflow import Workflow
from transforms.workflow_index import WorkflowIndex, covered_stretch

INTERVAL_KEY = ("issue_id", "interval_number")


def shared_touch(person_intervals: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Working time of every touch interval, divided by the issues its person had in touch at the same time.

    One row per touch interval: INTERVAL_KEY, shared_touch_working_ms (float). An interval nobody is assigned to keeps
    its whole working time. Over the intervals of a person the shares add up to the working time of their union
    (Estrada-Torres et al., multitasking in event logs); each is at most the interval's own working time.
    """
    touch = person_intervals.filter((pl.col.kind == "touch") & (pl.col.working_ms > 0))
    touch = touch.with_columns(end_at=pl.col.left_at.fill_null(as_of))
    alone = touch.filter(pl.col.assignee == NOBODY)
    held = touch.filter(pl.col.assignee != NOBODY)
    index = WorkflowIndex(workflow, *covered_stretch([touch["entered_at"]], as_of))
    codes = workflow.stream_codes()
    stream = held["value_stream"].cast(pl.String).replace_strict(codes, return_dtype=pl.Int64).to_numpy()
    held = held.with_columns(calendar=pl.lit(pl.Series(index.calendar[stream], dtype=pl.Int64)))
    shares = [_shares(held, code, index) for code in held["calendar"].unique().sort()]
    kept = alone.select(*INTERVAL_KEY, shared_touch_working_ms=pl.col.working_ms.cast(pl.Float64))
    return pl.concat([kept, *shares]).sort(INTERVAL_KEY)


def _shares(held: pl.DataFrame, calendar: int, index: WorkflowIndex) -> pl.DataFrame:
    """Shares of the intervals on one calendar, by a clock per person that runs at 1/n while n issues are in touch."""
    edges = pl.concat(
        [
            held.select("assignee", at="entered_at", step=pl.lit(1, pl.Int32)),
            held.select("assignee", at="end_at", step=pl.lit(-1, pl.Int32)),
        ]
    )
    edges = edges.group_by("assignee", "at").agg(pl.col.step.sum()).sort("assignee", "at")
    reading = index.clock.readings(edges["at"].to_physical().to_numpy(), calendar)
    parallel = edges["step"].cum_sum().to_numpy()
    pace = np.diff(reading, append=reading[-1:]) / np.maximum(parallel, 1) * (parallel > 0)
    edges = edges.with_columns(pace=pl.Series(pace))
    clock = edges.select("assignee", "at", clock=pl.col.pace.cum_sum().over("assignee") - pl.col.pace)
    mine = held.filter(pl.col.calendar == calendar)
    mine = mine.join(clock.rename({"clock": "begin"}), left_on=["assignee", "entered_at"], right_on=["assignee", "at"])
    mine = mine.join(clock.rename({"clock": "end"}), left_on=["assignee", "end_at"], right_on=["assignee", "at"])
    return mine.select(*INTERVAL_KEY, shared_touch_working_ms=pl.col.end - pl.col.begin)


def logged_touch(
    person_intervals: pl.DataFrame, worklogs: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """Working time of every issue's touch that its work logs cover: the lower bound of touch.

    ``worklogs``: issue_id, started_at, seconds. One row per issue with logs inside its touch: issue_id,
    logged_touch_working_ms. Overlapping logs count once.
    """
    logs = worklogs.select("issue_id", "started_at", ended_at=pl.col.started_at + pl.duration(seconds="seconds"))
    logs = _merged(logs.sort("issue_id", "started_at"))
    touch = person_intervals.filter(pl.col.kind == "touch").with_columns(end_at=pl.col.left_at.fill_null(as_of))
    cut = touch.join(logs, on="issue_id").with_columns(
        begin=pl.max_horizontal("entered_at", "started_at"), end=pl.min_horizontal("end_at", "ended_at")
    )
    cut = cut.filter(pl.col.begin < pl.col.end)
    index = WorkflowIndex(workflow, *covered_stretch([cut["begin"], cut["end"]], as_of))
    stream = cut["value_stream"].cast(pl.String).replace_strict(workflow.stream_codes(), return_dtype=pl.Int64)
    calendar = index.calendar[stream.to_numpy()]
    begin, end = (index.clock.readings(cut[side].to_physical().to_numpy(), calendar) for side in ("begin", "end"))
    logged = cut.select("issue_id", logged_touch_working_ms=pl.Series(end - begin, dtype=pl.Int64))
    return logged.group_by("issue_id", maintain_order=True).sum()


def _merged(logs: pl.DataFrame) -> pl.DataFrame:
    """Union of each issue's logs; rows ordered by issue and beginning."""
    reach = pl.col.ended_at.cum_max().shift(1).over("issue_id")
    runs = logs.with_columns(run=(reach.is_null() | (pl.col.started_at > reach)).cum_sum())
    return runs.group_by("run", maintain_order=True).agg(
        pl.col("issue_id", "started_at").first(), pl.col.ended_at.max()
    )
