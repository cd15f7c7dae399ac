"""Names, addresses and texts planted all over a site are nowhere on disk afterwards; what holds raw data is private.

Hostile names, which have to be kept, do no harm on their way.
"""

import os
import stat
import threading
import time
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.sandbox.site import site_from_issues
from tests.flow_command import flow, serving
from tests.pipelines.disk import everything_on_disk, unpacked
from tests.pipelines.sandbox.sites import STATUSES, history, issue, item, moved

PERSON = {
    "accountId": "acc-PLANTED-id", "name": "PLANTEDlogin", "key": "PLANTEDuserkey", "active": True,
    "displayName": "Zoë PLANTED-Müller", "emailAddress": "zoe.PLANTED@example.com",
}  # fmt: skip
TEXT = "PLANTED text: call zoe.PLANTED@example.com about the secret plan"
MARK = b"PLANTED"
HOSTILE = """Robert'); DROP TABLE core.issues;-- "x" <script>alert(1)</script> {{7*7}} ../../etc"""


def planted(issue_id, key, *histories, **fields):
    """An issue with persons and texts wherever Jira has room for them."""
    texts = {
        "summary": TEXT,
        "description": TEXT,
        "environment": TEXT,
        "customfield_10999": TEXT,
        "labels": ["PLANTED"],
    }
    people = {"assignee": PERSON, "reporter": PERSON, "creator": PERSON}
    comment = {"comments": [{"author": PERSON, "body": TEXT, "created": histories[0]["created"]}]}
    attachment = [{"filename": "PLANTED.pdf", "author": PERSON}]
    return issue(issue_id, key, *histories, **texts, **people, comment=comment, attachment=attachment, **fields)


def the_site():
    """Two projects of which one has a hostile name, a hostile status, and plants everywhere."""
    by_person = {"author": PERSON}
    hostile = {"id": "77", "name": HOSTILE, "statusCategory": {"id": 4, "key": "indeterminate", "name": "In Progress"}}
    to_hostile = item("status", "3", "77", fromString="Doing", toString=HOSTILE)
    edits = [
        item("summary", None, None, fromString=TEXT, toString=TEXT + "!"),
        item("description", None, None, fromString=None, toString=TEXT),
        item("assignee", None, "acc-PLANTED-id", toString="Zoë PLANTED-Müller", fieldId="assignee"),
        item("Link", None, None, toString=TEXT),
        item("PLANTED field", "PLANTED", "PLANTED"),
    ]
    issues = [
        planted(101, "ABC-1", history(1, 1, moved("To Do", "Doing")) | by_person, history(2, 2, *edits) | by_person,
                history(3, 5, moved("Doing", "Done")) | by_person, status="Done"),
        planted(102, "ABC-2", history(4, 1, moved("To Do", "Doing")) | by_person, history(5, 3, to_hostile) | by_person,
                status="Doing"),
        planted(103, "ABC-3", history(6, 200, moved("To Do", "Doing")) | by_person, status="Doing"),
    ]  # fmt: skip
    issues[1]["fields"]["status"] = hostile
    issues[1]["fields"]["project"] = {"id": "300", "key": "HOST", "name": HOSTILE}
    issues[1]["key"] = "HOST-2"
    issues[1]["fields"]["issuetype"] = {"id": "15", "name": HOSTILE, "subtask": False}
    site = site_from_issues(issues)
    site.statuses = [*(s for s in site.statuses if s["id"] != "77"), *STATUSES.values(), hostile]
    return site


