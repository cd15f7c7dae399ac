"""What truly happens when one thing is relieved: the same organisation and chances, with and without.

Throughput is limited by what a relief of which changes deliveries most; where none changes them by more than 2 %,
intake limits, and what shortens the time in progress most is the largest delay (METHODS §3.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import mean

from benchmarks.organisations.model import BEGIN_OF_PERIOD, END, Chances, Organisation, Outcome, Relief, draw_chances
from benchmarks.organisations.simulation import NOTHING, simulate

REPLICATIONS = 16

SEPARABLE_MARGIN = 0.25
"""The first is told from the second if it is ahead of it by more than this share of its own effect."""

LEAST_GAIN = 0.02
"""Where no relief gains more deliveries than this, intake limits."""

EXTERNAL = "external"


@dataclass(frozen=True)
class Effect:
    """What a relief changes: relative gain of deliveries, relative fall of the time in progress per issue."""

    deliveries: float
    residence: float


@dataclass(frozen=True)
class Truth:
    """Effects by what is relieved: a stage's name, a pool's stages joined by "+", or EXTERNAL."""

    effects: Mapping[str, Effect]
    """What is to be expected of such an organisation: it says what the constraint is."""
    realised: Mapping[str, Effect] = field(default_factory=dict)
    """What it would have done in the very period that was recorded: what a prediction is held against."""

    @property
    def is_throughput(self) -> bool:
        """Whether anything inside limits what comes out."""
        return max(effect.deliveries for effect in self.effects.values()) > LEAST_GAIN

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """What is relieved and its effect in the unit that counts, largest first."""
        unit = "deliveries" if self.is_throughput else "residence"
        pairs = [(name, float(getattr(effect, unit))) for name, effect in self.effects.items()]
        return sorted(pairs, key=lambda pair: -pair[1])

    @property
    def name(self) -> str:
        """What truly is the constraint, or the largest delay where intake limits."""
        return self.ranking[0][0]

    @property
    def margin(self) -> float:
        """Lead of the first over the second as a share of the first's effect."""
        (_, first), (_, second), *_ = self.ranking
        return (first - second) / first if first > 0 else 0.0

    @property
    def is_separable(self) -> bool:
        """Whether one can be named."""
        return self.margin > SEPARABLE_MARGIN


def find_truth(organisation: Organisation, begin: float = BEGIN_OF_PERIOD, end: float = END) -> Truth:
    """Effects of every relief by 20 % within ``[begin, end)`` working hours: of what happened, and means of others."""
    chances = [draw_chances(organisation, number) for number in range(1 + REPLICATIONS)]
    before = _outcomes(organisation, chances, NOTHING, begin, end)
    effects, realised = {}, {}
    for name, relief in reliefs(organisation, begin).items():
        after = _outcomes(organisation, chances, relief, begin, end)
        realised[name], effects[name] = _effect(before[:1], after[:1]), _effect(before[1:], after[1:])
    return Truth(effects, realised)


def reliefs(organisation: Organisation, since: float) -> dict[str, Relief]:
    """Everything that can be relieved."""
    names = [stage.name for stage in organisation.stages]
    found = {name: Relief(stages=(number,), since=since) for number, name in enumerate(names)}
    found |= {pool_name(organisation, pool): Relief(pool=pool, since=since) for pool in organisation.pools()}
    return found | ({EXTERNAL: Relief(is_external=True, since=since)} if organisation.blocking else {})


def pool_name(organisation: Organisation, pool: tuple[int, ...]) -> str:
    """Names of the stages that a pool serves, in the order of the walk, joined by "+"."""
    return "+".join(organisation.stages[number].name for number in pool)


def _outcomes(
    organisation: Organisation, chances: list[Chances], relief: Relief, begin: float, end: float
) -> list[Outcome]:
    return [simulate(organisation, drawn, relief).measure(begin, end) for drawn in chances]


def _effect(before: list[Outcome], after: list[Outcome]) -> Effect:
    """Relative changes of the means, so that a replication with few deliveries does not count more than others."""
    gain = mean(o.deliveries for o in after) / max(mean(o.deliveries for o in before), 1e-9) - 1
    fall = 1 - mean(o.residence for o in after) / max(mean(o.residence for o in before), 1e-9)
    return Effect(gain, fall)
