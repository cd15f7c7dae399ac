"""What truly happens to a stream of the company when one of its stages or pools gets faster.

The same stream, issues and chances are simulated with and without the relief, so the difference is the relief's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from pipelines.sandbox.company.clocks import WEEK
from pipelines.sandbox.company.engine import Simulation
from pipelines.sandbox.company.measures import FlowMeasures, measure_flow
from pipelines.sandbox.company.scenes import Span, Team, set_scene
from pipelines.sandbox.company.specs import StreamSpec


@dataclass(frozen=True)
class Effect:
    """What a relief changed: relative gain of deliveries and relative fall of residence time, as fractions."""

    deliveries: float
    residence: float


def relievable(spec: StreamSpec) -> tuple[str, ...]:
    """What can be relieved: every stage, and every pool that serves more than one stage."""
    shared = [pool.name for pool in spec.pools if sum(stage.pool == pool.name for stage in spec.stages) > 1]
    return (*(stage.name for stage in spec.stages), *shared)


def relief_effects(
    team: Team, span: Span, seeds: Sequence[str], *, factor: float = 0.8, weeks: int = 26
) -> Mapping[str, Effect]:
    """Effect of relieving each stage and shared pool by ``factor`` in the last ``weeks`` weeks: mean over the seeds."""
    before = [_measure(team, span, seed, {}, weeks) for seed in seeds]
    effects: dict[str, Effect] = {}
    for name in relievable(team.spec):
        after = [_measure(team, span, seed, {name: factor}, weeks) for seed in seeds]
        pairs = list(zip(before, after, strict=True))
        gain = mean(new.finished_per_month / old.finished_per_month - 1 for old, new in pairs)
        fall = mean(1 - new.residence_days / old.residence_days for old, new in pairs)
        effects[name] = Effect(gain, fall)
    return effects


def _measure(team: Team, span: Span, seed: str, relief: Mapping[str, float], weeks: int) -> FlowMeasures:
    since = span.end - weeks * WEEK
    items = Simulation(set_scene(team, span, seed, relief=relief, relief_from=since)).run()
    return measure_flow(items, since, span.end)
