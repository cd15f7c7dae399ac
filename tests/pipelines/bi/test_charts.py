from pathlib import Path

import duckdb
import pytest

from pipelines import ddl
from pipelines.bi.charts import CHARTS, Chart
from tests.short_company import published_short_company
from transforms.catalog import TABLES
from transforms.quality.validations import Validations


@pytest.fixture(scope="session")
def short_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_short_company(tmp_path_factory)


def rows(data: Path, chart: Chart, condition: str) -> int:
    with duckdb.connect(data / "flow.duckdb", read_only=True) as base:
        query = f"SELECT count(*) FROM {ddl.qualified(chart.table)} WHERE {condition}"
        [count] = base.execute(query).fetchone() or (0,)
        return int(count)


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.title)
def test_a_chart_asks_a_published_table_for_columns_it_has(chart: Chart):
    assert chart.table in TABLES
    assert set(chart.columns) <= set(chart.table.columns)


@pytest.mark.parametrize("chart", [c for c in CHARTS if c.table is not Validations], ids=lambda chart: chart.title)
def test_a_chart_has_rows_to_show(short_company: Path, chart: Chart):
    assert rows(short_company, chart, chart.where or "true") > 0


@pytest.mark.parametrize("chart", [chart for chart in CHARTS if chart.where], ids=lambda chart: chart.title)
def test_a_condition_leaves_something_out(short_company: Path, chart: Chart):
    assert rows(short_company, chart, chart.where) < rows(short_company, chart, "true")


@pytest.mark.parametrize("chart", [chart for chart in CHARTS if chart.shape != "rows"], ids=lambda chart: chart.title)
def test_what_is_added_up_is_a_number_and_may_be_added_up(chart: Chart):
    for name in chart.measures:
        assert chart.table.columns[name].dtype.is_numeric()
        assert not name.endswith(("_share", "_ratio", "_p50", "_p85", "_low", "_high"))


@pytest.mark.parametrize("chart", [chart for chart in CHARTS if chart.shape == "bars"], ids=lambda chart: chart.title)
def test_bars_are_ordered_by_one_of_their_measures(chart: Chart):
    assert chart.largest in chart.measures


def test_every_title_is_said_once():
    assert len({chart.title for chart in CHARTS}) == len(CHARTS)
