"""A damaged working store is rebuilt from what landed; a damaged batch is named, set aside and read again."""

import random
import subprocess
import sys
from datetime import timedelta

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.jira import manifests as manifest_files
from pipelines.jira.erasure import landed_batches, replace_person
from pipelines.jira.errors import LandingError
from pipelines.jira.manifests import manifests, manifests_folder
from pipelines.jira.recovery import mend
from pipelines.jira.site_store import Store
from pipelines.jira.tables import build_raw_tables
from pipelines.sandbox import changes
from pipelines.sandbox.server import start
from tests.pipelines.jira.visits import ALWAYS, HOUR, Visits, the_site
from transforms.raw import RawChanges, RawIssues, RawStatusVersions, RawTombstones

KEY = {"FLOW_PSEUDONYM_KEY": "a key for tests only"}
COMPARED = (RawIssues, RawChanges, RawTombstones, RawStatusVersions)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "data", "site", KEY)


@pytest.fixture
def visits(store, tmp_path):
    """A site read whole, then an hour later a change and a deletion."""
    with start(the_site(), "cloud") as sandbox:
        made = Visits(sandbox, "cloud", store, tmp_path)
        made.run(ALWAYS)
        changes.transition(made.site, "ABC-103", "Status 1")
        changes.delete(made.site, "ABC-104")
        made.run(ALWAYS)
        yield made


def tables(visits):
    return {table: visits.table(table) for table in COMPARED}


def assert_same(before, after):
    for table, frame in before.items():
        order = list(table.key)
        assert_frame_equal(frame.sort(order), after[table].sort(order))


def cut(content):
    return content[: len(content) // 2]


def flipped(content):
    rng, changed = random.Random(7), bytearray(content)
    for _ in range(200):
        changed[rng.randrange(len(changed))] ^= 0xFF
    return bytes(changed)


@pytest.mark.parametrize("damage", [cut, flipped, lambda _: b"", lambda _: b"no database" * 999])
def test_a_damaged_working_store_is_rebuilt_without_asking_the_site(visits, store, damage):
    before, asked = tables(visits), visits.sandbox.requests.total()
    path = store.ledger.path
    path.write_bytes(damaged := damage(path.read_bytes()))
    told = mend(store)
    assert f"The working store {path} is damaged" in told
    assert "site was rebuilt from 2 landed runs, without asking Jira." in told
    assert path.with_name("work.duckdb.damaged-1").read_bytes() == damaged, "nothing is deleted"
    assert path.stat().st_mode & 0o777 == 0o600
    assert_same(before, tables(visits))
    assert visits.sandbox.requests.total() == asked


def test_a_lost_working_store_is_rebuilt(visits, store):
    before = tables(visits)
    store.ledger.path.unlink()
    assert "is gone. site was rebuilt from 2 landed runs" in mend(store)
    assert_same(before, tables(visits))


def test_a_whole_working_store_is_left_alone(visits, store):
    before = store.ledger.path.read_bytes()
    assert mend(store) == ""
    assert store.ledger.path.read_bytes() == before


def test_before_the_first_reading_there_is_nothing_to_mend(store):
    assert mend(store) == ""
    assert not store.ledger.path.exists()


def test_after_a_rebuild_the_next_reading_is_an_increment_under_the_next_number(visits, store):
    store.ledger.path.write_bytes(b"")
    mend(store)
    changes.transition(visits.site, "ABC-105", "Status 1")
    done = visits.run()
    assert (done.mode, store.ledger.latest_complete().number) == ("window", 3)
    assert visits.served < 10, "one issue, by each of its routes; a full reading serves thirty and more"
    assert visits.table(RawIssues).height == 30


def test_a_damaged_log_of_the_working_store_is_set_aside_too(visits, store):
    path = store.ledger.path
    code = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]);"
        "[c.execute(\"insert into extraction.facts values ('x', ?, repeat('y', 9999))\", [str(n)]) for n in range(9)];"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    log = path.with_name("work.duckdb.wal")
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 0xFF
    log.write_bytes(content)
    assert "damaged" in mend(store)
    assert not log.exists()
    assert path.with_name("work.duckdb.damaged-1.wal").exists()


