"""A person goes from the landed batches; everything else in them stays, and so do the figures."""

import msgspec
import polars as pl
import pytest

from pipelines.jira.erasure import landed_batches, new_stranger, person_of, replace_person
from pipelines.jira.extract import extract
from pipelines.jira.scope import Scope
from pipelines.jira.site_store import Store
from pipelines.jira.tables import build_raw_tables
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.jira.sites import session_with
from tests.pipelines.sandbox.sites import history, issue, item, moved
from transforms.raw import RAW_TABLES, RawChanges, RawIssues, RawQuarantine

KEY = "a key for tests only"
BO = {"accountId": "bo", "displayName": "Bo", "active": True}


def assigned(old, new):
    return item("assignee", old, new, fieldId="assignee")


def team_site():
    """Ana begins, Bo goes on; Bo also holds an issue nobody moves. Ana wrote all histories but one."""
    return site_from_issues(
        [
            issue(
                101, "ABC-1",
                history(1, 1, assigned(None, "ana"), moved("To Do", "Doing")),
                history(2, 5, assigned("ana", "bo")) | {"author": BO},
                status="Doing", assignee=BO,
            ),
            issue(102, "ABC-2", created=2, assignee=BO),
            issue(103, "ABC-3", created=3),
        ]
    )  # fmt: skip


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "data", "site", {"FLOW_PSEUDONYM_KEY": KEY})
    with start(team_site(), "cloud") as sandbox:
        extract(session_with(sandbox, "cloud"), Scope(), store)
    return store


def raw_tables(store, folder):
    tables = build_raw_tables(store, folder)
    return {table: tables.scan(table).collect() for table in RAW_TABLES}


BO_HASH = person_of(KEY.encode(), "bo")


def test_raw_tables_are_the_same_but_for_whom_they_name(store, tmp_path):
    before = raw_tables(store, tmp_path / "before")
    assert replace_person(store, BO_HASH, 77) == 1
    after = raw_tables(store, tmp_path / "after")
    for table in set(RAW_TABLES) - {RawQuarantine}:
        expected = before[table].with_columns(pl.col(pl.Int64).replace(BO_HASH, 77))
        assert after[table].equals(expected), table.name
    assert after[RawIssues]["assignee"].to_list() == [77, 77, None]


def test_a_hand_off_stays_one_and_nobody_becomes_unassigned(store, tmp_path):
    replace_person(store, BO_HASH, 77)
    changes = raw_tables(store, tmp_path / "after")[RawChanges].filter(pl.col.field == "assignee")
    ana = person_of(KEY.encode(), "ana")
    assert changes.sort("changed_at").select("from_id", "to_id", "author").rows() == [(None, ana, ana), (ana, 77, 77)]


def test_rewritten_batches_are_named_by_their_content_and_the_old_ones_are_gone(store):
    [old] = landed_batches(store.landing)
    replace_person(store, BO_HASH, 77)
    [new] = landed_batches(store.landing)
    assert new != old
    lines = list(store.landing.read_issues(new))
    assert [msgspec.json.decode(line)["id"] for line in lines] == ["101", "102", "103"]
    assert not any(str(BO_HASH).encode() in line for line in lines)
    run = store.ledger.latest_complete()
    assert [batch.sha for batch in store.ledger.batches(run.run_id, "issues")] == [new]


def test_batches_that_name_others_are_left_alone(store):
    before = landed_batches(store.landing)
    assert replace_person(store, person_of(KEY.encode(), "nobody"), 77) == 0
    assert landed_batches(store.landing) == before


def test_a_number_that_only_contains_the_hash_is_another_one(store):
    [sha] = landed_batches(store.landing)
    assert replace_person(store, int(str(BO_HASH)[:-1]), 77) == 0
    assert landed_batches(store.landing) == [sha]


def test_files_no_run_counts_lose_the_person_too(store):
    line = b'{"id":"9","key":"ABC-9","author":%d}' % BO_HASH
    orphan = store.landing.write_issues([line])
    half_written = store.landing.folder / "issues" / ".left-behind"
    half_written.write_bytes(line)
    assert replace_person(store, BO_HASH, 77) == 2
    assert not store.landing.path("issues", orphan).exists()
    assert not half_written.exists()


def test_other_sites_of_the_same_ledger_keep_their_batches(store, tmp_path):
    other = Store(tmp_path / "data", "other", {"FLOW_PSEUDONYM_KEY": KEY})
    with start(team_site(), "cloud") as sandbox:
        extract(session_with(sandbox, "cloud"), Scope(), other)
    replace_person(store, BO_HASH, 77)
    assert raw_tables(other, tmp_path / "other_tables")[RawIssues]["assignee"].to_list() == [BO_HASH, BO_HASH, None]


def test_a_stranger_is_somebody_and_never_the_same_twice():
    strangers = {new_stranger() for _ in range(100)}
    assert len(strangers) == 100
    assert all(0 < stranger < 2**63 for stranger in strangers)
