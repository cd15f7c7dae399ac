"""Cuts the visits of all streams into what each period shows of one stream (``Observed``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from transforms.constraint.observed import MS_PER_HOUR, Observed, with_roles
from transforms.constraint.people import with_absences
from transforms.constraint.world import NONE
from transforms.local_days import midnight_of
from transforms.metrics.bursts import number_bursts
from transforms.metrics.critical_wip import week_working_ms
from transforms.metrics.waiting_visits import BATCH_WINDOW
from transforms.states import NOBODY
from transforms.workflow import Workflow
from transforms.workflow_index import WorkflowIndex, covered_stretch

SHORTEST = 0.01
"""Hours that stand for none, in a period that has hardly begun."""

WEEK = timedelta(weeks=1)

HOURS_PER_WEEK = 168


@dataclass(frozen=True)
class StreamVisits:
    """The visits of one stream on its working clock (hours), and the traces of its people."""

    value_stream: str
    stations: tuple[str, ...]
    has_queue: np.ndarray
    visits: pl.DataFrame
    """Ordered by chain; entered, taken, left in hours of the stream's clock."""
    traces: dict[int, np.ndarray]
    index: WorkflowIndex
    calendar: int
    week_hours: float
    day_hours: float
    zone: ZoneInfo

    @property
    def begun_at(self) -> datetime:
        """Midnight, in the stream's zone, of the day on which its first work began."""
        first = self.visits["entered_at"].min()
        assert isinstance(first, datetime)
        return midnight_of(first.astimezone(self.zone).date(), self.zone)

    def window(self, starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
        """The part of a period in which there was a stream; of no length where its first work came later."""
        return min(max(starts_at, self.begun_at), ends_at), ends_at

    def hours(self, at: pl.Series) -> np.ndarray:
        """Reading of the stream's working clock at each instant, in hours; NaN for none."""
        known = at.is_not_null().to_numpy()
        reading = np.full(len(at), np.nan)
        reading[known] = self.index.clock.readings(at.drop_nulls().to_physical().to_numpy(), self.calendar)
        return reading / MS_PER_HOUR


def streams_of(
    visits: pl.DataFrame, stations: pl.DataFrame, changes: pl.DataFrame, grid: pl.DataFrame, workflow: Workflow,
    as_of: datetime,
) -> Iterator[StreamVisits]:  # fmt: skip
    """The visits of every stream that has any, in the order of the workflow; ``grid``: all periods."""
    visits = _with_batches(visits)
    traced = changes.filter(~pl.col.is_automation & pl.col.author.is_not_null() & (pl.col.changed_at <= as_of))
    traced = traced.select("author", "changed_at").unique().sort("author", "changed_at")
    index = WorkflowIndex(
        workflow, *covered_stretch([visits["entered_at"], traced["changed_at"], *_edges(grid)], as_of)
    )
    for code, stream in enumerate(workflow.streams):
        mine = visits.filter(pl.col.value_stream.cast(pl.String) == stream.name)
        if mine.is_empty():
            continue
        places = stations.filter(pl.col.value_stream.cast(pl.String) == stream.name)
        names = tuple(dict.fromkeys(places["station"].cast(pl.String).to_list()))
        queues = dict(places.select(pl.col.station.cast(pl.String), "has_queue").iter_rows())
        bare = StreamVisits(
            stream.name, names, np.array([queues[name] for name in names]), mine, {}, index,
            int(index.calendar[code]), week_working_ms(stream.calendar) / MS_PER_HOUR,
            stream.calendar.hours_per_day, ZoneInfo(stream.calendar.zone),
        )  # fmt: skip
        yield _on_its_clock(bare, traced)


def _edges(grid: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    return grid["starts_at"], grid["ends_at"]


def _with_batches(visits: pl.DataFrame) -> pl.DataFrame:
    """Add is_batched: left within minutes of at least two others of the same station."""
    over = visits.filter(pl.col.left_at.is_not_null()).with_columns(leaver=pl.lit(1, pl.Int64))
    bursts = number_bursts(over, ["value_stream", "station", "leaver"], "left_at", BATCH_WINDOW)
    batched = bursts.filter(pl.col.burst.is_not_null())["visit"]
    return visits.with_columns(is_batched=pl.col.visit.is_in(batched.implode()))


def _on_its_clock(bare: StreamVisits, traced: pl.DataFrame) -> StreamVisits:
    mine = bare.visits
    codes = {name: number for number, name in enumerate(bare.stations)}
    instants = (("entered", "entered_at"), ("taken", "taken_up_at"), ("left", "left_at"), ("done", "done_at"))
    clock = {to: pl.Series(bare.hours(mine[at])) for to, at in instants}
    code = mine["station"].cast(pl.String).replace_strict(codes, return_dtype=pl.Int64)
    held = mine.with_columns(**clock, code=code).sort("issue_id", "entered_at", "visit")
    held = held.with_columns(
        following=pl.when(pl.col.fate == "delivered").then(len(codes)).when(pl.col.fate == "left").then(len(codes) + 1)
        .otherwise(pl.col.code.shift(-1).over("chain")).fill_null(NONE),
        chain_started=pl.col.entered.first().over("chain"),
    )  # fmt: skip
    workers = [worker for worker in held["worker"].unique().to_list() if worker != NOBODY]
    own = traced.filter(pl.col.author.is_in(workers))
    seen_at = own.with_columns(at=pl.Series(bare.hours(own["changed_at"])))
    traces = {who: group["at"].to_numpy() for (who,), group in seen_at.group_by(["author"], maintain_order=True)}
    return replace(bare, visits=held, traces=traces)


def observe(stream: StreamVisits, starts_at: datetime, ends_at: datetime) -> Observed:
    """What the period [starts_at, ends_at) shows."""
    t0, t1 = stream.hours(pl.Series([starts_at, ends_at], dtype=pl.Datetime("us", "UTC")))
    horizon = max(float(t1 - t0), SHORTEST)
    rows = stream.visits.filter(
        (pl.col.entered < t1) & (pl.col.left.is_null() | pl.col.left.is_nan() | (pl.col.left > t0))
    )
    entered, taken, left, done = (rows[name].to_numpy() - t0 for name in ("entered", "taken", "left", "done"))
    left, taken, done = (np.where(at > horizon, np.nan, at) for at in (left, taken, done))
    people, worker = _number_people(rows["worker"].fill_null(NOBODY).to_numpy())
    found = Observed(
        horizon=horizon,
        week_hours=stream.week_hours,
        day_hours=stream.day_hours,
        weeks=max(_weeks(stream, starts_at, ends_at), SHORTEST / HOURS_PER_WEEK),
        week_edges=_week_edges(stream, starts_at, ends_at) - t0,
        stations=stream.stations,
        has_queue=stream.has_queue,
        station=rows["code"].to_numpy(),
        chain=np.unique(rows["chain"].to_numpy(), return_inverse=True)[1],
        issue=rows["issue_id"].to_numpy(),
        entered=entered,
        taken=taken,
        left=left,
        done=np.where(np.isnan(left), left, done),
        is_known=rows["is_work_known"].to_numpy(),
        attention=rows["shared_ms"].to_numpy() / MS_PER_HOUR,
        blocked=rows["blocked_ms"].to_numpy() / MS_PER_HOUR,
        blocked_before=rows["blocked_before_ms"].to_numpy() / MS_PER_HOUR,
        worker=worker,
        following=np.where(np.isnan(left), NONE, rows["following"].to_numpy()),
        is_return=rows["is_return"].to_numpy(),
        chain_started=rows["chain_started"].to_numpy() - t0,
        is_batched=rows["is_batched"].to_numpy() & ~np.isnan(left),
        people=people,
        traces=_traces(stream, people, worker, taken, left, t0),
    )
    return with_roles(with_absences(found))


def _weeks(stream: StreamVisits, starts_at: datetime, ends_at: datetime) -> float:
    """Weeks between two instants by the clock on the wall, in which no day is shorter than another."""
    return (ends_at.astimezone(stream.zone) - starts_at.astimezone(stream.zone)) / WEEK


def _week_edges(stream: StreamVisits, starts_at: datetime, ends_at: datetime) -> np.ndarray:
    """Readings at the beginning of every complete week and at the last one's end; without one, at both instants."""
    whole, first = int(_weeks(stream, starts_at, ends_at)), starts_at.astimezone(stream.zone)
    edges = [(first + number * WEEK).astimezone(UTC) for number in range(whole + 1)]
    told = edges if whole else [starts_at, ends_at]
    return stream.hours(pl.Series(told, dtype=pl.Datetime("us", "UTC")))


def _traces(
    stream: StreamVisits, people: np.ndarray, worker: np.ndarray, taken: np.ndarray, left: np.ndarray, t0: float
) -> tuple[np.ndarray, ...]:
    """When each person did something: what they changed, what they took up and finished."""
    found = []
    for number, person in enumerate(people):
        own = stream.traces.get(int(person), np.zeros(0)) - t0
        mine = worker == number
        both = np.concatenate([own, taken[mine], left[mine]])
        found.append(np.unique(both[~np.isnan(both)]))
    return tuple(found)


def _number_people(workers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Everybody in the order of their first visit, and every visit's person by number; NONE for nobody.

    Not in the order of their pseudonyms, which a key of the installation makes: what is drawn for whom must not depend
    on it.
    """
    known = np.flatnonzero(workers != NOBODY)
    people, firsts, codes = np.unique(workers[known], return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    numbers = np.full(len(workers), NONE)
    numbers[known] = np.argsort(order)[codes]
    return people[order], numbers
