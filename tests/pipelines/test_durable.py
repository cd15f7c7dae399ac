"""Files that are whole or not there."""

import errno
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from pipelines import durable
from pipelines.durable import append_durably, point, sync_tree, write_durably, writing_parquet


@pytest.fixture
def flushed(monkeypatch):
    """What was flushed to disk, in order."""
    done = []
    monkeypatch.setattr(
        durable.os, "fsync", lambda descriptor: done.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
    )
    return done


def test_a_file_is_private_unless_it_is_meant_for_others(tmp_path):
    write_durably(tmp_path / "a", b"x")
    write_durably(tmp_path / "b", b"x", 0o644)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in "ab"] == [0o600, 0o644]


def test_content_and_name_reach_the_disk(tmp_path, flushed):
    write_durably(tmp_path / "a", b"x")
    assert [path.startswith(str(tmp_path / ".a.")) for path in flushed] == [True, False]
    assert flushed[1] == str(tmp_path)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    write_durably(tmp_path / "a", b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_durably(tmp_path / "a", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_lines_are_added_one_by_one(tmp_path):
    for line in (b"one", b"two"):
        append_durably(tmp_path / "log", line)
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_line_that_was_cut_off_does_not_spoil_the_next(tmp_path):
    (tmp_path / "log").write_bytes(b"one\ntw")
    append_durably(tmp_path / "log", b"three")
    assert (tmp_path / "log").read_bytes() == b"one\ntw\nthree\n"


def test_a_tree_is_flushed_contents_first(tmp_path, flushed):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(b"x")
    sync_tree(tmp_path / "a")
    assert [path.removeprefix(str(tmp_path)) for path in flushed] == ["/a/b/c", "/a/b", "/a"]


def test_a_link_is_switched_by_one_rename(tmp_path):
    point(tmp_path / "link", tmp_path / "one")
    (tmp_path / ".link.new").symlink_to("left by somebody who was killed")
    point(tmp_path / "link", tmp_path / "two")
    assert (tmp_path / "link").readlink() == tmp_path / "two"
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_a_link_that_leads_there_already_is_left_alone(tmp_path, flushed):
    point(tmp_path / "link", tmp_path / "one")
    before = (tmp_path / "link").lstat().st_ino
    point(tmp_path / "link", tmp_path / "one")
    assert (tmp_path / "link").lstat().st_ino == before
    assert flushed == [str(tmp_path)]


def test_a_parquet_file_that_found_no_room_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=5000))
    with pytest.raises(OSError, match="No space left") as caught, writing_parquet(tmp_path / "x.parquet"):
        raise pl.exceptions.ComputeError("parquet: File out of specification: Invalid thrift: transport error")
    assert caught.value.errno == errno.ENOSPC


def test_with_room_on_the_disk_another_fault_stays_what_it_is(tmp_path):
    with pytest.raises(pl.exceptions.ComputeError, match="something else"), writing_parquet(tmp_path / "x.parquet"):
        raise pl.exceptions.ComputeError("something else")
