"""The rule that makes a verdict of replays: regime, votes, margin, confidence (METHODS §3.3, steps 4 to 8).

The words are ``sentences``; thresholds are calibrated on simulated organisations whose constraint is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from transforms.constraint.reliefs import LEAST_DEPARTURES, Reliefs, Target, falls, gains
from transforms.wording import there_are

CLEAR_GAIN = 0.02
"""Deliveries must rise by more than this for anything to limit throughput."""

LEAST_WEEKS, LEAST_DELIVERED = 8, 30

LEAST_QUALITY = 0.6
"""Share of the log that must be there and chain (METHODS §3.3, step 0)."""

FIDELITY = (0.8, 1.25)
"""Within which the replay's deliveries ÷ the observed must lie."""

RESIDENCE_FIDELITY = (1 / 1.35, 1.35)

STRONG_VOTE, STRONG_MARGIN = 0.9, 0.2

MODERATE_VOTE, MODERATE_MARGIN = 0.7, 0.1

OPEN_VOTE = 0.8
"""Vote below which, where stages have limits, the fullest stage with nothing full behind it is the candidate."""

NAMED = {"stage": "constraint_stage", "pool": "constraint_pool", "gate": "policy_gate", "external": "external_block"}


@dataclass(frozen=True)
class Judgement:
    """A verdict and what it rests on."""

    verdict: str
    confidence: str
    regime: str | None = None
    candidate: Target | None = None
    runner_up: Target | None = None
    delay: Target | None = None
    """What shortens work in progress most."""
    vote: float | None = None
    margin: float | None = None
    fidelity: float | None = None
    residence_fidelity: float | None = None
    reasons: tuple[str, ...] = ()
    wins: tuple[float, ...] = ()
    """Share of the worlds won by each of the one-fifth reliefs; 0 for stages of a pool."""

    @property
    def is_named(self) -> bool:
        """Whether it names what limits."""
        return self.verdict in NAMED.values()


@dataclass(frozen=True)
class Ground:
    """What a verdict would stand on."""

    weeks: int
    delivered: int
    targets: int = 1
    quality: float | None = None
    """Of the log; None where it was not judged."""
    redefined_on: date | None = None
    """The first day inside the period from which other definitions hold."""


def insufficient(ground: Ground) -> Judgement | None:
    """The verdict where too little is known, with what is missing; None where there is enough."""
    missing = []
    if ground.weeks < LEAST_WEEKS:
        missing.append(f"a verdict needs {LEAST_WEEKS} complete weeks, {there_are(ground.weeks)}")
    if ground.delivered < LEAST_DELIVERED:
        missing.append(f"a verdict needs {LEAST_DELIVERED} deliveries, {there_are(ground.delivered)}")
    if not ground.targets:
        missing.append(
            f"a verdict needs a stage with {LEAST_DEPARTURES} departures of which it is known who works in it"
        )
    if ground.quality is not None and ground.quality < LEAST_QUALITY:
        missing.append(f"a verdict needs a log of quality {LEAST_QUALITY}, it is {ground.quality:.2f}")
    if ground.redefined_on is not None:
        missing.append(f"a verdict needs one definition, another holds from {ground.redefined_on} on")
    return Judgement("insufficient_data", "none", reasons=tuple(missing)) if missing else None


