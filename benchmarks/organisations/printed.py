"""What the bench prints: accuracy per family beside the naive methods, confidence, errors, ties, bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.organisations.scoring import Found, Judged, Share, bars, is_right, is_true, median_error

DIRTY = ("stand-up", "no queues", "both")

CONFIDENCES = ("strong", "moderate", "weak", "none")


def told(found: Found, variants: Sequence[str], methods: Sequence[str]) -> Iterator[str]:
    """All of it, line by line."""
    yield "Top-1 on separable cases (95 % Wilson interval); the best candidate counts, spoken or not."
    for variant in variants:
        yield from _accuracy(found, variant, methods)
    yield "\nConfidence on separable cases: share of the answers, and how many of these are true."
    for variant in variants:
        yield from _confidence(found, variant)
    yield from _ties(found, variants)
    yield "\nMedian absolute error of the predicted effect, in points: against the same period run again, relieved"
    yield "(against the mean of other periods of the same organisation): deliveries; time in progress."
    for variant in variants:
        yield f"  {variant:10} {_errors(found.separable(variant))}"
    yield "\nBars"
    for bar in bars(found, methods, [variant for variant in DIRTY if variant in variants]):
        word = "at least" if bar.is_floor else "at most"
        yield f"  {'met   ' if bar.passes else 'MISSED'} {bar.promise}: {bar.measured:.3g} ({word} {bar.limit:g})"


def _accuracy(found: Found, variant: str, methods: Sequence[str]) -> Iterator[str]:
    yield f"\n{variant:22}    n  {'relief test':19}" + "".join(f"{method:>16}" for method in methods)
    judged = found.separable(variant)
    for family in dict.fromkeys(each.family for each in judged):
        yield _line(family, [each for each in judged if each.family == family], methods)
    yield _line("all", judged, methods)


def _line(name: str, judged: Sequence[Judged], methods: Sequence[str]) -> str:
    peers = [Share.of(judged, lambda each, m=m: each.is_naive_right(m)).value for m in methods]
    own = str(Share.of(judged, is_right))
    return f"  {name:20} {len(judged):4}  {own:19}" + "".join(f"{peer:16.0%}" for peer in peers)


def _confidence(found: Found, variant: str) -> Iterator[str]:
    judged = found.separable(variant)
    spoken = Share.of(judged, lambda each: each.answer.is_spoken)
    wrong = sum(each.has_wrong_regime for each in judged)
    yield f"  {variant}: spoken {spoken}, wrong regime {wrong} of {len(judged)}"
    for confidence in CONFIDENCES:
        own = [each for each in judged if each.answer.confidence == confidence]
        share = Share(len(own), len(judged))
        yield f"    {confidence:10} {share.value:4.0%}, true {Share.of(own, is_true)}, top-1 {Share.of(own, is_right)}"


def _ties(found: Found, variants: Sequence[str]) -> Iterator[str]:
    yield "\nSystems built with two stages within 3 % of each other: left unnamed; top-1."
    for variant in variants:
        ties = found.of(family="tie", variant=variant)
        yield f"  {variant:10} {Share.of(ties, lambda each: not each.answer.is_spoken)}; {Share.of(ties, is_right)}"


def _errors(judged: Sequence[Judged]) -> str:
    pairs = [
        (median_error(judged, unit), median_error(judged, unit, is_expected=True))
        for unit in ("deliveries", "residence")
    ]
    return "; ".join(f"{own:.1f} ({expected:.1f})" for own, expected in pairs)


def misses(found: Found) -> Iterator[str]:
    """Every separable case whose best candidate is wrong, or that is confident of the wrong regime."""
    for each in found.judged:
        is_wrong = not each.is_right or (each.has_wrong_regime and each.answer.is_spoken)
        if each.truth.is_separable and is_wrong and each.family != "tie":
            ranking = ", ".join(f"{name} {effect:.2f}" for name, effect in each.truth.ranking[:3])
            kind = "throughput" if each.truth.is_throughput else "delay"
            yield (
                f"{each.variant}: {each.key}: {each.answer.verdict} {each.answer.name} ({each.answer.confidence});"
                f" truly {each.truth.name} by {kind}: {ranking}"
            )
