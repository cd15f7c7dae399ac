"""Choosing a site to serve, and saying how to talk to it."""

import gzip
import json

import pytest

from pipelines import sandbox_command
from pipelines.config import FlowConfig
from pipelines.sandbox_command import SandboxError, choose_site, how_to_talk, with_company_calendars
from pipelines.settings import RunSettings
from tests.pipelines.sandbox.sites import small_site


def recording(path, issues):
    lines = "".join(json.dumps(issue) + "\n" for issue in issues)
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return path


def test_recordings_are_laid_together(tmp_path):
    issues = list(small_site().issues.values())
    paths = [recording(tmp_path / "a.jsonl", issues[:2]), recording(tmp_path / "b.jsonl.gz", issues[2:])]
    assert set(choose_site(paths).issues) == set(small_site().issues)


def test_without_recordings_the_company_is_simulated(monkeypatch):
    monkeypatch.setattr(sandbox_command, "simulate_company", small_site)
    assert len(choose_site([]).issues) == 6


@pytest.mark.parametrize("line", ["no json", "[]", '{"id": "1"}', "3"])
def test_what_is_no_issue_is_refused_with_the_files_name(tmp_path, line):
    path = tmp_path / "odd.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(SandboxError, match=r"odd\.jsonl does not hold one REST-shaped issue a line"):
        choose_site([path])


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SandboxError, match=r"gone\.jsonl cannot be read: No such file"):
        choose_site([tmp_path / "gone.jsonl"])


def test_cloud_is_talked_to_with_an_address_and_a_token():
    text = "\n".join(how_to_talk("http://127.0.0.1:1", "cloud", 4240))
    assert "4,240 issues served as Jira Cloud" in text
    assert "JIRA_URL=http://127.0.0.1:1 JIRA_EMAIL=sandbox@example.com JIRA_API_TOKEN=sandbox-token" in text


def test_data_center_is_talked_to_with_a_bearer_token():
    text = "\n".join(how_to_talk("http://127.0.0.1:1", "dc", 1))
    assert "served as Jira Data Center" in text
    assert "JIRA_TOKEN=sandbox-token" in text
    assert "JIRA_EMAIL" not in text


def test_a_run_on_the_sandbox_reads_it_over_http_under_its_own_name(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(sandbox_command, "simulate_company", small_site)
    monkeypatch.setattr(sandbox_command, "run_flow", lambda settings, is_verbose: seen.append(settings))
    sandbox_command.run_on_sandbox(RunSettings(FlowConfig(), tmp_path))
    [settings] = seen
    assert settings.site_name == "sandbox"
    assert settings.find_connection().url.startswith("http://127.0.0.1:")
    assert settings.find_connection().email == "sandbox@example.com"


def test_the_company_is_measured_by_its_own_clocks():
    streams = {stream.name: stream for stream in with_company_calendars(FlowConfig()).value_stream}
    zones = {name: stream.calendar.zone for name, stream in streams.items()}
    assert zones == {
        "Payments": "Europe/Berlin", "Mobile Apps": "America/New_York", "Storefront": "Asia/Kolkata",
        "Data Platform": "Europe/Berlin", "Core Services": "Pacific/Auckland", "Growth Lab": "America/New_York",
    }  # fmt: skip
    assert all(stream.calendar.holidays for stream in streams.values())
    assert not any(stream.stage for stream in streams.values()), "stages are inferred as on any other site"


def test_whoever_names_value_streams_keeps_them():
    config = FlowConfig.model_validate({"value_stream": [{"name": "All"}]})
    assert with_company_calendars(config) is config
