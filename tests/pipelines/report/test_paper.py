"""The report on paper: whole however early it is printed, the same from every window, cut only between sections."""

import re
import subprocess
import zlib

import pytest

from pipelines.report.published import Published
from tests.pipelines.report.browser import CHROMIUM, chromium, watching
from tests.short_company import published_short_company

NEVER_IDLE = "window.requestIdleCallback = () => 0;"
"""Then nothing is drawn but what paper asks for."""

WIDTHS = "() => [...document.querySelectorAll('figure:not([hidden]) svg')].map((svg) => svg.clientWidth)"

A4_WITHIN_MARGINS = {"width": 688, "height": 1032}
"""Of 210 × 297 mm without 14 and 12 mm on each side, in CSS pixels."""


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """The published report of the short company."""
    return (published_short_company(tmp_path_factory) / "current" / "report.html").resolve()


@pytest.fixture(scope="module")
def choice(company):
    return f"#stream={Published(company.parent).streams[0]}"


@pytest.fixture(scope="module")
def browser(company):
    with chromium() as opened:
        yield opened


def printed(opened) -> list[bytes]:
    return pages(opened.page.pdf(prefer_css_page_size=True, print_background=True, tagged=True))


def pages(pdf: bytes) -> list[bytes]:
    """What is painted on each page; fonts and dates, which differ from file to file, are elsewhere in it."""
    packed = re.findall(rb"<<[^>]*?/Filter /FlateDecode[^>]*>>\s*stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
    texts = [zlib.decompress(stream) for stream in packed]
    return [text for text in texts if re.match(rb"[\d.]+ 0 0 -[\d.]+ 0 [\d.]+ cm\n", text)]


@pytest.fixture(scope="module")
def whole(browser, company, choice):
    """The pages of a report that was printed when everything had long been drawn."""
    with watching(browser, company) as opened:
        opened.open(choice)
        found = printed(opened)
        assert 5 < len(found) < 25
        return found


def test_a_report_printed_before_anything_is_drawn_has_every_chart(browser, company, choice, whole):
    with watching(browser, company) as opened:
        opened.page.add_init_script(NEVER_IDLE)
        opened.page.goto(f"{company.as_uri()}{choice}")
        assert opened.page.locator("figure svg").count() == 0
        found = printed(opened)
        marks = opened.charts()
        assert len(marks) > 10
        assert all(marks.values()), marks
        assert found == whole
        assert opened.is_quiet


def test_the_browsers_own_command_prints_every_chart(company, choice, whole, tmp_path):
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command = [CHROMIUM, *options, f"--print-to-pdf={tmp_path / 'report.pdf'}", f"{company.as_uri()}{choice}"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert pages((tmp_path / "report.pdf").read_bytes()) == whole


def test_a_dark_window_on_a_phone_prints_the_same(browser, company, choice, whole):
    with watching(browser, company, "phone", color_scheme="dark") as opened:
        opened.open(choice)
        assert printed(opened) == whole


def test_after_printing_charts_fit_the_window_again(browser, company, choice):
    with watching(browser, company) as opened:
        opened.open(choice)
        before = opened.page.evaluate(WIDTHS)
        printed(opened)
        opened.wait()
        assert opened.page.evaluate(WIDTHS) == before
        assert opened.is_quiet


def test_controls_are_gone_on_paper_and_no_section_is_longer_than_a_page(browser, company, choice):
    with watching(browser, company, color_scheme="dark") as opened:
        opened.open(choice)
        opened.page.set_viewport_size(A4_WITHIN_MARGINS)
        opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        opened.page.emulate_media(media="print", color_scheme="dark")
        assert not opened.page.locator(".filters nav").is_visible()
        assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        heights = opened.page.evaluate("() => [...document.querySelectorAll('.view')].map((view) => view.offsetHeight)")
        assert len(heights) > 15
        assert max(heights) < A4_WITHIN_MARGINS["height"]
        assert min(opened.page.evaluate(WIDTHS)) > 600
