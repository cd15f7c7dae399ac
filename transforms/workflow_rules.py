"""What a team says about its workflow, before Jira's own data fill the gaps: the calculations' view of flow.toml.

Plain values only; reading the file belongs to ``pipelines.config``, finding the ids to ``transforms.infer_workflow``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from transforms.calendar import WorkingCalendar


@dataclass(frozen=True)
class StageRules:
    """One stage in walk order; each status is named by its id or its (current) name."""

    name: str
    wait: tuple[str, ...] = ()
    touch: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    discarded: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangeRules:
    """What is meant otherwise from a day on; statuses, by id or name, that stay in their stage or join another."""

    valid_from: date
    wait: tuple[str, ...] = ()
    touch: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    discarded: tuple[str, ...] = ()
    stages: tuple[StageRules, ...] = ()
    """Stages with the statuses that belong to them from then on and did not before."""
    commitment: str = ""
    """Status or stage at which work counts as started from then on; empty: as before."""


@dataclass(frozen=True)
class StreamRules:
    """One configured value stream: which issues it takes, and its walk.

    Empty ``project_keys`` or ``issue_types`` take all. Without ``stages`` the walk is inferred. ``commitment`` names
    the status or stage at which work counts as started; empty means the first stage after the backlog.
    """

    name: str
    project_keys: tuple[str, ...] = ()
    issue_types: tuple[str, ...] = ()
    stages: tuple[StageRules, ...] = ()
    """What the statuses meant before the first of ``changes``. A stage that begins later has none."""
    changes: tuple[ChangeRules, ...] = ()
    """Oldest first."""
    commitment: str = ""
    delivery: Literal["status", "release"] = "status"
    is_assignment_used: bool | None = None
    """None: detected from the data (METHODS §1.1)."""
    calendar: WorkingCalendar | None = None
    """None: the site's calendar."""


@dataclass(frozen=True)
class WorkflowRules:
    """All that flow.toml says; the default says nothing and everything is inferred."""

    calendar: WorkingCalendar
    streams: tuple[StreamRules, ...] = ()
    reopen_horizon: timedelta = timedelta(days=30)
    discarding_resolutions: tuple[str, ...] = field(default=())
    """Names or ids; empty: recognised by name (Won't do, Duplicate, …)."""
