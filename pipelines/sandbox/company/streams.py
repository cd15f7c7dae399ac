"""The company's six value streams as data: each has its own workflow, habits and one planted constraint.

Capacities are per week of five full days. How work moves through them is ``engine``; what it should teach is ``truth``.
"""

from __future__ import annotations

from pipelines.sandbox.company.people import AUCKLAND, BERLIN, KOLKATA, NEW_YORK
from pipelines.sandbox.company.specs import PoolSpec, StageSpec, StreamSpec

WEEKLY_HOURS = 40.0

ESSAY_CAPACITY = {"Development": 12.0, "Review": 9.0, "QA": 13.0, "Approval": 16.0, "Release": 20.0}
"""Issues a week that each stage of the essay's stream can finish (METHODS §3.4)."""

ESSAY_PEOPLE = {"Development": 4, "Review": 3, "QA": 3, "Approval": 1, "Release": 1}

ESSAY_WIP = 38
"""Issues in progress when the experiment of METHODS §3.4 begins."""


ATTENDANCE = 0.86
"""Share of weekdays on which people work who have holidays and vacations."""


def essay_stages(attendance: float = 1.0) -> tuple[StageSpec, ...]:
    """Five stages with queue columns, each with people of its own who are there on ``attendance`` of all weekdays.

    A stage with one person has a stand-in, so its capacity does not depend on attendance.
    """
    hours = {
        name: size * WEEKLY_HOURS / ESSAY_CAPACITY[name] * (attendance if size > 1 else 1.0)
        for name, size in ESSAY_PEOPLE.items()
    }
    return (
        StageSpec("Development", "In Development", pool="developers", hours=hours["Development"]),
        StageSpec("Review", "In Review", "Ready for Review", "reviewers", hours["Review"]),
        StageSpec("QA", "In QA", "Ready for QA", "testers", hours["QA"]),
        StageSpec("Approval", "In Approval", "Waiting for Approval", "product owner", hours["Approval"]),
        StageSpec("Release", "Releasing", "Ready for Release", "release manager", hours["Release"]),
    )


def essay_pools() -> tuple[PoolSpec, ...]:
    """The essay's people, all in one zone."""
    names = ("developers", "reviewers", "testers", "product owner", "release manager")
    sizes = ESSAY_PEOPLE.values()
    return tuple(PoolSpec(name, size, BERLIN, has_cover=size == 1) for name, size in zip(names, sizes, strict=True))


PAYMENTS = StreamSpec(
    key="PAY", name="Payments", zone=BERLIN, stages=essay_stages(ATTENDANCE), pools=essay_pools(),
    wip_limit=ESSAY_WIP, wip_limit_days=184, cancel_share=0.02, block_share=0.02, reopen_share=0.02,
    constraint="Review",
)  # fmt: skip
"""The essay's stream. Until the new year it limits work in progress; then coding may start as much as it can."""

MOBILE = StreamSpec(
    key="MOB", name="Mobile Apps", zone=NEW_YORK,
    stages=(
        StageSpec("Development", "In Development", "Selected for Development", "developers", 13.0, rework=0.0),
        StageSpec("Review", "In Review", "", "reviewers", 3.6, rework=0.08),
        StageSpec("QA", "Testing", "", "testers", 6.6, rework=0.07),
    ),
    pools=(
        PoolSpec("developers", 7, NEW_YORK, slots=2),
        PoolSpec("reviewers", 2, NEW_YORK),
        PoolSpec("testers", 2, NEW_YORK),
    ),
    arrivals_per_week=10.6, growth=0.15, planning_days=14, has_sprints=True, bots=frozenset({"Done"}), constraint="QA",
)  # fmt: skip
"""No queue columns: what waits for review or test says it is being reviewed or tested."""

STOREFRONT = StreamSpec(
    key="WEB", name="Storefront", zone=KOLKATA,
    stages=(
        StageSpec("Development", "In Development", "Ready for Development", "developers", 11.0),
        StageSpec("Review", "In Review", "Ready for Review", "reviewers", 3.4, rework=0.10),
        StageSpec("QA", "In QA", "Ready for QA", "testers", 5.4, rework=0.06),
        StageSpec("Release", "Released", "Ready for Release", gate_days=14.0),
    ),
    pools=(
        PoolSpec("developers", 6, KOLKATA),
        PoolSpec("reviewers", 2, KOLKATA),
        PoolSpec("testers", 3, KOLKATA),
    ),
    arrivals_per_week=10.5, done_status="Released", clears_assignee=True, bug_share=0.3,
    fast_lane=0.5, standup_share=0.12,
    constraint="Release", constraint_kind="gate",
)  # fmt: skip
"""A release train every second Tuesday; hotfixes alone do not wait for it."""

PLATFORM = StreamSpec(
    key="PLAT", name="Data Platform", zone=BERLIN,
    stages=(
        StageSpec("Development", "In Development", "Ready for Development", "engineers", 14.0),
        StageSpec("Review", "In Review", "Ready for Review", "reviewers", 4.0, rework=0.07),
        StageSpec("Approval", "Security Review", "Waiting for Approval", "architect", 3.9, rework=0.03,
                  late_friday=0.7),
        StageSpec("Deployment", "Deploying", "Ready to Deploy", "operations", 2.4),
    ),
    pools=(
        PoolSpec("engineers", 6, BERLIN),
        PoolSpec("reviewers", 2, BERLIN),
        PoolSpec("architect", 1, NEW_YORK, has_cover=True),
        PoolSpec("operations", 1, BERLIN, has_cover=True, start_hour=8),
    ),
    arrivals_per_week=10.2, growth=0.12, hold_status="On Hold", cancelled_status="", constraint="Approval",
)  # fmt: skip
"""One architect on another continent signs everything off, often on a Friday afternoon."""

CORE = StreamSpec(
    key="CORE", name="Core Services", zone=AUCKLAND,
    stages=(
        StageSpec("Development", "In Development", "Ready for Development", "engineers", 14.6),
        StageSpec("Review", "In Review", "Ready for Review", "engineers", 6.0, rework=0.06),
        StageSpec("QA", "In QA", "Ready for QA", "testers", 5.0, rework=0.04),
    ),
    pools=(PoolSpec("engineers", 7, AUCKLAND, start_bias=0.7), PoolSpec("testers", 3, AUCKLAND)),
    arrivals_per_week=10.9, growth=0.14, standup_share=0.2, block_share=0.07,
    constraint="engineers", constraint_kind="pool",
)  # fmt: skip
"""The same engineers code and review, and would rather start than finish."""

LAB = StreamSpec(
    key="LAB", name="Growth Lab", zone=NEW_YORK,
    stages=(
        StageSpec("Build", "In Progress", "", "makers", 11.0),
        StageSpec("Review", "In Review", "", "reviewers", 4.75, rework=0.08),
    ),
    pools=(PoolSpec("makers", 4, NEW_YORK), PoolSpec("reviewers", 1, NEW_YORK, start_hour=10, has_cover=True)),
    arrivals_per_week=9.2, growth=0.15, backlog_status="To Do", cancelled_status="",
    is_team_managed=True, assigns=False,
    constraint="Review",
)  # fmt: skip
"""A team-managed project: its own status ids behind the usual names, and nobody assigns anything."""

STREAMS = (PAYMENTS, MOBILE, STOREFRONT, PLATFORM, CORE, LAB)
"""Simulated in this order: work may be blocked by issues of the streams before its own."""
