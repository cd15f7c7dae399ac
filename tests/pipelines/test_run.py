"""The whole graph on a small site: what it publishes, and that failures leave published data as they were."""

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines import contracts
from pipelines.assets import published as publishing
from pipelines.bi.views import views_over
from pipelines.config import FlowConfig
from pipelines.contracts.contract import Contract
from pipelines.data_folder_lock import BusyError, holding
from pipelines.jira import Connection
from pipelines.jira.errors import CredentialsError, UnreachableError
from pipelines.run import AuditError, run_flow
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from pipelines.settings import RunSettings
from tests.pipelines.conftest import publish
from tests.pipelines.disk import unpacked
from tests.pipelines.sandbox.sites import STATUSES, history, issue, moved, small_site
from transforms.catalog import TABLES
from transforms.schema import SchemaError, check_schema


@pytest.fixture
def unaudited(monkeypatch):
    """Skip the audit, which takes seconds, where it is not what is tested."""
    monkeypatch.setattr("pipelines.audit.audit", lambda connection, tables, given: [])


@pytest.fixture
def earlier(published, tmp_path):
    """A data folder in which a version was published before, free to be written to."""
    return shutil.copytree(published.data, tmp_path / "earlier", symlinks=True)


def snapshot(data):
    """Every published byte and where the links lead."""
    files = {str(p.relative_to(data)): p.read_bytes() for p in (data / "versions").rglob("*") if p.is_file()}
    return files, (data / "current").readlink(), sorted(p.name for p in (data / "versions").iterdir())


def test_every_declared_table_is_published_with_its_columns(published):
    for table in TABLES:
        frame = pl.scan_parquet(published.data / "parquet" / table.layer / f"{table.name}.parquet")
        check_schema(table, frame.drop("site_name"))
        [(count,)] = published.rows(f"SELECT count(*) FROM {table.layer}.{table.name}")
        assert frame.collect().height == count


def test_every_row_carries_the_name_of_its_site(published):
    for table in TABLES:
        assert published.rows(f"SELECT DISTINCT site_name FROM {table.layer}.{table.name}") in ([("tiny",)], [])


def test_every_issue_is_there(published):
    keys = published.rows("SELECT issue_key FROM core.issues ORDER BY issue_id")
    assert [key for (key,) in keys] == ["ABC-1", "ABC-2", "XYZ-1", "ABC-3", "ABC-10", "XYZ-2"]


def test_a_journey_from_start_to_delivery_is_measured_to_the_millisecond(published):
    [row] = published.rows(
        "SELECT outcome, cycle_ms, touch_ms, span_ms FROM core.issue_journeys WHERE issue_key = 'ABC-1'"
    )
    assert row == ("delivered", 4 * 3_600_000, 4 * 3_600_000, 4 * 3_600_000)


def test_no_published_table_names_a_person(published):
    for table in TABLES:
        assert not {"assignee", "author", "account_id", "person"} & set(table.columns)
    paths = [path for path in (published.data / "versions").rglob("*") if path.is_file()]
    told = b"".join(text for path in paths for text in unpacked(path))  # packed bytes hold any three letters by chance
    assert b"ABC-1" in told
    assert not re.search(rb"\bAna\b", told)
    assert b"About ABC-1" not in told


def test_the_audit_lies_beside_the_tables_as_a_page(published):
    page = (published.data / "current" / "audit.html").read_text(encoding="utf-8")
    assert "These tables hold what they promise" in page
    assert "tiny" in page
    assert "nothing_listed_is_lost" in page


def test_views_for_bi_tools_can_be_read_and_are_described(published):
    views = published.rows("SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'bi' ORDER BY view_name")
    assert dict(views) == {view.name: view.says for view in views_over()}
    for name, _ in views:
        published.rows(f"SELECT * FROM bi.{name}")
    undescribed = "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'bi' AND comment IS NULL"
    assert published.rows(undescribed) == []


