"""What the report reads of a version, and what it does where a table is not there."""

from datetime import date

import polars as pl
import pytest

from pipelines.report.published import Published, ReportError, grouped
from tests.pipelines.report.told import LATEST, QUARTER, STREAM, stage, step, version


def test_rows_carry_their_stream_and_period(tmp_path):
    published = version(tmp_path, {"metrics.value_stream_map": [step("Review"), step("Review", **QUARTER)]})
    rows = published.rows("metrics.value_stream_map")
    assert {(row["stream"], row["period"]) for row in rows} == {(STREAM, "latest"), (STREAM, "2026-Q2")}


def test_rows_can_be_chosen(tmp_path):
    published = version(tmp_path, {"metrics.value_stream_map": [step("Review"), step("QA")]})
    assert [r["stage_name"] for r in published.rows("metrics.value_stream_map", pl.col("stage_name") == "QA")] == ["QA"]


def test_streams_of_two_sites_may_be_called_alike(tmp_path):
    issues = [{"issue_id": 1, "site_name": "a"}, {"issue_id": 1, "site_name": "b"}]
    stages = [stage("Review", 0) | {"site_name": site} for site in ("a", "b")]
    published = version(tmp_path, {"core.issues": issues, "core.stages": stages})
    assert published.streams == ["a · Payments", "b · Payments"]


def test_the_latest_period_comes_first_and_then_the_newest_quarter(tmp_path):
    old = QUARTER | {"period_start_date": date(2026, 1, 1), "period_end_date": date(2026, 3, 31)}
    steps = [step("Review", **old), step("Review", **QUARTER), step("Review", **LATEST)]
    published = version(tmp_path, {"metrics.value_stream_map": steps})
    assert [period for _, period, _, _ in published.periods] == ["latest", "2026-Q2", "2026-Q1"]
    assert published.period_names[STREAM, "2026-Q2"] == "Q2 2026 so far"


def test_a_table_the_version_does_not_hold_is_empty(tmp_path):
    published = version(tmp_path, {})
    assert published.rows("metrics.constraint_verdicts") == []
    assert published.scan("metrics.rework_edges") is None
    assert published.frame("metrics.cycle_times", ["stream", "issue_type"]).is_empty()


def test_types_are_those_with_a_cycle_time_of_their_own(tmp_path):
    kinds = [{"issue_type": kind} for kind in ("All", "Story", "Bug")]
    assert version(tmp_path, {"metrics.cycle_times": kinds}).types == {STREAM: ["Bug", "Story"]}


def test_the_newest_run_of_a_site_tells_its_address(tmp_path):
    runs = [{"run_id": "1", "site_url": None}, {"run_id": "2", "site_url": "https://acme.test"}]
    published = version(tmp_path, {"quality.runs": runs})
    assert published.run["run_id"] == "2"
    assert published.sites == {"acme": "https://acme.test"}


def test_a_folder_without_tables_is_no_version(tmp_path):
    with pytest.raises(ReportError, match="Run `flow run` first"):
        Published(tmp_path)


def test_rows_are_grouped_in_their_order():
    rows = [{"a": 1, "b": 2}, {"a": 2, "b": 3}, {"a": 1, "b": 4}]
    assert grouped(rows, "a") == {(1,): [rows[0], rows[2]], (2,): [rows[1]]}
