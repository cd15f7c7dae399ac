"""How long the report of a large company takes to draw, and how big it gets: ``make reportbench``.

How long a browser takes to open it is measured in the same breath, where one is installed.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.big_version import write_version
from pipelines.report.page import drawing_library
from pipelines.report.write import write_report

SIZES = (5_000, 50_000, 200_000)


def main(arguments: list[str] | None = None) -> None:
    """Print a line for each size: megabytes, seconds to write it, and what ``opening`` tells."""
    sizes = [int(text) for text in arguments or []] or SIZES
    drawing_library()
    print("issues      MB  write s  first words s  window filled s  all drawn s")
    for issues in sizes:
        with tempfile.TemporaryDirectory() as folder:
            write_version(Path(folder), issues)
            began = time.perf_counter()
            written = write_report(Path(folder))
            drawn = time.perf_counter() - began
            opened = " ".join(f"{seconds:14.2f}" for seconds in opening(written.path))
            print(f"{issues:7,} {written.size_bytes / 1e6:6.2f} {drawn:8.2f} {opened or '  no chromium'}")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


TOLD, READY = (f"() => document.documentElement?.dataset.{flag} === 'true'" for flag in ("told", "ready"))

IS_FILLED = """
() => [...document.querySelectorAll("figure:not([hidden]) [data-chart]")].every((place) => {
    const { top, bottom } = place.getBoundingClientRect();
    return bottom <= 0 || top >= innerHeight || place.querySelector("svg");
})
"""
"""Whether every chart is drawn that the window shows."""


def opening(path: Path) -> list[float]:
    """Seconds until the verdict stands, the window is filled, and all is drawn, in a running browser; else nothing."""
    if (browser := shutil.which("chromium")) is None:
        return []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(viewport={"width": 1920, "height": 1080})
        began, seconds = time.perf_counter(), []
        page.goto(path.as_uri(), wait_until="commit")
        for is_reached in (TOLD, IS_FILLED, READY):
            page.wait_for_function(is_reached, timeout=120_000)
            seconds.append(time.perf_counter() - began)
        chromium.close()
    return seconds


if __name__ == "__main__":
    main(sys.argv[1:])
