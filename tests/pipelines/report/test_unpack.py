"""The page unpacks by itself what was packed: every kind of block gzip knows, held against the standard library."""

import base64
import gzip
import random

import pytest

from pipelines.report.packing import packed
from pipelines.report.page import FOLDER, drawing_library
from tests.pipelines.report.browser import chromium

ROLL = random.Random(7)

TEXTS = {
    "nothing": "",
    "one sign": "x",
    "a fixed code": "where does work wait",
    "one byte again and again": "a" * 70_000,
    "far back": "".join(map(chr, ROLL.choices(range(32, 127), k=32_000))) * 3,
    "all signs": "".join(map(chr, range(1, 0x2FFF))),
    "uneven": "".join(ROLL.choices("abcdefghij", weights=[2**n for n in range(10)], k=50_000)),
}

UNPACK = "(text) => unpacked(Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)))"


@pytest.fixture(scope="module")
def page():
    with chromium() as browser:
        page = browser.new_page()
        page.add_script_tag(path=FOLDER / "scripts" / "unpack.js")
        yield page


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_it_gives_back_what_was_packed(page, text, level):
    sent = base64.b64encode(gzip.compress(text.encode(), level, mtime=0)).decode()
    assert page.evaluate(UNPACK, sent) == text


def test_it_gives_back_the_drawing_library(page):
    assert page.evaluate(UNPACK, packed(drawing_library())) == drawing_library()
