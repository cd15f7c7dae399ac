"""The ledger says which batches are the current state of a site."""

import os
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from pipelines.jira.ledger import Batch, Ledger, Outcome, Run, Tombstone

START = datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "data" / "work.duckdb", "site", now=lambda: START)


def opened(ledger, run_id, started=START, **kwargs):
    return ledger.start(Run(run_id, started, started, **kwargs))


def run(ledger, run_id, started=START, *batches, is_complete=True, outcome=None, **kwargs):
    one = opened(ledger, run_id, started, **kwargs)
    for number, ids in enumerate(batches):
        ledger.record(run_id, Batch(number, "issues", f"{run_id}{number}", tuple(ids), tuple(7 for _ in ids)))
    if is_complete:
        ledger.complete(one, outcome)
    else:
        ledger.fail(run_id)
    return one


def test_before_the_first_complete_run_there_is_no_current_state(ledger):
    assert ledger.latest_complete() is None
    opened(ledger, "a")
    assert ledger.latest_complete() is None
    ledger.fail("a")
    assert ledger.latest_complete() is None
    assert (ledger.latest().run_id, ledger.latest().status) == ("a", "failed")


def test_the_latest_complete_run_is_the_current_state(ledger):
    run(ledger, "a")
    run(ledger, "b", START + timedelta(hours=1))
    run(ledger, "c", START + timedelta(hours=2), is_complete=False)
    assert ledger.latest_complete().run_id == "b"


def test_the_latest_run_is_the_one_opened_last_whatever_the_sites_clock_says(ledger):
    run(ledger, "a", START)
    run(ledger, "b", START - timedelta(days=900))
    assert ledger.latest_complete().run_id == "b"


def test_a_run_comes_back_as_it_went(ledger):
    began = Run("a", START, START - timedelta(days=1), mode="window", since=START - timedelta(hours=1), has_census=True,
                scope_sha="s", shape_sha="t")  # fmt: skip
    made = ledger.start(began)
    ledger.complete(made)
    assert ledger.latest_complete() == replace(made, status="complete")
    assert (made.number, made.era) == (1, 1)


def test_a_run_taken_up_speaks_of_a_later_moment_and_keeps_its_watermark(ledger):
    run(ledger, "a", is_complete=False)
    later = START + timedelta(hours=3)
    ledger.take_up(replace(ledger.latest(), as_of=later, has_census=True))
    found = ledger.latest()
    assert (found.status, found.server_started_at, found.as_of, found.has_census) == ("running", START, later, True)


def test_batches_come_in_the_order_they_landed(ledger):
    opened(ledger, "a")
    batches = [Batch(n, "issues", f"sha{n}", (n * 10, n * 10 + 9), (7, 7), n, n + 1) for n in (0, 1, 2)]
    for batch in (batches[2], batches[0], batches[1]):
        ledger.record("a", batch)
    ledger.record("a", Batch(0, "reference", "ref"))
    assert ledger.batches("a", "issues") == batches
    assert ledger.batches("a", "reference") == [Batch(0, "reference", "ref")]


def test_of_every_issue_the_line_that_landed_last_is_current(ledger):
    first = run(ledger, "a", START, [1, 2], [3, 4])
    run(ledger, "b", START, [2, 4], [4, 5], era=first.era, mode="window")
    assert ledger.current_lines(first.era) == [("a0", [0]), ("b0", [0]), ("a1", [0]), ("b1", [0, 1])]
    assert ledger.known_projects(first.era) == dict.fromkeys((1, 2, 3, 4, 5), 7)


def test_a_run_that_did_not_finish_is_no_part_of_the_current_state(ledger):
    first = run(ledger, "a", START, [1])
    run(ledger, "b", START, [1, 2], era=first.era, is_complete=False)
    assert ledger.current_lines(first.era) == [("a0", [0])]


def test_a_new_scope_begins_a_new_era(ledger):
    run(ledger, "a", START, [1])
    second = run(ledger, "b", START, [2])
    assert ledger.current_lines(second.era) == [("b0", [0])]


