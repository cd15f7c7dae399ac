"""The flow command: its contract with scripts, and one paragraph for every mistake."""

import base64
import json
import os
import signal
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.commands.one_paragraph import EXIT_CODES, SECRETS, explain, without_secrets
from pipelines.commands.options import instant
from pipelines.config_errors import ConfigError
from pipelines.jira.errors import CredentialsError, MissingSettingError
from pipelines.run import AuditError
from pipelines.sandbox.server import DEFAULT_EMAIL, DEFAULT_TOKEN, start
from pipelines.sandbox_command import serve
from tests.pipelines.sandbox.sites import small_site
from transforms.catalog import TABLES
from transforms.walk import WorkflowError

FLOW = [sys.executable, "-m", "pipelines.cli"]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """No Jira, no configuration, an empty working directory."""
    for name in ("JIRA_URL", "JIRA_EMAIL", "JIRA_API_TOKEN", "JIRA_TOKEN", "FLOW_CONFIG", "FLOW_DATA", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def flow(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def refused(*arguments, code):
    """The paragraph a command ends with; nothing else may be said, and nothing may be published."""
    result = flow(*arguments)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("flow: ")
    assert "Traceback" not in result.stderr
    assert not Path("data/current").exists()
    return last


def test_the_version_is_told():
    assert flow("--version").stdout.strip() == "0.1.0"


def test_without_a_command_the_commands_are_listed():
    text = flow("--help").stdout
    assert all(command in text for command in ("run", "sandbox", "tables"))


@pytest.mark.parametrize(
    ("command", "options"),
    [("run", ["--config", "--data", "--as-of", "--sandbox"]), ("sandbox", ["--flavour", "--issues", "--port"])],
)
def test_options_that_scripts_rely_on_are_there(command, options):
    text = subprocess.run(
        [*FLOW, command, "--help"], capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "200"}
    ).stdout
    assert all(option in text for option in options)


def test_the_tables_are_listed_with_their_grain():
    lines = flow("tables").stdout.splitlines()
    assert len(lines) == len(TABLES)
    assert all("One row per" in line for line in lines)


def test_without_a_site_the_variable_and_the_sandbox_are_named():
    words = refused("run", code=2)
    assert "JIRA_URL" in words
    assert "flow run --sandbox" in words


def test_a_typo_in_flow_toml_is_told_before_jira_is_asked(tmp_path):
    (tmp_path / "my.toml").write_text("[jira]\nproject = []")
    assert "Did you mean 'projects'?" in refused("run", "--config", "my.toml", code=2)


@pytest.mark.parametrize("text", ["yesterday", "2026-03-02", "2026-03-02T10:00:00", "10:00"])
def test_a_moment_without_offset_is_refused(text):
    assert "is not a moment" in refused("run", "--as-of", text, code=2)


def test_a_moment_is_taken_in_any_offset():
    assert instant("2026-03-31T18:00:00+02:00") == datetime(2026, 3, 31, 16, tzinfo=UTC)
    assert instant("2026-03-31T16:00:00Z") == datetime(2026, 3, 31, 16, tzinfo=UTC)
    assert instant("") is None


def test_an_unreachable_host_is_named(monkeypatch):
    monkeypatch.setenv("JIRA_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("JIRA_TOKEN", "t0ps3cret")
    words = refused("run", code=1)
    assert "127.0.0.1:9" in words
    assert "t0ps3cret" not in words


def test_a_wrong_token_is_told_and_never_shown(monkeypatch):
    with start(small_site(), "dc") as sandbox:
        monkeypatch.setenv("JIRA_URL", sandbox.url)
        monkeypatch.setenv("JIRA_TOKEN", "t0ps3cret")
        result = flow("run")
    assert result.exit_code == 1
    assert "t0ps3cret" not in result.output


def test_an_unknown_project_is_told_with_those_that_exist(monkeypatch):
    Path("flow.toml").write_text('[jira]\nprojects = ["ABD"]')
    with start(small_site(), "cloud") as sandbox:
        monkeypatch.setenv("JIRA_URL", sandbox.url)
        monkeypatch.setenv("JIRA_EMAIL", DEFAULT_EMAIL)
        monkeypatch.setenv("JIRA_API_TOKEN", DEFAULT_TOKEN)
        words = refused("run", code=2)
    assert "ABD" in words
    assert "Did you mean ABC?" in words


def test_a_status_the_site_does_not_have_is_told(monkeypatch):
    stage = '[[value_stream.stage]]\nname = "S"\nwait = ["To Do"]\ntouch = ["Dooing"]\ndone = ["Done"]'
    Path("flow.toml").write_text(f'[[value_stream]]\nname = "A"\n{stage}')
    with start(small_site(), "cloud") as sandbox:
        monkeypatch.setenv("JIRA_URL", sandbox.url)
        monkeypatch.setenv("JIRA_EMAIL", DEFAULT_EMAIL)
        monkeypatch.setenv("JIRA_API_TOKEN", DEFAULT_TOKEN)
        words = refused("run", code=2)
    assert "Dooing" in words
    assert "Doing" in words.replace("Dooing", "")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (MissingSettingError("x"), 2),
        (WorkflowError("x"), 2),
        (CredentialsError("x"), 1),
        (AuditError("x"), 1),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("division by zero"), 1),
    ],
)
def test_exit_codes_tell_what_is_to_be_corrected_from_the_rest(error, code):
    assert explain(error)[1] == code


