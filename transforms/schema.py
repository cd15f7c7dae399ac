"""A table is declared once, as a class body: columns, meaning, key, bounds.

Everything else that needs to know a table (schema check, DDL, comments, data dictionary, Dagster metadata) is derived
from the declaration elsewhere. No table belongs here, and nothing that touches a file or a database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import polars as pl

from transforms.wording import counted

Layer = Literal["raw", "private", "core", "metrics", "quality"]
"""``raw`` and ``private`` (derived, but naming persons by hash) stay in the working store; the others are published."""

TIMESTAMP = pl.Datetime("us", "UTC")
"""An instant: UTC, microseconds. Never a naive time."""


LABEL = pl.Categorical()
"""A name that many rows share: a value stream, a stage."""


Severity = Literal["critical", "warning"]
"""Whether what breaks a rule keeps the tables from being published."""


class SchemaError(ValueError):
    """A frame does not have the columns, order, types or filled values its table declares."""


@dataclass(frozen=True)
class Column:
    """One column: its type, what it means, when it may be empty and which values it may hold.

    A nullable column's description says when it is empty. Bounds and ``values`` are checked before every write.
    ``references`` names a column of another table that holds every value of this one, as ``"issues.issue_id"``; where
    that table's key has further columns, those of the same name are compared too.
    """

    dtype: pl.DataType
    description: str
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] | None = None
    references: str = ""


@dataclass(frozen=True)
class RowRule:
    """What holds in every row of a table beyond its single columns: ``holds`` is a condition in SQL over the columns.

    A row in which the condition cannot be told, because a column is empty, keeps the rule.
    """

    says: str
    holds: str
    severity: Severity = "critical"


class Table:
    """Base of all declarations: ``class Releases(Table, layer="core", key=("release_id",))``.

    The docstring starts with the grain ("One row per …") and names the question the table answers.
    """

    name: ClassVar[str]
    layer: ClassVar[Layer]
    key: ClassVar[tuple[str, ...]]
    caveat: ClassVar[str]
    columns: ClassVar[dict[str, Column]]
    row_rules: ClassVar[dict[str, RowRule]]

    def __init_subclass__(cls, *, layer: Layer, key: tuple[str, ...], caveat: str = "", name: str = "") -> None:
        """Collect the columns and rules, inherited ones first, and check that the key names some of the columns."""
        inherited, rules = (getattr(super(cls, cls), name, {}) for name in ("columns", "row_rules"))
        cls.columns = inherited | {n: c for n, c in vars(cls).items() if isinstance(c, Column)}
        cls.row_rules = rules | {n: r for n, r in vars(cls).items() if isinstance(r, RowRule)}
        cls.name = name or _snake(cls.__name__)
        cls.layer, cls.key, cls.caveat = layer, key, caveat
        if missing := [k for k in key if k not in cls.columns or cls.columns[k].nullable]:
            raise SchemaError(f"{cls.name}: key columns {missing} are not declared, or are nullable")

    @classmethod
    def polars_schema(cls) -> pl.Schema:
        """Column names and types, in order."""
        return pl.Schema({name: column.dtype for name, column in cls.columns.items()})

    @classmethod
    def empty(cls) -> pl.DataFrame:
        """No rows, right columns."""
        return pl.DataFrame(schema=cls.polars_schema())

    @classmethod
    def select(cls, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Only the declared columns, in the declared order."""
        return frame.select(*cls.columns)


def check_schema(table: type[Table], frame: pl.DataFrame | pl.LazyFrame) -> None:
    """Raise SchemaError unless ``frame`` has exactly the declared columns, order and types. Nothing is cast."""
    have, want = frame.collect_schema(), table.polars_schema()
    if list(have.items()) != list(want.items()):
        raise SchemaError(f"{table.name}: " + "; ".join(_differences(have, want)))


def check_values(table: type[Table], frame: pl.DataFrame) -> None:
    """Raise SchemaError if a column that may not be empty is, or a value is out of its bounds, or a key repeats."""
    problems = [text for name, column in table.columns.items() for text in _value_problems(frame[name], column)]
    if table.key and frame.select(pl.struct(table.key).is_duplicated().any()).item():
        problems.append(f"key {table.key} is not unique")
    if problems:
        raise SchemaError(f"{table.name}: " + "; ".join(problems))


def _differences(have: pl.Schema, want: pl.Schema) -> Iterator[str]:
    for name in want.keys() - have.keys():
        yield f"column {name} is missing"
    for name in have.keys() - want.keys():
        yield f"column {name} is not declared"
    for name in want.keys() & have.keys():
        if have[name] != want[name]:
            yield f"column {name} is {have[name]}, declared {want[name]}"
    if set(have) == set(want) and list(have) != list(want):
        yield f"columns are in the order {list(have)}, declared {list(want)}"


def _value_problems(values: pl.Series, column: Column) -> Iterator[str]:
    if not column.nullable and (empty := values.null_count()):
        yield f"{values.name} is empty in {counted(empty, 'row')}"
    if column.minimum is not None and len(values) and (values < column.minimum).any():
        yield f"{values.name} falls below {column.minimum}"
    if column.maximum is not None and len(values) and (values > column.maximum).any():
        yield f"{values.name} rises above {column.maximum}"
    if column.values is not None:
        strange = set(values.cast(pl.String).drop_nulls().unique()) - set(column.values)
        if strange:
            yield f"{values.name} holds {sorted(strange)}, allowed {list(column.values)}"


def _snake(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))
