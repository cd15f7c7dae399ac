"""The audit finds what breaks a declaration, and can be read."""

import importlib
import subprocess
import sys

import duckdb
import polars as pl
import pytest
import sqlalchemy as sa

from pipelines import checks, contracts, ddl
from pipelines.checks import RULES_PER_SCAN, SAMPLE_ROWS, audit, bundles
from pipelines.contracts.contract import Contract
from pipelines.duckdb_dialect import lend
from pipelines.expectations import declared
from tests.pipelines.toy_tables import Depots, Parcels, depots, parcels


def staged(**frames):
    """A database without constraints, so that tables may be wrong."""
    connection = duckdb.connect()
    for name, frame in frames.items():
        table = {"parcels": Parcels, "depots": Depots}[name]
        lines = [f"{ddl.quoted(n)} {ddl.duckdb_type(c.dtype)}" for n, c in ddl.published_columns(table).items()]
        connection.execute(f"CREATE SCHEMA {table.layer}")
        connection.execute(f"CREATE TABLE {table.layer}.{table.name} ({', '.join(lines)})")
        rows = frame.with_columns(site_name=pl.lit("acme")).select(*ddl.published_columns(table))
        connection.register("rows", rows)
        connection.execute(f"INSERT INTO {table.layer}.{table.name} SELECT * FROM rows")
    return connection


def failed(verdicts):
    return {verdict.expectation: verdict for verdict in verdicts if not verdict.is_passed}


def test_a_sound_table_passes_every_rule():
    verdicts = audit(staged(parcels=parcels({}, {"leg_number": 2, "carrier": None})), [Parcels])
    assert not failed(verdicts)
    assert {verdict.expectation for verdict in verdicts} == {
        "columns_as_declared",
        "site_name_filled",
        "parcel_id_filled",
        "leg_number_filled",
        "leg_number_minimum",
        "colour_filled",
        "colour_values",
        "carrier_values",
        "stop_ids_filled",
        "weight_share_within_0_1",
        "key_unique",
    }


def test_every_kind_of_flaw_is_found_and_counted():
    rows = [{}, {}, {"leg_number": 0}, {"leg_number": 3, "carrier": "mule"}, {"leg_number": 4}]
    frame = parcels(*rows).with_columns(
        parcel_id=pl.when(pl.col.leg_number == 4).then(None).otherwise(pl.col.parcel_id)
    )
    found = failed(audit(staged(parcels=frame), [Parcels]))
    assert {name: verdict.failing_row_count for name, verdict in found.items()} == {
        "key_unique": 1,
        "leg_number_minimum": 1,
        "carrier_values": 1,
        "parcel_id_filled": 1,
    }
    assert {verdict.severity for verdict in found.values()} == {"critical"}


def test_a_verdict_says_in_words_what_was_expected_and_shows_failing_rows():
    [verdict] = failed(audit(staged(parcels=parcels({"leg_number": -5})), [Parcels])).values()
    assert verdict.says == "leg_number is at least 1"
    assert verdict.sample == [{"parcel_id": "1", "leg_number": "-5"}]
    assert verdict.table_name == "parcels"


def test_a_repeated_key_is_shown_with_its_values():
    [verdict] = failed(audit(staged(parcels=parcels({}, {}, {})), [Parcels])).values()
    assert verdict.says == "site_name, parcel_id, leg_number is unique"
    assert verdict.sample[0]["parcel_id"] == "1"
    assert verdict.sample[0]["row_count"] == "3"


def test_many_failing_rows_are_counted_but_few_are_shown():
    [verdict] = failed(audit(staged(parcels=parcels(*({"leg_number": -n} for n in range(500)))), [Parcels])).values()
    assert verdict.failing_row_count == 500
    assert len(verdict.sample) == SAMPLE_ROWS


def test_several_tables_are_audited_in_their_order():
    verdicts = audit(staged(parcels=parcels(), depots=depots(1, 1)), [Depots, Parcels])
    assert list(dict.fromkeys(v.table_name for v in verdicts)) == ["depots", "parcels"]
    assert set(failed(verdicts)) == {"key_unique"}


def test_an_empty_table_passes():
    assert not failed(audit(staged(depots=depots()), [Depots]))


@pytest.fixture
def two_promises(monkeypatch):
    critical = Contract(
        "depots", "few", "there are at most two", "SELECT * FROM {batch} WHERE depot_id > 2", ("depots",)
    )
    warning = Contract(
        "depots", "odd", "ids are odd", "SELECT * FROM {batch} WHERE depot_id % 2 = 0", ("depots",), "warning"
    )
    monkeypatch.setattr(contracts, "CONTRACTS", (critical, warning))


