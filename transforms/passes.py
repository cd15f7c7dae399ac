"""Where an issue's journey ends: terminal stretches, the gaps of reopened work, and second lives.

Works on the rows of ``sweep``, already told which are terminal, discarded and committed.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.order import same_issue
from transforms.sweep import holds


def mark_passes(rows: pl.DataFrame, horizon_us: np.ndarray) -> pl.DataFrame:
    """Add pass_number, has_started, is_final and is_gap.

    ``rows``: issue_id, entered_at, is_terminal, is_discarded, is_committed; ``horizon_us``: each row's horizon.
    A terminal stretch lasts from entering terminal statuses to leaving them, however many there are. It is *final* if
    it is not left, or if it was delivered work and is left only after the horizon: then what follows is a new pass.
    Otherwise it is a *gap*. Within a pass, work has started from its first committed row on.
    """
    turn_places = rows.select(
        (~same_issue(1) | (pl.col.is_terminal != pl.col.is_terminal.shift(1))).arg_true()
    ).to_series()
    turns = _turns(rows, turn_places).with_columns(horizon=pl.lit(pl.Series(horizon_us[turn_places.to_numpy()])))
    is_late = pl.col.is_left & ~pl.col.ends_discarded & (pl.col.held_us > pl.col.horizon)
    turns = turns.select(
        is_final=pl.col.is_terminal & (~pl.col.is_left | is_late),
        is_gap=pl.col.is_terminal & pl.col.is_left & ~is_late,
    )
    turn_of_row = np.repeat(np.arange(len(turns)), np.diff(turn_places.to_numpy(), append=len(rows)))
    rows = pl.concat([rows, turns[turn_of_row]], how="horizontal")
    return (
        _number_passes(rows)
        .with_columns(has_started=_since_first(pl.col.is_committed, pl.col.starts_pass))
        .drop("starts_pass")
    )


def _turns(rows: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    """Stretches of equal terminality: whether one is left, how long it held, whether what held last is discarded."""
    last = places.shift(-1, fill_value=len(rows)) - 1
    left_at = pl.when(same_issue(-1)).then(pl.col.entered_at.shift(-1))
    discarded = rows.select(pl.when(holds()).then("is_discarded").forward_fill()).to_series()
    return (
        rows[places]
        .select("issue_id", "entered_at", "is_terminal")
        .with_columns(ends_discarded=discarded.gather(last), left_at=left_at)
        .with_columns(
            is_left=pl.col.left_at.is_not_null(), held_us=(pl.col.left_at - pl.col.entered_at).dt.total_microseconds()
        )
    )


def _number_passes(rows: pl.DataFrame) -> pl.DataFrame:
    """A pass begins with the issue and with the row that leaves a final stretch."""
    is_first = ~same_issue(1)
    reopens = same_issue(1) & pl.col.is_final.shift(1) & ~pl.col.is_final
    rows = rows.with_columns(starts_pass=is_first | reopens, reopened=reopens.cum_sum())
    before = pl.when(is_first).then(pl.col.reopened - reopens.cast(pl.UInt32)).forward_fill()
    return rows.with_columns(pass_number=(1 + pl.col.reopened - before).cast(pl.Int32)).drop("reopened")


def _since_first(condition: pl.Expr, resets: pl.Expr) -> pl.Expr:
    """Whether ``condition`` has held on this row or one before it since the last reset."""
    return pl.when(condition).then(True).when(resets).then(False).forward_fill()
