"""What users get wrong, and what they then read: one paragraph that says what to do. Published data stay as before."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.flow_command import FLAVOURS, Outcome, access, all_bytes, flow, installed_flow, serving
from tests.golden.published import CONFIG, golden_site, published_golden


@pytest.fixture
def data(tmp_path) -> Path:
    """A folder in which a run has published before."""
    return shutil.copytree(published_golden("cloud"), tmp_path / "data", symlinks=True)


@pytest.fixture
def untouched(data) -> Iterator[None]:
    """Whatever the test does, the published data are the same afterwards, byte for byte."""
    before, version = all_bytes(data), (data / "current").readlink()
    assert len(before) > 10
    yield
    assert (data / "current").readlink() == version
    assert all_bytes(data) == before


def assert_one_paragraph(ended: Outcome, *words: str) -> None:
    """The command failed, and said why and what to do in one paragraph without a traceback or a secret."""
    assert ended.exit_code != 0
    told = ended.error.strip().splitlines()[-1]
    assert told.startswith("flow: ")
    assert not [line for line in ended.error.splitlines() if line.startswith(("Traceback", "  File"))]
    assert ended.error.count("flow: ") == 1
    assert 60 < len(told) < 900, told
    for word in words:
        assert word.casefold() in told.casefold(), told
    for secret in ("sandbox-token", "wrong-token"):
        assert secret not in ended.output + ended.error


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The golden flow.toml with one thing in it changed."""
    text = CONFIG.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "flow.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@contextmanager
def login_page() -> Iterator[str]:
    """A site that answers everything with the HTML page of a single sign-on, as status 200."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<!DOCTYPE html><html><head><title>Log in</title></head><body>Please log in</body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html;charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_unreachable_host(data, untouched):
    ended = flow("run", "--config", CONFIG, "--data", data, **access("http://127.0.0.1:9", "cloud"))
    assert_one_paragraph(ended, "127.0.0.1:9", "JIRA_URL")


def test_a_host_without_an_address(data, untouched):
    ended = flow("run", "--config", CONFIG, "--data", data, **access("https://no-such-site.invalid", "cloud"))
    assert_one_paragraph(ended, "no-such-site.invalid", "JIRA_URL")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_wrong_credentials(data, untouched, flavour):
    with serving(golden_site(flavour), flavour) as (sandbox, _):
        ended = flow("run", "--config", CONFIG, "--data", data, **access(sandbox.url, flavour, "wrong-token"))
    assert_one_paragraph(ended, "token")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_html_login_page(data, untouched, flavour):
    with login_page() as url:
        ended = flow("run", "--config", CONFIG, "--data", data, **access(url, flavour))
    assert_one_paragraph(ended, "JIRA_URL")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_unknown_project(data, untouched, tmp_path, flavour):
    config = changed(tmp_path, "[calendar]", '[jira]\nprojects = ["NOPE"]\n\n[calendar]')
    with serving(golden_site(flavour), flavour) as (_, variables):
        ended = flow("run", "--config", config, "--data", data, **variables)
    assert_one_paragraph(ended, "NOPE", "projects")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("commitment =", "comitment =", ("comitment", "commitment", "value_stream")),
        ('zone = "Europe/Berlin"', 'zone = "Europe/Berlln"', ("Europe/Berlln", "zone")),
        ("[[value_stream.stage]]", "[[value_stream.stage]", ("TOML",)),
        ("reopen_horizon_days = 30", 'reopen_horizon_days = "30"', ("reopen_horizon_days", "number")),
    ],
)
def test_a_typo_in_flow_toml(data, untouched, tmp_path, old, new, words):
    config = changed(tmp_path, old, new)
    ended = flow("run", "--config", config, "--data", data, **access("http://127.0.0.1:9", "cloud"))
    assert_one_paragraph(ended, "flow.toml", *words)


@pytest.mark.parametrize(("old", "new"), [('wait = ["10004"]', 'wait = ["4711"]'), ('"10003"', '"In Reveiw"')])
def test_a_status_that_the_site_lacks(data, untouched, tmp_path, old, new):
    config = changed(tmp_path, old, new)
    with serving(golden_site("cloud"), "cloud") as (_, variables):
        ended = flow("run", "--config", config, "--data", data, **variables)
    assert_one_paragraph(ended, new.split('"')[1], "status")


def test_no_site_at_all(data, untouched):
    ended = installed_flow("run", "--config", CONFIG, "--data", data)
    assert_one_paragraph(ended, "JIRA_URL", "flow run --sandbox")


def test_a_moment_that_is_none(data, untouched):
    ended = flow("run", "--config", CONFIG, "--data", data, "--as-of", "yesterday")
    assert_one_paragraph(ended, "--as-of", "yesterday")


def test_a_flow_toml_that_is_not_there(data, untouched, tmp_path):
    ended = flow("run", "--config", tmp_path / "elsewhere.toml", "--data", data)
    assert_one_paragraph(ended, "elsewhere.toml", "--config")