def test_the_newest_run_with_a_trait_is_found_in_its_era(ledger):
    full = run(ledger, "a", has_census=True)
    run(ledger, "b", mode="window", era=full.era, is_rescan=True)
    assert ledger.latest_with("is_full", full.era).run_id == "a"
    assert ledger.latest_with("has_census", full.era).run_id == "a"
    assert ledger.latest_with("is_rescan", full.era).run_id == "b"
    assert ledger.latest_with("is_full", 99) is None


def test_an_issue_that_is_gone_stays_gone_until_it_is_read_again(ledger):
    first = run(
        ledger, "a", START, [1, 2], outcome=Outcome((Tombstone(2, "archived"), Tombstone(9, "moved_out", "NEW-1")))
    )
    assert ledger.tombstones().rows() == [(2, "archived", None, START), (9, "moved_out", "NEW-1", START)]
    run(ledger, "b", START + timedelta(hours=1), [2], era=first.era)
    assert ledger.tombstones()["issue_id"].to_list() == [9]


def test_the_day_an_issue_went_is_kept(ledger):
    first = run(ledger, "a", START, [1], outcome=Outcome((Tombstone(1, "archived"),)))
    run(ledger, "b", START + timedelta(days=1), era=first.era, outcome=Outcome((Tombstone(1, "archived"),)))
    assert ledger.tombstones()["gone_at"].to_list() == [START]


def test_a_status_gets_a_row_whenever_its_name_or_category_changes(ledger):
    days = [START + timedelta(days=n) for n in range(4)]
    told = [(1, "Doing", "new", True), (1, "Doing", "new", True), (1, "Doing", "done", True), (1, "Made", "done", True)]
    for day, status in zip(days, told, strict=True):
        run(ledger, f"{day:%d}", day, outcome=Outcome((), [status]))
    assert ledger.statuses().select("status_name", "category", "valid_from").rows() == [
        ("Doing", "new", days[0]), ("Doing", "done", days[2]), ("Made", "done", days[3])
    ]  # fmt: skip


def test_what_was_found_out_about_a_site_is_remembered(ledger):
    assert ledger.fact("form") is None
    ledger.note_fact("form", "quoted")
    ledger.note_fact("form", "epoch")
    assert ledger.fact("form") == "epoch"


def test_sites_share_a_ledger_without_seeing_each_other(tmp_path, ledger):
    other = Ledger(tmp_path / "data" / "work.duckdb", "other")
    run(ledger, "a")
    assert other.latest_complete() is None
    run(other, "a")
    assert other.latest_complete().run_id == "a"


def test_only_the_owner_may_read_the_ledger_and_its_log_while_it_is_written(tmp_path, ledger):
    before = os.umask(0o022)
    try:
        with ledger.held():
            opened(ledger, "a")
            found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    assert found == {"work.duckdb": 0o600, "work.duckdb.wal": 0o600}


def test_issues_left_short_are_known_until_a_later_reading_takes_their_place(ledger):
    one = opened(ledger, "a")
    ledger.record("a", Batch(0, "issues", "x", (1, 2, 3), (7, 7, 7), unrepaired_ids=(2, 3)))
    assert ledger.unrepaired(one.era) == []
    ledger.complete(one)
    assert ledger.unrepaired(one.era) == [2, 3]
    again = opened(ledger, "b", era=one.era)
    ledger.record("b", Batch(0, "issues", "y", (3,), (7,)))
    ledger.complete(again)
    assert ledger.unrepaired(one.era) == [2]
    assert ledger.batches("a", "issues")[0].unrepaired_ids == (2, 3)


def test_a_ledger_made_before_short_issues_were_noted_is_read_on(ledger, tmp_path):
    run(ledger, "a", START, [1, 2])
    with duckdb.connect(tmp_path / "data" / "work.duckdb") as connection:
        connection.execute("alter table extraction.batches drop column unrepaired_ids")
    later = Ledger(tmp_path / "data" / "work.duckdb", "site")
    assert later.unrepaired(1) == []
    assert later.batches("a", "issues")[0].unrepaired_ids == ()
