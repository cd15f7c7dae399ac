"""What a build restates of what readers see: the build's tables held against the published ones.

How figures are compared, and how a change is explained, is in ``transforms.quality``; which definitions there were is
remembered by ``pipelines.parameters``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from pipelines import versions
from transforms.catalog import TABLES
from transforms.core.changes import Changes
from transforms.core.issues import Issues
from transforms.quality.restatement_causes import Edition, explain_restatements, name_changes
from transforms.quality.restatements import Restatements, add_restatements, find_restatements, restatable
from transforms.quality.runs import Runs
from transforms.schema import Table
from transforms.workflow import Workflow

Scan = Callable[[type[Table]], pl.LazyFrame | None]
"""Reads a table of an edition, unread; None where it has none."""


def restate(
    data: Path, site_name: str, scan: Scan, run: Mapping[str, object], workflows: list[Workflow]
) -> pl.LazyFrame:
    """This run's restatements behind those on record of its site; Restatements.

    ``scan`` reads what the run built, ``run`` is its row of quality.runs, ``workflows`` are all there ever were.
    """
    earlier = versions.recorded(data, Restatements, site_name)
    runs = versions.recorded(data, Runs, site_name)

    def seen(table: type[Table]) -> pl.LazyFrame | None:
        return versions.published(data, table, site_name)

    before = None if runs is None else _edition(seen, runs.collect())
    now = _edition(scan, pl.DataFrame([run], schema=Runs.polars_schema()))
    if before is None or now is None:
        return Restatements.empty().lazy() if earlier is None else earlier
    compared = (_compared(table, seen(table), scan(table)) for table in restatable(TABLES))
    found = pl.concat([Restatements.empty().select(FOUND), *compared])
    causes = explain_restatements(found, before, now, _differences(workflows))
    about = {"run_id": str(run["run_id"]), "published_version_id": versions.current_id(data)}
    return add_restatements(earlier, found, causes, about)


FOUND = (
    "row_key", "value_stream", "period_kind", "period_start_date", "published_definition_version",
    "restated_definition_version", "column_name", "published_value", "restated_value", "change", "table_name",
)  # fmt: skip


def _compared(table: type[Table], old: pl.LazyFrame | None, new: pl.LazyFrame | None) -> pl.DataFrame:
    if old is None or new is None:
        return Restatements.empty().select(FOUND)
    return find_restatements(table, old, new).select(FOUND)


def _edition(scan: Scan, runs: pl.DataFrame) -> Edition | None:
    """The core tables of one publication, and what the last of ``runs`` says of it."""
    issues, changes = scan(Issues), scan(Changes)
    if issues is None or changes is None or runs.is_empty():
        return None
    last = runs.row(-1, named=True)
    as_of = last["as_of"]
    assert isinstance(as_of, datetime)
    return Edition(issues, changes, as_of, str(last["flow_version"]))


def _differences(workflows: list[Workflow]) -> Callable[[str, str, str], str]:
    """What differs between two definition versions of a stream, looked up among the workflows there were."""
    parts = {
        (stream.name, workflow.definition_version(stream.name)): workflow.definition_parts(stream.name)
        for workflow in workflows
        for stream in workflow.streams
    }

    def told(stream: str, old: str, new: str) -> str:
        before, after = parts.get((stream, old)), parts.get((stream, new))
        return name_changes(before, after) if before and after else ""

    return told
