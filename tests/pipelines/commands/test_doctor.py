"""flow doctor: every trouble is found before a run meets it, and told with its fix."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.data_folder_lock import holding
from pipelines.doctor import machine
from pipelines.doctor.findings import failed
from pipelines.sandbox.server import start
from tests.flow_command import FLAVOURS, access, flow, serving
from tests.pipelines.sandbox.sites import small_site

CHECKS = [
    "configuration", "libraries", "disk", "data folder", "published tables", "variables", "reachability", "credentials",
    "clock", "projects", "issues", "boards", "flags", "names",
]  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def diagnosed(*arguments, **environment):
    """Findings by check, and the exit code."""
    ended = flow("doctor", "--json", *arguments, **environment)
    assert "sandbox-token" not in ended.output
    found = json.loads(ended.output)
    assert [finding["check"] for finding in found] == CHECKS
    return {finding["check"]: finding for finding in found}, ended.exit_code


def states(found, *checks):
    return [found[check]["state"] for check in checks]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_site_that_can_be_read_is_well(flavour):
    site = small_site()
    site.now = datetime.now(UTC)
    with serving(site, flavour) as (sandbox, variables):
        found, code = diagnosed(**variables)
        assert sandbox.issues_served == 0
    assert code == 0
    assert states(found, "variables", "reachability", "credentials", "clock", "projects", "issues") == ["ok"] * 6
    assert "2 of 2 visible projects: ABC, XYZ" in found["projects"]["says"]


@pytest.mark.parametrize("url", ["http://me:pa55word@127.0.0.1:9", "http://127.0.0.1:9/?token=pa55word"])
@pytest.mark.parametrize("command", [("doctor",), ("run",), ("init",)])
def test_a_secret_in_the_address_is_refused_and_never_shown(command, url):
    ended = flow(*command, JIRA_URL=url, JIRA_TOKEN="t0ps3cret")
    assert "JIRA_URL is not the address of a Jira site" in ended.output + ended.error
    assert "pa55word" not in ended.output + ended.error


def test_what_is_missing_on_the_site_is_warned_of():
    with serving(small_site(), "cloud") as (_, variables):
        found, code = diagnosed(**variables)
    assert code == 0
    assert states(found, "clock", "boards", "flags", "configuration") == ["warn"] * 4
    assert "flagged_field" in found["flags"]["fix"]
    assert "flow init" in found["configuration"]["fix"]


def test_without_variables_the_rest_of_the_site_is_not_looked_at():
    found, code = diagnosed()
    assert code == 1
    assert states(found, "variables", "reachability", "names") == ["fail", "skipped", "skipped"]
    assert "JIRA_URL is not set" in found["variables"]["says"]


def test_a_wrong_token_is_not_an_unreachable_site():
    with start(small_site(), "cloud") as sandbox:
        found, code = diagnosed(**access(sandbox.url, "cloud", "wrong-token-x"))
    assert code == 1
    assert states(found, "reachability", "credentials", "projects") == ["ok", "fail", "skipped"]
    assert found["credentials"]["fix"]


def test_an_unreachable_site_is_told(monkeypatch):
    found, code = diagnosed(JIRA_URL="http://127.0.0.1:9", JIRA_TOKEN="t0ps3cret-t0ps3cret")
    assert code == 1
    assert states(found, "variables", "reachability", "credentials") == ["ok", "fail", "skipped"]
    assert "t0ps3cret" not in json.dumps(found)


@pytest.mark.parametrize(
    ("text", "check", "word"),
    [
        ('[jira]\nprojects = ["ABD"]', "projects", "Did you mean ABC"),
        ('[jira]\nproject = ["ABC"]', "configuration", "Did you mean 'projects'"),
        ('[[value_stream]]\nname = "A"\nprojects = ["ABD"]', "names", "ABD"),
        (
            '[[value_stream]]\nname = "A"\n[[value_stream.stage]]\nname = "S"\ntouch = ["Dooing"]\ndone = ["Done"]',
            "names", "Did you mean 'Doing'",
        ),
    ],
)  # fmt: skip
def test_what_flow_toml_gets_wrong_is_found_without_a_pull(text, check, word):
    Path("flow.toml").write_text(text)
    with serving(small_site(), "cloud") as (sandbox, variables):
        found, code = diagnosed(**variables)
        assert sandbox.issues_served == 0
    assert code == 1
    assert found[check]["state"] == "fail"
    assert word in found[check]["says"] + " " + found[check]["fix"]


def test_a_run_at_work_and_a_broken_link_are_seen(tmp_path):
    data = tmp_path / "data"
    with holding(data):
        assert diagnosed("--data", data)[0]["data folder"]["state"] == "warn"
    (data / "current").symlink_to("versions/gone")
    found, _ = diagnosed("--data", data)
    assert found["data folder"]["state"] == "fail"
    assert "rollback" in found["data folder"]["fix"]


def test_published_tables_are_told_with_their_age(published):
    found, _ = diagnosed("--data", published.data)
    assert found["published tables"]["state"] == "warn"
    assert "2026-03" in found["published tables"]["says"]


def test_a_full_disk_is_told(monkeypatch, tmp_path):
    usage = type("Usage", (), {"free": 0})
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda place: usage)
    assert diagnosed("--data", tmp_path / "x")[0]["disk"]["state"] == "fail"


def test_a_library_that_was_not_tried_is_told(monkeypatch):
    monkeypatch.setattr(machine, "_installed", lambda name: None if name == "polars" else "0.0.1")
    found = machine._libraries()
    assert found.state == "fail"
    assert "polars is missing" in found.says
    assert "duckdb 0.0.1 (wanted:" in found.says
    assert found.fix == "Run make setup."


def test_people_read_lines_with_the_fix_below():
    told = flow("doctor").output.splitlines()
    [at] = [number for number, line in enumerate(told) if line.startswith("FAIL  variables")]
    assert "→" in told[at + 1]
    assert told[-1].startswith("–     names")


def test_an_errors_first_sentence_is_what_is_wrong_and_the_rest_what_to_do():
    finding = failed("x", ValueError("It is broken. Mend it. Then go on."))
    assert (finding.says, finding.fix) == ("It is broken.", "Mend it. Then go on.")
    assert failed("x", ValueError("It is broken")).says == "It is broken."
