"""The crash bench: what it tells apart, and a small slice of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.crashes import Tally, _follow, table

ROOT = Path(__file__).parents[2]


def test_lines_of_progress_are_told_apart_by_phase():
    reader, writer = os.pipe()
    said = ["Reading http://x", "Parsing the answers", "issues: 6 rows", "Building the tables to publish",
            "Checking them", "Drawing the report", "Publishing them", "Published data/flow.duckdb"]  # fmt: skip
    os.write(writer, "\n".join(said).encode())
    os.close(writer)
    phases = [line.phase for line in _follow(reader)]
    assert phases == ["starting", "reading", "parsing", "computing", "building", "checking", "drawing", "publishing",
                      "ending"]  # fmt: skip


def test_the_table_counts_by_phase_and_names_faults():
    tally = Tally()
    for found, phase in ((tally.killed, "reading"), (tally.killed, "publishing"), (tally.old, "reading")):
        found[phase] += 1
    tally.faults.append("kill 1 while publishing")
    lines = table(tally).splitlines()
    assert lines[2:] == ["| reading | 1 | 1 | 0 | 0 |", "| publishing | 1 | 0 | 0 | 0 |", "| all | 2 | 1 | 0 | 0 |",
                         "kill 1 while publishing"]  # fmt: skip


@pytest.mark.timeout(900)
def test_a_slice_of_it_finds_every_version_whole_and_every_run_repaired():
    command = [sys.executable, "-m", "benchmarks.crashes", "--kills", "2", "--seed", "5"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count(" whole  repaired") == 2, ended.stdout
