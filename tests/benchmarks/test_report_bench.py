"""The report of a large company stays a file one can send, and says what it leaves out."""

import re

import pytest

from benchmarks import report
from benchmarks.big_version import write_version
from pipelines.report.page import render
from pipelines.report.published import Published
from pipelines.report.views import cycle_times
from tests.pipelines.report.packs import of_stream


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return Published(write_version(tmp_path_factory.mktemp("large"), issues=200_000))


def test_two_hundred_thousand_issues_stay_below_five_megabytes(large):
    html = render(large)
    assert len(html.encode()) < 5_000_000
    told = of_stream(html, "Stream 00")["cycle_times"]
    assert told["shared"]["cycle_scatter"]["count"] == cycle_times.drawn_per_stream(20) == 1500
    sampled = "1,500 of 10,000 points are drawn, chosen evenly; percentiles are of all."
    assert any(sampled in entry["caveat"] for entry in told["entries"])


def test_five_thousand_issues_of_twenty_streams_and_five_years_stay_far_below_five_megabytes(tmp_path):
    assert len(render(Published(write_version(tmp_path, issues=5_000))).encode()) < 2_000_000


def test_the_benchmark_tells_size_and_times(capsys, monkeypatch):
    monkeypatch.setattr(report, "opening", lambda path: [])
    report.main(["500"])
    assert re.search(r"^ +500 +\d+\.\d+ +\d+\.\d+ +no chromium$", capsys.readouterr().out, re.M)
