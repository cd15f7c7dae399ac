"""The ledger says which batches are the current state of a site."""

import stat
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.jira.ledger import Batch, Ledger

START = datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "data" / "work.duckdb", "site", now=lambda: START)


def run(ledger, run_id, started=START, status="complete"):
    ledger.start(run_id, started, started)
    ledger.finish(run_id, status)


def test_before_the_first_complete_run_there_is_no_current_state(ledger):
    assert ledger.latest_complete() is None
    ledger.start("a", START, START)
    assert ledger.latest_complete() is None
    ledger.finish("a", "failed")
    assert ledger.latest_complete() is None


def test_the_latest_complete_run_is_the_current_state(ledger):
    run(ledger, "a")
    run(ledger, "b", START + timedelta(hours=1))
    run(ledger, "c", START + timedelta(hours=2), status="failed")
    assert ledger.latest_complete().run_id == "b"


def test_the_latest_run_is_the_one_opened_last_whatever_the_sites_clock_says(ledger):
    run(ledger, "a", START)
    run(ledger, "b", START - timedelta(days=900))
    assert ledger.latest_complete().run_id == "b"


def test_instants_come_back_as_they_went(ledger):
    ledger.start("a", START, START - timedelta(days=1))
    ledger.finish("a", "complete")
    found = ledger.latest_complete()
    assert (found.server_started_at, found.as_of) == (START, START - timedelta(days=1))


def test_batches_come_in_the_order_they_landed(ledger):
    ledger.start("a", START, START)
    batches = [Batch(n, "issues", f"sha{n}", 10, n * 10, n * 10 + 9) for n in (0, 1, 2)]
    for batch in (batches[2], batches[0], batches[1]):
        ledger.record("a", batch)
    ledger.record("a", Batch(0, "reference", "ref"))
    assert ledger.batches("a", "issues") == batches
    assert ledger.batches("a", "reference") == [Batch(0, "reference", "ref")]


def test_sites_share_a_ledger_without_seeing_each_other(tmp_path, ledger):
    other = Ledger(tmp_path / "data" / "work.duckdb", "other")
    run(ledger, "a")
    assert other.latest_complete() is None
    run(other, "a")
    assert other.latest_complete().run_id == "a"


def test_only_the_owner_may_read_the_ledger(tmp_path, ledger):
    run(ledger, "a")
    assert stat.S_IMODE((tmp_path / "data" / "work.duckdb").stat().st_mode) == 0o600