def test_every_exit_code_is_explained_in_the_help():
    text = " ".join(flow("--help").stdout.split())
    assert set(EXIT_CODES) == {0, 1, 2, 75, 130}
    for code, meaning in EXIT_CODES.items():
        assert f"{code}: {meaning.split('. ')[0]}"[:60] in text


def test_something_unforeseen_is_said_to_be_so():
    words, _ = explain(ZeroDivisionError("division\nby zero"))
    assert words.startswith("Something unforeseen went wrong (ZeroDivisionError: division by zero).")
    assert "--verbose" in words


@pytest.mark.parametrize("name", [*SECRETS, "JIRA_API_TOKEN", "JIRA_TOKEN", "BERLIN_TOKEN"])
def test_secrets_are_blotted_out(monkeypatch, name):
    monkeypatch.setenv(name, "hunter2hunter2")
    assert without_secrets("the token hunter2hunter2 is wrong") == "the token *** is wrong"


def test_a_login_is_blotted_out_though_nobody_says_whose_it_is(monkeypatch):
    monkeypatch.setenv("BERLIN_TOKEN", "hunter2hunter2")
    header = base64.b64encode(b"somebody@example.com:hunter2hunter2").decode()
    assert without_secrets(f"Authorization: Basic {header}") == "Authorization: Basic ***"


def test_verbose_shows_the_traceback(monkeypatch):
    result = flow("run", "--verbose")
    assert isinstance(result.exception, MissingSettingError)


def wait_for_url(process):
    """The address a served sandbox tells."""
    for line in process.stdout:
        if "http://" in line:
            return "http://" + line.split("http://")[1].split()[0]
    raise AssertionError("no address was told")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_recorded_issues_are_served_until_interrupted(tmp_path, sign):
    recorded = tmp_path / "recorded.jsonl"
    recorded.write_text("".join(json.dumps(issue) + "\n" for issue in small_site().issues.values()))
    command = [*FLOW, "sandbox", "--flavour", "dc", "--issues", str(recorded)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    try:
        request = urllib.request.Request(f"{wait_for_url(process)}/rest/api/2/serverInfo")
        request.add_header("Authorization", f"Bearer {DEFAULT_TOKEN}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer)["deploymentType"] == "Server"
        process.send_signal(sign)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_sandbox_interrupted_while_it_still_speaks_stops_like_any_other(tmp_path, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # this process keeps its own
    recorded = tmp_path / "recorded.jsonl"
    recorded.write_text("".join(json.dumps(issue) + "\n" for issue in small_site().issues.values()))
    said = []

    def say(words):
        said.append(words)
        if len(said) == 1:
            raise KeyboardInterrupt

    serve("dc", [recorded], 0, say)
    assert said[1:] == ["Stopped."]


def test_a_missing_recording_is_told():
    assert "gone.jsonl cannot be read" in refused("sandbox", "--issues", "gone.jsonl", code=1)


def test_a_recording_that_is_none_is_told(tmp_path):
    (tmp_path / "x.jsonl").write_text("hello\n")
    assert "does not hold one REST-shaped issue a line" in refused("sandbox", "--issues", "x.jsonl", code=1)


def test_a_port_in_use_is_told(tmp_path):
    Path("one.jsonl").write_text(json.dumps(small_site().issues[102]) + "\n")
    with start(small_site(), "cloud") as sandbox:
        port = sandbox.url.rsplit(":", 1)[1]
        assert f"Port {port} cannot be used" in refused("sandbox", "--issues", "one.jsonl", "--port", port, code=1)