def test_a_view_tells_what_its_tables_do(published):
    [(hours,)] = published.rows("SELECT cycle_days * 24 FROM bi.issues WHERE issue_key = 'ABC-1'")
    assert hours == 4
    assert published.rows("SELECT sum(touch_days) FROM bi.issues") == published.rows(
        "SELECT sum(touch_ms / 86400000.0) FROM core.issue_journeys"
    )
    assert published.rows("SELECT count(*) FROM bi.intervals") == published.rows(
        "SELECT count(*) FROM core.work_intervals"
    )


def test_what_is_left_out_is_told_beside_every_verdict(published):
    told = published.rows("SELECT quarantined_count, quarantined_share, unmapped_share FROM quality.runs")
    assert told == [(0, 0, 0)]
    assert published.rows("SELECT DISTINCT quarantined_share FROM bi.constraints") in ([(0,)], [])


def test_the_run_itself_is_on_record(published):
    [run] = published.rows(
        "SELECT site_flavour, issue_count, request_count > 0, finished_at >= started_at FROM quality.runs"
    )
    assert run == ("cloud", 6, True, True)
    version = published.rows("SELECT version_id FROM quality.runs")[0][0]
    assert (published.data / "current").readlink().name == version


def test_the_report_is_published_with_its_tables(published):
    assert (published.data / "report.html").readlink() == Path("current/report.html")
    text = (published.data / "report.html").read_text(encoding="utf-8")
    [(version, site)] = published.rows("SELECT version_id, site_url FROM quality.runs")
    assert f"from version {version} of the published tables" in text
    assert site.startswith("http://127.0.0.1:")
    assert "Drawing the report" in published.told


def test_the_tables_speak_of_the_sites_own_clock(published):
    assert published.rows("SELECT as_of FROM quality.runs") == [(small_site().now,)]


def test_every_rule_that_was_checked_is_on_record_and_nothing_critical_failed(published):
    rows = published.rows(
        "SELECT table_name, count(*), bool_and(is_passed OR severity = 'warning') FROM quality.validations GROUP BY 1"
    )
    assert {name for name, _, _ in rows} == {table.name for table in publishing.STAGED}
    assert all(is_sound for _, _, is_sound in rows)
    run_ids = published.rows("SELECT count(DISTINCT run_id) FROM quality.validations")
    assert run_ids == [(1,)]


def test_progress_is_told_step_by_step(published):
    assert published.told[0].startswith("Reading http://127.0.0.1:")
    assert "issue_journeys: 6 rows" in published.told
    assert published.told[-1].startswith("Published ")


@pytest.mark.usefixtures("unaudited")
def test_data_center_gives_the_same_core_tables_as_cloud(published, tmp_path):
    other = publish(small_site(), tmp_path / "data", "dc")
    for table in TABLES:
        if table.layer == "core":
            one, two = (
                pl.read_parquet(p.data / "parquet" / "core" / f"{table.name}.parquet") for p in (published, other)
            )
            assert one.equals(two), table.name


@pytest.mark.usefixtures("unaudited")
def test_a_moment_in_the_past_is_kept_to(tmp_path):
    noon = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
    past = publish(small_site(), tmp_path / "data", as_of=noon)
    assert past.rows("SELECT as_of FROM quality.runs") == [(noon,)]
    assert past.rows("SELECT max(entered_at) <= TIMESTAMPTZ '2026-03-02 10:30+00' FROM core.status_visits") == [(True,)]
    assert past.rows("SELECT outcome FROM core.issue_journeys WHERE issue_key = 'ABC-1'") == [("in_progress",)]


@pytest.mark.usefixtures("unaudited")
def test_a_second_run_keeps_the_record_of_the_first(earlier):
    again = publish(small_site(), earlier)
    runs = again.rows("SELECT run_id, version_id FROM quality.runs")
    assert len({run for run, _ in runs}) == 2
    assert again.rows("SELECT * FROM quality.restatements") == [], "nothing had changed"
    assert len(list((earlier / "versions").iterdir())) == 2


