"""Two hundred runs of ``flow`` killed at random instants: what readers see then, and what the next run puts right.

``python -m benchmarks.crashes [--kills N] [--seed N]`` prints a line per kill and a table. Every run is a real process
that gets a real SIGKILL; it is forked from one that has imported everything, because imports write nothing and take
most of the time. For the same reason only runs to be killed in their audit have one, and reports come without the
library that draws their charts: an audit reads, and the library is the same text every time.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl
import polars.selectors as cs

import pipelines.audit
import pipelines.report.page
from pipelines.cli import app
from pipelines.report.charts import CHARTS, specification
from pipelines.sandbox.server import DEFAULT_EMAIL, DEFAULT_TOKEN
from transforms.catalog import TABLES

PHASES = ("starting", "reading", "parsing", "computing", "building", "checking", "drawing", "publishing", "ending")
BEGINNINGS = {"Reading": "reading", "Parsing": "parsing", "Building": "building", "Checking": "checking",
              "Drawing": "drawing", "Publishing": "publishing", "Published": "ending"}  # fmt: skip
MOMENTS = ("2026-03-03T12:00:00Z", "2026-03-04T07:00:00Z")
"""Runs speak of them in turn, so that two versions that follow each other differ."""

SERVER = """
from pipelines.sandbox.server import start
from tests.pipelines.sandbox.sites import small_site
with start(small_site(), "cloud") as sandbox:
    print(sandbox.url, flush=True)
    sandbox.join()