def judge(
    reliefs: Reliefs, delivered: int, residence: float, supports: Sequence[bool], doubts: Sequence[str] = (),
    fullness: Sequence[float] | None = None,
) -> Judgement:  # fmt: skip
    """The verdict of the replays of a period with so many deliveries and such a residence.

    ``supports``: for each one-fifth relief, whether a cheap indicator agrees that it is the constraint. ``doubts``:
    whatever else forbids more than a weak verdict. ``fullness``: of each one-fifth relief, how full it is with nothing
    full behind it; given where stages have limits, it decides what the replays leave open.
    """
    gain, fall = (np.array([of(reliefs.base, effect) for effect in reliefs.fifths]) for of in (gains, falls))
    rivals = _rivals(reliefs)
    is_limited = bool(gain[rivals].mean(axis=1).max() > CLEAR_GAIN)
    score = gain if is_limited else fall
    wins = _wins(score, rivals)
    faith = (reliefs.known.delivered / max(1, delivered), reliefs.known.residence / max(residence, 1e-9))
    faults = _unfaithful(*faith)
    order = sorted(rivals, key=lambda c: -score[c].mean())
    best, second = order[0], order[1] if len(order) > 1 else None
    if fullness is not None and (wins[best] < OPEN_VOTE or faults):
        best, second = _by_fullness(reliefs, order, fullness, len(order) if faults else 2)
    vote, lead = float(wins[best]), _margin(score, best, second)
    confidence = "none" if faults else _confidence(vote, lead, supports[best], bool(doubts))
    target = reliefs.fifths[best].target
    longest = max(rivals, key=lambda c: fall[c].mean())
    return Judgement(
        verdict=_verdict(target, is_limited, confidence),
        confidence=confidence,
        regime="throughput" if is_limited else "delay",
        candidate=target,
        runner_up=None if second is None else reliefs.fifths[second].target,
        delay=None if faults else reliefs.fifths[longest].target,
        vote=vote,
        margin=lead,
        fidelity=faith[0],
        residence_fidelity=faith[1],
        reasons=_reasons([*doubts, *faults], confidence, vote, lead),
        wins=tuple(float(win) for win in wins),
    )


def _by_fullness(
    reliefs: Reliefs, order: Sequence[int], fullness: Sequence[float], count: int
) -> tuple[int, int | None]:
    """The fullest stage of the first ``count`` candidates, and what it stands against; gates and pools stay first."""
    first, second = order[0], order[1] if len(order) > 1 else None
    if reliefs.fifths[first].target.kind != "stage":
        return first, second
    best = max((c for c in order[:count] if reliefs.fifths[c].target.kind == "stage"), key=lambda c: fullness[c])
    return best, second if best == first else first


def _reasons(found: Sequence[str], confidence: str, vote: float, lead: float) -> tuple[str, ...]:
    if found or confidence in ("strong", "moderate"):
        return tuple(found)
    return (f"the first of the candidates leads in {vote:.0%} of the replays, by {lead:.0%} of its effect",)


def _rivals(reliefs: Reliefs) -> list[int]:
    """Reliefs that stand against each other: a stage whose people are a pool's stands for nothing of its own."""
    pooled = {k for effect in reliefs.fifths if effect.target.kind == "pool" for k in effect.target.stations}
    targets = [effect.target for effect in reliefs.fifths]
    return [c for c, t in enumerate(targets) if t.kind != "stage" or t.stations[0] not in pooled]


def _wins(score: np.ndarray, rivals: Sequence[int]) -> np.ndarray:
    wins = np.zeros(len(score))
    first = np.argmax(score[rivals], axis=0)
    for place, c in enumerate(rivals):
        wins[c] = np.mean(first == place)
    return wins


def _margin(score: np.ndarray, best: int, second: int | None) -> float:
    if second is None:
        return 1.0
    first = float(score[best].mean())
    return float(np.clip((first - score[second].mean()) / max(first, 1e-9), 0, 1))


def _unfaithful(delivered: float, residence: float) -> list[str]:
    found = []
    if not FIDELITY[0] <= delivered <= FIDELITY[1]:
        found.append(f"the replay delivers {delivered:.0%} of what was observed")
    if not RESIDENCE_FIDELITY[0] <= residence <= RESIDENCE_FIDELITY[1]:
        found.append(f"issues of the replay stay {residence:.0%} as long as was observed")
    return found


def _confidence(vote: float, margin: float, is_supported: bool, is_doubted: bool) -> str:
    if is_doubted:
        return "weak"
    if vote >= STRONG_VOTE and margin >= STRONG_MARGIN and is_supported:
        return "strong"
    if vote >= MODERATE_VOTE and margin >= MODERATE_MARGIN:
        return "moderate"
    return "weak"


def _verdict(target: Target, is_limited: bool, confidence: str) -> str:
    if confidence == "none":
        return "not_separable"
    if not is_limited:
        return "intake_limited"
    return NAMED[target.kind] if confidence in ("strong", "moderate") else "not_separable"
