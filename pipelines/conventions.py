"""What a column's name promises (``_share``, ``_p50``, ``_low`` …), as rules that every table keeps.

The names are those of the whole house, so a new table is checked by them without a word. What only one table promises
stands in its declaration.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping

import polars as pl

from pipelines.ddl import quoted
from transforms.schema import Column, RowRule

TOLERANCE = "1e-9"
"""What floating point may be off by, in days, shares and ratios."""

PERCENTS = (50, 85, 95)

SPANS = (
    ("period_start_date", "period_end_date"),
    ("entered_at", "left_at"),
    ("started_at", "finished_at"),
    ("history_start_date", "origin_date"),
)
"""Pairs of instants or days that run forward."""


def promised_by_names(columns: Mapping[str, Column]) -> Iterator[tuple[str, RowRule]]:
    """Name and rule of everything the names of ``columns`` promise."""
    for name, column in columns.items():
        yield from _of_a_suffix(name, column)
    yield from _ordered_percentiles(columns)
    yield from _ordered_ends(columns)
    for start, end in SPANS:
        if start in columns and end in columns:
            says = f"{start} is not after {end}"
            yield f"{start}_before_{end}", RowRule(says, f"{quoted(start)} <= {quoted(end)}")


def _of_a_suffix(name: str, column: Column) -> Iterator[tuple[str, RowRule]]:
    stem, own = name.removesuffix("_low").removesuffix("_high"), quoted(name)
    if stem.endswith("_share"):
        holds = f"{own} BETWEEN -{TOLERANCE} AND 1 + {TOLERANCE}"
        yield f"{name}_within_0_1", RowRule(f"{name} lies between 0 and 1", holds)
    elif stem.endswith("_correlation") or stem.endswith("_autocorrelation"):
        holds = f"{own} BETWEEN -1 - {TOLERANCE} AND 1 + {TOLERANCE}"
        yield f"{name}_within_1", RowRule(f"{name} lies between -1 and 1", holds)
    elif column.dtype == pl.Float64():
        yield f"{name}_finite", RowRule(f"{name} is a finite number", f"isfinite({own})")
    if name.endswith("_count") and column.minimum is None:
        yield f"{name}_not_negative", RowRule(f"{name} is not negative", f"{own} >= 0")
    if name.endswith("week_start_date"):
        yield f"{name}_monday", RowRule(f"{name} is a Monday", f"isodow({own}) = 1")


def _ordered_percentiles(names: Collection[str]) -> Iterator[tuple[str, RowRule]]:
    """A smaller share of the work takes no longer than a larger one."""
    for name in names:
        stem, _, last = name.rpartition("_p")
        for less, more in itertools.combinations(PERCENTS, 2):
            larger = f"{stem}_p{more}"
            if last == str(less) and larger in names:
                yield f"{name}_p{more}_ordered", _in_order(name, larger)


def _ordered_ends(names: Collection[str]) -> Iterator[tuple[str, RowRule]]:
    """A figure lies within its interval."""
    for name in names:
        stem, end = name.rpartition("_")[::2]
        if end == "low":
            inside = [other for other in (stem, f"{stem}_high") if other in names]
            yield from ((f"{name}_{'high' if o != stem else 'point'}_ordered", _in_order(name, o)) for o in inside)
        if end == "high" and stem in names:
            yield f"{stem}_high_ordered", _in_order(stem, name)


def _in_order(less: str, more: str) -> RowRule:
    return RowRule(f"{less} is not above {more}", f"{quoted(less)} <= {quoted(more)} + {TOLERANCE}")
