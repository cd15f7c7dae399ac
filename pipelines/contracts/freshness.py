"""Contracts of age, made from a table's columns: it speaks of this run's moment and definitions, not of an older one's.

A table computed before the newest extraction landed is stale, whatever it says; a table whose newest day, week or
period is another than the one that holds as_of was computed for another moment.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.contracts.contract import TABLE_BUILDS, THIS_RUN, Contract
from transforms.schema import Table

NEWEST = {
    "week_start_date": ("true", 7),
    "flow_date": ("true", 1),
    "period_end_date": ("period_kind = 'rolling_26_weeks'", 8),
}
"""Column: rows it is looked at in, and days by which the newest may lie before as_of (a zone is up to a day off)."""

REFERENCE = "current_regimes"
"""The one row per value stream that other tables' definition versions are compared with."""


def freshness_of(table: type[Table]) -> Iterator[Contract]:
    """What keeps an older ``table`` from being published as if it were new."""
    yield Contract(
        table.name,
        "computed_from_what_was_read_last",
        "the table was computed after the newest extraction had landed",
        f"SELECT table_name, built_at, landed_at FROM table_builds, this_run WHERE table_name = '{table.name}'"
        " AND built_at < landed_at AND '{batch}' <> ''",
        (table.name, THIS_RUN, TABLE_BUILDS),
    )
    for column in NEWEST:
        if column in table.columns and "value_stream" in table.columns:
            yield _newest(table, column)
    if "definition_version" in table.columns and table.name != REFERENCE:
        yield _of_these_definitions(table)
    if "value_stream" in table.columns and "stage_name" not in table.columns and table.layer == "metrics":
        yield _known_stream(table)


def _newest(table: type[Table], column: str) -> Contract:
    where, days = NEWEST[column]
    return Contract(
        table.name,
        f"newest_{column}_holds_as_of",
        f"in every value stream the newest {column} is the one that belongs to the moment the tables speak of",
        "\n".join(
            (
                f"SELECT value_stream, max({column}) AS newest, any_value(as_of) AS as_of FROM {{batch}}, this_run",
                f"WHERE {where} GROUP BY value_stream",
                f"HAVING NOT (max({column}) BETWEEN any_value(as_of)::DATE - {days} AND any_value(as_of)::DATE + 1)",
            )
        ),
        (table.name, THIS_RUN),
    )


def _of_these_definitions(table: type[Table]) -> Contract:
    shown = ", ".join(f"own.{name}" for name in table.key)
    return Contract(
        table.name,
        "definitions_are_the_current_ones",
        "every row was computed under the definitions its value stream has now",
        "\n".join(
            (
                f"SELECT {shown}, own.definition_version, current.definition_version AS current_version",
                f"FROM {{batch}} AS own JOIN metrics.{REFERENCE} AS current USING (value_stream)",
                "WHERE own.definition_version <> current.definition_version",
            )
        ),
        (table.name, REFERENCE),
    )


def _known_stream(table: type[Table]) -> Contract:
    return Contract(
        table.name,
        "value_stream_known",
        "every value stream is one that has stages in core.stages",
        "SELECT DISTINCT value_stream FROM {batch} ANTI JOIN core.stages USING (value_stream)",
        (table.name, "stages"),
    )
