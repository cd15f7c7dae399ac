"""How often the named constraint is right, on organisations whose constraint is known by intervention.

``python -m benchmarks.constraint_accuracy --seeds reported`` is the full run. Every organisation is simulated by a
model that the product does not know, recorded as Jira would show it, and taken through the product's own functions
from raw tables to verdicts. The truth is what the true model does when one thing in it is made a fifth faster.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.organisations.families import FAMILIES, SEEDS
from benchmarks.organisations.judging import SHORT, VARIANTS, judge_family
from benchmarks.organisations.keeping import kept_or_judged
from benchmarks.organisations.naive import METHODS
from benchmarks.organisations.printed import DIRTY, misses, told
from benchmarks.organisations.scoring import Found, Judged, bars


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, print; 1 if a bar is missed."""
    asked = _parse(arguments)
    wanted = {v: asked.per_family if v == "clean" else asked.per_variant for v in asked.variants}
    found = Found(run(asked.families, asked.seeds, wanted, asked.processes, asked.keep))
    if asked.misses:
        print(*misses(found), sep="\n")
    print(f"Seeds: {asked.seeds}")
    print(*told(found, asked.variants, list(METHODS)), sep="\n")
    dirty = [variant for variant in DIRTY if variant in asked.variants]
    return int(not all(bar.passes for bar in bars(found, list(METHODS), dirty)))


def run(
    families: Sequence[str], seeds: str, wanted: dict[str, int], processes: int = 1, keep: Path | None = None
) -> list[Judged]:
    """Everything judged, family by family; the result does not depend on the number of processes.

    What is judged of a family is kept in the directory ``keep``, and taken from there if it is there already.
    """
    work = partial(_judge, seeds=seeds, wanted=wanted, keep=keep)
    if processes == 1:
        return [each for family in families for each in work(family)]
    with get_context("spawn").Pool(processes) as pool:
        return [each for judged in pool.map(work, families, chunksize=1) for each in judged]


def _judge(family: str, seeds: str, wanted: dict[str, int], keep: Path | None) -> list[Judged]:
    begun = time.perf_counter()

    def report(line: str) -> None:
        print(f"{time.perf_counter() - begun:6.0f} s  {line}", file=sys.stderr, flush=True)

    path = None if keep is None else keep / f"{seeds}-{family}.json"
    return kept_or_judged(path, wanted, lambda: judge_family(family, seeds, wanted, report))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.constraint_accuracy", description=__doc__)
    parser.add_argument("--seeds", choices=list(SEEDS), default="tuning")
    parser.add_argument("--families", nargs="+", choices=list(FAMILIES), default=list(FAMILIES), metavar="FAMILY")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="VARIANT")
    parser.add_argument("--per-family", type=int, default=60, help="separable cases of clean logs")
    parser.add_argument("--per-variant", type=int, default=20, help=f"the same of dirty logs and of {SHORT}")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY", help="go on where a run was cut off")
    parser.add_argument("--misses", action="store_true", help="print every case whose candidate is wrong")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
