"""Families of organisations: in each, something else makes the constraint hard to see (METHODS §3.6).

An organisation is determined by its family, number and seed set alone. What its constraint truly is, is not decided
here but found by ``truth``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.organisations.model import (
    BEGIN_OF_PERIOD,
    HALF,
    WEEK_HOURS,
    Blocking,
    Organisation,
    Person,
    Stage,
)

SEEDS = {"tuning": 1_000, "reported": 2_000}
"""Organisations of the first set are looked at while the algorithm changes; those of the second are run at the end."""

STAGE_NAMES = {
    4: ("Development", "Review", "QA", "Approval"),
    5: ("Analysis", "Development", "Review", "QA", "Approval"),
    6: ("Analysis", "Development", "Review", "QA", "UAT", "Approval"),
}

GATE_NAME = "Release"


@dataclass
class Plan:
    """A draft: loads and heads per stage, from which the mean work follows."""

    rng: np.random.Generator
    loads: np.ndarray
    heads: np.ndarray
    star: int
    per_week: float
    cv: np.ndarray

    @property
    def hours(self) -> np.ndarray:
        """Mean work per issue and stage such that the people of a stage are busy for its load of the time."""
        work: np.ndarray = self.loads * self.heads * WEEK_HOURS / self.per_week
        return work

    def stages(self) -> tuple[Stage, ...]:
        """The stages as planned."""
        names = STAGE_NAMES[len(self.loads)]
        return tuple(Stage(*row) for row in zip(names, map(float, self.hours), map(float, self.cv), strict=True))

    def people(self, **habits: object) -> tuple[Person, ...]:
        """People who serve one stage each."""
        return tuple(Person((n,), **habits) for n, heads in enumerate(self.heads) for _ in range(heads))  # type: ignore[arg-type]

    def others(self) -> list[int]:
        """Stages that are not the star."""
        return [n for n in range(len(self.loads)) if n != self.star]


def draft(rng: np.random.Generator, star: tuple[float, float] = (0.88, 1.12), most_heads: int = 4) -> Plan:
    """One busy stage among others that are loaded to 40 to 75 %."""
    count = int(rng.integers(4, 7))
    loads = rng.uniform(0.4, 0.75, count)
    place = int(rng.integers(count))
    loads[place] = rng.uniform(*star)
    heads = rng.integers(1, most_heads + 1, count)
    return Plan(rng, loads, heads, place, float(rng.uniform(8, 14)), rng.uniform(0.5, 1.5, count))


def single(rng: np.random.Generator, number: int) -> Organisation:
    """One busy stage, everybody at a stage of their own, no limits."""
    return _organisation(draft(rng))


def light(rng: np.random.Generator, number: int) -> Organisation:
    """More capacity everywhere than work: nothing but intake limits what comes out."""
    return _organisation(draft(rng, (0.75, 0.87)))


def wip_limit(rng: np.random.Generator, number: int) -> Organisation:
    """Columns hold few issues, what is finished waits for room, and the backlog never ends. Some boards tell."""
    plan = draft(rng, (1.0, 1.0))
    plan.loads[plan.others()] = rng.uniform(0.5, 0.8, len(plan.loads) - 1)
    made = _organisation(plan, arrivals_per_week=0.0, has_board_limits=number % 5 < 3)
    return _with_limits(made, plan.heads + rng.integers(1, 4, len(plan.heads)))


def multiserver(rng: np.random.Generator, number: int) -> Organisation:
    """Long work by many people beside one busy person with short work."""
    plan = draft(rng, (0.9, 1.12))
    plan.heads[plan.star] = 1
    decoy = int(rng.choice(plan.others()))
    plan.heads[decoy], plan.loads[decoy] = rng.integers(6, 9), rng.uniform(0.6, 0.8)
    return _organisation(plan)


def gate(rng: np.random.Generator, number: int) -> Organisation:
    """A release train every one or two weeks: behind a busy stage, in a light system, or with little room before it."""
    kind = number % 5
    plan = draft(rng, (0.5, 0.7) if kind == 3 else (0.88, 1.12))
    interval = float(rng.choice([WEEK_HOURS, 2 * WEEK_HOURS]))
    made = _organisation(plan)
    limits = np.zeros(len(plan.heads) + 1, np.int64)
    if kind == 4:
        room = round(plan.per_week * interval / WEEK_HOURS * float(rng.uniform(0.55, 0.75)))
        limits[:] = [*(plan.heads + rng.integers(1, 4, len(plan.heads))), room]
        made = replace(made, arrivals_per_week=0.0)
    return _with_limits(replace(made, stages=(*made.stages, Stage(GATE_NAME, 0, gate_hours=interval))), limits)


def shared(rng: np.random.Generator, number: int) -> Organisation:
    """The same people code and review, and prefer to start."""
    plan = draft(rng, (0.4, 0.75))
    names = STAGE_NAMES[len(plan.loads)]
    pool = (names.index("Development"), names.index("Review"))
    heads, load, share = int(rng.integers(2, 6)), rng.uniform(1.05, 1.35), rng.uniform(0.45, 0.65)
    made = _organisation(plan)
    own = [p for p in made.people if p.serves[0] not in pool]
    work = load * heads * WEEK_HOURS / plan.per_week
    stages = list(made.stages)
    stages[pool[0]] = replace(stages[pool[0]], hours=work * share)
    stages[pool[1]] = replace(stages[pool[1]], hours=work * (1 - share))
    return replace(made, stages=tuple(stages), people=(*[Person(pool)] * heads, *own))


def pools(rng: np.random.Generator, number: int) -> Organisation:
    """Two groups serve two stages each, one prefers to finish, one to start; one in four times another stage limits."""
    plan = draft(rng, (0.4, 0.75))
    count, is_a_stage = len(plan.loads), number % 4 == 3
    first = int(rng.integers(0, count - 3))
    groups = [(first, first + 1), (count - 2, count - 1)]
    busy = (0.5, 0.75) if is_a_stage else (1.1, 1.35)
    loads = rng.permutation([rng.uniform(*busy), rng.uniform(0.5, 0.75)])
    alone = [n for n in range(count) if not any(n in group for group in groups)]
    if is_a_stage and alone:
        plan.loads[rng.choice(alone)] = rng.uniform(0.95, 1.12)
    stages, people = list(plan.stages()), [p for p in plan.people() if not any(p.serves[0] in g for g in groups)]
    for place, (group, load) in enumerate(zip(groups, loads, strict=True)):
        heads, share = int(rng.integers(2, 5)), rng.uniform(0.35, 0.65)
        for stage, part in zip(group, (share, 1 - share), strict=True):
            stages[stage] = replace(stages[stage], hours=load * heads * part * WEEK_HOURS / plan.per_week)
        people += [Person(group[::-1] if (number + place) % 2 else group)] * heads
    return replace(_organisation(plan), stages=tuple(stages), people=tuple(people))


def backlog_fed(rng: np.random.Generator, number: int) -> Organisation:
    """Whoever is free starts something new; what they finish is pushed on, however much lies there."""
    plan = draft(rng, (1.0, 1.0))
    plan.loads[plan.others()] = rng.uniform(0.5, 0.8, len(plan.loads) - 1)
    if plan.star:
        plan.loads[0] = rng.uniform(0.7, 0.95)
    return _organisation(plan, arrivals_per_week=0.0)


def rework(rng: np.random.Generator, number: int) -> Organisation:
    """A stage sends 15 to 35 % back; what its people and those before it do, they do again."""
    plan = draft(rng)
    judge = int(rng.integers(1, len(plan.loads)))
    to, share = int(rng.integers(0, judge)), float(rng.uniform(0.15, 0.35))
    plan.loads[to : judge + 1] *= 1 - share
    stages = list(plan.stages())
    stages[judge] = replace(stages[judge], rework_share=share, rework_to=to)
    return replace(_organisation(plan), stages=tuple(stages))


def multitask(rng: np.random.Generator, number: int) -> Organisation:
    """Everybody works on three issues at a time."""
    return _organisation(draft(rng), slots=3)


def priority(rng: np.random.Generator, number: int) -> Organisation:
    """Six of ten choices take what is most urgent, not what is oldest."""
    return replace(_organisation(draft(rng)), disorder=0.6)


def tie(rng: np.random.Generator, number: int) -> Organisation:
    """Two stages are as busy as each other, to within 3 %."""
    plan = draft(rng, (0.92, 1.1))
    rival = int(rng.choice(plan.others()))
    plan.loads[rival] = plan.loads[plan.star] * rng.uniform(0.97, 1.03)
    return _organisation(plan)


def shift(rng: np.random.Generator, number: int) -> Organisation:
    """After 13 weeks another stage is the busy one."""
    plan = draft(rng, (0.95, 1.12))
    following = int(rng.choice(plan.others()))
    stages = list(plan.stages())
    factor = plan.loads[following] / plan.loads[plan.star]
    stages[plan.star] = replace(stages[plan.star], later_hours=stages[plan.star].hours * factor)
    later = rng.uniform(0.98, 1.15) / plan.loads[following]
    stages[following] = replace(stages[following], later_hours=stages[following].hours * later)
    return replace(_organisation(plan), stages=tuple(stages), shift_at=HALF)


def absence(rng: np.random.Generator, number: int) -> Organisation:
    """The only approver is away for weeks."""
    plan = draft(rng, (0.4, 0.75))
    last = len(plan.loads) - 1
    plan.heads[last], plan.loads[last] = 1, rng.uniform(0.7, 0.92)
    made = _organisation(plan)
    weeks = float(rng.integers(3, 7))
    away = BEGIN_OF_PERIOD + WEEK_HOURS * float(rng.uniform(1, 24 - weeks))
    people = (*made.people[:-1], Person((last,), absences=((away, away + weeks * WEEK_HOURS),)))
    return replace(made, people=people)


def external(rng: np.random.Generator, number: int) -> Organisation:
    """Somebody outside has to answer, flagged: with limits the answers' delay is what limits, without it only hurts."""
    if number % 3 == 2:
        plan = draft(rng)
        return replace(_organisation(plan), blocking=_blocking(plan, 0.4))
    plan = draft(rng, (1.0, 1.0))
    plan.loads[:] = rng.uniform(0.4, 0.7, len(plan.loads))
    made = _organisation(plan, arrivals_per_week=0.0, has_board_limits=number % 5 < 3)
    blocking = _blocking(plan, 0.6)
    limits = plan.heads + rng.integers(2, 5, len(plan.heads))
    work, slots = plan.hours[blocking.stage], limits[blocking.stage]
    wanted = WEEK_HOURS / plan.per_week * rng.uniform(1.0, 1.3) * slots
    blocking = replace(blocking, hours=float(max(wanted - 1.5 * work, 2 * work) / blocking.share))
    return _with_limits(replace(made, blocking=blocking), limits)


