"""What the audit found for every rule. Where the rules come from is no concern of this table."""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from transforms.schema import Column, Table

SEVERITIES = ("critical", "warning")


class Validations(Table, layer="quality", key=("run_id", "table_name", "expectation")):
    """One row per rule checked in the run that made the tables. Answers: were the numbers checked, and did they hold?

    Nothing critical ever fails here: a version in which it does is not published.
    """

    run_id = Column(pl.String(), "Run that checked it.")
    table_name = Column(pl.String(), "Table the rule speaks of.")
    expectation = Column(pl.String(), "Short name of the rule.")
    statement = Column(pl.String(), "The rule in words.")
    severity = Column(pl.Enum(SEVERITIES), "critical keeps a version from being published, warning does not.")
    is_passed = Column(pl.Boolean(), "No row breaks the rule.")
    failing_row_count = Column(pl.Int64(), "Rows that break it.", minimum=0)
    failing_rows = Column(
        pl.String(),
        "The first of them as a JSON list: keys, and what the rule looks at. Empty if it holds.",
        nullable=True,
    )


def build_validations(run_id: str, verdicts: Sequence[Any]) -> pl.LazyFrame:
    """One row per verdict of the audit, in its order; Validations.

    A verdict has ``table_name``, ``expectation``, ``says``, ``severity``, ``is_passed``, ``failing_row_count`` and
    ``sample``, a list of rows.
    """
    rows = [
        (run_id, v.table_name, v.expectation, v.says, v.severity, v.is_passed, v.failing_row_count, _listed(v.sample))
        for v in verdicts
    ]
    return pl.LazyFrame(rows, schema=Validations.polars_schema(), orient="row")


def _listed(sample: Sequence[dict[str, str]]) -> str | None:
    return json.dumps(sample, ensure_ascii=False) if sample else None
