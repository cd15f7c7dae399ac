"""The product's real path from raw tables to published ones: the very functions the graph's assets are made of.

Every table is asked for by name and filled from what its function's parameters name, as Dagster does it. Only the
periods that are judged are studied: the others would be studied alike and thrown away.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import dagster as dg
import polars as pl

from benchmarks.organisations.recording import AS_OF, CALENDAR
from pipelines.assets import constraint, core, metrics, quality
from transforms.constraint.studies import answered, ask
from transforms.constraint.study import Question, Study, study
from transforms.infer_workflow import infer_workflow
from transforms.workflow_rules import WorkflowRules

WANTED = ("value_stream_map", "stage_flow_weekly", "constraint_verdicts", "constraint_evidence", "relief_estimates")
"""Published tables that the bench reads."""


Periods = Collection[tuple[str, date]]
"""Kind and first day of each."""


def publish(raw: Mapping[str, pl.DataFrame], periods: Periods) -> dict[str, pl.DataFrame]:
    """The wanted tables, by name, of a site whose raw tables these are, with nothing configured."""
    site = Site(raw, periods)
    return {name: site.table(name).collect() for name in WANTED}


class Site:
    """Tables of one site, filled when they are asked for and then kept."""

    def __init__(
        self,
        raw: Mapping[str, pl.DataFrame],
        periods: Periods = (),
        as_of: datetime = AS_OF,
        rules: WorkflowRules | None = None,
    ) -> None:
        self._known: dict[str, Any] = {name: frame.lazy() for name, frame in raw.items()}
        self._known["workflow"] = infer_workflow(
            rules or WorkflowRules(CALENDAR),
            *(raw[f"raw_{name}"] for name in ("issues", "changes", "statuses", "projects", "resolutions")),
        )
        self._known["landed_batches"] = SimpleNamespace(as_of=as_of, missing=[])
        self._known["as_of"] = as_of
        self._periods = periods

    def table(self, name: str) -> Any:
        """What the asset of that name gives; raises KeyError where no asset has it."""
        if name not in self._known:
            function = ask if name == "constraint_studies" else _FUNCTIONS[name]
            made = function(*map(self.table, inspect.signature(function).parameters))
            table = answered(made, self._answer) if name == "constraint_studies" else made
            self._known[name] = table.collect().lazy()
        return self._known[name]

    def _answer(self, questions: Sequence[Question]) -> Iterator[Study]:
        for question in questions:
            period = question.period
            is_judged = (period["period_kind"], period["period_start_date"]) in self._periods
            yield study(question) if is_judged else Study(period | _NOT_STUDIED, [], [])


def asset_functions(*modules: ModuleType) -> dict[str, Callable[..., Any]]:
    """Functions of the assets that have one table each, by its name."""
    assets = [each for module in modules for each in vars(module).values() if isinstance(each, dg.AssetsDefinition)]
    return {each.key.path[-1]: each.op.compute_fn.decorated_fn for each in assets if len(each.keys) == 1}  # type: ignore[union-attr]


_NOT_STUDIED = {"verdict": "insufficient_data", "confidence": "none"}

_FUNCTIONS = asset_functions(constraint, core, metrics, quality)
