"""Counts and times of every stage in every week, from running sums. What they say is said by the tables."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from transforms.metrics.occupancy import Occupancy, epoch_ms
from transforms.metrics.stage_stays import stays_of
from transforms.workflow import Workflow
from transforms.workflow_index import WorkflowIndex, covered_stretch

STAGE = ("value_stream", "stage_name")

MEASURES = (
    "week_ms", "working_ms", "arrival_count", "departure_count", "wip_start", "wip_end", "presence_ms", "stayed_ms",
    "queue_end", "queue_ms", "saturated_working_ms", "saturated_departure_count", "over_limit_ms",
)  # fmt: skip
"""Integers per stage and week. ``stayed_ms``: whole length of the stays that ended in the week. ``over_limit_ms``: time
in which more was there than the stage's limit; 0 without one."""


def lay_stages_over_weeks(
    pieces: pl.DataFrame, walk: pl.DataFrame, grid: pl.DataFrame, workflow: Workflow, as_of: datetime
) -> pl.DataFrame:
    """One row per stage of ``walk`` (core.stages) and week of ``grid``, with MEASURES, is_complete_week and the stage.

    ``pieces`` are those of ``stage_pieces``, whatever becomes of the issues.
    """
    index = WorkflowIndex(workflow, *covered_stretch([grid["starts_at"], pieces["entered_at"]], as_of))
    stays, waits = stays_of(pieces), pieces.filter(pl.col.kind == "wait")
    stayed, waited = _by_stage(stays, as_of), _by_stage(waits, as_of)
    codes, frames = workflow.stream_codes(), []
    columns = ("stage_order", "is_committed", "wip_limit", "wip_limit_note")
    for stream, stage, order, is_committed, limit, limit_note in walk.select(*STAGE, *columns).iter_rows():
        weeks = grid.filter(pl.col.value_stream.cast(pl.String) == stream)
        if weeks.is_empty():
            continue
        key, calendar = (stream, stage), int(index.calendar[codes[stream]])
        measures = _measures(stayed.get(key, _NONE), waited.get(key, _NONE), weeks, index, calendar, limit)
        frames.append(
            weeks.select("value_stream", "week_start_date", is_complete_week="is_complete").with_columns(
                **{name: pl.Series(values, dtype=pl.Int64) for name, values in zip(MEASURES, measures, strict=True)},
                stage_name=pl.lit(stage, walk.schema["stage_name"]),
                stage_order=pl.lit(order, pl.Int32),
                is_committed=pl.lit(is_committed),
                wip_limit=pl.lit(limit, pl.Int64),
                wip_limit_note=pl.lit(limit_note, pl.String),
            )
        )
    return pl.concat(frames)


Stretches = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Beginnings and ends in epoch milliseconds, and whether each has ended."""

_NONE: Stretches = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool))


def _by_stage(stretches: pl.DataFrame, as_of: datetime) -> dict[tuple[str, str], Stretches]:
    """Stretches of every stage; what lasts ends at ``as_of``."""
    names = [pl.col(column).cast(pl.String) for column in STAGE]
    begin, end = pl.col.entered_at.dt.epoch("ms"), pl.col.left_at.fill_null(as_of).dt.epoch("ms")
    held = stretches.group_by(names).agg(begin, end, has_ended=pl.col.left_at.is_not_null())
    return {
        (stream, stage): (begins.to_numpy(), ends.to_numpy(), ended.to_numpy())
        for stream, stage, begins, ends, ended in zip(*held.get_columns(), strict=True)
    }


def _measures(
    stays: Stretches, waits: Stretches, weeks: pl.DataFrame, index: WorkflowIndex, calendar: int, limit: int | None
) -> list[np.ndarray]:
    """MEASURES of one stage, one value per week."""
    edges = np.append(epoch_ms(weeks["starts_at"]), epoch_ms(weeks["ends_at"])[-1])
    begin, end, has_ended = stays
    exits, order = end[has_ended], np.argsort(end[has_ended], kind="stable")
    present, queue = Occupancy(begin, end), Occupancy(*waits[:2])
    standing, waiting, working = present.standing(edges), queue.standing(edges), _readings(edges, index, calendar)
    places = np.searchsorted(exits[order], edges, "left")
    lengths = np.concatenate([[0], np.cumsum((exits - begin[has_ended])[order])])
    busy = np.concatenate([[0], np.cumsum(queue.standing(exits[order]) > 0)])
    saturated = Occupancy(*(_readings(ends, index, calendar) for ends in union(*waits[:2])))
    return [
        np.diff(edges), np.diff(working), present.begun(edges), np.diff(places), standing[:-1], standing[1:],
        np.diff(present.spent(edges)), np.diff(lengths[places]), waiting[1:], np.diff(queue.spent(edges)),
        np.diff(saturated.spent(working)), np.diff(busy[places]),
        np.diff(present.above(edges, limit)) if limit is not None else np.zeros(len(weeks), np.int64),
    ]  # fmt: skip


def union(begin: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the stretches in which at least one of the given ones holds, in order."""
    order = np.argsort(begin, kind="stable")
    begin, reach = begin[order], np.maximum.accumulate(end[order]) if len(end) else end
    starts = np.flatnonzero(np.concatenate([[True], begin[1:] > reach[:-1]])) if len(begin) else np.zeros(0, np.int64)
    lasts = np.append(starts[1:], len(begin)) - 1 if len(begin) else starts
    return begin[starts], reach[lasts]


def _readings(ms: np.ndarray, index: WorkflowIndex, calendar: int) -> np.ndarray:
    readings: np.ndarray = index.clock.readings(ms * 1000, calendar)
    return readings
