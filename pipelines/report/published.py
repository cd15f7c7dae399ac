"""The published tables of one version, as the report reads them. What a section says of them belongs to ``views``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

from pipelines.report.words import period_id, period_name

Row = dict[str, Any]

PERIOD_COLUMNS = ("stream", "period_kind", "period_start_date", "period_end_date", "is_complete_period")


class ReportError(Exception):
    """There is nothing a report could be made of. The message is one paragraph that says what to do."""


class Published:
    """The Parquet files of one version's folder. Every row is told which stream and period it speaks of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / "parquet" / "core" / "issues.parquet").exists():
            raise ReportError(
                f"{folder} holds no published tables, so there is nothing to report. Run `flow run` first."
            )

    def scan(self, name: str) -> pl.LazyFrame | None:
        """A table as ``layer.name`` with the column ``stream``; None where the version has none of it."""
        path = self.folder / "parquet" / f"{name.replace('.', '/')}.parquet"
        if not path.exists():
            return None
        labels = cs.categorical() | cs.enum()
        frame = pl.scan_parquet(path).with_columns(labels.cast(pl.String()))
        return frame.with_columns(stream=self._stream) if "value_stream" in frame.collect_schema() else frame

    def frame(self, name: str, columns: Sequence[str] = ()) -> pl.DataFrame:
        """Those columns of a table, or all; empty where the version has none of it, or not those columns."""
        scan = self.scan(name)
        if scan is None or not set(columns) <= set(scan.collect_schema()):
            return pl.DataFrame(schema={column: pl.Null() for column in columns})
        return (scan.select(columns) if columns else scan).collect()

    def rows(self, name: str, where: pl.Expr | None = None, **more: pl.Expr) -> list[Row]:
        """Rows of a small table as dictionaries, with ``more``; those of a period with its id as ``period``."""
        scan = self.scan(name)
        if scan is None:
            return []
        found = (scan if where is None else scan.filter(where)).with_columns(**more).collect().to_dicts()
        for row in found:
            if "period_kind" in row:
                row["period"] = period_id(row["period_kind"], row["period_start_date"])
        return found

    @cached_property
    def streams(self) -> list[str]:
        """Every value stream, by name."""
        return self.frame("core.stages", ["stream"])["stream"].unique().sort().to_list()

    @cached_property
    def periods(self) -> list[tuple[str, str, date, date]]:
        """Stream, period's id, first and last day of everything that can be chosen; the latest period first."""
        frame = self.frame("metrics.value_stream_map", PERIOD_COLUMNS).unique()
        rows = [(row, period_id(row["period_kind"], row["period_start_date"])) for row in frame.to_dicts()]
        chosen = [(row["stream"], name, row["period_start_date"], row["period_end_date"]) for row, name in rows]
        return sorted(chosen, key=lambda found: (found[0], found[1] != "latest", -found[2].toordinal()))

    @cached_property
    def period_names(self) -> dict[tuple[str, str], str]:
        """What a period is called, by stream and id."""
        frame = self.frame("metrics.value_stream_map", PERIOD_COLUMNS).unique()
        return {
            (row["stream"], period_id(row["period_kind"], row["period_start_date"])): period_name(
                row["period_kind"],
                row["period_start_date"],
                row["period_end_date"],
                is_complete=row["is_complete_period"],
            )
            for row in frame.to_dicts()
        }

    @cached_property
    def types(self) -> dict[str, list[str]]:
        """Issue types with a cycle time of their own, by stream."""
        frame = self.frame("metrics.cycle_times", ["stream", "issue_type"]).unique().sort("stream", "issue_type")
        found: dict[str, list[str]] = {}
        for stream, issue_type in frame.iter_rows():
            if issue_type != "All":
                found.setdefault(stream, []).append(issue_type)
        return found

    @cached_property
    def run(self) -> Row:
        """The newest run's row of quality.runs; of several sites that read longest ago, with the issues of all."""
        rows = self.rows("quality.runs")
        newest = {row["site_name"]: row for row in rows}.values()
        oldest = min(newest, key=lambda row: row["as_of"])
        return oldest | {"issue_count": sum(row["issue_count"] for row in newest)}

    def of_its_site(self, rows: Iterable[Row], stream: str) -> list[Row]:
        """Those of the rows that speak of the site a stream belongs to."""
        site = self._homes.get(stream)
        return [row for row in rows if site is None or row["site_name"] == site]

    def day_of(self, at: str) -> pl.Expr:
        """The day of an instant in the zone of the row's stream, in which its periods begin too."""
        days = [
            pl.when(pl.col("stream") == stream).then(pl.col(at).dt.convert_time_zone(zone).dt.date())
            for stream, zone in self._zones.items()
        ]
        return pl.coalesce(*days, pl.col(at).dt.date())

    @cached_property
    def _zones(self) -> dict[str, str]:
        """The time zone of every stream."""
        return dict(self.frame("core.stages", ["stream", "zone_name"]).unique().iter_rows())

    @cached_property
    def _homes(self) -> dict[str, str]:
        """The site of every stream."""
        return dict(self.frame("core.stages", ["stream", "site_name"]).unique().iter_rows())

    @cached_property
    def sites(self) -> dict[str, str | None]:
        """Sites by name, with the address their issues have in a browser."""
        rows = self.rows("quality.runs")
        return {row["site_name"]: row.get("site_url") for row in rows}

    @cached_property
    def _stream(self) -> pl.Expr:
        """Its name; with several sites, the site's in front: streams of two sites may be called alike."""
        sites = pl.scan_parquet(self.folder / "parquet" / "core" / "issues.parquet").select("site_name").unique()
        if sites.collect().height <= 1:
            return pl.col("value_stream")
        return pl.concat_str("site_name", pl.lit(" · "), "value_stream")


def grouped(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by the values of those columns, in the order they come in."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return groups
