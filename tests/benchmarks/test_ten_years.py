"""The ten-year benchmark builds the product's tables on a small seeded slice, and says so when a bar is missed."""

import polars as pl
import pytest

from benchmarks import ten_years
from benchmarks.history import AS_OF
from transforms.core.issue_journeys import IssueJourneys
from transforms.core.stages import Stages
from transforms.core.status_visits import StatusVisits
from transforms.core.work_intervals import PersonIntervals, WorkIntervals
from transforms.metrics.cumulative_flow_daily import CumulativeFlowDaily
from transforms.schema import check_schema, check_values

TABLES = (StatusVisits, PersonIntervals, WorkIntervals, IssueJourneys, CumulativeFlowDaily)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("ten_years")
    ten_years.write_history(3_000, place)
    ten_years.build(place)
    return place


def read(folder, name):
    return pl.read_parquet(folder / f"{name}.parquet")


@pytest.mark.parametrize("table", [*TABLES, Stages], ids=lambda t: t.name)
def test_what_is_measured_is_the_products_own_table(folder, table):
    made = read(folder, table.name)
    check_schema(table, made)
    check_values(table, made)


def test_histories_reach_over_ten_years(folder):
    created = read(folder, "raw_issues")["created_at"]
    assert (AS_OF - created.min()).days > 3_500


def test_the_diagram_holds_everybody_and_loses_nobody(folder):
    drawn, journeys = read(folder, "cumulative_flow_daily"), read(folder, "issue_journeys")
    last = drawn.filter(pl.col.flow_date == drawn["flow_date"].max())
    assert last["reached_count"].max() == journeys.height
    assert last.filter("is_terminal")["reached_count"].item() == (journeys["outcome"] == "delivered").sum()


def test_the_diagram_grows_with_days_and_stages_and_never_with_issues(folder):
    drawn = read(folder, "cumulative_flow_daily")
    assert drawn.height == drawn["flow_date"].n_unique() * drawn["stage_name"].n_unique()


@pytest.mark.parametrize(
    ("costs", "code"),
    [
        ([(5, 1, 0.5), (50, 9, 3.9)], 0),
        ([(5, 1, 0.5), (61, 9, 3.9)], 1),
        ([(5, 1, 0.5), (50, 9, 4.1)], 1),
        ([(1, 1, 0.5), (50, 9, 3.9)], 1),
    ],
    ids=["all met", "too slow", "too much memory", "grows too fast"],
)
def test_a_missed_bar_fails_the_benchmark(monkeypatch, costs, code):
    found = iter(costs)
    monkeypatch.setattr(ten_years, "measure", lambda size: next(found))
    assert ten_years.main((1_000_000, 10_000_000)) == code
