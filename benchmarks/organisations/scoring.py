"""What an answer is worth beside the truth, and what all answers together are: shares with intervals, and bars.

How answers come about does not belong here; what the figures must be is the promise of ``BARS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import median
from typing import Any

from benchmarks.organisations.truth import EXTERNAL, LEAST_GAIN, Truth
from benchmarks.protocol import Bar

NAMING = ("constraint_stage", "constraint_pool", "policy_gate", "external_block")
"""Verdicts that name a constraint."""

SPOKEN = (*NAMING, "intake_limited")

CONFIDENT = ("strong", "moderate")

CLEARLY = 2.5
"""A regime is wrong if the truth lies beyond the threshold by this factor, on the other side."""

BLOCKED = "Blocked"
"""What the product calls waiting for others."""


@dataclass(frozen=True)
class Answer:
    """What the product says of one value stream and period."""

    verdict: str
    confidence: str
    name: str
    """What it names, or would name if it had to."""
    gains: Mapping[str, float] = field(default_factory=dict)
    """Predicted relative gain of deliveries by what is relieved; empty without a replay to be trusted."""
    falls: Mapping[str, float] = field(default_factory=dict)
    """Predicted relative fall of the time in progress, likewise."""

    @property
    def is_spoken(self) -> bool:
        """Whether it commits itself, at least moderately."""
        return self.verdict in SPOKEN and self.confidence in CONFIDENT


@dataclass(frozen=True)
class Judged:
    """One answer beside its truth."""

    family: str
    key: str
    variant: str
    truth: Truth
    answer: Answer
    naive: Mapping[str, str]

    @property
    def is_right(self) -> bool:
        """Whether the best candidate is what truly helps most, spoken or not."""
        return parts(self.answer.name) == parts(self.truth.name)

    @property
    def has_wrong_regime(self) -> bool:
        """Whether it says that intake limits where a relief clearly brings more, or names what clearly limits nothing.

        Clearly: in the recorded period run again as well as in other periods of the organisation.
        """
        gains = [max(effect.deliveries for effect in of.values()) for of in (self.truth.realised, self.truth.effects)]
        if self.answer.verdict == "intake_limited":
            return min(gains) > LEAST_GAIN * CLEARLY
        return self.answer.verdict in NAMING and max(gains) < LEAST_GAIN / CLEARLY

    def is_naive_right(self, method: str) -> bool:
        """The same for a naive method."""
        return parts(self.naive.get(method, "")) == parts(self.truth.name)

    def error(self, unit: str, *, is_expected: bool = False) -> float | None:
        """Absolute error of the predicted effect of relieving what the product names, None without a prediction.

        It is held against the recorded period run again, relieved, with the same chances; or, if ``is_expected``,
        against the mean of others: even a perfect model of the organisation is off from that by chance.
        """
        effects = self.truth.effects if is_expected else self.truth.realised
        predicted = self.answer.gains if unit == "deliveries" else self.answer.falls
        told = {parts(name): value for name, value in predicted.items()}
        true = {parts(name): effect for name, effect in effects.items()}
        name = parts(self.answer.name)
        return abs(told[name] - getattr(true[name], unit)) if name in told and name in true else None


def parts(name: str) -> frozenset[str]:
    """A name as the set of stages it stands for: "A + B" and "B+A" are one."""
    found = frozenset(part.strip() for part in re.split(r"\+|,", name) if part.strip())
    return frozenset({EXTERNAL}) if found == {BLOCKED} else found


def wilson(hits: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % Wilson score interval of a share; (0, 1) without any trial."""
    if not count:
        return 0.0, 1.0
    share, square = hits / count, z * z / count
    middle = (share + square / 2) / (1 + square)
    reach = z * sqrt(share * (1 - share) / count + square / count / 4) / (1 + square)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    hits: int
    count: int

    @classmethod
    def of(cls, judged: Sequence[Judged], holds: Callable[[Judged], bool]) -> Share:
        """The share of the judged for which it holds."""
        return cls(sum(map(holds, judged)), len(judged))

    @property
    def value(self) -> float:
        """As a fraction; 0 of nothing is nothing."""
        return self.hits / self.count if self.count else float("nan")

    def __str__(self) -> str:
        if not self.count:
            return "–"
        low, high = wilson(self.hits, self.count)
        return f"{self.value:4.0%} [{low:.0%}–{high:.0%}]"


