"""What an organisation is: its stages, people and habits; and the chances of one replication of it.

Time is counted in working hours since the organisation began; 40 of them are a week. How it runs belongs to
``simulation``, which organisations there are to ``families``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

WEEK_HOURS, DAY_HOURS = 40, 8

WARM_UP_WEEKS, PERIOD_WEEKS = 13, 26

BEGIN_OF_PERIOD = float(WARM_UP_WEEKS * WEEK_HOURS)
END = float((WARM_UP_WEEKS + PERIOD_WEEKS) * WEEK_HOURS)
HALF = (BEGIN_OF_PERIOD + END) / 2

VISITS = 4
"""Visits of an issue to a stage that have chances of their own; from then on it is not sent back any more."""

PICKS = 8192
"""Chances for which issue is taken next, used again from the first once they are used up."""

INTERRUPTION_HOURS = 1.5
"""Mean length of work that Jira does not see."""


@dataclass(frozen=True)
class Stage:
    """One step of the walk. A gate has no people: everything in it leaves together every ``gate_hours``."""

    name: str
    hours: float
    """Mean work on one visit."""
    cv: float = 1.0
    later_hours: float | None = None
    """Mean work from ``Organisation.shift_at`` on."""
    rework_share: float = 0.0
    """Share of the visits that end with the issue being sent back to ``rework_to``."""
    rework_to: int = 0
    wip_limit: int = 0
    """Most issues in the stage, waiting, in work and finished; 0 for none."""
    gate_hours: float = 0.0

    @property
    def is_gate(self) -> bool:
        """Whether nobody works here and a train leaves instead."""
        return self.gate_hours > 0


@dataclass(frozen=True)
class Person:
    """Somebody, the stages they serve in order of preference, and when they are there."""

    serves: tuple[int, ...]
    slots: int = 1
    """Issues in work at once, each progressing at its share of the person's time."""
    skills: int = 1
    """Bits of the classes of issue this person can work on."""
    joins: float = 0.0
    leaves: float = END
    absences: tuple[tuple[float, float], ...] = ()
    invisible_share: float = 0.0
    """Share of their time that goes to what Jira does not see."""


@dataclass(frozen=True)
class Blocking:
    """Issues wait for somebody outside, flagged: in the middle of their work at one stage."""

    stage: int
    share: float
    hours: float
    """Mean delay."""


@dataclass(frozen=True)
class Organisation:
    """One value stream."""

    family: str
    number: int
    seed: int
    stages: tuple[Stage, ...]
    people: tuple[Person, ...]
    arrivals_per_week: float
    """0: work is pulled from a backlog that never ends, by whoever has time."""
    disorder: float = 0.0
    """Share of the choices that do not take the oldest issue."""
    class_shares: tuple[float, ...] = (1.0,)
    blocking: Blocking | None = None
    shift_at: float = END
    has_board_limits: bool = True
    """Whether the board shows the limits the team keeps."""

    @property
    def is_fed(self) -> bool:
        """Whether the backlog never ends."""
        return self.arrivals_per_week == 0

    @property
    def key(self) -> str:
        """Project key, one per organisation of a seed set."""
        return f"{self.family.replace('_', '').upper()}{self.number}"

    def pools(self) -> tuple[tuple[int, ...], ...]:
        """Sets of stages that the same people serve, more than one stage each."""
        return tuple(sorted({tuple(sorted(p.serves)) for p in self.people if len(p.serves) > 1}))


@dataclass(frozen=True)
class Relief:
    """What is faster, by ``factor``, from a moment on. Nothing: the organisation as it is."""

    stages: tuple[int, ...] = ()
    pool: tuple[int, ...] = ()
    is_external: bool = False
    factor: float = 0.8
    since: float = BEGIN_OF_PERIOD

    def covers(self, person: Person, stage: int) -> bool:
        """Whether this person works faster at this stage."""
        return stage in self.stages or (bool(self.pool) and tuple(sorted(person.serves)) == self.pool)


