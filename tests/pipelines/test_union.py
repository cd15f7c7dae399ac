"""Tables of several sites laid together: whose rows, under which version, and what keeps it from being done."""

import json
import shutil

import dagster as dg
import duckdb
import polars as pl
import pytest
from dagster._core.storage.tags import PARTITION_NAME_TAG

from pipelines.jobs import JOB_NAME
from pipelines.partitions import failed_sites
from pipelines.report.doubts import Doubts
from pipelines.report.published import Published
from pipelines.report.views import quality
from pipelines.settings import site_folder
from pipelines.union import StreamNameError, build_union, parts_of
from pipelines.versions import roll_back
from pipelines.warehouse import Version, WarehouseError, publish_version
from transforms.catalog import TABLES
from transforms.core.stages import Stages

STREAMED = [table for table in TABLES if "value_stream" in table.columns]


def give(published, data, name, stream_suffix=""):
    """Let a site have the small site's published tables under its own name."""
    folder = site_folder(data, name)
    shutil.copytree(published.data / "current", folder / "versions" / f"{name}-v1")
    (folder / "current").symlink_to(f"versions/{name}-v1")
    for table in TABLES:
        changed = {"site_name": pl.lit(name)}
        if table in STREAMED:
            changed["value_stream"] = (pl.col.value_stream.cast(pl.String) + stream_suffix).cast(
                table.columns["value_stream"].dtype
            )
        if table.name == "runs":
            changed["version_id"] = pl.lit(f"{name}-v1")
            changed["run_id"] = pl.lit(f"{name}-r1")
        rewrite(data, name, table, **changed)
    return folder


def rewrite(data, name, table, **changed):
    path = site_folder(data, name) / "current" / "parquet" / table.layer / f"{table.name}.parquet"
    frame = pl.read_parquet(path).with_columns(**changed)
    path.chmod(0o644)
    frame.write_parquet(path)


@pytest.fixture
def data(published, tmp_path):
    """Two sites' parts, whose streams are named differently."""
    give(published, tmp_path, "berlin")
    give(published, tmp_path, "oslo", " in Oslo")
    return tmp_path


@pytest.fixture(scope="module")
def united(published, tmp_path_factory):
    """Both sites laid together once, not to be written to: the data folder and the version's."""
    data = tmp_path_factory.mktemp("united")
    give(published, data, "berlin")
    give(published, data, "oslo", " in Oslo")
    return data, unite(data, "20260101T000000Z-a")


def unite(data, version_id, failed=()):
    version = Version(data, version_id)
    build_union(version, parts_of(data, ["berlin", "oslo", "paris"], failed))
    return publish_version(version)


def rows(folder, query):
    with duckdb.connect(folder / "flow.duckdb", read_only=True) as tables:
        return tables.execute(query).fetchall()


def table_named(name):
    return next(table for table in TABLES if table.name == name)


def test_a_site_that_was_never_read_has_no_part(data):
    assert [part.site_name for part in parts_of(data, ["berlin", "paris"], ())] == ["berlin"]


def test_every_row_of_every_part_is_there_once(united):
    data, folder = united
    for table in TABLES:
        path = f"parquet/{table.layer}/{table.name}.parquet"
        counts = [pl.read_parquet(site_folder(data, name) / "current" / path).height for name in ("berlin", "oslo")]
        more = 2 if table.name == "validations" else 0
        assert rows(folder, f"SELECT count(*) FROM {table.layer}.{table.name}") == [(sum(counts) + more,)], table.name


def test_views_for_bi_tools_speak_of_both_sites(united):
    _, folder = united
    assert rows(folder, "SELECT site_name, count(*) FROM bi.issues GROUP BY ALL ORDER BY ALL") == [
        ("berlin", 6),
        ("oslo", 6),
    ]


def test_a_view_joins_within_a_site_only(united):
    _, folder = united
    assert rows(folder, "SELECT count(*) FROM bi.intervals") == rows(folder, "SELECT count(*) FROM core.work_intervals")


def test_what_is_left_out_is_told_of_the_site_a_verdict_speaks_of(data):
    rewrite(data, "berlin", table_named("runs"), quarantined_share=pl.lit(0.25))
    folder = unite(data, "20260101T000000Z-a")
    told = "SELECT site_name, quarantined_share FROM bi.constraints GROUP BY ALL ORDER BY ALL"
    assert rows(folder, told) == [("berlin", 0.25), ("oslo", 0.0)]
    verdicts = rows(folder, "SELECT count(*) FROM metrics.constraint_verdicts")
    assert rows(folder, "SELECT count(*) FROM bi.constraints") == verdicts


def test_the_report_counts_rules_and_what_is_in_quarantine_by_site(data):
    table = table_named("quarantine")
    path = site_folder(data, "oslo") / "current" / "parquet" / "quality" / "quarantine.parquet"
    path.chmod(0o644)
    row = pl.DataFrame([{"reference": "1", "issue_id": 1, "reason": "x"}], schema=table.polars_schema(), strict=False)
    row.select(pl.lit("oslo").alias("site_name"), *table.columns).write_parquet(path)
    published = Published(unite(data, "20260101T000000Z-a", failed={"oslo"}))
    doubts = Doubts(published)
    found = {stream: doubts.quarantined(stream) for stream in published.streams}
    assert {stream.partition(" ")[0] for stream in found} == {"berlin", "oslo"}
    assert all(count == stream.startswith("oslo") for stream, count in found.items())
    findings = {entry.stream: entry.finding for entry in quality.build(published)}
    warned = [stream for stream, finding in findings.items() if "the site's last run ended well" in finding]
    assert warned == [stream for stream in findings if stream.startswith("oslo")] != []


