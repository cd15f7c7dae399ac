"""A real browser that watches a report: what it says on its console, what it asks for, what it shows.

Where no Chromium is installed the tests that need one are skipped, and say so.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")

SIZES = {"phone": (390, 844), "laptop": (1280, 800), "wide": (1920, 1080)}

SHOTS = Path(__file__).parents[3] / ".state" / "report"
"""Where screenshots are kept to be looked at; not under version control."""


DRAWN = """
() => Object.fromEntries([...document.querySelectorAll('figure:not([hidden]) [data-chart]')].map((place) =>
    [place.dataset.chart, place.querySelectorAll('svg [class^=mark-] path, svg [class^=mark-] line').length]))
"""


class Watched:
    """One open report."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page, self.path = page, path
        self.told: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.told.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.told.append(str(error)))
        page.on("dialog", lambda dialog: (self.told.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self.asked.append(request.url))

    def open(self, choice: str = "") -> None:
        """Open it with a choice in its address, and wait until everything is drawn."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.path.as_uri()}{choice}")
        self.wait()

    def wait(self) -> None:
        """Until everything chosen is drawn."""
        self.page.wait_for_selector("html[data-ready='true']", timeout=60_000)

    def text(self, view: str, part: str = "finding") -> str:
        """What stands in a section, as people see it."""
        place = self.page.locator(f"[data-view='{view}'] [data-{part}]")
        return place.inner_text() if place.is_visible() else ""

    def charts(self) -> dict[str, int]:
        """Charts that are shown, with how many marks of data each has drawn."""
        return self.page.evaluate(DRAWN)

    def keep(self, name: str) -> None:
        """Keep a picture of the whole page."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    @property
    def is_quiet(self) -> bool:
        """Nothing on the console, and nothing asked for but the file itself."""
        strange = [url for url in self.asked if url.split("#")[0] not in (self.path.as_uri(), "about:blank")]
        assert not self.told, self.told
        assert not strange, strange
        return True


@contextmanager
def chromium() -> Iterator[Browser]:
    """The installed Chromium; skips where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium found, so no browser has looked at the report; install the package chromium")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@contextmanager
def watching(browser: Browser, path: Path, size: str = "laptop", **context: Any) -> Iterator[Watched]:
    """A report in a window of that size."""
    width, height = SIZES[size]
    opened = browser.new_context(viewport={"width": width, "height": height}, **context)
    watched = Watched(opened.new_page(), path)
    yield watched
    opened.close()