class Chances(NamedTuple):
    """Everything random in one replication, drawn before it runs: relieved or not, it meets the same chances."""

    arrivals: np.ndarray
    """Hours at which issues arrive, ascending; for a backlog without end only its length counts."""
    work: np.ndarray
    """(issue, stage, visit): work relative to the stage's mean."""
    sent_back: np.ndarray
    """(issue, stage, visit), uniform."""
    blocked: np.ndarray
    """(issue, visit, 3): uniform for whether, uniform for when, delay relative to its mean."""
    issue_class: np.ndarray
    urgency: np.ndarray
    picks: np.ndarray
    toggles: np.ndarray
    """Hours, ascending, at which somebody comes or goes."""
    toggling: np.ndarray
    """Who, at each of ``toggles``."""
    present: np.ndarray
    """Who is there at the beginning."""


def draw_chances(organisation: Organisation, replication: int) -> Chances:
    """The chances of one replication; 0 is what happened."""
    rng = np.random.default_rng([organisation.seed, replication])
    arrivals = _arrivals(organisation, rng)
    count, stages = len(arrivals), len(organisation.stages)
    cv = np.array([stage.cv for stage in organisation.stages])
    toggles = _toggles(organisation, np.random.default_rng([organisation.seed, replication, 1]))
    return Chances(
        arrivals,
        _log_normal(rng, cv[:, None], (count, stages, VISITS)),
        rng.random((count, stages, VISITS)),
        np.stack([rng.random((count, VISITS)), rng.random((count, VISITS)), _log_normal(rng, 0.8, (count, VISITS))], 2),
        rng.choice(len(organisation.class_shares), count, p=organisation.class_shares),
        rng.random(count),
        rng.random((PICKS, 2)),
        *toggles,
    )


def _arrivals(organisation: Organisation, rng: np.random.Generator) -> np.ndarray:
    if organisation.is_fed:
        return np.zeros(_most_issues(organisation))
    gap = WEEK_HOURS / organisation.arrivals_per_week
    arrivals = np.cumsum(rng.gamma(2.0, gap / 2.0, int(1.5 * END / gap) + 50))
    return arrivals[arrivals < END]


def _most_issues(organisation: Organisation) -> int:
    """More issues than people at the first stage can start, even relieved."""
    first = organisation.stages[0]
    hours = min(first.hours, first.later_hours or first.hours)
    serving = sum(0 in person.serves for person in organisation.people)
    return int(2.0 * serving * END / hours) + 100


def _log_normal(rng: np.random.Generator, cv: float | np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Log-normal numbers of mean 1 and coefficient of variation ``cv``."""
    variance = np.log1p(np.square(cv))
    drawn: np.ndarray = np.exp(rng.standard_normal(shape) * np.sqrt(variance) - variance / 2)
    return drawn


def _toggles(organisation: Organisation, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    hours, who, present = [], [], []
    for number, person in enumerate(organisation.people):
        away = [*person.absences, *_interruptions(person, rng)]
        edges = _edges(away, person)
        present.append(not edges or edges[0] > 0)
        inner = [edge for edge in edges if edge > 0]
        hours += inner
        who += [number] * len(inner)
    order = np.argsort(hours, kind="stable")
    return np.array(hours, np.float64)[order], np.array(who, np.int64)[order], np.array(present)


def _interruptions(person: Person, rng: np.random.Generator) -> list[tuple[float, float]]:
    if not person.invisible_share:
        return []
    share = person.invisible_share
    count = int(2 * share * END / INTERRUPTION_HOURS) + 20
    lengths = rng.exponential(INTERRUPTION_HOURS, count)
    gaps = rng.exponential(INTERRUPTION_HOURS * (1 - share) / share, count)
    starts = np.cumsum(gaps + lengths) - lengths
    return [(float(a), float(a + n)) for a, n in zip(starts, lengths, strict=True) if a < END]


def _edges(away: list[tuple[float, float]], person: Person) -> list[float]:
    """Instants at which the person goes and comes, in turn: the union of their absences, overlaps counted once."""
    stretches = sorted([*away, *([(0.0, person.joins)] if person.joins else [])])
    edges: list[float] = []
    for start, end in stretches:
        if edges and start <= edges[-1]:
            edges[-1] = max(edges[-1], end)
        else:
            edges += [start, end]
    return edges


@dataclass(frozen=True)
class Outcome:
    """What came of one replication in a window: deliveries, starts, and the hours issues spent between the two."""

    deliveries: int
    starts: int
    hours: float
    cycle_hours: np.ndarray = field(repr=False)
    """Of the work delivered in the window."""

    @property
    def residence(self) -> float:
        """Hours in progress per issue that was in progress at some time of the window, open ones included."""
        return self.hours / max(self.starts, 1)
