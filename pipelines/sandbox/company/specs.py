"""What a value stream is made of: stages, pools of people, arrivals and the habits of the team. Types only.

The company's own streams are in ``streams``; nothing here knows Jira but by the names of statuses.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class StageSpec:
    """One step of the work, in the order of the walk."""

    name: str
    active: str
    """Status in which somebody is meant to work."""
    queue: str = ""
    """Status in which work waits for this step; empty where the board has none and waiting hides in ``active``."""
    pool: str = ""
    """Who does it; empty for a gate, which opens by the calendar."""
    hours: float = 0.0
    """Mean working hours of one visit by one person who does nothing else."""
    cv: float = 0.7
    """Coefficient of variation of those hours (log-normal)."""
    rework: float = 0.0
    """Share of visits that end by sending the work back to the first stage."""
    gate_days: float = 0.0
    """Days between two openings of a gate."""
    late_friday: float = 0.0
    """Share of Friday afternoon's results that are only recorded minutes before the week ends."""


@dataclass(frozen=True)
class PoolSpec:
    """People who may take the same work."""

    name: str
    size: int
    zone: str
    slots: int = 1
    """Issues a person holds active at once; their attention is divided equally."""
    start_bias: float = 0.5
    """Chance that somebody who could start new work or finish old work takes the new."""
    has_cover: bool = False
    """Somebody stands in on the days off of the pool's only member."""
    start_hour: int = 9


@dataclass(frozen=True)
class StreamSpec:
    """A value stream, which is a Jira project here."""

    key: str
    name: str
    zone: str
    stages: tuple[StageSpec, ...]
    pools: tuple[PoolSpec, ...]
    arrivals_per_week: float = 0.0
    """New issues a week from outside; 0: the backlog is kept full and people start whenever they are free."""
    growth: float = 0.0
    """Demand grows evenly from ``1 - growth`` to ``1 + growth`` of ``arrivals_per_week`` over the whole history."""
    wip_limit: int = 0
    """Issues in progress up to which a backlog-fed stream starts new ones; 0: no limit."""
    wip_limit_days: int = 0
    """Days before the end at which the team drops ``wip_limit``."""
    backlog_status: str = "Backlog"
    done_status: str = "Done"
    cancelled_status: str = "Cancelled"
    """Empty where cancelled work is closed as done with the resolution Won't Do."""
    hold_status: str = ""
    """Status for work on hold; empty where impediments are flagged instead."""
    planning_days: int = 0
    """Days between planning meetings, which alone commit work; 0: work is committed when it is ready."""
    has_sprints: bool = False
    is_team_managed: bool = False
    assigns: bool = True
    clears_assignee: bool = False
    """Work that enters a queue loses its assignee."""
    bug_share: float = 0.25
    cancel_share: float = 0.04
    drop_share: float = 0.04
    """Share of ideas thrown away before they were committed to."""
    block_share: float = 0.05
    """Share of visits interrupted by an impediment; a third of these wait for another issue, where there is one."""
    reopen_share: float = 0.04
    fast_lane: float = 0.0
    """Share of bugs that pass the gate at once, as a hotfix."""
    standup_share: float = 0.0
    """Share of moves recorded by the team's coordinator at the next stand-up."""
    constraint: str = ""
    """Stage or pool that limits the stream: what the planted system's interventions show."""
    constraint_kind: str = "stage"
    """stage, pool or gate."""
    bots: frozenset[str] = field(default_factory=frozenset)
    """Statuses that an app enters for the team."""
