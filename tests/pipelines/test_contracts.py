"""Every contract lets sound tables pass and catches the one row that breaks it."""

from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl
import pytest

from pipelines import ddl
from pipelines.contracts import CONTRACTS, LISTED_ISSUES, contracts_for
from transforms.catalog import TABLES
from transforms.schema import TIMESTAMP

BY_NAME = {table.name: table for table in TABLES}
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = 3_600_000


def hour(number):
    return MONDAY + timedelta(hours=number)


def filler(dtype):
    """Some value of a type, for columns a contract does not look at."""
    if dtype == TIMESTAMP:
        return MONDAY
    if isinstance(dtype, pl.Enum):
        return dtype.categories[0]
    return {pl.Boolean: False, pl.String: "x", pl.Categorical: "x", pl.Float64: 0.0, pl.Date: MONDAY.date()}.get(
        type(dtype), 0
    )


def rows(name, *given):
    """Rows of a published table of which only what matters is said."""
    table = BY_NAME[name]
    usual = {n: None if c.nullable else filler(c.dtype) for n, c in table.columns.items()}
    unknown = {key for row in given for key in row} - set(usual)
    assert not unknown, f"{name} has no column {unknown}"
    return pl.DataFrame([usual | row for row in given], schema=table.polars_schema())


def sound_tables():
    """One issue that went To Do (status 1) → Doing (3) and stays there: an hour of wait, three of touch so far."""
    return {
        "issues": rows("issues", {"issue_id": 1, "status_id": 3}),
        "changes": rows("changes", {"issue_id": 1, "field": "status", "to_value": 3, "changed_at": hour(1)}),
        "status_visits": rows(
            "status_visits",
            {"issue_id": 1, "visit_number": 1, "status_id": 1, "entered_at": hour(0), "left_at": hour(1)},
            {"issue_id": 1, "visit_number": 2, "status_id": 3, "entered_at": hour(1), "left_at": None},
        ),
        "work_intervals": rows(
            "work_intervals",
            interval(1, "wait", 0, 1),
            interval(2, "touch", 1, None, elapsed_ms=3 * HOUR, working_ms=3 * HOUR),
        ),
        "issue_journeys": rows(
            "issue_journeys",
            {
                "issue_id": 1,
                "outcome": "in_progress",
                **{f"span_{unit}": 4 * HOUR for unit in ("ms", "working_ms")},
                **{f"touch_{unit}": 3 * HOUR for unit in ("ms", "working_ms")},
                **{f"wait_{unit}": HOUR for unit in ("ms", "working_ms")},
            },
        ),
        "statuses": rows("statuses", {"status_id": 3, "decided_by": "category", "is_unmapped": False}),
        "completeness": rows("completeness", {"issue_id": 1, "is_complete": True}),
        "quarantine": rows("quarantine", {"reference": "batch:7", "issue_id": 9, "reason": "no JSON"}),
    }


def interval(number, kind, start, end, **more):
    ends = {"entered_at": hour(start), "left_at": None if end is None else hour(end)}
    usual = {
        "issue_id": 1,
        "interval_number": number,
        "kind": kind,
        "pass_number": 1,
        "elapsed_ms": HOUR,
        "working_ms": HOUR,
    }
    return usual | ends | more


def broken(contract_name, tables, listed=(1, 9)):
    """Rows by which a contract is broken."""
    [contract] = [c for c in CONTRACTS if c.name == contract_name and set(c.needs) <= set(tables)][:1]
    return run(contract, tables, listed)


def run(contract, tables, listed=(1, 9)):
    connection = duckdb.connect()
    connection.register(LISTED_ISSUES, pl.DataFrame({"issue_id": listed}, {"issue_id": pl.Int64}))
    for name, frame in tables.items():
        table = BY_NAME[name]
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
        connection.register("rows", frame)
        connection.execute(f"CREATE TABLE {ddl.qualified(table)} AS SELECT * FROM rows")
    own = ddl.qualified(BY_NAME[contract.table_name])
    return connection.execute(contract.query.replace("{batch}", own)).fetchall()


def changed(tables, name, **values):
    """The same tables, the last row of one of them changed."""
    frame = tables[name]
    last = frame.tail(1).to_dicts()[0] | values
    return tables | {name: pl.concat([frame.head(-1), pl.DataFrame([last], schema=frame.schema)])}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: f"{c.table_name}-{c.name}")
def test_sound_tables_keep_every_contract(contract):
    assert run(contract, sound_tables()) == []


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: f"{c.table_name}-{c.name}")
def test_every_contract_speaks_of_published_tables(contract):
    assert contract.table_name in contract.needs
    assert set(contract.needs) <= set(BY_NAME)