def specialists(rng: np.random.Generator, number: int) -> Organisation:
    """Only one of a stage's people can do a quarter or more of the work; no column says so."""
    plan = draft(rng, (0.5, 0.7), 3)
    plan.heads[plan.star] = rng.integers(2, 5)
    share = float(rng.uniform(0.25, 0.45))
    wanted = rng.uniform(0.95, 1.15)
    plan.loads[plan.star] = min(wanted / share / plan.heads[plan.star], 0.9)
    share = float(wanted / plan.loads[plan.star] / plan.heads[plan.star])
    made = _organisation(plan)
    at = next(n for n, p in enumerate(made.people) if p.serves == (plan.star,))
    people = [replace(p, skills=1 if p.serves == (plan.star,) else 3) for p in made.people]
    people[at] = replace(people[at], skills=2 if share > 0.9 / plan.heads[plan.star] else 3)
    return replace(made, people=tuple(people), class_shares=(1 - min(share, 0.9), min(share, 0.9)))


def joiners(rng: np.random.Generator, number: int) -> Organisation:
    """Somebody leaves the stage that then limits, and new people join another."""
    plan = draft(rng, (0.75, 0.9))
    plan.heads[plan.star] = rng.integers(2, 5)
    made = _organisation(plan)
    people = list(made.people)
    leaver = next(n for n, p in enumerate(people) if p.serves == (plan.star,))
    people[leaver] = replace(people[leaver], leaves=BEGIN_OF_PERIOD + WEEK_HOURS * float(rng.uniform(-4, 10)))
    for stage in rng.choice(plan.others(), 2, replace=False):
        joins = BEGIN_OF_PERIOD + WEEK_HOURS * float(rng.uniform(2, 20))
        people.append(Person((int(stage),), joins=joins))
    return replace(made, people=tuple(people))


