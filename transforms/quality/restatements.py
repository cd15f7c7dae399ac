"""Which numbers of closed periods were published and then changed. Why they did is found in ``restatement_causes``.

Figures of a period or week that still ran, or that were withheld before, were never final and do not stand here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from transforms.quality.restatement_causes import REASONS
from transforms.schema import LABEL, Column, Table

CLOSED = {"is_complete_period": "period_start_date", "is_complete_week": "week_start_date"}
"""The column that says a row was final, and the one that says of which days."""

SAID_ELSEWHERE = ("note", "sentence", "definition_version", "period_end_date")
"""Columns that follow from the figures, or explain them."""

WHOLE_ROW = "*"
"""Stands for all columns of a row that came or went."""

TOLERANCE = 1e-9
"""Relative difference up to which floating-point figures are the same."""


class Restatements(Table, layer="quality", key=("run_id", "table_name", "row_key", "column_name")):
    """One row per published figure of a closed period that a later run changed. Answers: what was restated, and why?

    Runs are put one behind the other, the newest last. Rows that came or went as a whole have the column name "*".
    """

    run_id = Column(pl.String(), "Run that changed it (quality.runs says when).")
    table_name = Column(LABEL, "Table of schema metrics.")
    value_stream = Column(LABEL, "Value stream.")
    period_kind = Column(LABEL, "quarter, rolling_26_weeks, or week for tables by week.")
    period_start_date = Column(pl.Date(), "First day of the period or week.")
    row_key = Column(pl.String(), "Which row: its key, in the order in which the table declares it.")
    column_name = Column(LABEL, "Which figure; * for the whole row.")
    published_value = Column(pl.String(), "What had been published. Empty for a row that came.", nullable=True)
    restated_value = Column(
        pl.String(), "What stands there now. Empty for a row that went, or a figure now withheld.", nullable=True
    )
    change = Column(pl.Float64(), "Restated less published. Empty for what is no number.", nullable=True)
    reason = Column(LABEL, "Why, as far as can be told.", values=tuple(REASONS))
    explanation = Column(pl.String(), "The same in words.")
    published_version_id = Column(pl.String(), "Version of the tables that had the published figure.")
    published_definition_version = Column(
        pl.String(), "Definitions it was computed under. Empty for a row that came.", nullable=True
    )
    restated_definition_version = Column(
        pl.String(), "Definitions it is computed under now. Empty for a row that went.", nullable=True
    )


def restatable(tables: Iterable[type[Table]]) -> list[type[Table]]:
    """The tables that speak of periods or weeks and say when those are over."""
    return [table for table in tables if table.layer == "metrics" and _closed(table)]


def find_restatements(table: type[Table], published: pl.LazyFrame, fresh: pl.LazyFrame) -> pl.DataFrame:
    """Figures of ``published`` that stand otherwise in ``fresh``: Restatements without the run, version and reason.

    ``published`` may lack columns the table has got since; only what both have is compared. A row that came restates a
    period only if that had closed and been published.
    """
    flag = _closed(table)
    old, new = (_keyed(table, frame) for frame in (published.filter(flag), fresh.filter(flag)))
    both = old.join(new, on="row_key", how="full", coalesce=True, suffix="_now")
    compared = [
        name for name in old.columns
        if f"{name}_now" in both.columns and name not in (*_about(table), *SAID_ELSEWHERE, flag)
    ]  # fmt: skip
    standing = both.filter(pl.col.is_here.is_not_null() & pl.col.is_here_now.is_not_null())
    rows = [_changed(standing, name) for name in _differing(standing, compared)]
    known = old.select(
        pl.col(name).alias(f"{name}_now") for name in ("restated_stream", "restated_kind", "restated_day")
    )
    came = both.filter(pl.col.is_here.is_null()).join(known.unique(), on=known.columns, how="semi")
    rows += [_came_or_went(came), _came_or_went(both.filter(pl.col.is_here_now.is_null()))]
    return _described(table, pl.concat(rows))


def _closed(table: type[Table]) -> str:
    """The column that says a row is final; empty where a table has none."""
    return next((flag for flag in CLOSED if flag in table.columns), "")


def _about(table: type[Table]) -> tuple[str, ...]:
    return (*table.key, "row_key", "is_here")


def _keyed(table: type[Table], frame: pl.LazyFrame) -> pl.DataFrame:
    """The table with row_key in place of its key, and what Restatements says of every row."""
    key = [pl.col(name).cast(pl.String) for name in table.key]
    day = CLOSED[_closed(table)]
    kind = pl.col.period_kind.cast(pl.String) if "period_kind" in table.columns else pl.lit("week")
    about = frame.with_columns(
        row_key=pl.concat_str(key, separator=" / "), is_here=pl.lit(True), restated_kind=kind,
        restated_stream=pl.col.value_stream.cast(pl.String), restated_day=pl.col(day),
    )  # fmt: skip
    labels = [name for name, column in table.columns.items() if column.dtype == LABEL]
    return about.with_columns(pl.col(labels).cast(pl.String)).collect()


def _differing(both: pl.DataFrame, names: Sequence[str]) -> list[str]:
    """The columns in which anything differs at all: few, and often none."""
    [found] = both.select(_differs(both.schema, name).any().alias(name) for name in names).rows(named=True)
    return [name for name, differs in found.items() if differs]


def _differs(schema: pl.Schema, name: str) -> pl.Expr:
    """Whether a figure that had been published is another now."""
    old, new = _both_values(schema, name)
    differs = old.ne_missing(new)
    if schema[name].is_float() and schema[name] == schema[f"{name}_now"]:
        differs &= ((old - new).abs() > TOLERANCE * pl.max_horizontal(old.abs(), new.abs())).fill_null(True)
    return old.is_not_null() & differs


def _both_values(schema: pl.Schema, name: str) -> tuple[pl.Expr, pl.Expr]:
    """A figure as published and as it stands now; as texts where its type is another."""
    old, new = pl.col(name), pl.col(f"{name}_now")
    if schema[name] == schema[f"{name}_now"]:
        return old, new
    return old.cast(pl.String), new.cast(pl.String)


def _changed(both: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rows in which a figure that had been published is another now."""
    old, new = _both_values(both.schema, name)
    is_number = both.schema[name].is_numeric() and both.schema[f"{name}_now"].is_numeric()
    change = (new.cast(pl.Float64) - old.cast(pl.Float64)) if is_number else pl.lit(None, pl.Float64)
    return both.filter(_differs(both.schema, name)).select(
        *_ROW, column_name=pl.lit(name), published_value=old.cast(pl.String), restated_value=new.cast(pl.String),
        change=change,
    )  # fmt: skip


