"""A few issues at a time: what is computed issue by issue needs no more memory, and stays in the processor's cache.

What is computed does not belong here.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

PART = 40_000
"""Issues at a time: some half a million rows."""


def in_parts(issues: pl.DataFrame, *frames: pl.DataFrame, size: int = PART) -> Iterator[tuple[pl.DataFrame, ...]]:
    """Slices of at most ``size`` issues, each with the rows of those issues in every one of ``frames``.

    All ascend by issue_id, and ``issues`` hold each id once. No issue is a part, too, so that schemas come through.
    """
    bounds = list(range(size, len(issues), size))
    firsts = issues["issue_id"].gather(bounds)
    cuts = [[0, *_places(frame, firsts), len(frame)] for frame in (issues, *frames)]
    for number in range(len(bounds) + 1):
        yield tuple(frame[cut[number] : cut[number + 1]] for frame, cut in zip((issues, *frames), cuts, strict=True))


def _places(frame: pl.DataFrame, firsts: pl.Series) -> list[int]:
    """Where the rows of each id begin."""
    return frame["issue_id"].search_sorted(firsts, side="left").to_list() if len(firsts) else []
