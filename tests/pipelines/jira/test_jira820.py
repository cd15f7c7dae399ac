"""An independent Data Center emulator, the package ``jira820``, with the real client.

It ignores ``id > N`` and projects named by their ids, and takes no POST: what Jira does otherwise must be noticed.
"""

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests

from pipelines.jira import datacenter
from pipelines.jira.client import Connection, connect
from pipelines.jira.errors import AnswerError, PagingError
from pipelines.jira.extract import extract
from pipelines.jira.fields import FieldNames
from pipelines.jira.scope import Scope
from pipelines.jira.scrub import Scrubber
from pipelines.jira.site_store import Store
from tests.pipelines.jira.rest import KEY
from tests.pipelines.jira.sites import patient_gate

PYTHON = Path(__file__).parents[3] / ".state" / "jira820" / "bin" / "python"
PATIENCE_SECONDS = 60
ALL = 'project = "JIRA820"'


@pytest.fixture(scope="module")
def url():
    """The emulator on a free port of this machine."""
    if not PYTHON.with_name("python").exists() or not (PYTHON.parents[1] / ".installed").exists():
        pytest.skip("the emulator jira820 is not installed; `make jira820` sets it up in an environment of its own")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"JIRA820_PORT": str(port), "PATH": os.environ.get("PATH", "")}
    emulator = subprocess.Popen([PYTHON, "-m", "jira820"], env=environment, stdout=subprocess.DEVNULL, stderr=-1)
    try:
        yield _once_it_answers(f"http://127.0.0.1:{port}")
    finally:
        emulator.kill()
        emulator.communicate()


def _once_it_answers(url):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            requests.get(f"{url}/rest/api/2/serverInfo", timeout=5)
        except requests.RequestException:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            return url


@pytest.fixture
def session(url):
    return connect(Connection(url, None, "any-token"), patient_gate())


def test_the_client_logs_in_and_reads_the_emulators_clock(session):
    assert (session.flavour, session.server_version.split(".")[0]) == ("dc", "8")
    assert session.server_time.tzinfo


def test_a_server_that_ignores_the_seek_is_noticed_at_the_second_page(session):
    with pytest.raises(PagingError, match="ignores the condition 'id > N'"):
        datacenter.sweep_ids(session, ALL)
    assert session.gate.request_count < 10


def test_a_server_that_ignores_the_order_is_noticed_at_the_first_full_page(session):
    with pytest.raises(PagingError, match="came out of order"):
        list(datacenter.pull(session, ALL, Scrubber(FieldNames(), KEY)))
    assert session.gate.request_count < 10


def test_a_server_that_finds_nothing_by_project_ids_fails_the_run_instead_of_publishing_nothing(session, tmp_path):
    store = Store(tmp_path, environment={"FLOW_PSEUDONYM_KEY": KEY.decode()})
    with pytest.raises(AnswerError, match="does not read JQL as Jira does"):
        extract(session, Scope(), store)
    assert store.ledger.latest_complete() is None
