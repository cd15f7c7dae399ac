"""Killed at any instant and run again: what landed is not fetched again, nothing is lost, nothing is doubled."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.jira import cloud, datacenter
from pipelines.jira.audit import Audit
from pipelines.jira.errors import ComeBackLaterError, LandingError, OverloadedError
from pipelines.jira.extract import extract
from pipelines.jira.options import Options
from pipelines.jira.scope import Scope
from pipelines.jira.site_store import Store
from pipelines.jira.tables import build_raw_tables
from pipelines.sandbox.faults import FaultScript
from pipelines.sandbox.faults.connection import Latency
from pipelines.sandbox.faults.contents import CutChangelog, HeavyIssue
from pipelines.sandbox.faults.refusals import TooManyRequests
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.jira.rest import history, issue, item, move
from tests.pipelines.jira.sites import EMAIL, FLAVOURS, TOKEN, session_with
from transforms.raw import RawChanges, RawIssues

COUNT = 400
LATER = "2024-02-02T10:00:00.000+0000"
KEY = "a key for tests only"

SCRIPT = """
import sys
from pathlib import Path
from pipelines.jira import Connection, Scope, Store, cloud, connect, datacenter, extract
cloud.ISSUES_PER_BATCH = datacenter.ISSUES_PER_BATCH = 20
datacenter.ISSUES_PER_PAGE = 10
url, email, data = sys.argv[1:]
import os
connection = Connection(url, email or None, os.environ["JIRA_TOKEN"])
extract(connect(connection), Scope(), Store(Path(data), "site"))
"""


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(cloud, "ISSUES_PER_BATCH", 20)
    monkeypatch.setattr(datacenter, "ISSUES_PER_BATCH", 20)
    monkeypatch.setattr(datacenter, "ISSUES_PER_PAGE", 10)


def the_site():
    return site_from_issues(
        [issue(n, history(n, "2024-02-01T10:00:00.000+0000", move(1, 3))) for n in range(1001, 1001 + COUNT)]
    )


def store_in(tmp_path):
    return Store(tmp_path / "data", "site", {"FLOW_PSEUDONYM_KEY": KEY})


def contents(store, tmp_path):
    tables = build_raw_tables(store, tmp_path / "raw_tables")
    issues = tables.scan(RawIssues).collect()["issue_id"].to_list()
    return sorted(issues), tables.scan(RawChanges).collect().height


WHOLE = (list(range(1001, 1001 + COUNT)), COUNT)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_process_killed_at_any_instant_goes_on_where_it_was(flavour, tmp_path):
    seconds = random.Random(flavour)
    environment = os.environ | {"FLOW_PSEUDONYM_KEY": KEY, "JIRA_TOKEN": TOKEN}
    email = EMAIL if flavour == "cloud" else ""
    with start(the_site(), flavour, faults=FaultScript.of(Latency(ms=30))) as sandbox:
        for _ in range(4):
            process = subprocess.Popen(
                [sys.executable, "-c", SCRIPT, sandbox.url, email, str(tmp_path / "data")], env=environment
            )
            wait_until_something_landed(tmp_path / "data", process, seconds.uniform(0.0, 0.4))
            process.send_signal(signal.SIGKILL)
            process.wait()
        landed = landed_ids(store_in(tmp_path))
        done = extract(session_with(sandbox, flavour), Scope(), store_in(tmp_path))
        assert landed
        assert done.issue_count == COUNT - len(landed)
    assert contents(store_in(tmp_path), tmp_path) == WHOLE


def wait_until_something_landed(data, process, more):
    """Let a process land one more file, and a little more."""
    files = lambda: len(list(data.glob("raw/site/issues/*.zst")))  # noqa: E731
    before, deadline = files(), time.monotonic() + 20
    while files() == before and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(more)


def landed_ids(store):
    run = store.ledger.latest()
    return {number for batch in store.ledger.batches(run.run_id, "issues") for number in batch.ids} if run else set()


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.usefixtures("small_batches")
def test_finished_batches_are_not_fetched_again(flavour, tmp_path):
    store, route = store_in(tmp_path), "issue/bulkfetch" if flavour == "cloud" else "/search"
    stopped = FaultScript.of(TooManyRequests(retry_after=3600).on(route, after=6))
    with start(the_site(), flavour, faults=stopped) as sandbox, pytest.raises(ComeBackLaterError, match="goes on"):
        extract(session_with(sandbox, flavour), Scope(), store)
    landed = landed_ids(store)
    assert 0 < len(landed) < COUNT
    assert store.ledger.latest_complete() is None
    with start(the_site(), flavour) as sandbox:
        done = extract(session_with(sandbox, flavour), Scope(), store)
    assert (done.is_resumed, done.issue_count) == (True, COUNT - len(landed))
    assert contents(store, tmp_path) == WHOLE


def break_off(site, flavour, store, options=None, *faults):
    """A run that is told to come back later when it has landed some batches."""
    route = "issue/bulkfetch" if flavour == "cloud" else "/search"
    stopped = FaultScript.of(TooManyRequests(retry_after=3600).on(route, after=6 if not faults else 40), *faults)
    with start(site, flavour, faults=stopped) as sandbox, pytest.raises(OverloadedError):
        extract(session_with(sandbox, flavour), Scope(), store, options=options)
    assert 1001 in landed_ids(store)


def remove(site, number):
    del site.issues[number]
    site.revision += 1


def put(site, number):
    site.issues = dict(sorted({**site.issues, number: the_site().issues[number]}.items()))
    site.revision += 1


def finish(site, flavour, store, options=None):
    with start(site, flavour) as sandbox:
        return extract(session_with(sandbox, flavour), Scope(), store, options=options)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.usefixtures("small_batches")
def test_what_changed_while_a_run_lay_broken_is_read_again(flavour, tmp_path):
    site, store = the_site(), store_in(tmp_path)
    break_off(site, flavour, store)
    changed = issue(1001, history(9000, f"{site.now:%Y-%m-%dT%H:%M:%S}.000+0000", move(3, 5)), status=5)
    changed["fields"]["updated"] = f"{site.now:%Y-%m-%dT%H:%M:%S}.000+0000"
    site.issues[1001] = changed
    site.revision += 1
    finish(site, flavour, store)
    tables = build_raw_tables(store, tmp_path / "raw_tables")
    assert tables.scan(RawIssues).filter(issue_id=1001).collect()["status_id"].to_list() == [5]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.usefixtures("small_batches")
def test_what_was_deleted_while_a_run_lay_broken_is_buried_by_the_run_that_takes_it_up(flavour, tmp_path):
    site, store = the_site(), store_in(tmp_path)
    break_off(site, flavour, store)
    remove(site, 1001)
    done = finish(site, flavour, store)
    assert (done.is_resumed, done.gone_count) == (True, 1)
    assert store.ledger.tombstones()["issue_id"].to_list() == [1001]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.usefixtures("small_batches")
def test_what_came_back_and_went_again_while_a_run_lay_broken_stays_buried(flavour, tmp_path):
    site, store, everything = the_site(), store_in(tmp_path), Options(full_refresh=timedelta(0))
    finish(site, flavour, store)
    remove(site, 1001)
    finish(site, flavour, store, everything)
    put(site, 1001)
    break_off(site, flavour, store, everything)
    remove(site, 1001)
    assert finish(site, flavour, store, everything).is_resumed
    assert store.ledger.tombstones()["issue_id"].to_list() == [1001]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_census_that_falls_due_while_an_increment_lies_broken_is_taken_by_the_run_that_takes_it_up(flavour, tmp_path):
    site, store = the_site(), store_in(tmp_path)
    finish(site, flavour, store)
    remove(site, 1001)
    stopped = FaultScript.of(TooManyRequests(retry_after=3600).on("search/jql" if flavour == "cloud" else "/search"))
    with start(site, flavour, faults=stopped) as sandbox, pytest.raises(ComeBackLaterError):
        extract(session_with(sandbox, flavour), Scope(), store)
    broken = store.ledger.latest()
    assert (broken.mode, broken.has_census) == ("window", False)
    assert finish(site, flavour, store, Options(census=timedelta(0))).gone_count == 1
    assert store.ledger.latest_with("has_census", broken.era).run_id == broken.run_id


@pytest.mark.usefixtures("small_batches")
def test_a_broken_run_that_lost_a_damaged_batch_is_taken_up_all_the_same(tmp_path):
    site, store, everything = the_site(), store_in(tmp_path), Options(full_refresh=timedelta(0))
    finish(site, "cloud", store)
    stopped = FaultScript.of(TooManyRequests(retry_after=3600).on("issue/bulkfetch", after=8))
    with start(site, "cloud", faults=stopped) as sandbox, pytest.raises(OverloadedError):
        extract(session_with(sandbox, "cloud", concurrency=1), Scope(), store, options=everything)
    first, *others = store.ledger.batches(store.ledger.latest().run_id, "issues")
    assert others
    store.landing.path("issues", first.sha).write_bytes(b"not what it was")
    with pytest.raises(LandingError):
        contents(store, tmp_path)
    assert store.ledger.batches(store.ledger.latest().run_id, "issues") == others
    done = finish(site, "cloud", store, everything)
    assert (done.is_resumed, contents(store, tmp_path)) == (True, WHOLE)


@pytest.mark.usefixtures("small_batches")
def test_a_bulk_route_found_short_before_a_run_broke_off_is_doubted_by_the_run_that_takes_it_up(tmp_path, monkeypatch):
    monkeypatch.setattr(Audit, "choose", lambda self, lines, first, total: [1021] if 1021 in lines and first else [])
    assign = item("assignee", None, "ana", None, "Ana")
    site = site_from_issues(
        [issue(n, history(n, "2024-02-01T10:00:00.000+0000", move(1, 3)), history(10 * n, LATER, assign))
         for n in range(1001, 1001 + COUNT)]
    )  # fmt: skip
    short = CutChangelog(lost=1, end="newest", issues=(1003, 1021)).on("changelog/bulkfetch")
    stopped = TooManyRequests(retry_after=3600).on("issue/bulkfetch", after=2)
    store, plain = store_in(tmp_path), Options(has_links=False, has_worklogs=False)
    with start(site, "cloud", faults=FaultScript.of(short, stopped)) as sandbox, pytest.raises(OverloadedError):
        extract(session_with(sandbox, "cloud", concurrency=1), Scope(), store, options=plain)
    with start(site, "cloud", faults=FaultScript.of(short)) as sandbox:
        assert extract(session_with(sandbox, "cloud"), Scope(), store, options=plain).is_resumed
    assert contents(store, tmp_path) == (WHOLE[0], 2 * COUNT)


@pytest.mark.usefixtures("small_batches")
def test_a_file_that_landed_without_its_entry_in_the_ledger_is_fetched_again(tmp_path):
    """The instant between the two: the entry comes after the file, so the file counts for nothing yet."""
    store = store_in(tmp_path)
    with start(the_site(), "cloud") as sandbox:
        extract(session_with(sandbox, "cloud"), Scope(), store)
        stray = Path(store.landing.folder / "issues" / ("0" * 64 + ".jsonl.zst"))
        stray.write_bytes(b"half a file")
        extract(session_with(sandbox, "cloud"), Scope(), store)
    assert contents(store, tmp_path) == WHOLE


@pytest.mark.parametrize("part", ["fields", "details"])
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.usefixtures("small_batches")
def test_what_a_run_could_not_be_sent_before_it_broke_off_is_asked_for_and_told_by_who_takes_it_up(
    flavour, part, tmp_path
):
    store, heavy = store_in(tmp_path), HeavyIssue((1003,), part=part)
    break_off(the_site(), flavour, store, None, heavy)
    assert 1003 in landed_ids(store)
    with start(the_site(), flavour, faults=FaultScript.of(heavy)) as sandbox:
        done = extract(session_with(sandbox, flavour), Scope(), store)
    assert done.is_resumed
    assert len(done.warnings) == 1
    assert "1 issue" in done.warnings[0]
    with start(the_site(), flavour) as sandbox:
        assert extract(session_with(sandbox, flavour), Scope(), store).warnings == []
    assert contents(store, tmp_path) == WHOLE
