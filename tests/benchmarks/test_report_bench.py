"""The report of a large company stays a file one can send, and says what it leaves out."""

import json
import re

import pytest

from benchmarks import report
from benchmarks.big_version import write_version
from pipelines.report.page import render
from pipelines.report.published import Published
from pipelines.report.views import cycle_times


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return Published(write_version(tmp_path_factory.mktemp("large"), issues=200_000))


def test_two_hundred_thousand_issues_stay_below_ten_megabytes(large):
    html = render(large)
    assert len(html.encode()) < 10_000_000
    [data] = re.findall(r'id="data">(.*?)</script>', html, re.S)
    points = json.loads(data)["views"]["cycle_times"]["shared"]["Stream 00"]["cycle_scatter"]["count"]
    assert points == cycle_times.drawn_per_stream(20) == 1500
    assert "1,500 of 10,000 points are drawn, chosen evenly; percentiles are of all." in data


def test_five_thousand_issues_stay_below_five_megabytes(tmp_path):
    assert len(render(Published(write_version(tmp_path, issues=5_000, streams=6, years=2))).encode()) < 5_000_000


def test_the_benchmark_tells_size_and_times(capsys, monkeypatch):
    monkeypatch.setattr(report, "opening", lambda path: [])
    report.main(["500"])
    assert re.search(r"^ +500 +\d+\.\d+ +\d+\.\d+ +no chromium$", capsys.readouterr().out, re.M)
