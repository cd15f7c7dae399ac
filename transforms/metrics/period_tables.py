"""What the tables of a value stream over periods have in common: leading columns, families of percentiles, notes.

What is measured does not belong here, nor the periods themselves (``periods``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from transforms.metrics.periods import PERIOD_KINDS
from transforms.schema import LABEL, Column, Table
from transforms.statistics.order_statistics import MINIMUM_SAMPLE, interval_ranks, type_1_rank
from transforms.wording import lacking
from transforms.workflow import Workflow

MS_PER_DAY = 86_400_000
MS_PER_HOUR = 3_600_000

PERIOD_KEY = ("value_stream", "period_kind", "period_start_date")


class PeriodTable(Table, layer="metrics", key=PERIOD_KEY):
    """One row per value stream and period: the columns every table over periods begins with."""

    value_stream = Column(LABEL, "Value stream.")
    period_kind = Column(
        pl.String(), "Calendar quarter, or the 26 weeks up to the last complete one.", values=PERIOD_KINDS
    )
    period_start_date = Column(pl.Date(), "First day of the period, in the value stream's zone.")
    period_end_date = Column(pl.Date(), "Last day of the period.")
    is_complete_period = Column(pl.Boolean(), "The period had ended by as_of; a running one is counted up to as_of.")


def definition_version_column() -> Column:
    """The column that says under which definitions a row was computed."""
    return Column(pl.String(), "Version of the value stream's definitions; rows of one version can be compared.")


def note_column() -> Column:
    """The column that says why figures of a row are missing."""
    return Column(pl.String(), "Which figures are withheld, and why. Empty when nothing is withheld.", nullable=True)


def estimate_columns(name: str, meaning: str) -> dict[str, Column]:
    """A figure and the ends of its 95 % interval: ``name``, ``name_low``, ``name_high``."""
    return {
        name: Column(pl.Float64(), f"{meaning} Empty when too little is known (note).", nullable=True),
        f"{name}_low": Column(
            pl.Float64(), f"Lower end of the 95 % interval of {name}. Empty likewise.", nullable=True
        ),
        f"{name}_high": Column(
            pl.Float64(),
            f"Upper end of the 95 % interval of {name}. Empty likewise, or where it is open.",
            nullable=True,
        ),
    }


def percentile_columns(name: str, meaning: str, percents: Iterable[int]) -> dict[str, Column]:
    """Percentiles with their intervals: ``name_p50``, ``name_p50_low``, ``name_p50_high``, …"""
    families = (estimate_columns(f"{name}_p{percent}", f"{percent} % {meaning}") for percent in percents)
    return {column: declared for family in families for column, declared in family.items()}


def percentiles_by(
    frame: pl.DataFrame, by: Sequence[str], measures: Mapping[str, str], percents: Iterable[int]
) -> pl.DataFrame:
    """Type-1 percentiles with order-statistic intervals of every group: ``by``, then the columns of each measure.

    ``measures`` maps a column of ``frame`` to the name its percentiles get; empty values do not count. Below the
    minimum sample a percentile is empty.
    """
    by = list(by)
    ordered = frame.group_by(by).agg(pl.col(column).drop_nulls().sort() for column in measures)
    ranked = [
        _at_rank(ordered[column], percent, end).alias(f"{name}_p{percent}{end}")
        for column, name in measures.items()
        for percent in percents
        for end in ("", "_low", "_high")
    ]
    return ordered.select(by).with_columns(ranked)


def cells(workflow: Workflow, periods: pl.DataFrame) -> pl.DataFrame:
    """One row per value stream and period with PeriodTable's columns, starts_at, ends_at, working hours, version."""
    about = pl.DataFrame(
        {
            "value_stream": [stream.name for stream in workflow.streams],
            "hours_per_day": [float(stream.calendar.hours_per_day) for stream in workflow.streams],
            "definition_version": [workflow.definition_version(stream.name) for stream in workflow.streams],
        },
        schema_overrides={"value_stream": LABEL},
    )
    return periods.rename({"is_complete": "is_complete_period"}).join(about, on="value_stream", maintain_order="left")


def too_few(percents: Iterable[int], count: str, of: str) -> list[pl.Expr]:
    """Parts of a note: one per percentile that has no value because column ``count`` is below its minimum sample."""
    return [
        pl.when(pl.col(count) < MINIMUM_SAMPLE[percent / 100]).then(
            lacking(f"p{percent} needs {MINIMUM_SAMPLE[percent / 100]} {of}", count)
        )
        for percent in percents
    ]


def as_note(parts: Iterable[pl.Expr]) -> pl.Expr:
    """One text of the parts that apply; empty when none does."""
    text = pl.concat_str(list(parts), separator="; ", ignore_nulls=True)
    return pl.when(text != "").then(text)


def _at_rank(values: pl.Series, percent: int, end: str) -> pl.Series:
    sizes = values.list.len()
    ranks = {n: _rank(n, percent / 100, end) for n in sizes.unique().to_list()}
    place = sizes.cast(pl.Int64).replace_strict(ranks, return_dtype=pl.Int64)
    return values.list.get(place, null_on_oob=True).cast(pl.Float64)


def _rank(n: int, p: float, end: str) -> int | None:
    """Place, from 0, of the percentile or of an end of its interval among n ordered values."""
    ranks = interval_ranks(n, p)
    if ranks is None:
        return None
    return {"": type_1_rank(n, p), "_low": ranks[0], "_high": ranks[1]}[end] - 1
