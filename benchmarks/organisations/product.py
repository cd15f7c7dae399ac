"""The product's real path from raw tables to published ones: the very functions the graph's assets are made of.

Every table is asked for by name and filled from what its function's parameters name, as Dagster does it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import dagster as dg
import polars as pl

from benchmarks.organisations.recording import AS_OF, CALENDAR
from pipelines.assets import core, metrics
from transforms.infer_workflow import infer_workflow
from transforms.workflow_rules import WorkflowRules

WANTED = ("value_stream_map", "stage_flow_weekly", "constraint_verdicts", "constraint_evidence", "relief_estimates")
"""Published tables that the bench reads."""


def publish(raw: Mapping[str, pl.DataFrame], wanted: tuple[str, ...] = WANTED) -> dict[str, pl.DataFrame]:
    """The wanted tables, by name, of a site whose raw tables these are, with nothing configured."""
    site = Site(raw)
    return {name: site.table(name).collect() for name in wanted}


class Site:
    """Tables of one site, filled when they are asked for and then kept."""

    def __init__(self, raw: Mapping[str, pl.DataFrame]) -> None:
        self._known: dict[str, Any] = {name: frame.lazy() for name, frame in raw.items()}
        self._known["workflow"] = infer_workflow(
            WorkflowRules(CALENDAR),
            *(raw[f"raw_{name}"] for name in ("issues", "changes", "statuses", "projects", "resolutions")),
        )
        self._known["landed_batches"] = SimpleNamespace(as_of=AS_OF)

    def table(self, name: str) -> Any:
        """What the asset of that name gives; raises KeyError where no asset has it."""
        if name not in self._known:
            function = _FUNCTIONS[name]
            given = {parameter: self.table(parameter) for parameter in inspect.signature(function).parameters}
            self._known[name] = function(**given).collect().lazy()
        return self._known[name]


def asset_functions(*modules: ModuleType) -> dict[str, Callable[..., Any]]:
    """Functions of the assets that have one table each, by its name."""
    assets = [each for module in modules for each in vars(module).values() if isinstance(each, dg.AssetsDefinition)]
    return {each.key.path[-1]: each.op.compute_fn.decorated_fn for each in assets if len(each.keys) == 1}  # type: ignore[union-attr]


_FUNCTIONS = asset_functions(core, metrics)