def is_right(judged: Judged) -> bool:
    """As a function, to count by."""
    return judged.is_right


def is_true(judged: Judged) -> bool:
    """Right, and in the right regime."""
    return judged.is_right and not judged.has_wrong_regime


def median_error(judged: Sequence[Judged], unit: str, *, is_expected: bool = False) -> float:
    """Median of the errors in percentage points, nan without any."""
    errors = [error for each in judged if (error := each.error(unit, is_expected=is_expected)) is not None]
    return 100 * median(errors) if errors else float("nan")


@dataclass(frozen=True)
class Found:
    """All that was judged, by what the bars speak of."""

    judged: Sequence[Judged]

    def of(self, **traits: Any) -> list[Judged]:
        """Those with all of the traits."""
        return [each for each in self.judged if all(getattr(each, name) == value for name, value in traits.items())]

    def separable(self, *variants: str) -> list[Judged]:
        """Those in which one can be named, of the variants; systems built as ties are scored apart."""
        wanted = [each for each in self.judged if each.variant in variants and each.family != "tie"]
        return [each for each in wanted if each.truth.is_separable]

    def best_naive(self, judged: Sequence[Judged], methods: Sequence[str]) -> float:
        """Accuracy of the naive method that does best on these."""
        return max((Share.of(judged, lambda each, m=m: each.is_naive_right(m)).value for m in methods), default=0.0)


def bars(found: Found, methods: Sequence[str], dirty: Sequence[str], *, clean: str = "clean") -> list[Bar]:
    """Everything that was promised of 26 weeks, and what was measured."""
    own = found.separable(clean)
    confident = [each for each in found.separable(clean, *dirty) if each.answer.is_spoken]
    by_confidence = {c: [each for each in confident if each.answer.confidence == c] for c in CONFIDENT}
    lead = Share.of(own, is_right).value - found.best_naive(own, methods)
    promises = [
        Bar("right when strong", Share.of(by_confidence["strong"], is_true).value, 0.95),
        Bar("right when moderate", Share.of(by_confidence["moderate"], is_true).value, 0.85),
        Bar("clean: ahead of the best naive method", lead, 0.10),
    ]
    for variant in dirty:
        judged = found.separable(variant)
        ahead = Share.of(judged, is_right).value - found.best_naive(judged, methods)
        promises.append(Bar(f"{variant}: ahead of the best naive method", ahead, 0.0))
    for family, least in (("shared", 0.85), ("wip_limit", 0.80), ("gate", 0.88)):
        judged = [each for each in own if each.family == family]
        promises.append(Bar(f"{family}: right", Share.of(judged, is_right).value, least))
    ties = found.of(family="tie", variant=clean)
    return [
        *promises,
        Bar("clean: spoken", Share.of(own, lambda each: each.answer.is_spoken).value, 0.75),
        Bar("clean: strong", Share.of(own, lambda each: each.answer.confidence == "strong").value, 0.45),
        Bar("ties left unnamed", Share.of(ties, lambda each: not each.answer.is_spoken).value, 0.25),
        Bar("median error of deliveries, points", median_error(own, "deliveries"), 4.0, is_floor=False),
        Bar("median error of time in progress, points", median_error(own, "residence"), 7.0, is_floor=False),
        Bar("fewest separable per family", _fewest(own), 60),
    ]


def _fewest(judged: Sequence[Judged]) -> float:
    counts: dict[str, int] = {}
    for each in judged:
        counts[each.family] = counts.get(each.family, 0) + 1
    return float(min(counts.values(), default=0))
