"""Every contract lets sound tables pass and catches the one row that breaks it."""

from dataclasses import replace
from datetime import timedelta

import duckdb
import polars as pl
import pytest

from pipelines import ddl
from pipelines.contracts import CONTRACTS, contracts_for
from pipelines.jira.seals import seal_changes
from pipelines.limits import Limits
from tests.pipelines.sound_tables import (
    BY_NAME,
    FACTS,
    HOUR,
    circumstances,
    hour,
    interval,
    rows,
    sound_tables,
)
from transforms.catalog import TABLES
from transforms.schema import TIMESTAMP


def broken(contract_name, tables, known=None, table_name=None, read=None):
    """Rows by which a contract is broken."""
    [contract] = [c for c in CONTRACTS if c.name == contract_name and table_name in (c.table_name, None)]
    return run(contract, tables, known, read)


def run(contract, tables, known=None, read=None):
    """``read`` are the changes as they were parsed, and last of each issue when it was updated."""
    connection = duckdb.connect()
    parsed = tables["changes"] if read is None else read
    raw = parsed.rename({"from_value": "from_id", "to_value": "to_id"})
    connection.register("change_seals", seal_changes(raw))
    connection.register("landed_issues", parsed.group_by("issue_id").agg(updated_at=pl.col.changed_at.max()))
    (known or circumstances()).lay_out(connection)
    connection.register("landed_changes", tables["changes"].rename({"from_value": "from_id", "to_value": "to_id"}))
    for name in contract.needs:
        if name in BY_NAME:
            table = BY_NAME[name]
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
            connection.register("rows", tables.get(name, table.empty()))
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
    limits = Limits(quarantine_limit_share=0.5)
    found = run(contract, sound_tables(), circumstances(limits=limits))
    assert found == [] or (contract.name, found) == ("nothing_is_quarantined", [("batch:7", 9, "no JSON")])


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: f"{c.table_name}-{c.name}")
def test_every_contract_speaks_of_published_tables(contract):
    assert contract.table_name in contract.needs
    assert set(contract.needs) <= {*BY_NAME, *FACTS}


def test_names_of_contracts_are_unique_within_a_table():
    names = [(contract.table_name, contract.name) for contract in CONTRACTS]
    assert len(set(names)) == len(names)


def test_a_gap_between_two_visits_is_caught():
    tables = changed(sound_tables(), "status_visits", entered_at=hour(2))
    assert broken("contiguous", tables, table_name="status_visits")


def test_overlapping_visits_are_caught():
    tables = changed(sound_tables(), "status_visits", entered_at=hour(0))
    assert broken("contiguous", tables, table_name="status_visits")


def test_a_visit_that_ends_before_it_begins_is_caught():
    tables = changed(sound_tables(), "status_visits", left_at=hour(0))
    assert broken("contiguous", tables, table_name="status_visits")


def test_an_open_visit_that_is_not_the_last_is_caught():
    tables = sound_tables()
    visits = tables["status_visits"].with_columns(left_at=pl.lit(None, TIMESTAMP))
    assert broken("contiguous", tables | {"status_visits": visits}, table_name="status_visits")


def test_a_gap_between_two_intervals_is_caught():
    tables = changed(sound_tables(), "work_intervals", entered_at=hour(3))
    assert broken("contiguous", tables, table_name="work_intervals")


def changes_of(*ids):
    rest = ({"issue_id": i, "history_id": i, "changed_at": hour(i)} for i in ids)
    return sound_tables() | {"changes": rows("changes", *rest)}


def test_changes_that_were_doubled_lost_or_shifted_since_they_were_parsed_are_caught():
    read = changes_of(1, 2, 3)["changes"]
    [doubled] = broken("changes_keep_their_seals", changes_of(1, 2, 3, 3), read=read)
    [lost] = broken("changes_keep_their_seals", changes_of(1, 2), read=read)
    assert (doubled, lost) == ((3, 2, 1, doubled[3]), (3, None, 1, None))
    shifted = {"changes": read.with_columns(pl.col.changed_at + timedelta(hours=1))}
    assert {row[0] for row in broken("changes_keep_their_seals", sound_tables() | shifted, read=read)} == {1, 2, 3}
    assert not broken("changes_keep_their_seals", {"changes": read}, read=read)


