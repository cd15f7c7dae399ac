"""Ranges of issue ids: what is not covered yet, and cut into pieces for several workers.

A range holds the ids above its first and up to its second number; None as the second is without bound.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

Range = tuple[int, int | None]


def open_ranges(covered: Collection[Range]) -> list[Range]:
    """What lies outside of the covered ranges, ascending."""
    gaps: list[Range] = []
    reached: int | None = 0
    for after, until in sorted(covered, key=lambda one: one[0]):
        if reached is None:
            break
        if after > reached:
            gaps.append((reached, after))
        reached = None if until is None else max(reached, until)
    return gaps if reached is None else [*gaps, (reached, None)]


def divide(ranges: Sequence[Range], first: int, last: int, pieces: int) -> list[Range]:
    """The same ids in about ``pieces`` ranges, cut where ids between ``first`` and ``last`` fall evenly."""
    step = max(1, (last - first + 1) // max(1, pieces))
    cuts = [first + step * number for number in range(1, pieces)]
    divided: list[Range] = []
    for after, until in ranges:
        here = [cut for cut in cuts if after < cut and (until is None or cut < until)]
        divided += list(zip([after, *here], [*here, until], strict=True))
    return divided
