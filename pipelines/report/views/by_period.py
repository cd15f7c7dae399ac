"""Sections that say one row of one table for each stream and period."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry
from pipelines.report.published import Published, Row
from pipelines.report.views.cycle_times import withheld
from pipelines.report.words import joined, percent, percent_span


def entry_per_row(
    published: Published, table: str, nothing: Callable[[Row], str], told: Callable[[Row], dict[str, Any]]
) -> Iterator[Entry]:
    """One entry per row of ``table``: why there is ``nothing`` to see in it, or else what is ``told`` of it.

    ``told`` gives fields of an Entry; the doubts and what the table withholds are said behind it.
    """
    doubts = Doubts(published)
    for row in published.rows(table):
        stream, period = row["stream"], row["period"]
        if reason := nothing(row):
            yield Entry(stream, period, reason=reason)
        else:
            yield Entry(stream, period, caveat=joined(doubts.of(stream), withheld(row)), **told(row))


def share_of(row: Row, name: str) -> str:
    """A share and its interval, in percent."""
    return percent(row[name]) + percent_span(row[f"{name}_low"], row[f"{name}_high"])
