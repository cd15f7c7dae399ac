"""``flow sandbox --faults``: trouble from a file, served by the command."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.flow_command import flow
from tests.pipelines.sandbox.sites import small_site
from tests.pipelines.sandbox.troubled import BEARER

FILE = """
[[fault]]
kind = "status"
route = "myself"
status = 503
retry_after = 4
nth = 1
"""


@pytest.fixture
def recorded(tmp_path):
    path = tmp_path / "recorded.jsonl"
    path.write_text("".join(json.dumps(issue) + "\n" for issue in small_site().issues.values()))
    return path


def test_the_command_makes_the_trouble_of_a_file_and_counts_it(tmp_path, recorded):
    script = tmp_path / "faults.toml"
    script.write_text(FILE)
    command = [str(Path(sys.executable).with_name("flow")), "sandbox", "--flavour", "dc", "--issues", str(recorded)]
    with subprocess.Popen(
        [*command, "--faults", str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            url = process.stdout.readline().partition(" at ")[2].split()[0]
            answers = [requests.get(f"{url}/rest/api/2/myself", headers=BEARER, timeout=10) for _ in range(2)]
            said = list(iter(process.stdout.readline, f"On the way: 1 fault of {script}.\n"))
            process.send_signal(signal.SIGINT)
            said += process.stdout.readlines()
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
    assert [answer.status_code for answer in answers] == [503, 200]
    assert answers[0].headers["Retry-After"] == "4"
    assert any("Faults that struck: 1." in line for line in said)


def test_what_a_file_may_hold_is_listed():
    ended = flow("sandbox", "--list-faults")
    assert ended.exit_code == 0
    assert "too_many_requests" in ended.output
    assert "Keys of every fault" in ended.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[fault]]\nkind = 'status'\nstatus = 500\nevry = 2", "unknown key 'evry'. Did you mean 'every'?"),
        ("[[fault]]\nkind = 'archive_project'\nproject = 'NOPE'", "the site has no 'NOPE'"),
    ],
)
def test_a_file_that_is_wrong_is_told_and_nothing_is_served(tmp_path, recorded, text, said):
    script = tmp_path / "faults.toml"
    script.write_text(text)
    ended = flow("sandbox", "--issues", recorded, "--faults", script)
    assert ended.exit_code == 2
    assert said in ended.error
    assert "Traceback" not in ended.error
