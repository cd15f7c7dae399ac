"""The graph: one three-line asset per table, grouped by layer. What an asset computes is in ``transforms``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg

from pipelines.store import describe
from transforms.schema import Table


def table_asset(table: type[Table]) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Decorate the function that fills ``table``: named, grouped and described by its declaration."""
    return dg.asset(
        name=table.name,
        group_name=table.layer,
        description=inspect.getdoc(table),
        metadata=describe(table),
        io_manager_key="tables",
        kinds={"polars"},
    )


def table_spec(table: type[Table], deps: Iterable[str] = ()) -> dg.AssetSpec:
    """The same for a table that comes out of an asset with several results."""
    return dg.AssetSpec(
        table.name,
        deps=list(deps),
        group_name=table.layer,
        description=inspect.getdoc(table),
        metadata=describe(table),
        kinds={"duckdb"},
        skippable=True,
    )
