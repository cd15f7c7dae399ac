"""Builds for the audit to judge: raw tables of a simulated company through the very functions the graph is made of.

No Dagster and no files are in between, and replays draw few worlds: no rule depends on how many.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import polars as pl

from benchmarks.audit_tables import Staged
from benchmarks.organisations.product import Site
from pipelines.assets.published import STAGED
from pipelines.circumstances import RAW_FACTS, ThisRun
from pipelines.config import FlowConfig
from pipelines.jira import Connection, Gate, Options, Scope, Store, build_raw_tables, connect, extract, policy_of
from pipelines.jira.seals import CHANGE_SEALS
from pipelines.sandbox.company import simulate_company
from pipelines.sandbox.server import DEFAULT_EMAIL, DEFAULT_TOKEN, start
from transforms.constraint.study import Question, Study, study
from transforms.raw import RAW_TABLES
from transforms.schema import TIMESTAMP, Table

DRAWS = 2
"""Worlds a replay draws here."""

Raw = Mapping[str, pl.DataFrame]
"""Raw tables by name, and the seals of the changes."""


@dataclass(frozen=True)
class Moment:
    """What a build is told besides its raw tables."""

    as_of: datetime
    config: FlowConfig = field(default_factory=FlowConfig)
    zone: str = "UTC"


def read_raw(parsed: Path) -> dict[str, pl.DataFrame]:
    """Raw tables as a run has left them in ``<data>/work/parsed``."""
    names = [*(table.name for table in RAW_TABLES), CHANGE_SEALS]
    return {name: pl.read_parquet(parsed / name / "*.parquet") for name in names}


def raw_of_company(seed: int, weeks: int) -> dict[str, pl.DataFrame]:
    """Raw tables of a company of this seed, pulled over HTTP as a run pulls them."""
    with tempfile.TemporaryDirectory() as folder, start(simulate_company(seed, weeks=weeks), "cloud") as sandbox:
        store = Store(Path(folder), "sandbox")
        connection = Connection(sandbox.url, DEFAULT_EMAIL, DEFAULT_TOKEN)
        extract(connect(connection, Gate(policy_of(Options()))), Scope(), store, options=Options())
        build_raw_tables(store, Path(folder) / "parsed")
        return read_raw(Path(folder) / "parsed")


def build(raw: Raw, moment: Moment, before: Staged | None = None) -> Staged:
    """All tables of these raw ones, as of a moment, and what the audit knows besides; ``before`` was published last."""
    site = _Site(raw, as_of=moment.as_of, rules=moment.config.rules(moment.zone))
    with patch("transforms.constraint.study.DRAWS", DRAWS):
        frames = {table.name: _published(table, site.table(table.name)) for table in STAGED}
    return Staged(frames, _facts(raw, frames, moment, site.table("workflow").flow_level, before))


class _Site(Site):
    """Every period is studied."""

    def _answer(self, questions: Sequence[Question]) -> Iterator[Study]:
        yield from map(study, questions)


def _published(table: type[Table], frame: pl.LazyFrame) -> pl.DataFrame:
    return table.select(frame).select(pl.lit("sandbox").alias("site_name"), pl.all()).collect()


def _facts(
    raw: Raw, frames: Mapping[str, pl.DataFrame], moment: Moment, flow_level: int, before: Staged | None
) -> dict[str, pl.DataFrame]:
    counts = pl.DataFrame([(n, f.height) for n, f in frames.items()], ["table_name", "row_count"], orient="row")
    listed = pl.concat([raw[name].select("issue_id") for name in ("raw_issues", "raw_quarantine")])
    run = ThisRun(moment.as_of, moment.as_of, flow_level=flow_level)
    return {
        **{name: raw[folder].select(columns.split(", ")) for name, (folder, columns) in RAW_FACTS.items()},
        "listed_issues": listed.drop_nulls().unique(),
        "this_run": run.frame(),
        "table_builds": counts.select("table_name", built_at=pl.lit(moment.as_of, TIMESTAMP)),
        "earlier_run": _earlier_run(before),
        "earlier_tables": counts.clear() if before is None else before.facts["own_counts"],
        "own_counts": counts,
    }


def _earlier_run(before: Staged | None) -> pl.DataFrame:
    schema = {"as_of": TIMESTAMP, "unmapped_share": pl.Float64()}
    if before is None:
        return pl.DataFrame(schema=schema)
    return before.facts["this_run"].select("as_of", unmapped_share=pl.lit(0.0))


def with_itself_before(staged: Staged) -> Staged:
    """The same build, as if it had been published before just like this."""
    facts = {**staged.facts, "earlier_run": _earlier_run(staged), "earlier_tables": staged.facts["own_counts"]}
    return replace(staged, facts=facts)
