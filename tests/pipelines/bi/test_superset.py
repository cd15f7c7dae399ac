import json
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import ddl
from pipelines.bi.charts import CHARTS
from pipelines.bi.superset import documents, identity, main, write_archive
from tests.pipelines.bi.test_charts import short_company  # noqa: F401

DATABASE = Path("/srv/flow/data/flow.duckdb")


def find(kind: str) -> list[dict[str, Any]]:
    return [document for name, document in documents(DATABASE).items() if name.startswith(kind)]


def test_the_archive_holds_every_document_under_one_folder(tmp_path: Path):
    write_archive(DATABASE, tmp_path / "flow.zip")
    with zipfile.ZipFile(tmp_path / "flow.zip") as packed:
        read = {name: json.loads(packed.read(name)) for name in packed.namelist()}
    assert read == {f"flow/{name}.yaml": document for name, document in documents(DATABASE).items()}
    assert read["flow/metadata.yaml"]["type"] == "Dashboard"


def test_the_same_tables_give_the_same_archive():
    assert documents(DATABASE) == documents(DATABASE)
    assert identity("chart", "0") != identity("chart", "1") != identity("dataset", "1")


def test_the_database_is_opened_to_read_only():
    [database] = find("databases")
    assert database["sqlalchemy_uri"] == "duckdb:////srv/flow/data/flow.duckdb?access_mode=read_only"
    assert not (database["allow_dml"] or database["allow_ctas"] or database["allow_cvas"])


def test_a_dataset_has_the_published_columns_with_their_descriptions():
    for table in {chart.table for chart in CHARTS}:
        [dataset] = [d for d in find("datasets") if d["table_name"] == table.name]
        shown = {column["column_name"]: column["description"] for column in dataset["columns"]}
        assert shown == {name: column.description for name, column in ddl.published_columns(table).items()}
        assert dataset["schema"] == table.layer


def test_dates_and_instants_are_marked_as_such():
    [flow] = [d for d in find("datasets") if d["table_name"] == "flow_weekly"]
    assert {c["column_name"] for c in flow["columns"] if c["is_dttm"]} == {"week_start_date", "regime_start_date"}
    assert flow["main_dttm_col"] == "week_start_date"


def test_every_chart_reads_a_dataset_that_is_there_and_lies_on_the_dashboard():
    [dashboard] = find("dashboards")
    datasets = {dataset["uuid"] for dataset in find("datasets")}
    charts = {chart["uuid"]: chart for chart in find("charts")}
    placed = [p["meta"]["uuid"] for p in dashboard["position"].values() if isinstance(p, dict) and p["type"] == "CHART"]
    assert sorted(placed) == sorted(charts)
    assert len(charts) == len(CHARTS)
    assert {chart["dataset_uuid"] for chart in charts.values()} == datasets


def test_no_row_is_wider_than_the_page_and_none_is_empty():
    [dashboard] = find("dashboards")
    places = dashboard["position"]
    for row in (place for place in places.values() if isinstance(place, dict) and place["type"] == "ROW"):
        assert 0 < sum(places[name]["meta"]["width"] for name in row["children"]) <= 12
        assert all(places[name]["parents"][-1] == row["id"] for name in row["children"])


def test_the_filter_reaches_every_chart_that_knows_value_streams_and_no_other():
    [dashboard] = find("dashboards")
    [asked] = dashboard["metadata"]["native_filter_configuration"]
    left_out = {CHARTS[number - 1].table.name for number in asked["scope"]["excluded"]}
    assert left_out == {"validations"}
    assert asked["targets"][0]["datasetUuid"] == identity("dataset", CHARTS[0].table.name)


@pytest.mark.parametrize("chart", find("charts"), ids=lambda chart: chart["slice_name"])
def test_what_is_added_up_runs_in_duckdb(short_company: Path, chart: dict[str, Any]):  # noqa: F811
    [dataset] = [d for d in find("datasets") if d["uuid"] == chart["dataset_uuid"]]
    asked = [metric["sqlExpression"] for metric in chart["params"].get("metrics", [])]
    where = [condition["sqlExpression"] for condition in chart["params"]["adhoc_filters"]]
    names = [f'"{name}"' for name in chart["params"].get("all_columns", [])]
    query = f"SELECT {', '.join(asked + names)} FROM {dataset['schema']}.{dataset['table_name']}"
    with duckdb.connect(short_company / "flow.duckdb", read_only=True) as base:
        found = base.execute(f"{query} WHERE {' AND '.join(where) or 'true'}").fetchall()
    assert found or dataset["table_name"] == "validations"


def test_milliseconds_are_shown_as_days():
    [causes] = [chart for chart in find("charts") if "cause" in chart["slice_name"]]
    batch = next(m for m in causes["params"]["metrics"] if m["label"] == "batch_days")
    query = f"SELECT {batch['sqlExpression']} FROM (SELECT 172800000 AS batch_ms)"
    assert duckdb.execute(query).fetchone() == (2.0,)


def test_the_command_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    main(tmp_path, tmp_path / "out.zip")
    assert "out.zip" in capsys.readouterr().out
    assert zipfile.is_zipfile(tmp_path / "out.zip")