@pytest.mark.usefixtures("unaudited")
def test_two_runs_on_the_same_issues_publish_the_same_core_bytes(published, tmp_path):
    second = publish(small_site(), tmp_path)
    for table in TABLES:
        if table.layer == "core":
            path = f"parquet/core/{table.name}.parquet"
            assert (published.data / path).read_bytes() == (second.data / path).read_bytes(), table.name


def test_a_failed_audit_publishes_nothing_and_leaves_a_report(earlier, monkeypatch):
    before = snapshot(earlier)
    lie = Contract(
        "issues", "no_bugs", "there are no bugs", "SELECT issue_key FROM {batch} WHERE issue_type = 'Bug'", ("issues",)
    )
    monkeypatch.setattr(contracts, "CONTRACTS", (*contracts.CONTRACTS, lie))
    with pytest.raises(AuditError) as caught:
        publish(small_site(), earlier)
    assert "issues: there are no bugs (broken by 2 rows)" in str(caught.value)
    assert snapshot(earlier) == before
    [page, report] = sorted((earlier / "audits").iterdir())
    assert str(report) in str(caught.value)
    assert str(page) in str(caught.value)
    assert "ABC-2" in report.read_text()
    assert "<td>ABC-2</td>" in page.read_text()


@pytest.mark.usefixtures("unaudited")
def test_a_calculation_that_breaks_its_declaration_stops_the_run(earlier, monkeypatch):
    before = snapshot(earlier)
    monkeypatch.setattr("pipelines.assets.core.find_return_passes", lambda _: pl.LazyFrame({"wrong": [1]}))
    with pytest.raises(SchemaError, match="return_passes: "):
        publish(small_site(), earlier)
    assert snapshot(earlier) == before


def test_wrong_credentials_leave_everything_as_it_was(earlier):
    before = snapshot(earlier)
    with start(small_site(), "cloud") as sandbox, pytest.raises(CredentialsError) as caught:
        wrong = Connection(sandbox.url, "somebody@example.com", "s3cr3t-token")
        run_flow(RunSettings(FlowConfig(), earlier, find_connection=lambda: wrong))
    assert "s3cr3t" not in str(caught.value)
    assert snapshot(earlier) == before


def test_an_unreachable_host_leaves_nothing_published(tmp_path):
    nowhere = Connection("http://127.0.0.1:9", "a@example.com", "t")
    with pytest.raises(UnreachableError):
        run_flow(RunSettings(FlowConfig(), tmp_path, find_connection=lambda: nowhere))
    assert not (tmp_path / "current").exists()


def test_a_folder_in_use_is_not_shared(tmp_path):
    with holding(tmp_path), pytest.raises(BusyError, match="Another run is working"):
        publish(small_site(), tmp_path)


def test_a_folder_is_free_again_after_a_failed_run(tmp_path):
    with pytest.raises(ZeroDivisionError), holding(tmp_path):
        raise ZeroDivisionError
    with holding(tmp_path):
        pass


def test_an_incomplete_history_is_published_with_a_warning(tmp_path):
    lost = issue(1, "ABC-1", history(1, 1, moved("To Do", "Doing")), status="Done")
    result = publish(site_from_issues([lost]), tmp_path)
    assert result.rows("SELECT is_complete FROM quality.completeness") == [(False,)]
    assert result.rows("SELECT failed_check_count FROM quality.runs") == [(1,)]
    failed = result.rows("SELECT expectation, severity, failing_row_count, failing_rows FROM bi.caveats")
    assert [row[:3] for row in failed] == [("histories_are_complete", "warning", 1)]
    assert '"issue_id": "1"' in failed[0][3]
    assert STATUSES["Done"]["id"] in result.rows("SELECT reason FROM quality.completeness")[0][0]
