"""A dashboard for Apache Superset: datasets with our descriptions, the charts of ``charts``, a filter by value stream.

Writes an archive that Superset imports. Superset itself is installed and started by ``make dashboard``, in an
environment of its own; nothing here imports it.
"""

from __future__ import annotations

import inspect
import json
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import typer

from pipelines import ddl
from pipelines.bi.charts import CHARTS, Chart
from transforms.schema import TIMESTAMP, Column, Table

TITLE = "Where does work wait?"

VERSION = "1.0.0"
"""Of the archive's format, not of its content."""

HALF, WHOLE, HEIGHT = 6, 12, 50
"""Width of a chart in columns of twelve; height in steps of eight pixels."""

FILTERED = "value_stream"

SHAPES = {
    "bars": "echarts_timeseries_bar",
    "lines": "echarts_timeseries_line",
    "rows": "table",
}

Document = dict[str, Any]


def write_archive(database: Path, archive: Path) -> None:
    """Write the dashboard over ``database``, a DuckDB file, as an archive to import."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, document in documents(database).items():
            packed.writestr(f"flow/{name}.yaml", json.dumps(document, indent=1))  # JSON is YAML


def documents(database: Path) -> dict[str, Document]:
    """Every file of the archive by its name without suffix."""
    tables = dict.fromkeys(chart.table for chart in CHARTS)
    return {
        "metadata": {"version": VERSION, "type": "Dashboard", "timestamp": "2026-01-01T00:00:00+00:00"},
        "databases/flow": _database(database),
        **{f"datasets/flow/{table.name}": _dataset(table) for table in tables},
        **{f"charts/chart_{number}": _chart(number, chart) for number, chart in enumerate(CHARTS)},
        "dashboards/flow": _dashboard(),
    }


def identity(*names: str) -> str:
    """The same id for the same thing in every archive, so that importing again replaces it."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("jira-flow", *names))))


def _database(path: Path) -> Document:
    return {
        "database_name": "Flow",
        "sqlalchemy_uri": f"duckdb:///{path.absolute()}?access_mode=read_only",
        "expose_in_sqllab": True,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "extra": {},
        "uuid": identity("database"),
        "version": VERSION,
    }


def _dataset(table: type[Table]) -> Document:
    columns = ddl.published_columns(table)
    moments = [name for name, column in columns.items() if column.dtype == TIMESTAMP or name.endswith("_date")]
    described = [
        {
            "column_name": name,
            "description": column.description,
            "type": ddl.duckdb_type(column.dtype),
            "is_dttm": name in moments,
            "groupby": True,
            "filterable": True,
            "is_active": True,
        }
        for name, column in columns.items()
    ]
    return {
        "table_name": table.name,
        "schema": table.layer,
        "description": inspect.getdoc(table),
        "main_dttm_col": next(iter(moments), None),
        "columns": described,
        "metrics": [{"metric_name": "count", "verbose_name": "Rows", "expression": "COUNT(*)"}],
        "uuid": identity("dataset", table.name),
        "database_uuid": identity("database"),
        "version": VERSION,
    }


def _chart(number: int, chart: Chart) -> Document:
    shape: Mapping[str, Any] = _rows(chart) if chart.shape == "rows" else _series(chart)
    return {
        "slice_name": chart.title,
        "description": f"From {chart.table.layer}.{chart.table.name}.",
        "viz_type": SHAPES[chart.shape],
        "params": {"viz_type": SHAPES[chart.shape], "adhoc_filters": _where(chart), "row_limit": 10_000, **shape},
        "uuid": identity("chart", str(number)),
        "dataset_uuid": identity("dataset", chart.table.name),
        "version": VERSION,
    }


def _series(chart: Chart) -> Document:
    return {
        "x_axis": chart.along,
        "metrics": [_total(name) for name in chart.measures],
        "groupby": [chart.by] if chart.by else [],
        "stack": "Stack" if chart.shape == "bars" else None,
        **(_BY_TIME if chart.shape == "lines" else _by_size(chart)),
        "show_legend": True,
        "rich_tooltip": True,
        "y_axis_format": "SMART_NUMBER",
    }


_BY_TIME: Document = {"time_grain_sqla": "P1D", "x_axis_sort_asc": True}


def _by_size(chart: Chart) -> Document:
    return {"x_axis_sort": _total(chart.largest)["label"], "x_axis_sort_asc": False}


