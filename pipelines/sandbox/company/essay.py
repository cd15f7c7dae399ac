"""The essay as an experiment (METHODS §3.4): what happens to a backlog-fed stream when one of its stages gets faster.

The table in METHODS was made by another program; this one must show the same pattern. The product never imports this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from statistics import mean, median

from pipelines.sandbox.company.clocks import DAY, WEEK
from pipelines.sandbox.company.engine import Simulation
from pipelines.sandbox.company.measures import measure_flow
from pipelines.sandbox.company.people import BERLIN, Staff
from pipelines.sandbox.company.scenes import Span, hire_team, set_scene
from pipelines.sandbox.company.specs import StreamSpec
from pipelines.sandbox.company.state import Item
from pipelines.sandbox.company.streams import ESSAY_WIP, essay_pools, essay_stages

WARM_UP_WEEKS = 13
WEEKS = 26

EXPERIMENTS: tuple[tuple[str, Mapping[str, float]], ...] = (
    ("as is", {}),
    ("coding 40 % faster", {"Development": 1 / 1.4}),
    ("review 20 % faster", {"Review": 1 / 1.2}),
    ("review 40 % faster", {"Review": 1 / 1.4}),
    ("QA 40 % faster", {"QA": 1 / 1.4}),
)
"""The rows of the table: name, and factors on the hours of a stage."""

ESSAY = StreamSpec(
    key="ESSAY", name="The essay's stream", zone=BERLIN, stages=essay_stages(), pools=essay_pools(),
    wip_limit=ESSAY_WIP, wip_limit_days=WEEKS * 7, cancel_share=0.0, block_share=0.0, reopen_share=0.0,
    constraint="Review",
)  # fmt: skip
"""The pure stream: nobody is ever away, nothing is blocked, sent back or cancelled."""


@dataclass(frozen=True)
class EssayResult:
    """One row of the table: means over replications."""

    finished_per_month: float
    started_per_month: float
    cycle_working_days_p50: float
    """Of what was finished in the last 13 weeks."""
    wip: float
    """At the end."""


def essay_stream(relief: Mapping[str, float] | None = None, *, seed: int = 1, replications: int = 1) -> EssayResult:
    """Run the stream for 26 weeks after a warm-up, with factors on the hours of some stages from the first week on.

    The same seed and replication has the same issues under every relief (common random numbers).
    """
    runs = [_run_once(relief or {}, f"{seed}/{number}") for number in range(replications)]
    return EssayResult(*(mean(column) for column in zip(*runs, strict=True)))


def simulate_essay(relief: Mapping[str, float], seed: str) -> tuple[list[Item], Span]:
    """One replication: its issues, and the 26 weeks after the warm-up."""
    begin = 1_736_143_200_000
    measured = Span(begin + WARM_UP_WEEKS * WEEK, begin + (WARM_UP_WEEKS + WEEKS) * WEEK)
    whole = Span(begin, measured.end)
    team = hire_team(ESSAY, Staff(Random(seed)), whole, has_days_off=False)
    scene = set_scene(team, whole, seed, relief=relief, relief_from=measured.begin)
    return Simulation(scene).run(), measured


def _run_once(relief: Mapping[str, float], seed: str) -> tuple[float, float, float, float]:
    items, span = simulate_essay(relief, seed)
    flow = measure_flow(items, span.begin, span.end)
    late = [
        (item.finished - item.started) / (7 * DAY) * 5
        for item in items
        if item.finished and item.started and span.end - 13 * WEEK <= item.finished < span.end
    ]
    return flow.finished_per_month, flow.started_per_month, median(late), float(flow.wip)
