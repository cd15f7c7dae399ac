"""The model the calculations receive: stages and kinds of statuses, commitment and delivery points, calendars.

Plain values only. How a model is read from flow.toml belongs to ``pipelines.config``, how it is inferred from Jira's
own data to ``transforms.infer_workflow``; what a status means over time to ``transforms.core``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from typing import Literal

import polars as pl

from transforms.calendar import WorkingCalendar

WORK_KINDS = ("queue", "active", "blocked", "done", "discarded")
"""Work kind of a status: waiting for a next person, somebody is meant to work, on hold, terminal, cancelled."""

WORK_KIND = pl.Enum(WORK_KINDS)

TERMINAL_KINDS = ("done", "discarded")

INTERVAL_KINDS = ("not_started", "touch", "wait", "blocked", "unassigned", "done_gap", "done", "discarded")
"""What holds in a stretch of an issue's life once flags, links and assignment are laid over the status."""

INTERVAL_KIND = pl.Enum(INTERVAL_KINDS)

SPAN_KINDS = ("touch", "wait", "blocked", "unassigned", "done_gap")
"""The kinds that partition the span from start to finish."""

STATUS_MODEL_SCHEMA = pl.Schema(
    {
        "value_stream": pl.String(),
        "status_id": pl.Int64(),
        "stage_name": pl.String(),
        "stage_order": pl.Int32(),
        "status_order": pl.Int32(),
        "work_kind": WORK_KIND,
        "decided_by": pl.String(),
    }
)
"""One row per status of a value stream. ``status_order`` is empty for statuses outside the walk: blocked and unmapped
ones; they neither commit an issue nor count as a backward move. ``decided_by`` is one of DECISIONS."""

EARLIER_STATUS_SCHEMA = pl.Schema({"until": pl.Date(), **STATUS_MODEL_SCHEMA})
"""The same for definitions that held before: ``until`` is the first day, in the stream's zone, on which one no longer
did. Each holds every status of its stream; which are in the walk is the same in all."""

DECISIONS = ("config_id", "config_name", "name_pattern", "category", "unmapped")
"""How a status got its stage and kind. ``unmapped``: no rule covers it; it counts as wait, listed with its hours."""


@dataclass(frozen=True)
class ValueStream:
    """One value stream: its commitment and delivery point, overlays and calendar."""

    name: str
    calendar: WorkingCalendar
    commitment_order: int
    """First ``status_order`` at which an issue counts as started."""
    delivery: Literal["status", "release"] = "status"
    is_assignment_used: bool = True
    """Whether an active issue without an assignee counts as unassigned rather than touched (METHODS §1.1)."""
    reopen_horizon: timedelta = timedelta(days=30)
    earlier: tuple[tuple[date, int], ...] = ()
    """First day, in the calendar's zone, without a definition that held before, and its commitment_order; oldest first
    (METHODS §2.6)."""


@dataclass(frozen=True)
class Workflow:
    """All value streams of a site, their statuses, and the assignment of issues to streams."""

    streams: tuple[ValueStream, ...]
    statuses: pl.DataFrame
    """STATUS_MODEL_SCHEMA."""
    scopes: pl.DataFrame
    """Columns project_id, issue_type_id, value_stream: every project and type seen, and the stream it belongs to."""
    discarding_resolution_ids: frozenset[int] = field(default_factory=frozenset)
    """A terminal status under one of these resolutions is discarded, not delivered."""
    flow_level: int = 0
    """Hierarchy level at which work is counted; issues above it are measured through their children."""
    earlier_statuses: pl.DataFrame = field(default_factory=EARLIER_STATUS_SCHEMA.to_frame)
    """EARLIER_STATUS_SCHEMA: what the statuses were in the definitions that held before."""

    def stream_codes(self) -> dict[str, int]:
        """Position of every stream: the integer the hot paths use."""
        return {stream.name: code for code, stream in enumerate(self.streams)}

    @property
    def by_release(self) -> list[str]:
        """Names of the streams that deliver by release."""
        return [stream.name for stream in self.streams if stream.delivery == "release"]

    @property
    def is_redefined(self) -> bool:
        """Whether the walk of any stream was another before a day."""
        return any(stream.earlier for stream in self.streams)

    def definition_changes(self, name: str) -> tuple[date, ...]:
        """Days from which a stream has other hours, stages, kinds or another commitment (METHODS §2.6)."""
        [stream] = [stream for stream in self.streams if stream.name == name]
        return tuple(sorted({day for day, _ in (*stream.calendar.earlier, *stream.earlier)}))

    def definition_parts(self, name: str) -> dict[str, object]:
        """All that decides a stream's numbers, part by part, each under the name people know it by."""
        [stream] = [stream for stream in self.streams if stream.name == name]
        own = pl.col.value_stream == name
        statuses, before = (
            rows.filter(own).drop("decided_by").sort("status_id") for rows in (self.statuses, self.earlier_statuses)
        )
        walks = [(until, before.filter(until=until).drop("until").rows()) for until, _ in stream.earlier]
        points = _told(stream.commitment_order, stream.earlier)
        calendar = stream.calendar
        return {
            "working hours": (calendar.zone, calendar.openings, calendar.earlier),
            "holidays": sorted(calendar.holidays),
            "commitment": (stream.commitment_order, points) if points else stream.commitment_order,
            "delivery": stream.delivery,
            "use of assignment": stream.is_assignment_used,
            "reopen horizon": stream.reopen_horizon,
            "statuses": (statuses.rows(), _told(statuses.rows(), walks)),
            "discarding resolutions": sorted(self.discarding_resolution_ids),
            "level of counted work": self.flow_level,
        }

    def definition_version(self, name: str) -> str:
        """Short digest of all that decides a stream's numbers: equal versions mean comparable figures."""
        return sha256(repr(list(self.definition_parts(name).values())).encode()).hexdigest()[:12]


def _told(now: object, earlier: Sequence[tuple[date, object]]) -> tuple[tuple[date, object], ...]:
    """What held until when, oldest first, without what the following definition says as well."""
    held = [*(value for _, value in earlier), now]
    return tuple(pair for pair, following in zip(earlier, held[1:], strict=True) if pair[1] != following)