def _came_or_went(both: pl.DataFrame) -> pl.DataFrame:
    said = pl.lit("a row")
    return both.select(
        *_ROW,
        column_name=pl.lit(WHOLE_ROW),
        published_value=pl.when(pl.col.is_here.is_not_null()).then(said),
        restated_value=pl.when(pl.col.is_here_now.is_not_null()).then(said),
        change=pl.lit(None, pl.Float64),
    )


_ROW = (
    pl.col.row_key,
    pl.coalesce("restated_stream", "restated_stream_now").alias("value_stream"),
    pl.coalesce("restated_kind", "restated_kind_now").alias("period_kind"),
    pl.coalesce("restated_day", "restated_day_now").alias("period_start_date"),
    pl.col.definition_version.alias("published_definition_version"),
    pl.col.definition_version_now.alias("restated_definition_version"),
)


def _described(table: type[Table], rows: pl.DataFrame) -> pl.DataFrame:
    labels = ("table_name", "value_stream", "period_kind", "column_name")
    named = rows.with_columns(table_name=pl.lit(table.name)).with_columns(pl.col(labels).cast(LABEL))
    return named.sort("row_key", "column_name")


def add_restatements(
    earlier: pl.LazyFrame | None, found: pl.DataFrame, causes: pl.DataFrame, about: Mapping[str, str]
) -> pl.LazyFrame:
    """Put this run's restatements behind those on record; Restatements.

    ``causes``: reason and explanation of every row of ``found``; ``about``: run_id and published_version_id.
    """
    told = pl.concat([found, causes], how="horizontal").with_columns(
        pl.col.reason.cast(LABEL), **{name: pl.lit(value) for name, value in about.items()}
    )
    rows = Restatements.select(told.lazy())
    return rows if earlier is None else pl.concat([earlier, rows])
