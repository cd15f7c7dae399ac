"""Expectations follow from a declaration: bounds, values, key, references, and what names promise."""

from datetime import date

import duckdb
import polars as pl
import pytest

from pipelines import ddl
from pipelines.conventions import promised_by_names
from pipelines.expectations import declared, mentioned
from transforms.catalog import TABLES
from transforms.schema import Column, RowRule, Table

FLOAT, INT, DAY = pl.Float64(), pl.Int64(), pl.Date()
BY_NAME = {table.name: table for table in TABLES}


class Trees(Table, layer="core", key=("orchard_name", "tree_id")):
    """One row per tree. Answers: what does it bear?"""

    orchard_name = Column(pl.String(), "Orchard.")
    tree_id = Column(INT, "Tree.")


class Fruits(Table, layer="core", key=("fruit_id",)):
    """One row per fruit. Answers: whose is it?"""

    fruit_id = Column(INT, "Fruit.")
    orchard_name = Column(pl.String(), "Orchard.")
    parent_tree_id = Column(INT, "Tree. Empty for a windfall.", nullable=True, references="trees.tree_id")
    ripeness = Column(FLOAT, "How ripe, 0–10.", minimum=0, maximum=10)
    kind = Column(pl.String(), "Kind.", values=("ap'ple", "pear"))
    pears_do_not_ripen = RowRule("no pear is riper than five", "kind <> 'pear' OR ripeness <= 5", "warning")


def expectations(table, *tables):
    return {rule.name: rule for rule in declared(table, {t.name: t for t in (table, *tables)})}


def failing(rule, table, *rows, **others):
    """Rows of a table by which a rule is broken."""
    connection = duckdb.connect()
    for declaration, given in ((table, rows), *((Trees, frame) for frame in others.values())):
        names = list(ddl.published_columns(declaration))
        lines = [f'"{n}" {ddl.duckdb_type(c.dtype)}' for n, c in ddl.published_columns(declaration).items()]
        connection.execute("CREATE SCHEMA IF NOT EXISTS core")
        connection.execute(f"CREATE TABLE {ddl.qualified(declaration)} ({', '.join(lines)})")
        for row in given:
            values = ["acme", *row] if len(row) < len(names) else list(row)
            marks = ", ".join("?" * len(names))
            connection.execute(f"INSERT INTO {ddl.qualified(declaration)} VALUES ({marks})", values)
    return connection.execute(rule.rows.replace("{batch}", ddl.qualified(table))).fetchall()


RIPE = (1, "west", 7, 9.0, "ap'ple")


def test_a_declaration_gives_a_rule_for_everything_it_says():
    assert list(expectations(Fruits, Trees)) == [
        "site_name_filled",
        "fruit_id_filled",
        "orchard_name_filled",
        "ripeness_filled",
        "ripeness_minimum",
        "ripeness_maximum",
        "kind_filled",
        "kind_values",
        "ripeness_finite",
        "pears_do_not_ripen",
        "key_unique",
        "parent_tree_id_known",
    ]
    assert expectations(Fruits)["pears_do_not_ripen"].severity == "warning"


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("ripeness_minimum", (1, "west", 7, -0.5, "ap'ple")),
        ("ripeness_maximum", (1, "west", 7, 10.5, "ap'ple")),
        ("ripeness_finite", (1, "west", 7, float("nan"), "ap'ple")),
        ("kind_values", (1, "west", 7, 9.0, "apple")),
        ("pears_do_not_ripen", (1, "west", 7, 9.0, "pear")),
        ("kind_filled", (1, "west", 7, 9.0, None)),
    ],
)
def test_a_row_that_breaks_a_rule_is_found_by_its_key(name, row):
    rule = expectations(Fruits)[name]
    assert failing(rule, Fruits, RIPE) == []
    assert [found[0] for found in failing(rule, Fruits, RIPE, row)] == [1]