def test_names_of_contracts_are_unique_within_a_table():
    names = [(contract.table_name, contract.name) for contract in CONTRACTS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("unit", ["ms", "working_ms"])
@pytest.mark.parametrize("part", ["touch", "wait", "blocked", "unassigned", "done_gap"])
def test_parts_that_miss_the_span_by_a_millisecond_are_caught(part, unit):
    tables = sound_tables()
    now = tables["issue_journeys"][f"{part}_{unit}"].item()
    assert broken(f"parts_add_up_{unit}", changed(tables, "issue_journeys", **{f"{part}_{unit}": now + 1}))


def test_a_gap_between_two_visits_is_caught():
    tables = changed(sound_tables(), "status_visits", entered_at=hour(2))
    assert broken("contiguous", tables)


def test_overlapping_visits_are_caught():
    tables = changed(sound_tables(), "status_visits", entered_at=hour(0))
    assert broken("contiguous", tables)


def test_a_visit_that_ends_before_it_begins_is_caught():
    tables = changed(sound_tables(), "status_visits", left_at=hour(0))
    assert broken("contiguous", tables)


def test_an_open_visit_that_is_not_the_last_is_caught():
    tables = sound_tables()
    visits = tables["status_visits"].with_columns(left_at=pl.lit(None, TIMESTAMP))
    assert broken("contiguous", tables | {"status_visits": visits})


def test_a_gap_between_two_intervals_is_caught():
    [contract] = [c for c in CONTRACTS if (c.table_name, c.name) == ("work_intervals", "contiguous")]
    assert run(contract, changed(sound_tables(), "work_intervals", entered_at=hour(3)))


@pytest.mark.parametrize("table", ["changes", "status_visits", "work_intervals", "issue_journeys"])
def test_a_row_of_an_issue_nobody_listed_is_caught(table):
    [contract] = [c for c in CONTRACTS if (c.table_name, c.name) == (table, "issue_is_known")]
    assert run(contract, changed(sound_tables(), table, issue_id=404)) == [(404,)]


def test_an_issue_that_was_listed_and_is_nowhere_is_caught():
    assert broken("nothing_listed_is_lost", sound_tables(), listed=(1, 2, 9)) == [(2,)]


def test_a_quarantined_issue_is_not_lost():
    assert broken("nothing_listed_is_lost", sound_tables(), listed=(9,)) == []


def test_a_history_that_ends_elsewhere_than_the_issue_is_caught():
    assert broken("history_ends_at_current_status", changed(sound_tables(), "issues", status_id=5))


def test_a_history_known_to_be_incomplete_may_end_elsewhere():
    tables = changed(changed(sound_tables(), "issues", status_id=5), "completeness", is_complete=False)
    assert not broken("history_ends_at_current_status", tables)


def test_of_two_changes_at_one_instant_either_may_be_the_last():
    tables = sound_tables()
    earlier = {"issue_id": 1, "field": "status", "to_value": 4, "changed_at": hour(1), "item_index": 1}
    tables["changes"] = pl.concat([tables["changes"], rows("changes", earlier)])
    assert not broken("history_ends_at_current_status", tables)


def test_only_status_changes_say_where_a_history_ends():
    tables = sound_tables()
    later = {"issue_id": 1, "field": "assignee", "to_value": 1, "changed_at": hour(2)}
    tables["changes"] = pl.concat([tables["changes"], rows("changes", later)])
    assert not broken("history_ends_at_current_status", tables)


@pytest.mark.parametrize("column", ["elapsed_ms", "working_ms"])
def test_intervals_that_do_not_add_up_to_the_journey_are_caught(column):
    tables = changed(sound_tables(), "work_intervals", **{column: 1})
    assert broken("intervals_add_up_to_the_journey", tables)


def test_the_second_life_of_an_issue_is_outside_its_journey():
    tables = sound_tables()
    again = rows("work_intervals", interval(3, "touch", 4, 5, pass_number=2))
    tables["work_intervals"] = pl.concat([tables["work_intervals"], again])
    assert not broken("intervals_add_up_to_the_journey", tables)


def test_a_journey_measured_through_children_has_no_intervals_of_its_own():
    tables = changed(sound_tables(), "work_intervals", elapsed_ms=1)
    assert not broken("intervals_add_up_to_the_journey", changed(tables, "issue_journeys", is_rolled_up=True))


def test_incomplete_histories_and_unmapped_statuses_only_warn():
    assert {c.name for c in CONTRACTS if c.severity == "warning"} == {
        "histories_are_complete",
        "every_status_is_mapped",
    }
    assert broken("histories_are_complete", changed(sound_tables(), "completeness", is_complete=False))
    assert broken("every_status_is_mapped", changed(sound_tables(), "statuses", is_unmapped=True))


def test_contracts_wait_until_all_their_tables_are_there():
    assert contracts_for([BY_NAME["issue_journeys"]]) == [c for c in CONTRACTS if c.needs == ("issue_journeys",)]
    assert contracts_for(TABLES) == list(CONTRACTS)