def test_a_store_somebody_else_has_open_is_not_taken_for_a_damaged_one(visits, store):
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(store.ledger.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(duckdb.IOException, match="Could not set lock"):
            mend(store)
        other.stdin.close()
        other.wait()
    assert store.ledger.path.exists()


def test_without_whole_manifests_the_site_is_read_anew_and_nothing_old_counts(visits, store):
    [first, _] = sorted(manifests_folder(store.landing).iterdir())
    first.unlink()
    store.ledger.path.write_bytes(b"")
    assert "do not go back to a full reading" in mend(store)
    assert store.ledger.latest_complete() is None
    done = visits.run(ALWAYS)
    assert done.mode == "full"
    assert visits.table(RawIssues)["issue_id"].to_list() == [n for n in range(101, 131) if n != 104]
    assert [one.run.number for one in manifests(store.landing)] == [1]


def test_a_damaged_manifest_is_noticed(visits, store):
    [_, last] = sorted(manifests_folder(store.landing).iterdir())
    last.write_bytes(flipped(last.read_bytes()))
    store.ledger.path.write_bytes(b"")
    assert "site is read from Jira anew" in mend(store)
    assert manifests_folder(store.landing).with_name("runs.damaged-1").is_dir()


def test_the_ledger_counts_no_run_whose_manifest_is_not_on_disk(visits, store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(manifest_files, "write_durably", full)
    with pytest.raises(OSError, match="No space"):
        visits.run()
    monkeypatch.undo()
    assert store.ledger.latest_complete().number == 2
    visits.run()
    assert store.ledger.latest_complete().number == 3


def test_manifests_are_private_and_name_nobody(visits, store):
    for path in manifests_folder(store.landing).iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    assert manifests_folder(store.landing).stat().st_mode & 0o777 == 0o700


def test_after_an_erasure_a_rebuild_leads_to_the_rewritten_batches(visits, store):
    person = int(visits.table(RawChanges)["author"].drop_nulls()[0])
    assert replace_person(store, person, 4711) > 0
    before = tables(visits)
    store.ledger.path.write_bytes(b"")
    assert "was rebuilt" in mend(store)
    assert_same(before, tables(visits))
    assert person not in visits.table(RawChanges)["author"].to_list()


@pytest.mark.parametrize("damage", [cut, flipped, None])
def test_a_damaged_batch_is_named_and_the_next_run_reads_everything_anew(visits, store, tmp_path, damage):
    before = tables(visits)
    sha = max(landed_batches(store.landing), key=lambda sha: store.landing.path("issues", sha).stat().st_size)
    path = store.landing.path("issues", sha)
    content = path.read_bytes()
    path.unlink()
    if damage:
        path.write_bytes(damage(content))
    with pytest.raises(LandingError) as caught:
        build_raw_tables(store, tmp_path / "raw_tables")
    assert str(path) in str(caught.value)
    assert "the next run that asks Jira reads everything anew" in str(caught.value)
    assert not path.exists()
    assert path.with_name(f"{path.name}.damaged-1").exists() == bool(damage)
    assert visits.run().mode == "full"
    before, after = (
        {table: frames[table].filter(pl.col.issue_id != 104) for table in (RawIssues, RawChanges)}
        for frames in (before, tables(visits))
    )
    assert_same(before, after)
    assert visits.run().mode == "window", "once is enough"


def test_an_issue_that_is_gone_from_jira_and_from_the_disk_is_named_as_missing(visits, store, tmp_path):
    sha = max(landed_batches(store.landing), key=lambda sha: store.landing.path("issues", sha).stat().st_size)
    store.landing.path("issues", sha).write_bytes(b"")
    with pytest.raises(LandingError):
        build_raw_tables(store, tmp_path / "raw_tables")
    assert visits.run().missing == [104]


def test_a_damaged_snapshot_of_reference_data_is_read_again(visits, store, tmp_path):
    before = tables(visits)
    sha = store.ledger.batches(store.ledger.latest_complete().run_id, "reference")[-1].sha
    store.landing.path("reference", sha).write_bytes(b"not packed")
    with pytest.raises(LandingError, match=sha):
        build_raw_tables(store, tmp_path / "raw_tables")
    visits.run()
    assert_same({RawIssues: before[RawIssues]}, tables(visits))


def test_a_site_whose_clock_went_back_is_read_whole(visits):
    assert visits.run(after=-timedelta(days=400)).mode == "full"
    assert visits.run(after=HOUR).mode == "window"
