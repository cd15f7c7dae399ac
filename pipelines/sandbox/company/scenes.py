"""Sets the scene of a simulation: hires the people of a stream, sends them on vacation, and fixes begin and end.

What then happens is ``engine``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from pipelines.sandbox.company.clocks import MINUTE, WorkClock, from_ms
from pipelines.sandbox.company.people import HOLIDAYS, Person, Staff, cover_clock, vacation_days, work_clock
from pipelines.sandbox.company.specs import PoolSpec, StreamSpec
from pipelines.sandbox.company.state import Blocker, Scene, Worker

LATE_BY = 25 * MINUTE
"""Nobody's day begins on the stroke of the hour."""


@dataclass(frozen=True)
class Team:
    """The people of one stream, and on which days each of them works."""

    spec: StreamSpec
    clocks: Mapping[str, tuple[tuple[Person, WorkClock, int], ...]]
    """Pool to its people, their clocks and how many issues they hold at once."""
    coordinator: Person
    coordinator_clock: WorkClock

    def people(self) -> list[Person]:
        """Everybody in the order of hiring, the coordinator first."""
        return [self.coordinator, *(person for pool in self.clocks.values() for person, _, _ in pool)]


@dataclass(frozen=True)
class Span:
    """From when to when a company is simulated, in UTC ms."""

    begin: int
    end: int

    def days(self) -> tuple[date, date]:
        """First and last day of the calendars: beyond the end, so that all work begun can be planned to its end."""
        return from_ms(self.begin).date(), from_ms(self.end).date() + timedelta(days=120)


def hire_team(spec: StreamSpec, staff: Staff, span: Span, *, has_days_off: bool = True) -> Team:
    """Hire the people of a stream. Without days off everybody works every weekday, as in a textbook."""
    first, last = span.days()
    rng = Random(f"{spec.key}/days off/{staff.rng.getrandbits(32)}")
    coordinator = staff.hire(spec.zone)
    clocks = {pool.name: _hire_pool(pool, staff, rng, (first, last), has_days_off) for pool in spec.pools}
    return Team(spec, clocks, coordinator, work_clock(coordinator, first, last))


def _hire_pool(
    pool: PoolSpec, staff: Staff, rng: Random, days: tuple[date, date], has_days_off: bool
) -> tuple[tuple[Person, WorkClock, int], ...]:
    members: list[tuple[Person, WorkClock, int]] = []
    absences: frozenset[date] = frozenset()
    for _ in range(pool.size):
        person = staff.hire(pool.zone, pool.start_hour)
        absences = vacation_days(rng, *days) if has_days_off else frozenset()
        days_off = absences | HOLIDAYS[pool.zone] if has_days_off else absences
        members.append((person, work_clock(person, *days, days_off, LATE_BY if has_days_off else 0), pool.slots))
    if pool.has_cover and absences:
        deputy = staff.hire(pool.zone, pool.start_hour)
        members.append((deputy, cover_clock(deputy, *days, absences), pool.slots))
    return tuple(members)


def set_scene(
    team: Team, span: Span, seed: str, *, relief: Mapping[str, float] | None = None, relief_from: int = 0,
    blockers: tuple[Blocker, ...] = (),
) -> Scene:  # fmt: skip
    """A scene with rested people and empty desks: every run needs one of its own."""
    pools = {
        name: tuple(Worker(person, clock, slots, name) for person, clock, slots in members)
        for name, members in team.clocks.items()
    }
    return Scene(
        team.spec, pools, team.coordinator, team.coordinator_clock, span.begin, span.end, f"{seed}/{team.spec.key}",
        relief or {}, relief_from, blockers,
    )  # fmt: skip
