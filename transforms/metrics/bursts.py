"""Events that one hand lets rain on several issues at once: moved in a batch, edited in bulk.

What a burst means is said by who asks: a batch of waits, or an event that proves no work.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

BULK_WINDOW = timedelta(minutes=5)

BATCH_SIZE = 3
"""Different issues within a window that make a burst (METHODS §1.4, §1.5)."""


def number_bursts(events: pl.DataFrame, by: Sequence[str], at: str, window: timedelta) -> pl.DataFrame:
    """Events with the column burst: the same number for those of one burst, empty outside bursts; in another order.

    A burst is a chain of events alike in ``by`` of which every three neighbours lie within ``window``, on at least
    three different issues (issue_id). Events with an empty value in ``by`` belong to none.
    """
    by = list(by)
    known = events.filter(pl.all_horizontal(pl.col(by).is_not_null())).sort(*by, at, "issue_id")
    span = pl.col(at).shift(1 - BATCH_SIZE).over(by) - pl.col(at)
    known = known.with_columns(opens=(span <= window).fill_null(False))
    earlier = [pl.col.opens.shift(n, fill_value=False).over(by) for n in range(1, BATCH_SIZE)]
    known = known.with_columns(burst=(~pl.any_horizontal(earlier)).cum_sum().cast(pl.Int64))
    is_burst = pl.col.issue_id.n_unique().over("burst") >= BATCH_SIZE
    known = known.with_columns(burst=pl.when(is_burst).then("burst")).drop("opens")
    unknown = events.filter(pl.any_horizontal(pl.col(by).is_null())).with_columns(burst=pl.lit(None, pl.Int64))
    return pl.concat([known, unknown])


def human_events(changes: pl.DataFrame, comments: pl.DataFrame | None = None) -> pl.DataFrame:
    """When a person did something to an issue by hand: issue_id, at, author. Neither bots nor bulk changes.

    ``changes`` are RawChanges, ``comments`` RawComments. What one person does to an issue in one instant is one event.
    """
    by_hand = changes.filter(~pl.col.is_automation & pl.col.author.is_not_null())
    events = by_hand.select("issue_id", "author", at="changed_at")
    if comments is not None:
        written = comments.filter(pl.col.author.is_not_null()).select("issue_id", "author", at="created_at")
        events = pl.concat([events, written])
    numbered = number_bursts(events.unique(), ["author"], "at", BULK_WINDOW)
    return numbered.filter(pl.col.burst.is_null()).select("issue_id", "at", "author")
