"""What a table's declaration promises, as expectations: queries for the rows that break them.

Nothing runs here; ``pipelines.checks`` does that. Promises made by a column's name belong to ``pipelines.conventions``,
those between tables to ``pipelines.contracts``.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from pipelines import ddl
from pipelines.conventions import promised_by_names
from transforms.schema import Column, RowRule, Severity, Table

Tables = Mapping[str, type[Table]]
"""Tables by name."""


@dataclass(frozen=True)
class Expectation:
    """One rule of one table: ``rows`` finds what breaks it, keys first; ``{batch}`` in it is the table itself.

    ``holds`` is the same as a condition over a single row, where it is one: then many are checked in one scan.
    """

    table_name: str
    name: str
    says: str
    rows: str
    holds: str = ""
    severity: Severity = "critical"


def declared(table: type[Table], tables: Tables) -> Iterator[Expectation]:
    """Everything ``table``'s declaration promises; references only to what is among ``tables``."""
    for name, rule in _row_rules(table):
        yield _of_a_row(table, name, rule)
    yield _unique_key(table)
    for name, column in table.columns.items():
        parent = tables.get(column.references.partition(".")[0])
        if column.references and parent:
            yield _known(table, name, column, parent)


def mentioned(table: type[Table], holds: str) -> list[str]:
    """The key and the columns a condition speaks of: what is shown of a row that breaks it."""
    words = set(re.findall(r"\w+", holds))
    return list(dict.fromkeys([*table.key, *(name for name in table.columns if name in words)]))


def _row_rules(table: type[Table]) -> Iterator[tuple[str, RowRule]]:
    columns = ddl.published_columns(table)
    own = itertools.chain.from_iterable(_of_a_column(name, column) for name, column in columns.items())
    return itertools.chain(own, promised_by_names(table.columns), table.row_rules.items())


def _of_a_column(name: str, column: Column) -> Iterator[tuple[str, RowRule]]:
    quoted = ddl.quoted(name)
    if not column.nullable:
        yield f"{name}_filled", RowRule(f"{name} is never empty", f"{quoted} IS NOT NULL")
    if column.minimum is not None:
        yield f"{name}_minimum", RowRule(f"{name} is at least {column.minimum:g}", f"{quoted} >= {column.minimum:g}")
    if column.maximum is not None:
        yield f"{name}_maximum", RowRule(f"{name} is at most {column.maximum:g}", f"{quoted} <= {column.maximum:g}")
    if values := _allowed(column):
        listed = ", ".join(ddl.text(value) for value in values)
        yield f"{name}_values", RowRule(f"{name} is one of {', '.join(values)}", f"{quoted} IN ({listed})")


def _allowed(column: Column) -> tuple[str, ...]:
    """Values a column may hold: stated, or those of its Enum."""
    return column.values or (tuple(column.dtype.categories) if isinstance(column.dtype, pl.Enum) else ())


def _of_a_row(table: type[Table], name: str, rule: RowRule) -> Expectation:
    shown = ", ".join(ddl.quoted(column) for column in mentioned(table, rule.holds))
    rows = "\n".join((f"SELECT {shown}", "FROM {batch}", f"WHERE NOT ({rule.holds})"))
    return Expectation(table.name, name, rule.says, rows, rule.holds, rule.severity)


def _unique_key(table: type[Table]) -> Expectation:
    key = ", ".join(ddl.quoted(name) for name in ddl.published_key(table))
    says = f"{', '.join(ddl.published_key(table))} is unique"
    rows = "\n".join((f"SELECT {key}, count(*) AS row_count", "FROM {batch}", f"GROUP BY {key} HAVING count(*) > 1"))
    return Expectation(table.name, "key_unique", says, rows)


def _known(table: type[Table], name: str, column: Column, parent: type[Table]) -> Expectation:
    """Every value of a referencing column stands in the table it names, for the same site."""
    target = column.references.partition(".")[2]
    pairs = [("site_name", "site_name"), *((part, part) for part in parent.key if part != target), (name, target)]
    same = " AND ".join(f"known.{ddl.quoted(theirs)} = own.{ddl.quoted(ours)}" for ours, theirs in pairs)
    shown = ", ".join(f"own.{ddl.quoted(shown)}" for shown in dict.fromkeys([*table.key, name]))
    rows = "\n".join(
        (
            f"SELECT {shown}",
            "FROM {batch} AS own",
            f"ANTI JOIN {ddl.qualified(parent)} AS known ON {same}",
            f"WHERE own.{ddl.quoted(name)} IS NOT NULL",
        )
    )
    return Expectation(table.name, f"{name}_known", f"{name} stands in {parent.layer}.{column.references}", rows)