class Passer(threading.Thread):
    """Somebody else on the machine, who looks through a folder again and again."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.readable, self.look_count, self.is_over = folder, set(), 0, False

    def run(self):
        while not self.is_over:
            for place, folders, names in os.walk(self.folder):
                folders[:] = [name for name in folders if self.may_read(Path(place, name))]
                files = {Path(place, name) for name in names}
                self.readable |= {str(path.relative_to(self.folder)) for path in files if self.may_read(path)}
            self.look_count += 1
            time.sleep(0.002)

    @staticmethod
    def may_read(path):
        try:
            return bool(path.lstat().st_mode & 0o077)
        except FileNotFoundError:
            return False


@pytest.fixture(scope="module")
def passer(tmp_path_factory):
    return Passer(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def folder(passer):
    """A folder after a run: data, Dagster's own storage, and what was said."""
    folder = passer.folder
    home = folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    before = os.umask(0o022)
    passer.start()
    try:
        with pytest.MonkeyPatch.context() as patch, serving(the_site(), "cloud") as (_, access):
            patch.setattr("pipelines.audit.audit", lambda connection, tables, given: [])
            ended = flow("run", "--data", folder / "data", DAGSTER_HOME=str(home), **access)
    finally:
        passer.is_over = True
        passer.join()
        os.umask(before)
    assert ended.exit_code == 0, ended.error
    (folder / "said.txt").write_text(ended.output + ended.error)
    return folder


def test_nothing_planted_is_on_disk(folder):
    found = [path for path, content in everything_on_disk(folder) if MARK in content or "Müller".encode() in content]
    assert found == []


def test_dagster_kept_a_log_that_was_searched(folder):
    assert any(path.suffix == ".db" and b"issue_journeys" in content for path, content in everything_on_disk(folder))


@pytest.mark.parametrize("suffix", [".parquet", ".duckdb", ".json.zst", ".json"])
def test_the_search_finds_what_is_there(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    frame = pl.DataFrame({"a": ["x", TEXT] * 500, "b": [["y"], [TEXT]] * 500})
    if suffix == ".parquet":
        frame.write_parquet(path, statistics=False)
    elif suffix == ".duckdb":
        with duckdb.connect(path) as base:
            base.execute("create schema s; create table s.t as select * from frame")
    elif suffix == ".json":
        path.write_text(TEXT)
    else:
        import zstandard  # noqa: PLC0415

        path.write_bytes(zstandard.ZstdCompressor().compress(TEXT.encode() * 3))
        assert MARK in b"".join(unpacked(path))
    assert [MARK in content for _, content in everything_on_disk(tmp_path)] == [True]


def test_what_holds_raw_data_is_for_its_owner_only(folder):
    data = folder / "data"
    for name in ("raw", "work", "private"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o700, name
    for path in [data / "work.duckdb", *(data / "raw").rglob("*.*"), *(data / "private").iterdir()]:
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_nobody_else_could_read_raw_data_at_any_moment_of_the_run(folder, passer):
    assert passer.look_count > 100
    of_data = {path for path in passer.readable if path.startswith("data/")}
    meant_for_others = ("data/versions/", "data/parameters/", "data/current", "data/flow.duckdb", "data/parquet",
                        "data/report.html", "data/.")  # fmt: skip
    assert [path for path in sorted(of_data) if not path.startswith(meant_for_others)] == []
    assert any(path.startswith("data/versions/.") for path in of_data), "it looked while tables were built"


def test_what_is_published_is_for_everybody_the_umask_lets_in(folder):
    published = [path for path in (folder / "data" / "current").resolve().rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in published} == {0o444}


def test_the_key_lies_outside_of_everything_published_and_read(folder):
    key = (folder / "data" / "private" / "pseudonym.key").read_bytes().strip()
    found = [path.name for path, content in everything_on_disk(folder) if key in content]
    assert found == ["pseudonym.key"]


def test_hostile_names_arrive_as_they_are_and_do_nothing(folder):
    with duckdb.connect(str((folder / "data" / "flow.duckdb").resolve()), read_only=True) as base:
        assert base.execute("SELECT count(*) FROM core.issues").fetchall() == [(3,)]
        names = base.execute("SELECT status_name FROM core.statuses WHERE status_id = 77").fetchall()
        assert names == [(HOSTILE,)]
        types = base.execute("SELECT issue_type FROM core.issues WHERE issue_id = 102").fetchall()
    assert types == [(HOSTILE,)]


def test_hostile_names_are_escaped_on_every_page(folder):
    pages = [path for path in (folder / "data").rglob("*.html") if not path.is_symlink()]
    for page in pages:
        assert "<script>alert(1)" not in page.read_text(encoding="utf-8"), page