def test_a_value_stream_of_two_sites_is_refused_and_what_to_write_is_told(published, tmp_path):
    give(published, tmp_path, "berlin")
    give(published, tmp_path, "oslo")
    with pytest.raises(StreamNameError) as caught:
        unite(tmp_path, "20260101T000000Z-a")
    assert "stands on the sites berlin and oslo" in str(caught.value)
    assert 'site = "oslo"' in str(caught.value)
    assert not (tmp_path / "current").exists()
    assert not list((tmp_path / "versions").glob("*"))


def test_a_part_of_another_declaration_is_refused(data):
    path = site_folder(data, "oslo") / "current" / "parquet" / "core" / "stages.parquet"
    path.chmod(0o644)
    pl.read_parquet(path).drop(list(Stages.columns)[-1]).write_parquet(path)
    with pytest.raises(WarehouseError, match=r"tables of site oslo were made by another version.*flow run --offline"):
        unite(data, "20260101T000000Z-a")


def test_a_site_that_is_behind_has_a_caveat_and_the_others_have_not(data):
    folder = unite(data, "20260101T000000Z-a", failed={"oslo"})
    told = "SELECT site_name, is_passed, failing_rows FROM quality.validations WHERE expectation = 'site_was_read'"
    [(_, berlin, _), (_, oslo, shown)] = sorted(rows(folder, told))
    assert (berlin, oslo) == (True, False)
    assert json.loads(shown)[0]["site_name"] == "oslo"
    assert rows(folder, "SELECT site_name FROM bi.caveats WHERE expectation = 'site_was_read'") == [("oslo",)]
    assert "oslo: issues: the site&#39;s last run ended well" in (folder / "audit.html").read_text(encoding="utf-8")


def next_run(data, name):
    """Let a site have another run, in a version of its own."""
    runs = table_named("runs")
    folder = site_folder(data, name)
    shutil.copytree(folder / "current", folder / "versions" / f"{name}-v2")
    (folder / "current").unlink()
    (folder / "current").symlink_to(f"versions/{name}-v2")
    path = folder / "current" / "parquet" / "quality" / "runs.parquet"
    old = pl.read_parquet(path)
    new = old.with_columns(run_id=pl.lit(f"{name}-r2"), version_id=pl.lit(f"{name}-v2"))
    path.chmod(0o644)
    pl.concat([old, new]).select("site_name", *runs.columns).write_parquet(path)


IDS = "SELECT site_name, run_id, version_id FROM quality.runs ORDER BY ALL"


def test_runs_are_told_under_the_version_readers_saw_them_in(data):
    first, second = "20260101T000000Z-a", "20260102T000000Z-b"
    assert rows(unite(data, first), IDS) == [("berlin", "berlin-r1", first), ("oslo", "oslo-r1", first)]
    next_run(data, "berlin")
    assert rows(unite(data, second), IDS) == [
        ("berlin", "berlin-r1", first),
        ("berlin", "berlin-r2", second),
        ("oslo", "oslo-r1", second),
    ]


def test_a_restatement_names_the_version_readers_saw(data):
    first, second = "20260101T000000Z-a", "20260102T000000Z-b"
    unite(data, first)
    next_run(data, "berlin")
    table = table_named("restatements")
    values = {
        "run_id": "berlin-r2", "table_name": "flow_weekly", "value_stream": "S", "period_kind": "week",
        "row_key": "S / 2026-03-02", "column_name": "wip_end", "published_value": "1", "restated_value": "2",
        "reason": next(iter(table.columns["reason"].values)), "explanation": "x", "published_version_id": "berlin-v1",
    }  # fmt: skip
    row = pl.DataFrame([values | {"period_start_date": None}], schema=table.polars_schema(), strict=False)
    row = row.with_columns(period_start_date=pl.date(2026, 3, 2))
    path = site_folder(data, "berlin") / "current" / "parquet" / "quality" / "restatements.parquet"
    path.chmod(0o644)
    row.select(pl.lit("berlin").alias("site_name"), *table.columns).write_parquet(path)
    folder = unite(data, second)
    assert rows(folder, "SELECT published_version_id FROM quality.restatements") == [(first,)]


def test_a_version_that_was_taken_back_is_told_until_its_rows_are_published_again(data):
    first, second, third = (f"2026010{day}T000000Z-a" for day in (1, 2, 3))
    unite(data, first)
    next_run(data, "berlin")
    unite(data, second)
    roll_back(data, first)
    next_run_again = site_folder(data, "berlin") / "versions" / "berlin-v3"
    shutil.copytree(site_folder(data, "berlin") / "current", next_run_again)
    folder = unite(data, third)
    told = "SELECT version_id, withdrawn_at IS NOT NULL FROM quality.runs ORDER BY ALL"
    assert rows(folder, told) == [(first, False), (third, False), (third, False)]


def test_the_sites_whose_newest_run_failed_are_found_by_their_partition():
    with dg.DagsterInstance.ephemeral() as instance:
        job = dg.job(name=JOB_NAME)(lambda: None)
        statuses = (
            ("berlin", "FAILURE"), ("berlin", "SUCCESS"), ("oslo", "SUCCESS"), ("oslo", "FAILURE"), ("oslo", "STARTED"),
        )  # fmt: skip
        for site, status in statuses:
            instance.create_run_for_job(job, tags={PARTITION_NAME_TAG: site}, status=dg.DagsterRunStatus(status))
        assert failed_sites(instance, JOB_NAME, ["berlin", "oslo", "paris"]) == {"oslo"}


def test_published_files_of_all_sites_let_nobody_write(united):
    _, folder = united
    assert {path.stat().st_mode & 0o222 for path in folder.rglob("*") if path.is_file()} == {0}