@pytest.mark.parametrize("shift", [timedelta(hours=-2), timedelta(minutes=330), timedelta(hours=13)])
def test_changes_read_in_another_zone_than_their_issues_are_caught(shift):
    read = changes_of(*range(1, 21))["changes"]
    shifted = {"changes": read.with_columns(pl.col.changed_at - shift)}
    minutes = shift.total_seconds() / 60
    assert broken("changes_are_told_in_the_issues_zone", sound_tables() | shifted, read=read) == [(minutes, 20, 0)]


def test_issues_updated_after_their_last_change_are_in_no_other_zone():
    read = changes_of(*range(1, 21))["changes"]
    later = read.with_columns(pl.col.changed_at + pl.duration(minutes=15 * pl.col.issue_id))
    few = pl.concat([read[:11], read[11:].with_columns(pl.col.changed_at + timedelta(hours=1))])
    for updated in (later, few, read.with_columns(pl.col.changed_at + timedelta(minutes=20))):
        assert not broken("changes_are_told_in_the_issues_zone", sound_tables() | {"changes": read}, read=updated)


def test_visits_that_are_not_numbered_from_one_are_caught():
    tables = sound_tables()
    visits = tables["status_visits"].with_columns(pl.col.visit_number + 1)
    assert broken("contiguous", tables | {"status_visits": visits}, table_name="status_visits")


def test_an_issue_that_was_listed_and_is_nowhere_is_caught():
    assert broken("nothing_listed_is_lost", sound_tables(), circumstances(listed=(1, 2, 9))) == [(2,)]


def test_a_quarantined_issue_is_not_lost():
    assert broken("nothing_listed_is_lost", sound_tables(), circumstances(listed=(9,))) == []


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


KINDS = "kinds_are_those_of_the_intervals"


@pytest.mark.parametrize("unit", ["ms", "working_ms"])
@pytest.mark.parametrize("part", ["touch", "wait", "blocked", "unassigned", "done_gap"])
def test_a_kind_that_misses_its_intervals_by_a_millisecond_is_caught(part, unit):
    tables = sound_tables()
    now = tables["issue_journeys"][f"{part}_{unit}"].item()
    tables = changed(tables, "issue_journeys", **{f"{part}_{unit}": now + 1})
    assert broken(KINDS, tables, table_name="issue_journeys")


def test_touch_and_wait_that_changed_places_are_caught_though_their_sum_holds():
    tables = changed(sound_tables(), "issue_journeys", touch_ms=HOUR, wait_ms=3 * HOUR)
    assert broken(KINDS, tables, table_name="issue_journeys")


def test_the_second_life_of_an_issue_is_outside_its_journey():
    tables = sound_tables()
    again = rows("work_intervals", interval(3, "touch", 4, 5, pass_number=2))
    tables["work_intervals"] = pl.concat([tables["work_intervals"], again])
    assert not broken(KINDS, tables, table_name="issue_journeys")


def test_a_journey_measured_through_children_has_no_intervals_of_its_own():
    tables = changed(sound_tables(), "issue_journeys", is_rolled_up=True)
    assert broken("intervals_cover_the_visits", tables)
    assert not broken("intervals_cover_the_visits", tables | {"work_intervals": tables["work_intervals"].clear()})


def test_intervals_that_are_shorter_than_the_visits_are_caught():
    assert broken("intervals_cover_the_visits", changed(sound_tables(), "work_intervals", elapsed_ms=HOUR))


def test_a_visit_at_another_moment_than_the_change_that_made_it_is_caught():
    assert broken("visits_follow_the_changes", changed(sound_tables(), "changes", changed_at=hour(2)))
    assert broken("visits_follow_the_changes", changed(sound_tables(), "changes", to_value=4))