def test_a_reference_is_known_by_the_whole_key_of_its_table_and_may_be_empty():
    rule = expectations(Fruits, Trees)["parent_tree_id_known"]
    assert failing(rule, Fruits, RIPE, (2, "east", None, 1.0, "pear"), trees=[("west", 7)]) == []
    assert failing(rule, Fruits, RIPE, trees=[("east", 7)]) == [(1, 7)]
    assert failing(rule, Fruits, RIPE, trees=[("other site", "west", 7)]) == [(1, 7)]


def test_a_reference_waits_until_its_table_is_there():
    assert "parent_tree_id_known" not in expectations(Fruits)


def test_a_condition_shows_the_key_and_what_it_speaks_of():
    assert mentioned(Fruits, "kind <> 'pear' OR ripeness <= 5") == ["fruit_id", "ripeness", "kind"]


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_every_reference_names_a_key_column_of_a_published_table(table):
    for column in table.columns.values():
        if column.references:
            parent, _, name = column.references.partition(".")
            assert name in BY_NAME[parent].key
            assert set(BY_NAME[parent].key) - {name} <= set(table.columns)


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_names_of_rules_are_unique_within_a_table(table):
    names = [rule.name for rule in declared(table, BY_NAME)]
    assert len(set(names)) == len(names)


def promised(**values):
    """Names of the rules that a row of float columns breaks."""
    columns = {name: Column(DAY if name.endswith("_date") else FLOAT, "…", nullable=True) for name in values}
    select = ", ".join(f"? AS {name}" for name in values)
    connection = duckdb.connect()
    rules = dict(promised_by_names(columns))
    held = {name: connection.execute(f"SELECT {rule.holds} FROM (SELECT {select})", list(values.values())).fetchone()[0]
            for name, rule in rules.items()}  # fmt: skip
    return {name for name, is_held in held.items() if is_held is False}


@pytest.mark.parametrize("share", [0.0, 1.0, 1 + 1e-12, None])
def test_a_share_lies_between_0_and_1(share):
    assert promised(wait_share=share) == set()


@pytest.mark.parametrize("share", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_share_outside_is_caught(share):
    assert promised(wait_share=share) == {"wait_share_within_0_1"}


def test_percentiles_are_ordered():
    assert promised(age_days_p50=1.0, age_days_p85=2.0, age_days_p95=2.0) == set()
    assert promised(age_days_p50=3.0, age_days_p85=2.0) == {"age_days_p50_p85_ordered"}
    assert promised(age_days_p50=1.0, age_days_p85=3.0, age_days_p95=2.0) == {"age_days_p85_p95_ordered"}
    assert promised(age_days_p50=1.0, age_days_p85=None, age_days_p95=0.5) == {"age_days_p50_p95_ordered"}


def test_a_figure_lies_within_its_interval():
    assert promised(pace=2.0, pace_low=1.0, pace_high=3.0) == set()
    assert promised(pace=0.5, pace_low=1.0, pace_high=3.0) == {"pace_low_point_ordered"}
    assert promised(pace=4.0, pace_low=1.0, pace_high=3.0) == {"pace_high_ordered"}
    assert promised(pace=None, pace_low=4.0, pace_high=3.0) == {"pace_low_high_ordered"}


def test_periods_run_forward_and_weeks_begin_on_mondays():
    sunday, monday = date(2026, 3, 1), date(2026, 3, 2)
    assert promised(period_start_date=sunday, period_end_date=monday) == set()
    assert promised(period_start_date=monday, period_end_date=sunday) == {"period_start_date_before_period_end_date"}
    assert promised(week_start_date=monday) == set()
    assert promised(week_start_date=sunday) == {"week_start_date_monday"}


def test_counts_are_not_negative_and_correlations_within_one():
    assert promised(move_count=-1.0) == {"move_count_not_negative"}
    assert promised(size_correlation=-1.5) == {"size_correlation_within_1"}