"""


@dataclass(frozen=True)
class Line:
    """One line of progress, and after how many seconds it was told."""

    phase: str
    at: float


@dataclass
class Tally:
    """What was found so far, by phase."""

    killed: Counter[str] = field(default_factory=Counter)
    old: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Bench:
    """A data folder that is never cleaned up between kills, and what it should hold as of each moment."""

    def __init__(self, folder: Path, url: str, seed: int) -> None:
        self.data, self._folder, self._url = folder / "data", folder, url
        self._rng = random.Random(seed)
        self._expected: dict[str, str] = {}
        self._lines: list[Line] = []
        self.tally = Tally()

    def prepare(self) -> None:
        """Run undisturbed as of both moments in folders of their own; a copy of the second is killed in."""
        for number, moment in enumerate(MOMENTS):
            self._lines = self._whole_run(self._folder / f"undisturbed-{number}", moment, has_audit=True)
            _import_all((self._folder / "imported.txt").read_text().split())
            content = self._content(self._folder / f"undisturbed-{number}")
            if not content or content in self._expected:
                raise SystemExit("What undisturbed runs publish cannot be told apart, so no kill could be judged.")
            self._expected[content] = moment
        shutil.copytree(self._folder / "undisturbed-1", self.data, symlinks=True)

    def kill_one(self, number: int) -> str:
        """Kill a run somewhere, look as a reader, run again, compare; returns a line to print."""
        moment, before = MOMENTS[number % 2], (self.data / "current").readlink()
        phase, wait = self._instant()
        was_killed = self._killed_run(moment, phase, wait)
        seen = self._content(self.data)
        is_new = (self.data / "current").readlink() != before
        is_whole = self._expected.get(seen) == (moment if is_new else MOMENTS[(number + 1) % 2])
        self._whole_run(self.data, moment)
        after = self._content(self.data)
        is_repaired = self._expected.get(after) == moment and not self._debris()
        self._note(phase if was_killed else "ending", is_new, is_whole, is_repaired, number)
        return f"{number:4} {phase:11} {'new' if is_new else 'old'} {'whole' if is_whole else 'MIXED':6} " + (
            "repaired" if is_repaired else f"NOT REPAIRED {self._differing(after, moment)}"
        )

    def _differing(self, content: str, moment: str) -> list[str]:
        """Tables that are not as an undisturbed run makes them."""
        expected = next(told for told, spoken_of in self._expected.items() if spoken_of == moment)
        return sorted({line.split()[0] for line in set(content.splitlines()) - set(expected.splitlines())})

    def _note(self, phase: str, is_new: bool, is_whole: bool, is_repaired: bool, number: int) -> None:
        tally = self.tally
        tally.killed[phase] += 1
        (tally.new if is_new else tally.old)[phase] += is_whole
        tally.repaired[phase] += is_repaired
        if not (is_whole and is_repaired):
            tally.faults.append(f"kill {number} while {phase}")

    def _instant(self) -> tuple[str, float]:
        """A phase, each as likely as another, and seconds into it."""
        phase = self._rng.choice(sorted({line.phase for line in self._lines} - {"ending"}))
        told = [line.at for line in self._lines]
        first = min(line.at for line in self._lines if line.phase == phase)
        until = min((at for at in told if at > first and self._phase_at(at) != phase), default=first)
        return phase, self._rng.uniform(0, until - first)

    def _phase_at(self, at: float) -> str:
        return next(line.phase for line in self._lines if line.at == at)

    def _whole_run(self, data: Path, moment: str, *, has_audit: bool = False) -> list[Line]:
        child, told = self._start(data, moment, has_audit=has_audit)
        lines = list(_follow(told))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code:
            raise SystemExit(f"An undisturbed run ended with {code}; see {self._folder / 'told.txt'}.")
        return lines

    def _killed_run(self, moment: str, phase: str, wait: float) -> bool:
        """Whether the kill met the run at work."""
        child, told = self._start(self.data, moment, has_audit=phase == "checking")
        for line in _follow(told):
            if line.phase == phase:
                time.sleep(wait)
                os.kill(child, signal.SIGKILL)
                break
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])

    def _start(self, data: Path, moment: str, *, has_audit: bool) -> tuple[int, int]:
        """A run in a child; returns its id and where it tells its progress."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(writer, 2)
            os.dup2(os.open(self._folder / "told.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
            _in_child(lambda: self._flow_run(data, moment, has_audit=has_audit))
        os.close(writer)
        return child, reader

    def _flow_run(self, data: Path, moment: str, *, has_audit: bool) -> None:
        os.environ |= {"JIRA_URL": self._url, "JIRA_EMAIL": DEFAULT_EMAIL, "JIRA_API_TOKEN": DEFAULT_TOKEN}
        pipelines.report.page.drawing_library = lambda: ""
        if not has_audit:
            pipelines.audit.audit = lambda *_: []
        app(["run", "--data", str(data), "--as-of", moment], standalone_mode=False)
        (self._folder / "imported.txt").write_text("\n".join(sorted(sys.modules)))

    def _content(self, data: Path) -> str:
        """A fingerprint of everything a reader sees; empty where it contradicts itself. In a child of its own."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _in_child(lambda: os.write(writer, fingerprint(data).encode()) and None)
        os.close(writer)
        with os.fdopen(reader) as told:
            found = told.read()
        os.waitpid(child, 0)
        return found

    def _debris(self) -> list[Path]:
        """What a run leaves only if it was killed and nobody tidied up."""
        return [*(self.data / "versions").glob(".*"), *self.data.glob(".*.new")]


def fingerprint(data: Path) -> str:
    """A line for each table readers see; the last bits of sums may differ from run to run, so floats are rounded.

    Resolves ``current`` once and holds DuckDB against Parquet and the version's own name; raises AssertionError.
    """
    folder, lines = (data / "current").resolve(strict=True), []
    with duckdb.connect(str(folder / "flow.duckdb"), read_only=True) as base:
        assert base.execute("SELECT last(version_id) FROM quality.runs").fetchone() == (folder.name,)
        for table in TABLES:
            frame = pl.read_parquet(folder / "parquet" / table.layer / f"{table.name}.parquet")
            [count] = base.execute(f"SELECT count(*) FROM {table.layer}.{table.name}").fetchone() or ()
            assert count == frame.height, table.name
            if table.layer != "quality":
                rows = frame.with_columns(cs.float().round(6) + 0.0).sort("site_name", *table.key).rows()
                lines.append(f"{table.name} {hashlib.sha256(repr(rows).encode()).hexdigest()}")
    assert pl.read_parquet(folder / "parquet/quality/runs.parquet")["version_id"][-1] == folder.name
    return "\n".join(lines)


def _import_all(names: Sequence[str]) -> None:
    """Import what a run imported, so that those forked from now on find it there."""
    for name in names:
        with contextlib.suppress(Exception):  # some modules are made by others, under names that cannot be imported
            importlib.import_module(name)
    for chart in CHARTS:
        specification(chart)  # kept once it is made
    if threading.active_count() > 1:
        raise SystemExit("Importing has started threads; what is forked now would not have them.")


def _in_child(work: Callable[[], None]) -> None:
    """Do it and leave without anything else being run."""
    code = 1
    try:
        work()
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def _follow(told: int) -> Iterator[Line]:
    """Lines of progress as they come; the first as soon as the run starts."""
    began, phase = time.monotonic(), "starting"
    yield Line(phase, 0.0)
    with os.fdopen(told, errors="replace") as lines:
        for text in lines:
            phase = BEGINNINGS.get(text.split(" ")[0], "computing" if " rows" in text else phase)
            yield Line(phase, time.monotonic() - began)


def table(tally: Tally) -> str:
    """What was found, a line per phase."""
    rows = ["| killed while | kills | readers saw the old version whole | the new one whole | next run put all right |",
            "|---|---|---|---|---|"]  # fmt: skip
    rows += [
        f"| {phase} | {tally.killed[phase]} | {tally.old[phase]} | {tally.new[phase]} | {tally.repaired[phase]} |"
        for phase in PHASES
        if tally.killed[phase]
    ]
    sums = [sum(one.values()) for one in (tally.killed, tally.old, tally.new, tally.repaired)]
    return "\n".join([*rows, f"| all | {' | '.join(map(str, sums))} |", *tally.faults])


def main() -> None:
    """Kill, look, repair; exit 1 if anything was not whole or not repaired."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="crashes-"))
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        url = server.stdout.readline().strip()
        try:
            bench = Bench(folder, url, chosen.seed)
            bench.prepare()
            for number in range(chosen.kills):
                print(bench.kill_one(number), flush=True)
        finally:
            server.kill()
            shutil.rmtree(folder, ignore_errors=True)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\n{table(bench.tally)}\n{spent.ru_utime + spent.ru_stime:.0f} seconds of CPU")
    sys.exit(1 if bench.tally.faults else 0)


if __name__ == "__main__":
    main()
