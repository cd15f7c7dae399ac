"""A value stream's walk: its statuses with stage, order and work kind, and the point at which work is committed.

How a walk comes about belongs to ``transforms.inferred_walk`` and ``transforms.configured_walk``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from transforms.status_names import Decision, NamedStatus, is_backlog, is_backlog_name, is_reopened, says_chosen
from transforms.workflow import STATUS_MODEL_SCHEMA, TERMINAL_KINDS

DONE_STAGE, DISCARDED_STAGE, ON_HOLD_STAGE, UNMAPPED_STAGE = "Done", "Discarded", "On hold", "Unmapped"
"""Stages of what ends, rests, or is covered by no rule. They stand behind the walk, in this order."""


class WorkflowError(ValueError):
    """What flow.toml says of the workflow does not fit the site; the message is a paragraph that says what to do."""


@dataclass(frozen=True)
class WalkStatus:
    """One status of a walk. ``status_order`` is None outside the walk: on hold, or covered by no rule."""

    status: NamedStatus
    stage_name: str
    status_order: int | None
    work_kind: str
    decided_by: Decision

    @property
    def is_terminal(self) -> bool:
        """Whether an issue ends here."""
        return self.work_kind in TERMINAL_KINDS


def stages_of(walk: Sequence[WalkStatus], stage_names: Iterable[str] = ()) -> list[str]:
    """The stages of a walk in the order of ``stage_names``, and where these say nothing, of their first status."""
    return list(dict.fromkeys([*stage_names, *(s.stage_name for s in sorted(walk, key=_place))]))


def walk_rows(value_stream: str, walk: Sequence[WalkStatus], stages: Sequence[str]) -> pl.DataFrame:
    """The walk as rows of STATUS_MODEL_SCHEMA; ``stages`` are all of the stream, in order."""
    rows = []
    for s in walk:
        stage = (s.stage_name, stages.index(s.stage_name))
        rows.append((value_stream, s.status.status_id, *stage, s.status_order, s.work_kind, s.decided_by))
    frame = pl.DataFrame(rows, schema=STATUS_MODEL_SCHEMA, orient="row")
    return frame.sort("stage_order", "status_order", "status_id", nulls_last=True)


def first_committed_order(walk: Sequence[WalkStatus]) -> int:
    """Order of the first status after the backlog.

    A stage in which somebody works is committed as a whole, one that only waits from its first status that is no
    backlog. "Reopened" never commits: fresh work does not pass it. Where nothing lies after the backlog, the second
    waiting status commits, else the end.
    """
    usable = [s for s in walk if s.status_order is not None and not is_reopened(s.status.name)]
    waiting = [s for s in usable if not s.is_terminal]
    busy = {s.stage_name for s in waiting if s.work_kind == "active"}
    committed = _orders(s for s in waiting if _is_committed(s, busy))
    return (committed or _orders(waiting)[1:] or _orders(s for s in usable if s.is_terminal) or [0])[0]


def _is_committed(status: WalkStatus, busy_stages: set[str]) -> bool:
    """A stage called like a backlog is one, but for statuses that say that work was chosen or is being done."""
    if is_backlog_name(status.stage_name):
        return status.work_kind == "active" or says_chosen(status.status.name)
    return status.stage_name in busy_stages or not is_backlog(status.status)


def _orders(statuses: Iterable[WalkStatus]) -> list[int]:
    return sorted({s.status_order for s in statuses if s.status_order is not None})


def _place(status: WalkStatus) -> tuple[bool, int, int, int]:
    tail = (DONE_STAGE, DISCARDED_STAGE, ON_HOLD_STAGE, UNMAPPED_STAGE)
    rank = tail.index(status.stage_name) if status.stage_name in tail else -1
    return (status.status_order is None, rank, status.status_order or 0, status.status.status_id)
