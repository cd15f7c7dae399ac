"""``flow erase``: whom it finds, what it leaves, and that nothing under the folder holds the hash any more."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest
import zstandard

from pipelines import erase
from pipelines.data_folder_lock import BusyError, holding
from pipelines.erase import ErasureError, UnknownPersonError, erase_person, places_of
from pipelines.jira.erasure import person_of
from pipelines.sandbox.site import site_from_issues
from tests.flow_command import all_bytes, flow, in_duckdb, serving
from tests.pipelines.sandbox.sites import history, issue, item, moved

BO = {"accountId": "bo", "displayName": "Bo", "active": True}


def team_site():
    """Ana hands an issue to Bo, who finishes it and has another one in hand."""
    return site_from_issues(
        [
            issue(
                101, "ABC-1",
                history(1, 1, item("assignee", None, "ana", fieldId="assignee"), moved("To Do", "Doing")),
                history(2, 5, item("assignee", "ana", "bo", fieldId="assignee")) | {"author": BO},
                history(3, 30, moved("Doing", "Done")) | {"author": BO},
                status="Done", assignee=BO,
            ),
            issue(102, "ABC-2", history(4, 6, moved("To Do", "Doing")), status="Doing", assignee=BO),
        ]
    )  # fmt: skip


@pytest.fixture(scope="module")
def read_once(tmp_path_factory) -> Path:
    """A data folder after a run; not to be written to."""
    data = tmp_path_factory.mktemp("read") / "data"
    with serving(team_site(), "cloud") as (_, access):
        ended = flow("run", "--data", data, **access)
    assert ended.exit_code == 0, ended.error
    return data


@pytest.fixture
def data(read_once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(read_once, tmp_path / "data", symlinks=True)


def hash_of(data: Path, account: str) -> int:
    return person_of((data / "private" / "pseudonym.key").read_bytes().strip(), account)


def test_before_an_erasure_the_hash_lies_in_batches_and_private_tables_only(data):
    found = {path.relative_to(data).parts[0] for path in places_of(data, hash_of(data, "bo"))}
    assert found == {"raw", "work"}


def test_afterwards_no_byte_under_the_folder_holds_it(data):
    person = hash_of(data, "bo")
    proof = erase_person(data, "bo", {})
    assert places_of(data, person) == []
    assert (proof.batch_count, proof.table_count) == (1, 3)
    assert proof.file_count > 20


def test_the_others_stay_who_they_were(data):
    before = places_of(data, hash_of(data, "ana"))
    erase_person(data, "bo", {})
    kept = places_of(data, hash_of(data, "ana"))
    assert [path for path in kept if path.parent.name != "issues"] == [
        path for path in before if path.parent.name != "issues"
    ]
    assert sum(path.parent.name == "issues" for path in kept) == 1


def test_private_tables_say_the_same_of_a_stranger(data):
    [path] = (data / "work" / "private" / "person_intervals").glob("*.parquet")
    person, age, before = hash_of(data, "bo"), path.stat().st_mtime_ns, pl.read_parquet(path)
    erase_person(data, "bo", {})
    after = pl.read_parquet(path)
    [stranger] = set(after["assignee"]) - set(before["assignee"])
    assert after.equals(before.with_columns(pl.col.assignee.replace(person, stranger)))
    assert path.stat().st_mtime_ns == age


def test_published_tables_are_not_touched(data):
    before = all_bytes(data)
    erase_person(data, "bo", {})
    assert all_bytes(data) == before


def test_the_next_run_publishes_the_same_journeys(data):
    before = in_duckdb(data, "core", "issue_journeys")
    erase_person(data, "bo", {})
    with serving(team_site(), "cloud") as (_, access):
        ended = flow("run", "--data", data, **access)
    assert ended.exit_code == 0, ended.error
    assert in_duckdb(data, "core", "issue_journeys").equals(before)
    assert before["handoff_count"].sum() == 1


def test_erasing_somebody_twice_finds_nobody_the_second_time(data):
    erase_person(data, "bo", {})
    with pytest.raises(UnknownPersonError, match="nothing was changed"):
        erase_person(data, "bo", {})


def test_an_erasure_that_broke_off_after_the_batches_is_finished_by_the_next(data, monkeypatch):
    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(erase, "_replace_in_table", broken)
    with pytest.raises(OSError, match="disk full"):
        erase_person(data, "bo", {})
    monkeypatch.undo()
    proof = erase_person(data, "bo", {})
    assert (proof.batch_count, proof.table_count) == (0, 3)
    assert places_of(data, hash_of(data, "bo")) == []


@pytest.mark.parametrize("account", ["", "  ", "cy", "bo@example.com", "Bo"])
def test_an_unknown_account_is_refused_and_nothing_changes(data, account):
    before = {path: path.read_bytes() for path in (data / "raw").rglob("*.zst")}
    with pytest.raises(UnknownPersonError, match="accountId on Cloud"):
        erase_person(data, account, {})
    assert {path: path.read_bytes() for path in (data / "raw").rglob("*.zst")} == before


def test_another_key_knows_nobody(data):
    with pytest.raises(UnknownPersonError, match="FLOW_PSEUDONYM_KEY"):
        erase_person(data, "bo", {"FLOW_PSEUDONYM_KEY": "quite another key, long enough"})


def test_in_an_empty_folder_nothing_is_made(tmp_path):
    with pytest.raises(UnknownPersonError):
        erase_person(tmp_path / "none", "bo", {})
    assert not (tmp_path / "none").exists()


def test_while_a_run_is_at_work_it_waits_for_another_time(data):
    with holding(data), pytest.raises(BusyError, match="Another run"):
        erase_person(data, "bo", {})


def test_a_file_nobody_thought_of_is_found_and_named(data):
    (data / "audits").mkdir(exist_ok=True)
    (data / "audits" / "copied.json").write_text(f'{{"assignee": {hash_of(data, "bo")}}}')
    with pytest.raises(ErasureError, match=r"copied\.json"):
        erase_person(data, "bo", {})


@pytest.mark.parametrize("form", ["text", "little", "packed", "parquet", "duckdb"])
def test_the_search_looks_into_every_kind_of_file(tmp_path, form):
    number = 4_611_686_018_427_387_905
    frame = pl.DataFrame({"a": [1, 2, 3] * 1000 + [number]})
    if form == "text":
        (tmp_path / "x.json").write_text(f'{{"author":{number}}}')
    elif form == "little":
        (tmp_path / "x.bin").write_bytes(b"..." + number.to_bytes(8, "little") + b"...")
    elif form == "packed":
        (tmp_path / "x.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(b"%d" % number))
    elif form == "parquet":
        frame.write_parquet(tmp_path / "x.parquet", statistics=False)
    else:
        with duckdb.connect(tmp_path / "x.duckdb") as base:
            base.execute("create schema s; create table s.t as select * from frame")
    assert [path.stem.split(".")[0] for path in places_of(tmp_path, number)] == ["x"]
    assert places_of(tmp_path, number - 12_345_678) == []


def test_the_command_prints_the_proof(data):
    ended = flow("erase", "bo", "--data", data)
    assert ended.exit_code == 0, ended.error
    assert "in 1 landed batch and 3 private tables" in ended.output
    assert "Proof: the person's hash does not occur in" in ended.output
    assert str(hash_of(data, "bo")) not in ended.output


def test_the_command_tells_in_one_paragraph_whom_it_does_not_know(data):
    ended = flow("erase", "cy", "--data", data)
    assert (ended.exit_code, ended.output) == (2, "")
    assert ended.error.startswith("flow: Nothing under ")
    assert "Traceback" not in ended.error


def test_a_person_is_erased_from_each_of_several_sites(read_once, tmp_path):
    alone = erase_person(shutil.copytree(read_once, tmp_path / "alone", symlinks=True), "bo", {})
    data = tmp_path / "data"
    for name in ("berlin", "oslo"):
        shutil.copytree(read_once, data / "sites" / name, symlinks=True)
    (data / "sites" / "paris").mkdir()
    person = hash_of(data / "sites" / "oslo", "bo")
    proof = erase_person(data, "bo", {})
    assert (proof.batch_count, proof.table_count) == (2 * alone.batch_count, 2 * alone.table_count)
    assert places_of(data, person) == []
    with pytest.raises(UnknownPersonError):
        erase_person(data, "bo", {})
