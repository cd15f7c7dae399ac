"""The token is nowhere: not in what lands, tables, Dagster's event log, the screen, errors or process list."""

import os
import subprocess
import sys
import time
from contextlib import suppress
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
    """A run of the command with Dagster's log on disk; the process list while it ran, of every process there was.

    What it said is on disk too.
    """
    home = folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    environment = {
        **os.environ, "JIRA_URL": sandbox.url, "JIRA_EMAIL": EMAIL, "JIRA_API_TOKEN": TOKEN, "DAGSTER_HOME": str(home),
    }  # fmt: skip
    command = [sys.executable, "-m", "pipelines.cli", "run", "--verbose", "--data", str(folder / "data")]
    seen = set()
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)
        while process.poll() is None:
            seen |= set(process_list())
            time.sleep(0.2)
    return b"\n".join(seen)


def process_list():
    """What everybody on the machine can see of every process, those included that a run starts."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes()


def test_the_process_list_shows_what_a_process_was_started_with():
    waiting = [sys.executable, "-c", "print(flush=True); input()", "told-to-everybody"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # until it runs, the kernel may not have laid its command line yet
        assert any(b"told-to-everybody" in line for line in process_list())
        process.stdin.write(b"\n")


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