def invisible(rng: np.random.Generator, number: int) -> Organisation:
    """People of the busy stage spend a third or more of their time on what Jira does not see, others little."""
    plan = draft(rng, (0.9, 1.12))
    decoy = int(rng.choice(plan.others()))
    plan.loads[decoy] = rng.uniform(0.72, 0.82)
    shares = rng.uniform(0.0, 0.15, len(plan.loads))
    shares[plan.star] = rng.uniform(0.3, 0.55)
    plan.loads *= 1 - shares
    made = _organisation(plan)
    people = tuple(replace(p, invisible_share=float(shares[p.serves[0]])) for p in made.people)
    return replace(made, people=people)


FAMILIES: dict[str, Callable[[np.random.Generator, int], Organisation]] = {
    maker.__name__: maker
    for maker in (
        single, light, wip_limit, multiserver, gate, shared, backlog_fed, rework, multitask, priority, tie, shift,
        absence, pools, external, specialists, joiners, invisible,
    )
}  # fmt: skip


def make_organisation(family: str, number: int, seeds: str) -> Organisation:
    """The organisation of that number; raises KeyError for an unknown family or seed set."""
    seed = [SEEDS[seeds], list(FAMILIES).index(family), number]
    made = FAMILIES[family](np.random.default_rng(seed), number)
    own = int(np.random.SeedSequence(seed).generate_state(1)[0])
    return replace(made, family=family, number=number, seed=own)


def _organisation(plan: Plan, *, slots: int = 1, has_board_limits: bool = True, **rest: float) -> Organisation:
    arrivals = rest.get("arrivals_per_week", plan.per_week)
    people = plan.people(slots=slots)
    return Organisation("", 0, 0, plan.stages(), people, arrivals, has_board_limits=has_board_limits)


def _with_limits(made: Organisation, limits: np.ndarray) -> Organisation:
    stages = [replace(s, wip_limit=int(limit)) for s, limit in zip(made.stages, limits, strict=True)]
    return replace(made, stages=tuple(stages))


def _blocking(plan: Plan, share: float) -> Blocking:
    """At any stage, long enough to be the longest wait of what it hits."""
    stage = int(plan.rng.integers(len(plan.loads)))
    return Blocking(stage, share, float(plan.rng.uniform(16, 60)))
