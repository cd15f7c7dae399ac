"""Several sites in one warehouse: the tables each site passed its audit with, laid together as one version.

Every site is read, computed, audited and published by itself, in a data folder of its own; what stands there is its
part. A site whose run failed keeps the part of its last good run, and a rule says so. Nothing is computed over sites:
a row of the whole is a row of one part. Only records that name a version are told in the terms of the whole.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import versions, warehouse
from pipelines.audit import shares_of
from pipelines.audit_page import PAGE, About, render_audit
from pipelines.bi.views import view_statements
from pipelines.checks import Verdict
from pipelines.config_errors import ConfigError
from pipelines.settings import site_folder
from transforms.catalog import TABLES
from transforms.core.stages import Stages
from transforms.quality.restatements import Restatements
from transforms.quality.runs import Runs, mark_withdrawn
from transforms.quality.validations import Validations, build_validations
from transforms.schema import SchemaError, Table, check_schema

READ_RULE = "the site's last run ended well; if not, its rows are those of the last one that did"


class StreamNameError(ConfigError):
    """A value stream stands on two sites. The message is one paragraph that says what to write into flow.toml."""


@dataclass(frozen=True)
class Part:
    """What one site gives: its published version, and whether a later run failed."""

    site_name: str
    folder: Path
    is_behind: bool = False

    def scan(self, table: type[Table]) -> pl.LazyFrame:
        """The site's rows of a table, unread. Raises WarehouseError where they were made under another declaration."""
        path = self.folder / "parquet" / table.layer / f"{table.name}.parquet"
        try:
            frame = pl.scan_parquet(path)
            check_schema(table, frame.drop("site_name"))
        except (FileNotFoundError, SchemaError):
            raise warehouse.WarehouseError(
                f"The tables of site {self.site_name} were made by another version of this product: {table.name} has"
                " other columns now. Nothing was published. Run again when the site can be read, or build its tables"
                " anew from what was read before: flow run --offline."
            ) from None
        return frame

    @cached_property
    def run(self) -> dict[str, Any]:
        """The site's last good run, a row of quality.runs."""
        return self.scan(Runs).last().collect().row(0, named=True)


def parts_of(data: Path, sites: Sequence[str], failed: Collection[str]) -> list[Part]:
    """The parts there are, in the order of the sites; a site that was never read well has none."""
    folders = {name: site_folder(data, name) / "current" for name in sites}
    return [Part(name, link.resolve(), name in failed) for name, link in folders.items() if link.exists()]


def build_union(version: warehouse.Version, parts: Sequence[Part]) -> None:
    """Build a version with the rows of all parts, its views and its audit. Raises StreamNameError, WarehouseError."""
    _refuse_shared_streams(parts)
    rows = {table: pl.concat([part.scan(table) for part in parts]) for table in TABLES}
    warehouse.stage_rows(version, rows | _records(version, parts))
    warehouse.add_views(version, view_statements())
    with warehouse.discarding_failures(version):
        (version.building / PAGE).write_text(_page(version, parts), encoding="utf-8")


def _records(version: warehouse.Version, parts: Sequence[Part]) -> dict[type[Table], pl.LazyFrame]:
    """The tables that speak of versions and runs, in the terms of the whole."""
    earlier, withdrawn = _earlier_ids(version.data), versions.withdrawn(version.data)
    ids = [_ids_in_the_whole(part, earlier, version.version_id) for part in parts]
    runs = [_renamed(part.scan(Runs), "version_id", own) for part, own in zip(parts, ids, strict=True)]
    restated = [
        _renamed(part.scan(Restatements), "published_version_id", own) for part, own in zip(parts, ids, strict=True)
    ]
    checked = [frame for part in parts for frame in (part.scan(Validations), _whether_read(part))]
    return {
        Runs: mark_withdrawn(pl.concat(runs), withdrawn),
        Restatements: pl.concat(restated),
        Validations: pl.concat(checked),
    }


def _renamed(rows: pl.LazyFrame, column: str, ids: Mapping[str, str]) -> pl.LazyFrame:
    return rows.with_columns(pl.col(column).replace(ids))


def _refuse_shared_streams(parts: Sequence[Part]) -> None:
    """Metrics are grouped by value stream, so a name that two sites share would add up what is apart."""
    homes: dict[str, list[str]] = {}
    for part in parts:
        for name in part.scan(Stages).select(pl.col("value_stream").cast(pl.String).unique()).collect().to_series():
            homes.setdefault(name, []).append(part.site_name)
    for name, sites in sorted(homes.items()):
        if len(sites) > 1:
            raise StreamNameError(
                f"Value stream '{name}' stands on the sites {' and '.join(sites)}, and figures are told by value"
                " stream, so nothing was published. Give it another name on one of them in flow.toml: a"
                f' [[value_stream]] with a name, site = "{sites[-1]}" and the projects of that site.'
            )


def _earlier_ids(data: Path) -> pl.DataFrame:
    """Under which version of the whole each run was published last: site_name, run_id, version_id."""
    columns = ["site_name", "run_id", "version_id"]
    paths = [data / "versions" / name / "parquet" / "quality" / "runs.parquet" for name in versions.version_ids(data)]
    newest = [path for path in paths if path.exists()][-1:]
    none = pl.DataFrame(schema=dict.fromkeys(columns, pl.String()))
    return pl.concat([none, *(pl.read_parquet(path, columns=columns) for path in newest)])


def _ids_in_the_whole(part: Part, earlier: pl.DataFrame, version_id: str) -> dict[str, str]:
    """The site's own version ids, and those its rows were or now are published under."""
    known = dict(earlier.filter(site_name=part.site_name).select("run_id", "version_id").iter_rows())
    known[part.run["run_id"]] = version_id
    own = part.scan(Runs).select("run_id", "version_id").collect()
    return {own_id: known[run_id] for run_id, own_id in own.iter_rows() if run_id in known}


def _whether_read(part: Part) -> pl.LazyFrame:
    """The rule that tells of a part that is not the site's last run."""
    behind = [{"site_name": part.site_name, "as_of": str(part.run["as_of"])}] if part.is_behind else []
    verdict = Verdict("issues", "site_was_read", READ_RULE, "warning", not behind, len(behind), behind)
    told = build_validations(part.run["run_id"], [verdict])
    return told.select(pl.lit(part.site_name).alias("site_name"), *Validations.columns)


def _page(version: warehouse.Version, parts: Sequence[Part]) -> str:
    """The audits of all parts as one page."""
    with warehouse.reading(version) as connection:
        shares = shares_of(connection)
    verdicts = [verdict for part in parts for verdict in _verdicts(part)]
    as_of = min(part.run["as_of"] for part in parts)
    return render_audit(
        About(", ".join(part.site_name for part in parts), version.version_id, as_of, *shares), verdicts
    )


def _verdicts(part: Part) -> Iterator[Verdict]:
    """What the audit of a part found, every table with its site."""
    for row in pl.concat([part.scan(Validations), _whether_read(part)]).collect().iter_rows(named=True):
        yield Verdict(
            f"{part.site_name}: {row['table_name']}", row["expectation"], row["statement"], row["severity"],
            row["is_passed"], row["failing_row_count"], json.loads(row["failing_rows"] or "[]"),
        )  # fmt: skip
