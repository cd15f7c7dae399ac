"""What an extraction costs: requests per 1,000 issues, throughput at some latency, parsing, memory on large sites.

``python -m benchmarks.extraction`` prints everything; ``--quick`` leaves the largest site out.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.jira import Connection, Gate, Options, Scope, Store, build_raw_tables, connect, extract, policy_of
from pipelines.sandbox.big import big_site
from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.faults import FaultScript
from pipelines.sandbox.faults.connection import Latency
from pipelines.sandbox.server import DEFAULT_EMAIL, DEFAULT_TOKEN, Flavour, start

COUNTED = ("/search", "/search/jql", "/issue/bulkfetch", "/changelog/bulkfetch", "/issue/{issue}/changelog")
BARE = {"has_links": False, "has_worklogs": False}
HISTORIES = 8

PEERS = """
| extractor | route to changelogs | requests per 1,000 issues |
|---|---|---|
| this product, Cloud | bulk ids + bulk issues + bulk changelogs | {cloud:.1f} |
| this product, Data Center, pages of 100 | seek search with embedded changelog | {dc:.1f} |
| search with expand=changelog, pages of 100 (40 histories at most, short on Cloud) | embedded | 10 |
| search with expand=changelog, pages of 50 | embedded | 20 |
| one changelog request per issue, pages of 100 | GET issue/{{id}}/changelog | 1,010 |
| one issue and one changelog request per issue | GET both | 1,100 and more |
""".strip()
"""Peers as JIRA.md gives their range, 10 to 1,100; what each line costs follows from its route."""


@dataclass(frozen=True)
class Pull:
    """One extraction as it was measured."""

    requests: Counter[str]
    seconds: float
    parse_seconds: float
    issue_count: int


def main() -> None:
    """Print every figure."""
    costs = {flavour: requests_per_thousand(flavour, **BARE) for flavour in ("cloud", "dc")}
    print("Requests per 1,000 issues for ids, fields and changelogs (10,000 issues, 8 histories each):")
    print(PEERS.format(**costs))
    for flavour in ("cloud", "dc"):
        apart = requests_per_thousand(flavour) - costs[flavour]
        print(f"Apart, {flavour}: links, work logs and comments {apart:.1f}")
    print("\nThroughput, issues per second, and parsing share of the time (4,000 issues):")
    for flavour in ("cloud", "dc"):
        for latency in (50, 200):
            for concurrency in (1, 8):
                print(throughput(flavour, latency, concurrency))
    print("\nPeak memory of the extracting process, and until it has built the raw tables of all that came as well:")
    for count in (20_000,) if "--quick" in sys.argv else (20_000, 200_000):
        pulled, parsed = peak_memory(count)
        print(f"{count:,} issues: {pulled:.0f} MB, {parsed:.0f} MB", flush=True)


def requests_per_thousand(flavour: Flavour, count: int = 10_000, **options: Any) -> float:
    """Requests for ids, fields and changelogs, as the sandbox counted them."""
    caps = PageCaps(search_startat=100) if flavour == "dc" else PageCaps()
    with start(big_site(count, HISTORIES), flavour, page_caps=caps) as sandbox:
        pull(sandbox.url, flavour, Options(**options))
        asked = sum(number for route, number in sandbox.requests.items() if route.endswith(COUNTED))
    return asked / count * 1000


def throughput(flavour: Flavour, latency_ms: int, concurrency: int, count: int = 4_000) -> str:
    """One line: what came through."""
    script = FaultScript.of(Latency(ms=latency_ms))
    with start(big_site(count, HISTORIES), flavour, faults=script) as sandbox:
        done = pull(sandbox.url, flavour, Options(concurrency=concurrency, **BARE))
    share = done.parse_seconds / (done.seconds + done.parse_seconds)
    return (
        f"{flavour:5} {latency_ms:3} ms, {concurrency} at once: {count / done.seconds:7.0f} issues/s,"
        f" parsing {share:.0%} of {done.seconds + done.parse_seconds:.1f} s"
    )


def pull(url: str, flavour: Flavour, options: Options, landed: Callable[[], None] = lambda: None) -> Pull:
    """Extract into a folder that is forgotten, tell that all has ``landed``, and build the raw tables."""
    connection = Connection(url, DEFAULT_EMAIL if flavour == "cloud" else None, DEFAULT_TOKEN)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), "bench")
        began = time.perf_counter()
        done = extract(connect(connection, Gate(policy_of(options))), Scope(), store, options=options)
        landed()
        extracted = time.perf_counter()
        build_raw_tables(store, Path(folder) / "raw_tables")
        parsed = time.perf_counter()
    return Pull(Counter(), extracted - began, parsed - extracted, done.issue_count)


def peak_memory(count: int) -> tuple[float, float]:
    """Megabytes a process of its own needed at most to extract from a sandbox in this one, and to build raw tables."""
    with start(big_site(count, HISTORIES), "cloud") as sandbox:
        return _in_a_process(_measured_pull, sandbox.url)


def _measured_pull(url: str, answer: Any) -> None:
    peaks: list[float] = []
    pull(url, "cloud", Options(**BARE), lambda: peaks.append(_peak()))
    answer.put((*peaks, _peak()))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_a_process(work: Callable[[str, Any], None], url: str) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=work, args=(url, answer))
    process.start()
    pulled, parsed = answer.get()
    process.join()
    return pulled, parsed


if __name__ == "__main__":
    main()
