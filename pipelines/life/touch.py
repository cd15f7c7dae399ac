"""What is known of an issue's touch beside its status: the share of its person's attention, and what was logged.

Both come from the private working store, because no published table knows persons; nobody is named here either. How
periods are told of the same: ``transforms.metrics.touch_estimates``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.life.record import Record, Row
from pipelines.settings import keep_quiet
from pipelines.store import RawStore, TableStore
from transforms.calendar import WorkingCalendar, WorkingClock
from transforms.core.work_intervals import PersonIntervals
from transforms.raw import RawWorklogs
from transforms.states import NOBODY

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Part:
    """Working time of the touch in which its person had so many issues in touch, this one among them."""

    working_ms: int
    issue_count: int


@dataclass(frozen=True)
class KnownTouch:
    """Touch of the first life in working time: taken apart by parallel work, and as far as work logs cover it."""

    parts: tuple[Part, ...]
    """Ascending by issues in touch."""
    logged_ms: tuple[int, ...]
    """One for every stretch of touch with a log in it."""

    @property
    def shared_ms(self) -> int:
        """Every part divided by its issues, and added up."""
        return round(sum(part.working_ms / part.issue_count for part in self.parts))


def known_touch(work: Path, record: Record, calendar: WorkingCalendar | None) -> KnownTouch | None:
    """What the working store in ``work`` knows; None where it is not there, or not that of the published tables."""
    try:
        persons = TableStore(work, (PersonIntervals,), keep_quiet).scan(PersonIntervals)
        logs = RawStore(work / "parsed", (RawWorklogs,)).scan(RawWorklogs)
    except FileNotFoundError:
        return None
    touch = persons.filter((pl.col.kind == "touch") & (pl.col.working_ms > 0))
    is_own = (pl.col.issue_id == record.issue["issue_id"]) & (pl.col.pass_number == 1)
    own = touch.filter(is_own).collect().sort("entered_at").to_dicts()
    if calendar is None or sum(row["working_ms"] for row in own) != record.journey["touch_working_ms"]:
        return None
    held = touch.filter(pl.col.assignee.is_in([row["assignee"] for row in own])).collect().to_dicts()
    logged = logs.filter(pl.col.issue_id == record.issue["issue_id"]).collect().to_dicts()
    return KnownTouch(_parts(own, held, calendar, record.as_of), _logged(own, logged, calendar, record.as_of))


def _parts(own: Sequence[Row], held: Sequence[Row], calendar: WorkingCalendar, as_of: datetime) -> tuple[Part, ...]:
    found: Counter[int] = Counter()
    for row in own:
        start, end = _span(row, as_of)
        is_alone = row["assignee"] == NOBODY
        others = [] if is_alone else [_span(other, as_of) for other in held if other["assignee"] == row["assignee"]]
        edges = sorted({start, end, *(at for span in others for at in span if start < at < end)})
        for at, spent in zip(edges, _working(calendar, edges), strict=False):
            found[1 if is_alone else sum(begin <= at < over for begin, over in others)] += spent
    return tuple(Part(spent, count) for count, spent in sorted(found.items()) if spent)


def _logged(own: Sequence[Row], logs: Sequence[Row], calendar: WorkingCalendar, as_of: datetime) -> tuple[int, ...]:
    spans = merged((log["started_at"], log["started_at"] + timedelta(seconds=log["seconds"])) for log in logs)
    touched = [_span(row, as_of) for row in own]
    cut = [(max(a[0], b[0]), min(a[1], b[1])) for a in touched for b in spans]
    spent = [_working(calendar, pair)[0] for pair in cut if pair[0] < pair[1]]
    return tuple(ms for ms in spent if ms)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Their union, in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _span(row: Row, as_of: datetime) -> Span:
    return row["entered_at"], row["left_at"] or as_of


def _working(calendar: WorkingCalendar, edges: Sequence[datetime]) -> list[int]:
    """Working milliseconds between each instant and the next."""
    at = np.array([round(edge.timestamp() * 1e6) for edge in edges], dtype=np.int64)
    spent: list[int] = np.diff(WorkingClock([calendar], edges[0], edges[-1]).readings(at)).tolist()
    return spent