def _rows(chart: Chart) -> Document:
    return {
        "query_mode": "raw",
        "all_columns": list(chart.measures),
        "order_by_cols": [json.dumps([chart.along, False])],
        "server_page_length": 10,
        "table_timestamp_format": "%Y-%m-%d",
        "column_config": {name: _shown_as(name, chart.table.columns[name]) for name in chart.measures},
    }


def _shown_as(name: str, column: Column) -> Document:
    shown = ".0%" if name.endswith("_share") else ",.1f" if column.dtype == pl.Float64 else ""
    return {"showCellBars": False, "d3NumberFormat": shown}


def _total(name: str) -> Document:
    """The sum of a column; milliseconds as days, which people can read."""
    label = name.replace("_ms", "_days")
    summed = f'SUM({ddl.quoted(name)}){" / 86400000.0" if name.endswith("_ms") else ""}'
    return {"expressionType": "SQL", "sqlExpression": summed, "label": label, "optionName": f"metric_{name}"}


def _where(chart: Chart) -> list[Document]:
    named = {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": chart.where}
    return [{**named, "filterOptionName": identity("filter", chart.title)}] if chart.where else []


def _dashboard() -> Document:
    return {
        "dashboard_title": TITLE,
        "slug": "flow",
        "position": _position(),
        "metadata": {"native_filter_configuration": [_filter()], "cross_filters_enabled": False},
        "published": True,
        "uuid": identity("dashboard"),
        "version": VERSION,
    }


def _position() -> Document:
    """Charts in rows of at most twelve columns, in their order."""
    rows = list(_rows_of_charts())
    places: Document = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": TITLE}},
        "GRID_ID": _place("GRID_ID", "GRID", [f"ROW-{n}" for n in range(len(rows))], ["ROOT_ID"]),
    }
    for n, row in enumerate(rows):
        above = ["ROOT_ID", "GRID_ID"]
        places[f"ROW-{n}"] = _place(f"ROW-{n}", "ROW", [f"CHART-{number}" for number in row], above)
        places |= {f"CHART-{number}": _placed(number, [*above, f"ROW-{n}"]) for number in row}
    return places


def _rows_of_charts() -> Iterator[list[int]]:
    row: list[int] = []
    for number, chart in enumerate(CHARTS):
        if row and (chart.is_wide or len(row) * HALF == WHOLE):
            yield row
            row = []
        row = [*row, number]
        if chart.is_wide:
            yield row
            row = []
    if row:
        yield row


def _place(name: str, kind: str, children: list[str], above: list[str]) -> Document:
    meta = {"background": "BACKGROUND_TRANSPARENT"}
    return {"id": name, "type": kind, "children": children, "parents": above, "meta": meta}


def _placed(number: int, above: list[str]) -> Document:
    chart = CHARTS[number]
    meta = {
        "uuid": identity("chart", str(number)),
        "sliceName": chart.title,
        "width": WHOLE if chart.is_wide else HALF,
        "height": HEIGHT,
        "chartId": number + 1,
    }
    return {"id": f"CHART-{number}", "type": "CHART", "children": [], "parents": above, "meta": meta}


def _filter() -> Document:
    """One value stream at a time: totals over several would mix what has nothing to do with one another."""
    asked = {"datasetUuid": identity("dataset", CHARTS[0].table.name), "column": {"name": FILTERED}}
    return {
        "id": "NATIVE_FILTER-value_stream",
        "name": "Value stream",
        "filterType": "filter_select",
        "type": "NATIVE_FILTER",
        "targets": [asked],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": _unfiltered()},
        "controlValues": {"multiSelect": False, "defaultToFirstItem": True, "enableEmptyFilter": True},
        "defaultDataMask": {"filterState": {}, "extraFormData": {}},
        "cascadeParentIds": [],
        "requiredFirst": True,
    }


def _unfiltered() -> list[int]:
    return [number + 1 for number, chart in enumerate(CHARTS) if FILTERED not in chart.table.columns]


def main(data: Path = Path("data"), archive: Path = Path("flow_dashboard.zip")) -> None:
    """Write the dashboard over the tables in DATA as an archive to import into Superset."""
    write_archive(data / "flow.duckdb", archive)
    typer.echo(f"Wrote {archive}")


if __name__ == "__main__":
    typer.run(main)
