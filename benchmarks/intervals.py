"""The bars of the interval pipeline, measured side by side: ``python -m benchmarks.intervals`` prints a table.

Exit code 1 if a bar is missed. ``--changes`` sets the sizes, ``--rounds`` how often each variant runs.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context

from rich.console import Console
from rich.table import Table

from benchmarks import facts, from_changes, interval_pass, json_columns, working_time
from benchmarks.history import make_history
from benchmarks.protocol import Bar, Measured, Report

GROWTH_LIMIT = 1.1
"""Most the exponent of growth may be: least CPU as a power of the number of changes."""

SECTIONS = (interval_pass, from_changes, working_time, facts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all sections at all sizes, print what was found, and say by the exit code whether all bars are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intervals", description=__doc__)
    parser.add_argument("--changes", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--issues", type=int, default=20_000, help="issues in the JSON section")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args(arguments)
    console = Console(width=140)
    reports = [json_columns.measure(chosen.issues, chosen.rounds)]
    _print(console, reports[0])
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as alone:
        for size in chosen.changes:
            for section in SECTIONS:
                reports.append(alone.submit(_found_by, section.__name__, size, chosen.rounds).result())
                _print(console, reports[-1])
    growth = Report(bars=_growth([measured for report in reports for measured in report.races]))
    _print(console, growth)
    return 0 if all(bar.passes for report in [*reports, growth] for bar in report.bars) else 1


def _found_by(section: str, size: int, rounds: int) -> Report:
    """What a section finds. It has a process of its own: memory that others gave back would make its pages dear."""
    found: Report = import_module(section).measure(make_history(size), rounds)
    return found


def _growth(races: Sequence[Measured]) -> list[Bar]:
    """Exponent of the product's least CPU between the smallest and the largest size of each race run at several."""
    bars = []
    for title in dict.fromkeys(measured.title for measured in races):
        sizes = sorted((m for m in races if m.title == title), key=lambda m: m.row_count)
        if len(sizes) > 1:
            small, large = sizes[0], sizes[-1]
            cost = math.log(large.least / small.least)
            exponent = cost / math.log(large.row_count / small.row_count)
            bars.append(Bar(f"{title}: growth exponent", exponent, GROWTH_LIMIT, is_floor=False))
    return bars


def _print(console: Console, report: Report) -> None:
    for measured in report.races:
        console.print(_race_table(measured))
    for bar in report.bars:
        verdict = "[green]PASS[/]" if bar.passes else "[red]FAIL[/]"
        console.print(
            f"  {verdict}  {bar.promise}: {bar.measured:,.2f} (bar {'≥' if bar.is_floor else '≤'} {bar.limit:g})"
        )
    for note in report.notes:
        console.print(f"        {note}")


def _race_table(measured: Measured) -> Table:
    table = Table(title=f"{measured.title}, {measured.row_count:,} rows", title_justify="left")
    for heading in ("variant", "CPU ms", "wall ms", "Mrow / CPU s", "CPU, product = 1"):
        table.add_column(heading, justify="left" if heading == "variant" else "right")
    for name in measured.runs:
        cpu, wall = measured.cpu(name), measured.wall(name)
        rate = measured.row_count / cpu / 1e6
        table.add_row(name, f"{cpu * 1e3:,.0f}", f"{wall * 1e3:,.0f}", f"{rate:,.2f}", f"{measured.ratio(name):,.1f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
