"""Daily counts of a stream's stages from its intervals: one small number per issue and stage, then sums over days.

The cost is that of reading the intervals once; memory is 8 bytes per issue and stage, however many days there are.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from transforms.local_days import midnight_of
from transforms.schema import LABEL, TIMESTAMP
from transforms.workflow import TERMINAL_KINDS, ValueStream
from transforms.workflow_index import covered_stretch

NEVER = np.int32(np.iinfo(np.int32).max)
"""Day of what has not happened."""


class Stays(NamedTuple):
    """Stretches of a stream's counted issues outside terminal stages, in order: places and day numbers."""

    issue: np.ndarray
    stage: np.ndarray
    entered: np.ndarray
    left: np.ndarray
    """NEVER while it lasts."""
    is_first_life: np.ndarray


class Journeys(NamedTuple):
    """The stream's counted issues in order of id: day of the end (NEVER while open), and what it was."""

    ids: np.ndarray
    ended: np.ndarray
    is_delivered: np.ndarray
    is_discarded: np.ndarray


def count_days(
    work_intervals: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    stages: pl.DataFrame,
    stream: ValueStream,
    as_of: datetime,
) -> pl.DataFrame | None:
    """One row per stage and day of ``stream``, with the counts of CumulativeFlowDaily; None without issues."""
    own = pl.col.value_stream.cast(pl.String) == stream.name
    told = issue_journeys.filter("is_counted").filter(own).collect()
    walk = stages.filter(own).sort("stage_order")
    walk = pl.concat([walk.filter(~pl.col.is_terminal), walk.filter("is_terminal")[:1]])  # where delivery lies
    if told.is_empty():
        return None
    days = _days(
        covered_stretch([told["created_at"], told["started_at"], told["finished_at"]], as_of)[0],
        as_of,
        ZoneInfo(stream.calendar.zone),
    )
    journeys = _journeys(told.sort("issue_id"), days)
    stays = _stays(work_intervals.filter(own), walk, journeys, days)
    counts = _counts(stays, journeys, len(walk), len(days))
    rows = walk.select("stage_name", "stage_order", "is_terminal", value_stream=pl.lit(stream.name, LABEL))
    return rows.join(days.select("flow_date"), how="cross", maintain_order="left_right").with_columns(
        pl.Series(name, values.ravel(), pl.Int64) for name, values in counts.items()
    )


def _days(first: datetime, as_of: datetime, zone: ZoneInfo) -> pl.DataFrame:
    """flow_date and starts_at of every local day up to ``as_of``."""
    begin, end = first.astimezone(zone).date(), as_of.astimezone(zone).date()
    dates = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
    starts = [midnight_of(day, zone) for day in dates]
    return pl.DataFrame({"flow_date": dates, "starts_at": starts}, schema_overrides={"starts_at": TIMESTAMP})


def _journeys(told: pl.DataFrame, days: pl.DataFrame) -> Journeys:
    endings = ((told["outcome"] == outcome).to_numpy() for outcome in ("delivered", "discarded"))
    return Journeys(told["issue_id"].to_numpy(), _day_of(told["finished_at"], days), *endings)


def _stays(intervals: pl.LazyFrame, walk: pl.DataFrame, journeys: Journeys, days: pl.DataFrame) -> Stays:
    """Intervals outside terminal stages, neighbours in one stage joined."""
    codes = {name: code for code, name in enumerate(walk["stage_name"].cast(pl.String))}
    stage = pl.col.stage_name.cast(pl.String).replace_strict(codes, return_dtype=pl.Int16)
    held = (
        intervals.filter(~pl.col.kind.is_in((*TERMINAL_KINDS, "done_gap")))
        .select("issue_id", "entered_at", "left_at", stage=stage, is_first_life=pl.col.pass_number == 1)
        .collect()
    )
    place = np.searchsorted(journeys.ids, held["issue_id"].to_numpy())
    is_own = np.take(journeys.ids, place, mode="clip") == held["issue_id"].to_numpy()
    held, place = held.filter(is_own), place[is_own].astype(np.int32)
    code, life = held["stage"].to_numpy(), held["is_first_life"].to_numpy()
    entered, left = held["entered_at"].to_physical().to_numpy(), held["left_at"].to_physical()
    goes_on = (place[1:] == place[:-1]) & (code[1:] == code[:-1]) & (left.fill_null(0).to_numpy()[:-1] == entered[1:])
    ends = np.append(~goes_on, True)[: len(place)]
    first, last = np.flatnonzero(np.roll(ends, 1)), np.flatnonzero(ends)
    return Stays(
        place[first], code[first], _day_of(held["entered_at"].gather(first), days),
        _day_of(held["left_at"].gather(last), days), life[first],
    )  # fmt: skip


def _counts(stays: Stays, journeys: Journeys, stage_count: int, day_count: int) -> dict[str, np.ndarray]:
    """Counts at the end of each day, (stages, days); the last stage is where delivered work lies."""
    arrived, departed, given_up = _first_lives(stays, journeys, stage_count)
    reached = np.minimum.accumulate(arrived[:, ::-1], axis=1)[:, ::-1]
    shape = (stage_count, day_count)
    comings, goings = (_staircase(stays.stage, day, shape) for day in (stays.entered, stays.left))
    is_given_up = journeys.is_discarded & (given_up >= 0)
    every = np.broadcast_to(np.arange(stage_count, dtype=np.int16), arrived.shape)
    return {
        "arrived_count": _staircase(every, arrived, shape),
        "reached_count": _staircase(every, reached, shape),
        "departed_count": _staircase(every, departed, shape),
        "discarded_count": _staircase(given_up, np.where(is_given_up, journeys.ended, NEVER), shape),
        "present_count": comings - goings,
    }


def _first_lives(stays: Stays, journeys: Journeys, stage_count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Day of the first arrival and of the last departure, (issues, stages), and each issue's last stage, or -1."""
    own = np.flatnonzero(stays.is_first_life)
    issue, stage = stays.issue[own], stays.stage[own]
    arrived = np.full((len(journeys.ids), stage_count), NEVER)
    departed = np.full_like(arrived, -1)
    np.minimum.at(arrived, (issue, stage), stays.entered[own])
    np.maximum.at(departed, (issue, stage), stays.left[own])
    departed[departed < 0] = NEVER
    arrived[:, -1] = np.where(journeys.is_delivered, journeys.ended, NEVER)
    ends = np.flatnonzero(np.append(issue[1:] != issue[:-1], True)[: len(issue)])
    last = np.full(len(journeys.ids), -1, np.int16)
    last[issue[ends]] = stage[ends]
    return arrived, departed, last


def _staircase(stage: np.ndarray, day: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """How many events each stage has seen by the end of each day; those of NEVER do not happen."""
    happened = day != NEVER
    cell = stage[happened].astype(np.int64) * shape[1] + day[happened]
    steps = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    return np.cumsum(steps, axis=1)


def _day_of(instants: pl.Series, days: pl.DataFrame) -> np.ndarray:
    """Number of the day that holds each instant; NEVER for an empty one."""
    starts = days["starts_at"].to_physical().to_numpy()
    number = np.searchsorted(starts, instants.to_physical().fill_null(0).to_numpy(), "right") - 1
    return np.where(instants.is_null().to_numpy(), NEVER, number).astype(np.int32)