def test_a_change_after_as_of_makes_no_visit():
    tables = sound_tables()
    later = rows("changes", {"issue_id": 1, "field": "status", "to_value": 5, "changed_at": hour(5)})
    tables["changes"] = pl.concat([tables["changes"], later])
    assert not broken("visits_follow_the_changes", tables)


def test_an_issue_without_any_visit_is_caught():
    tables = sound_tables()
    assert broken("first_visit_begins_with_the_issue", tables | {"status_visits": tables["status_visits"].clear()})


@pytest.mark.parametrize("table_name", ["status_visits", "work_intervals", "issue_journeys"])
def test_what_was_measured_up_to_another_moment_is_caught(table_name):
    assert broken("open_until_as_of", sound_tables(), circumstances(as_of=hour(5)), table_name)


def test_answers_in_quarantine_are_let_through_up_to_the_limit():
    limits = Limits(quarantine_limit_share=0.5)
    assert not broken("quarantined_share_within_limit", sound_tables(), circumstances(limits=limits))
    [row] = broken("quarantined_share_within_limit", sound_tables())
    assert row[:2] == ("batch:7", 9)


def test_unmapped_hours_may_rise_up_to_the_limit():
    tables = changed(sound_tables(), "statuses", is_unmapped=True, work_kind="queue")
    assert broken("unmapped_hours_are_no_more_than_before", tables)
    limits = Limits(unmapped_rise_share=0.8)
    assert not broken("unmapped_hours_are_no_more_than_before", tables, circumstances(limits=limits))


def test_rows_may_be_gone_up_to_the_limit():
    before = pl.DataFrame({"table_name": ["changes"], "row_count": [10]})
    known = replace(circumstances(limits=Limits(volume_drop_share=0.8)), earlier_tables=before)
    assert broken("as_many_rows_as_before", sound_tables(), known, "changes") == [(1, 10)]
    known = replace(circumstances(limits=Limits(volume_drop_share=0.9)), earlier_tables=before)
    assert not broken("as_many_rows_as_before", sound_tables(), known, "changes")


def test_a_table_of_the_past_that_is_empty_all_at_once_is_caught():
    before = pl.DataFrame({"table_name": ["flow_weekly"], "row_count": [10]})
    known = replace(circumstances(), earlier_tables=before)
    assert broken("not_empty_all_at_once", sound_tables(), known, "flow_weekly") == [(10,)]
    known = replace(circumstances(limits=Limits(volume_drop_share=1)), earlier_tables=before)
    assert not broken("not_empty_all_at_once", sound_tables(), known, "flow_weekly")


def test_a_moment_before_the_published_one_has_to_be_asked_for():
    assert broken("as_of_does_not_go_back", sound_tables(), circumstances(as_of=hour(3)))
    assert not broken("as_of_does_not_go_back", sound_tables(), circumstances(as_of=hour(3), is_as_of_told=True))


def test_a_table_older_than_the_extraction_is_caught():
    known = circumstances(landed_at=hour(5))
    assert broken("computed_from_what_was_read_last", sound_tables(), known, "flow_weekly")


def test_what_only_warns_is_published():
    assert {c.name for c in CONTRACTS if c.severity == "warning"} == {
        "histories_are_complete",
        "every_status_is_mapped",
        "nothing_is_quarantined",
    }
    assert broken("histories_are_complete", changed(sound_tables(), "completeness", is_complete=False))
    assert broken("every_status_is_mapped", changed(sound_tables(), "statuses", is_unmapped=True))


def test_contracts_wait_until_all_their_tables_and_facts_are_there():
    alone = contracts_for([BY_NAME["issue_journeys"]])
    assert alone == [c for c in CONTRACTS if c.needs == ("issue_journeys",)]
    facts = {need for c in CONTRACTS for need in c.needs} - set(BY_NAME)
    assert contracts_for(TABLES, facts) == list(CONTRACTS)
