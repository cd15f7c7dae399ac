"""The token is nowhere: not in what lands, tables, Dagster's event log, the screen, errors or process list."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.sandbox.faults import FaultScript
from pipelines.sandbox.faults.connection import Latency
from pipelines.sandbox.faults.refusals import Status
from pipelines.sandbox.server import start
from tests.pipelines.sandbox.sites import small_site

TOKEN = "ZQ-token-nobody-may-see-QZ"
EMAIL = "somebody@example.com"


def flow_run(sandbox, folder):
    """A run of the command with Dagster's log on disk; the process list while it ran. What it said is on disk too."""
    home = folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    environment = {
        **os.environ, "JIRA_URL": sandbox.url, "JIRA_EMAIL": EMAIL, "JIRA_API_TOKEN": TOKEN, "DAGSTER_HOME": str(home),
    }  # fmt: skip
    command = [sys.executable, "-m", "pipelines.cli", "run", "--verbose", "--data", str(folder / "data")]
    seen = b""
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)
        while process.poll() is None:
            seen += Path(f"/proc/{process.pid}/cmdline").read_bytes()
            time.sleep(0.2)
    return seen


def every_byte(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("faults", [(), (Status(400, message=f"no {TOKEN}").on("search", after=1),)])
def test_the_token_is_nowhere(faults, tmp_path):
    script = FaultScript.of(Latency(ms=5), *faults)
    with start(small_site(), "cloud", email=EMAIL, token=TOKEN, faults=script) as sandbox:
        command_line = flow_run(sandbox, tmp_path)
    assert (tmp_path / "said.txt").read_bytes()
    assert b"pipelines.cli" in command_line
    assert TOKEN.encode() not in command_line + every_byte(tmp_path)