@pytest.mark.usefixtures("two_promises")
def test_a_broken_contract_fails_with_its_own_severity():
    found = failed(audit(staged(depots=depots(1, 2, 3)), [Depots]))
    assert {name: (verdict.severity, verdict.sample[0]["depot_id"]) for name, verdict in found.items()} == {
        "few": ("critical", "3"),
        "odd": ("warning", "2"),
    }


def test_a_rule_that_cannot_be_checked_has_failed(monkeypatch):
    broken = Contract("depots", "typo", "says nothing", "SELECT no_such_column FROM {batch}", ("depots",))
    monkeypatch.setattr(contracts, "CONTRACTS", (broken,))
    assert set(failed(audit(staged(depots=depots(1)), [Depots]))) == {"typo"}


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE quality.depots",
        "ALTER TABLE quality.depots DROP COLUMN is_open",
        "ALTER TABLE quality.depots ADD COLUMN colour VARCHAR",
        "ALTER TABLE quality.depots ALTER depot_id TYPE INTEGER",
        "ALTER TABLE quality.depots RENAME COLUMN is_open TO was_open",
        "ALTER TABLE quality.depots DROP COLUMN depot_id; ALTER TABLE quality.depots ADD COLUMN depot_id BIGINT",
    ],
)
def test_a_table_of_another_shape_has_failed_as_a_whole_and_the_others_are_checked(statement):
    connection = staged(parcels=parcels({"leg_number": 0}), depots=depots(1))
    connection.execute(statement)
    found = failed(audit(connection, [Depots, Parcels]))
    assert set(found) == {"columns_as_declared", "leg_number_minimum"}
    assert found["columns_as_declared"].table_name == "depots"
    assert found["columns_as_declared"].sample


def test_more_conditions_than_fit_one_query_are_all_checked(monkeypatch):
    monkeypatch.setattr(checks, "RULES_PER_SCAN", 2)
    found = failed(audit(staged(parcels=parcels({"leg_number": 0, "carrier": "mule", "weight_share": 2.0})), [Parcels]))
    assert set(found) == {"leg_number_minimum", "carrier_values", "weight_share_within_0_1"}


def test_a_bundle_gives_fewer_rows_than_great_expectations_hands_on():
    assert RULES_PER_SCAN < importlib.import_module("great_expectations.constants").MAX_RESULT_RECORDS


def test_conditions_over_single_rows_cost_one_scan_and_one_query():
    rules = [*declared(Parcels, {"parcels": Parcels})]
    first, *others = bundles(rules)
    assert len(first.expectations) == len([rule for rule in rules if rule.holds])
    assert [bundle.expectations[0].name for bundle in others] == ["key_unique"]
    assert first.query.count("{batch}") == 1


def test_the_audit_leaves_the_connection_open_and_says_nothing(capfd):
    connection = staged(depots=depots(1))
    audit(connection, [Depots])
    assert connection.execute("SELECT count(*) FROM quality.depots").fetchone() == (1,)
    assert capfd.readouterr().err == ""


def test_great_expectations_is_not_loaded_before_an_audit():
    code = "import sys, pipelines.definitions; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0


def test_a_lent_connection_is_gone_after_its_block():
    with lend(duckdb.connect()) as url:
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            assert connection.execute(sa.text("SELECT 1 + 1")).scalar() == 2
    with pytest.raises(KeyError):
        sa.create_engine(url).connect()


def test_rows_stay_readable_after_the_lent_connection_was_closed():
    with lend(duckdb.connect()) as url:
        with sa.create_engine(url).connect() as connection:
            answer = connection.execute(sa.text("SELECT * FROM range(3)"))
        assert answer.fetchall() == [(0,), (1,), (2,)]


def test_the_dialect_reflects_tables_of_a_schema_and_their_columns():
    with lend(staged(parcels=parcels(), depots=depots(1))) as url:
        inspector = sa.inspect(sa.create_engine(url))
        assert inspector.get_table_names("quality") == ["depots"]
        assert inspector.has_table("parcels", "core")
        assert not inspector.has_table("parcels", "quality")
        columns = inspector.get_columns("depots", "quality")
    assert [(c["name"], str(c["type"])) for c in columns] == [
        ("site_name", "VARCHAR"),
        ("depot_id", "BIGINT"),
        ("is_open", "BOOLEAN"),
    ]


def test_parameters_are_bound_and_not_pasted():
    with lend(duckdb.connect()) as url, sa.create_engine(url).connect() as connection:
        nasty = "'; DROP TABLE x; --"
        assert connection.execute(sa.text("SELECT :word"), {"word": nasty}).scalar() == nasty
