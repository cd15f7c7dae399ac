"""Durations in words that can be added up again: whole hours, minutes and seconds, nothing rounded away."""

from __future__ import annotations

from collections.abc import Sequence

_UNITS = (("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1))


def in_words(ms: int) -> str:
    """Exactly so many milliseconds: "113 h 30 min"."""
    parts = []
    for unit, size in _UNITS:
        count, ms = divmod(ms, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 h"


def sum_in_words(addends: Sequence[int]) -> str:
    """An addition with its result: "2 h + 1 h = 3 h"; a single addend is its own result."""
    if len(addends) < 2:
        return in_words(sum(addends))
    return f"{' + '.join(map(in_words, addends))} = {in_words(sum(addends))}"
