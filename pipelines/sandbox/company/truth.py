"""What is true of the simulated company: status kinds, commitment, walk and planted constraint of every value stream.

For tests and benches only; the product must find all of this out from Jira's record.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.sandbox.company.reference import DELETED_STATUSES, project_id, status_id
from pipelines.sandbox.company.specs import StreamSpec
from pipelines.sandbox.company.streams import STREAMS


@dataclass(frozen=True)
class StatusTruth:
    """What a status means in one value stream."""

    status_id: int
    name: str
    stage: str
    kind: str
    """queue, active, blocked, done or discarded."""
    order: int
    """Position in the walk; -1 outside it."""


@dataclass(frozen=True)
class StreamTruth:
    """One value stream, which is one project."""

    name: str
    project_key: str
    project_id: int
    zone: str
    stages: tuple[str, ...]
    """Names in the order of the walk, without the backlog."""
    statuses: tuple[StatusTruth, ...]
    commitment_status_id: int
    """Entering it or anything after it starts an issue."""
    has_queue_columns: bool
    is_assignment_used: bool
    constraint: str
    """Name of the stage or pool that was planted as the constraint."""
    constraint_kind: str
    """stage, pool or gate."""
    pool_stages: tuple[str, ...]
    """Stages that the planted constraint's people serve."""

    def status(self, status_id: int) -> StatusTruth:
        """The meaning of a status id. Raises KeyError for a status this stream does not use."""
        return {status.status_id: status for status in self.statuses}[status_id]


def company_truth() -> tuple[StreamTruth, ...]:
    """The truth about every value stream, in the order of their projects."""
    return tuple(_stream_truth(spec) for spec in STREAMS)


def _stream_truth(spec: StreamSpec) -> StreamTruth:
    statuses = _statuses(spec)
    serving = tuple(s.name for s in spec.stages if spec.constraint in (s.name, s.pool))
    return StreamTruth(
        name=spec.name,
        project_key=spec.key,
        project_id=project_id(spec.key),
        zone=spec.zone,
        stages=tuple(stage.name for stage in spec.stages),
        statuses=statuses,
        commitment_status_id=next(status.status_id for status in statuses if status.order == 1),
        has_queue_columns=any(stage.queue for stage in spec.stages[1:]),
        is_assignment_used=spec.assigns,
        constraint=spec.constraint,
        constraint_kind=spec.constraint_kind,
        pool_stages=serving,
    )


def _statuses(spec: StreamSpec) -> tuple[StatusTruth, ...]:
    walk = [(spec.backlog_status, "Backlog", "queue")]
    for stage in spec.stages:
        walk += [(stage.queue, stage.name, "queue")] if stage.queue else []
        walk += [] if stage.gate_days else [(stage.active, stage.name, "active")]
    walk.append((spec.done_status, "Done", "done"))
    rows = [(*row, order) for order, row in enumerate(walk)]
    rows += [(spec.cancelled_status, "Cancelled", "discarded", -1)] if spec.cancelled_status else []
    rows += [(spec.hold_status, "On Hold", "blocked", -1)] if spec.hold_status else []
    known = tuple(
        StatusTruth(int(status_id(spec, name)), name, stage, kind, order) for name, stage, kind, order in rows
    )
    return known + tuple(_deleted(spec, known))


def _deleted(spec: StreamSpec, known: tuple[StatusTruth, ...]) -> list[StatusTruth]:
    """Statuses of old changelogs: one stood where the board has a wait today, one where it has active work."""
    former = {"WEB": ("Ready for Staging", "Ready for Release"), "CORE": ("Coding", "In Development")}
    if spec.key not in former:
        return []
    name, successor = former[spec.key]
    now = next(status for status in known if status.name == successor)
    return [StatusTruth(int(DELETED_STATUSES[name]), name, now.stage, now.kind, now.order)]
