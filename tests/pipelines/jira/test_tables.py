"""The raw tables are rebuilt from what landed, without asking the site."""

import msgspec
import polars as pl
import pytest

from pipelines.jira.errors import LandingError
from pipelines.jira.extract import extract
from pipelines.jira.ledger import Batch
from pipelines.jira.scope import Scope
from pipelines.jira.tables import build_raw_tables, read_reference
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.jira.rest import history, issue, item, move, scrubbed
from tests.pipelines.jira.sites import FLAVOURS, session_with
from transforms.raw import (
    RAW_TABLES,
    RawBoardColumns,
    RawChanges,
    RawIssues,
    RawProjects,
    RawQuarantine,
    RawResolutions,
    RawSprints,
    RawStatuses,
    RawVersions,
)
from transforms.schema import check_schema, check_values


def build(site, store, tmp_path, flavour="cloud", **kwargs):
    with start(site, flavour) as sandbox:
        extract(session_with(sandbox, flavour), Scope(), store)
    return build_raw_tables(store, tmp_path / "raw_tables", **kwargs)


def site_of(*issues):
    return site_from_issues(list(issues))


def stories(count=5):
    return [
        issue(n, history(n, f"2024-01-02T10:{n % 60:02}:00.000+0000", move(1, 2), move(2, 3)), status=3)
        for n in range(100, 100 + count)
    ]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_raw_table_is_written_as_declared(store, tmp_path, flavour):
    tables = build(site_of(*stories()), store, tmp_path, flavour)
    for table in RAW_TABLES:
        frame = tables.scan(table).collect()
        check_schema(table, frame)
        check_values(table, frame)
    assert (tables.issue_count, tables.change_count, tables.quarantine_count) == (5, 10, 0)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_site_without_issues_gives_empty_tables(store, tmp_path, flavour):
    site = site_of(*stories())
    site.issues.clear()
    tables = build(site, store, tmp_path, flavour)
    assert tables.scan(RawIssues).collect().height == tables.scan(RawChanges).collect().height == 0
    assert tables.scan(RawProjects).collect()["project_key"].to_list() == ["ABC"]


def test_small_batches_give_the_same_tables(store, tmp_path):
    site = site_of(*stories(11))
    whole = build(site, store, tmp_path)
    frames = {table: whole.scan(table).collect() for table in RAW_TABLES}
    parts = build_raw_tables(store, tmp_path / "parts", batch_size=4)
    assert len(list((tmp_path / "parts" / "raw_issues").iterdir())) == 3
    for table in RAW_TABLES:
        assert parts.scan(table).collect().equals(frames[table]), table.name


def test_rebuilding_replaces_what_lay_there(store, tmp_path):
    build(site_of(*stories(11)), store, tmp_path, batch_size=4)
    assert len(list((tmp_path / "raw_tables" / "raw_issues").iterdir())) == 3
    tables = build_raw_tables(store, tmp_path / "raw_tables")
    assert len(list((tmp_path / "raw_tables" / "raw_issues").iterdir())) == 1
    assert tables.scan(RawIssues).collect()["issue_id"].to_list() == list(range(100, 111))


def test_before_any_extraction_there_is_nothing_to_build(store, tmp_path):
    with pytest.raises(LandingError, match="flow run"):
        build_raw_tables(store, tmp_path / "raw_tables")


def test_a_status_no_longer_listed_keeps_the_name_history_gave_it(store, tmp_path):
    gone = item("status", "77", "3", "Waiting for Godot", "Status 3")
    site = site_of(issue(1, history(1, "2024-01-02T10:00:00.000+0000", gone), status=3))
    site.statuses[:] = [status for status in site.statuses if status["id"] == "3"]
    statuses = build(site, store, tmp_path).scan(RawStatuses).collect()
    assert statuses.select("status_id", "status_name", "category", "is_listed").rows() == [
        (3, "Status 3", "indeterminate", True),
        (77, "Waiting for Godot", None, False),
    ]


def test_every_status_in_use_has_a_row(store, tmp_path):
    site = site_of(issue(1, status=42))
    site.statuses.clear()
    tables = build(site, store, tmp_path)
    assert tables.scan(RawStatuses).collect().select("status_id", "status_name").rows() == [(42, "Status 42")]


