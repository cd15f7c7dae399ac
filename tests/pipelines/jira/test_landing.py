"""Raw files: private, durable, named by their content, refused when damaged."""

import hashlib
import stat

import pytest
import zstandard

from pipelines.durable import write_durably
from pipelines.jira.errors import LandingError, MissingSettingError
from pipelines.jira.landing import Landing, pseudonym_key

LINES = [b'{"id":"1"}', b'{"id":"2","text":"\xc3\xa4"}']


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "raw" / "site")


def test_what_lands_is_read_back_line_by_line(landing):
    sha = landing.write_issues(LINES)
    assert list(landing.read_issues(sha)) == LINES


def test_a_batch_is_named_by_the_hash_of_its_lines(landing):
    sha = landing.write_issues(LINES)
    assert sha == hashlib.sha256(b"\n".join(LINES) + b"\n").hexdigest()
    assert landing.path("issues", sha).name == f"{sha}.jsonl.zst"


def test_landing_the_same_lines_again_writes_nothing(landing):
    path = landing.path("issues", landing.write_issues(LINES))
    before = path.stat().st_mtime_ns
    landing.write_issues(LINES)
    assert path.stat().st_mtime_ns == before
    assert len(list(path.parent.iterdir())) == 1


def test_lines_longer_than_a_chunk_stay_whole(landing):
    long = [b"x" * 3_000_000, b"y", b"z" * 1_048_576]
    assert list(landing.read_issues(landing.write_issues(long))) == long


def test_only_the_owner_may_read_what_landed(landing):
    path = landing.path("issues", landing.write_issues(LINES))
    assert mode(path) == 0o600
    assert {mode(folder) for folder in (path.parent, landing.folder, landing.folder.parent)} == {0o700}


def test_reference_data_lie_apart(landing):
    sha = landing.write_reference(b"{}")
    assert landing.read_reference(sha) == b"{}"
    assert landing.path("reference", sha).parent.name == "reference"


def test_a_missing_file_is_told_by_name(landing):
    with pytest.raises(LandingError, match="0123"):
        landing.read_reference("0123")


@pytest.mark.parametrize("damage", [b"", b"not zstd at all", zstandard.compress(b'{"id":"3"}\n')])
def test_a_damaged_file_is_refused(landing, damage):
    sha = landing.write_issues(LINES)
    landing.path("issues", sha).write_bytes(damage)
    with pytest.raises(LandingError, match=sha):
        list(landing.read_issues(sha))


def test_a_file_cut_off_is_refused(landing):
    sha = landing.write_issues([b'{"id":"%d"}' % n for n in range(10_000)])
    path = landing.path("issues", sha)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(LandingError):
        list(landing.read_issues(sha))


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "file"
    write_durably(target, b"old")
    monkeypatch.setattr("os.fsync", lambda descriptor: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_durably(target, b"new")
    assert target.read_bytes() == b"old"


def test_a_pseudonym_key_is_made_once_and_kept_private(tmp_path):
    first = pseudonym_key(tmp_path, {})
    assert pseudonym_key(tmp_path, {}) == first
    assert len(first) == 64
    assert mode(tmp_path / "private" / "pseudonym.key") == 0o600
    assert mode(tmp_path / "private") == 0o700


def test_two_folders_have_two_keys(tmp_path):
    assert pseudonym_key(tmp_path / "a", {}) != pseudonym_key(tmp_path / "b", {})


def test_a_key_from_the_environment_is_taken_and_not_written(tmp_path):
    given = {"FLOW_PSEUDONYM_KEY": "sixteen letters!"}
    assert pseudonym_key(tmp_path, given) == b"sixteen letters!"
    assert not (tmp_path / "private").exists()


def test_a_key_too_short_to_protect_anybody_is_refused(tmp_path):
    with pytest.raises(MissingSettingError, match="FLOW_PSEUDONYM_KEY"):
        pseudonym_key(tmp_path, {"FLOW_PSEUDONYM_KEY": "short"})