def test_a_resolution_only_history_knows_has_a_row(store, tmp_path):
    solved = item("resolution", None, "9", None, "Superseded")
    site = site_of(issue(1, history(1, "2024-01-02T10:00:00.000+0000", solved)))
    site.resolutions[:] = [{"id": "1", "name": "Done"}]
    rows = build(site, store, tmp_path).scan(RawResolutions).collect().rows()
    assert rows == [(1, "Done"), (9, "Superseded")]


def test_versions_come_with_day_and_project(store, tmp_path):
    site = site_of(issue(1))
    site.versions[10] = [{"id": "20", "name": "1.0", "released": True, "releaseDate": "2024-05-01", "projectId": 10},
                         {"id": "21", "name": "2.0", "released": False, "projectId": 10}]  # fmt: skip
    rows = build(site, store, tmp_path).scan(RawVersions).collect()
    assert rows["release_date"].cast(pl.String()).to_list() == ["2024-05-01", None]
    assert rows["project_id"].to_list() == [10, 10]


def test_what_cannot_be_parsed_is_in_quarantine_and_its_place_is_known(store, tmp_path):
    build(site_of(*stories(1)), store, tmp_path)
    run = store.ledger.latest_complete()
    broken = issue(555, history(1, "2024-01-02T10:00:00", move(1, 3)))
    sha = store.landing.write_issues(scrubbed(*stories(1), broken))
    store.ledger.record(run.run_id, Batch(1, "issues", sha, (100, 555), (10, 0)))
    (row,) = build_raw_tables(store, tmp_path / "again").scan(RawQuarantine).collect().to_dicts()
    assert row == {"reference": f"{sha}:2", "issue_id": 555, "reason": "an instant has no offset from UTC"}


def test_a_damaged_batch_is_not_parsed_silently(store, tmp_path):
    build(site_of(*stories(1)), store, tmp_path)
    (batch,) = store.ledger.batches(store.ledger.latest_complete().run_id, "issues")
    store.landing.path("issues", batch.sha).unlink()
    with pytest.raises(LandingError, match=batch.sha):
        build_raw_tables(store, tmp_path / "again")


def test_reference_data_are_read_back_as_they_landed(store, tmp_path):
    build(site_of(*stories(1)), store, tmp_path)
    reference = read_reference(store, store.ledger.latest_complete())
    assert reference.flavour == "cloud"
    assert [project.key for project in reference.projects] == ["ABC"]
    assert msgspec.json.decode(msgspec.json.encode(reference), type=type(reference)) == reference


def test_recorded_statuses_all_have_names(store, tmp_path, shared_data):
    files = sorted((shared_data / "real").glob("*.jsonl.gz"))
    tables = build(site_from_issues(files), store, tmp_path)
    used = (
        tables.scan(RawChanges).filter(pl.col("field") == "status").select(pl.concat_list("from_id", "to_id").explode())
    )
    known = set(tables.scan(RawStatuses).collect()["status_id"])
    assert set(used.collect().to_series()) | set(tables.scan(RawIssues).collect()["status_id"]) <= known


def test_columns_of_a_board_keep_their_statuses_and_limits(store, tmp_path):
    site = site_of(issue(1))
    columns = [{"name": "Doing", "statuses": [{"id": "3"}], "max": 4}, {"name": "Empty", "statuses": []}]
    sprint = {"id": 7, "state": "closed", "name": "S", "startDate": "2024-01-01T09:00:00.000Z", "originBoardId": 5}
    site.boards.append(
        {"id": 5, "name": "B", "type": "scrum", "location": {"projectId": 10},
         "configuration": {"columnConfig": {"columns": columns}}, "sprints": [sprint]}
    )  # fmt: skip
    tables = build(site, store, tmp_path)
    rows = tables.scan(RawBoardColumns).select("column_name", "status_ids", "wip_limit").collect().rows()
    assert rows == [("Doing", [3], 4), ("Empty", [], None)]
    assert tables.scan(RawSprints).select("sprint_id", "board_id", "state").collect().rows() == [(7, 5, "closed")]
