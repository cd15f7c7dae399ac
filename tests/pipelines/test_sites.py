"""Two Jira sites in one set of tables: a Cloud and a Data Center site whose issue ids and keys clash."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from pipelines.sandbox.changes import transition
from pipelines.sandbox.server import Sandbox, start
from tests.flow_command import Outcome, access, flow, in_duckdb
from tests.pipelines.disk import everything_on_disk
from tests.pipelines.site_pairs import BERLIN_TOKEN, OSLO_TOKEN, berlin, credentials, oslo, write_config
from transforms.catalog import TABLES

pytestmark = pytest.mark.timeout(900)
"""The first test waits for four runs."""

OWN_RECORDS = ("runs", "validations", "restatements")
"""Tables that name runs and versions, which are other ones each time."""

COMPARED = [table for table in TABLES if table.name not in OWN_RECORDS]


@dataclass
class Pair:
    """Both sites, served, and a data folder both were read into once."""

    berlin: Sandbox
    oslo: Sandbox
    folder: Path
    ended: Outcome

    @property
    def config(self) -> Path:
        return self.folder / "flow.toml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def run(self, data: Path, *arguments: str, **variables: str) -> Outcome:
        return flow("run", "--config", self.config, "--data", data, *arguments, **credentials(**variables))


@pytest.fixture(scope="module", autouse=True)
def unaudited():
    """Skip the audit, which takes seconds a run and is another test's; what is said of it is kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.audit.audit", lambda connection, tables, given: [])
        yield


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    (folder / "dagster").mkdir()
    (folder / "dagster" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with start(berlin(), "cloud", token=BERLIN_TOKEN) as one, start(oslo(), "dc", token=OSLO_TOKEN) as other:
        write_config(folder / "flow.toml", one.url, other.url)
        made = Pair(one, other, folder, Outcome(0, "", ""))
        made.ended = made.run(made.data, DAGSTER_HOME=str(folder / "dagster"))
        assert made.ended.exit_code == 0, made.ended.error
        yield made


@pytest.fixture
def again(pair, tmp_path):
    """The data folder once more, to be written to."""
    return shutil.copytree(pair.data, tmp_path / "data", symlinks=True)


def parquet(data: Path, table) -> pl.DataFrame:
    return pl.read_parquet(data / "parquet" / table.layer / f"{table.name}.parquet")


@pytest.fixture(scope="module")
def alone(pair, tmp_path_factory):
    """What each site gives by itself, read with the variables and the flow.toml of a single site."""
    folders = {}
    for name, stream, sandbox, flavour, token in (
        ("berlin", "Shop", pair.berlin, "cloud", BERLIN_TOKEN),
        ("oslo", "Payments", pair.oslo, "dc", OSLO_TOKEN),
    ):
        folder = tmp_path_factory.mktemp(name)
        said = f'[jira]\nsite_name = "{name}"\n[[value_stream]]\nname = "{stream}"\n'
        (folder / "flow.toml").write_text(said)
        variables = access(sandbox.url, flavour, token)
        ended = flow("run", "--config", folder / "flow.toml", "--data", folder / "data", **variables)
        assert ended.exit_code == 0, ended.error
        folders[name] = folder / "data"
    return folders


def test_every_table_holds_the_rows_that_each_site_gives_alone(pair, alone):
    for table in COMPARED:
        expected = pl.concat([parquet(data, table) for data in alone.values()])
        assert parquet(pair.data, table).equals(expected), table.name
        assert in_duckdb(pair.data, table.layer, table.name).height == expected.height


def test_the_comparison_is_of_tables_that_hold_something_of_both_sites(pair):
    filled = [table.name for table in COMPARED if set(parquet(pair.data, table)["site_name"]) == {"berlin", "oslo"}]
    assert {"issues", "work_intervals", "issue_journeys", "value_stream_map", "cycle_times", "flow_weekly"} <= {*filled}
    assert len(filled) > len(COMPARED) / 2


def test_ids_and_keys_clash_and_are_told_apart_by_the_site(pair):
    issues = in_duckdb(pair.data, "core", "issues")
    assert issues.group_by("issue_id", "issue_key").len()["len"].unique().to_list() == [2]
    told = flow("explain", "ABC-1", "--data", pair.data)
    assert "on several sites: berlin, oslo" in told.error
    assert "Payments" in flow("explain", "ABC-1", "--site", "oslo", "--data", pair.data).output


def test_every_site_has_a_row_of_its_newest_run_under_the_published_version(pair):
    runs = in_duckdb(pair.data, "quality", "runs")
    assert runs["site_name"].to_list() == ["berlin", "oslo"]
    assert runs["site_flavour"].to_list() == ["cloud", "dc"]
    assert set(runs["version_id"]) == {(pair.data / "current").readlink().name}


def test_the_report_and_the_audit_speak_of_both_sites(pair):
    report = (pair.data / "report.html").read_text(encoding="utf-8")
    assert "berlin and oslo" in report
    assert "80 issues" in report
    assert "tables of berlin, oslo" in (pair.data / "current" / "audit.html").read_text(encoding="utf-8")


def test_no_secret_of_either_site_is_anywhere(pair):
    said = (pair.ended.output + pair.ended.error).encode()
    for secret in (BERLIN_TOKEN.encode(), OSLO_TOKEN.encode()):
        assert secret not in said
        assert [path for path, content in everything_on_disk(pair.folder) if secret in content] == []


def test_progress_is_told_site_by_site(pair):
    assert f"berlin: Reading {pair.berlin.url}" in pair.ended.error
    assert f"oslo: Reading {pair.oslo.url}" in pair.ended.error
    assert "Laying together berlin, oslo" in pair.ended.error


def test_a_site_that_fails_keeps_its_rows_with_a_caveat_and_the_others_go_on(pair, again):
    before = {table.name: parquet(again, table) for table in TABLES}
    transition(pair.berlin.site, "ABC-40", "Done")
    ended = pair.run(again, OSLO_TOKEN="another-token")
    pair.berlin.site = berlin()
    assert ended.exit_code == 1
    assert "Site oslo: " in ended.error
    assert "Create a new personal access token" in ended.error or "Check OSLO_TOKEN" in ended.error
    assert "Of this site the rows of its last good run stay." in ended.error
    after = {table.name: parquet(again, table) for table in TABLES}
    for table in COMPARED:
        old, new = (tables[table.name].filter(pl.col.site_name == "oslo") for tables in (before, after))
        assert old.equals(new), table.name
    journeys = [
        tables["issue_journeys"].filter(site_name="berlin", issue_key="ABC-40")["outcome"].item()
        for tables in (before, after)
    ]
    assert journeys == ["in_progress", "delivered"]
    caveats = after["validations"].filter(~pl.col.is_passed)
    assert caveats.select("site_name", "expectation", "severity").rows() == [("oslo", "site_was_read", "warning")]
    as_of = before["runs"].filter(site_name="oslo")["as_of"].item()
    assert json.loads(caveats["failing_rows"].item()) == [{"site_name": "oslo", "as_of": str(as_of)}]
    newest = after["runs"].filter(version_id=(again / "current").readlink().name)
    assert newest["site_name"].to_list() == ["berlin", "oslo"]
    assert after["runs"].filter(site_name="oslo")["run_id"].equals(before["runs"].filter(site_name="oslo")["run_id"])


def test_where_all_sites_fail_nothing_changes(pair, again):
    current = (again / "current").readlink()
    ended = pair.run(again, BERLIN_TOKEN="another-token", OSLO_TOKEN="another-token")
    assert ended.exit_code == 1
    assert "Site berlin: " in ended.error
    assert "Site oslo: " in ended.error
    assert "another-token" not in ended.output + ended.error
    assert (again / "current").readlink() == current


def test_a_variable_that_is_not_set_is_told_before_any_site_is_read(pair, tmp_path):
    before = pair.berlin.requests.total()
    ended = pair.run(tmp_path / "data", OSLO_TOKEN="")
    assert ended.exit_code == 2
    assert "OSLO_TOKEN is not set" in ended.error
    assert pair.berlin.requests.total() == before


def test_the_doctor_looks_at_every_site(pair):
    variables = credentials(OSLO_TOKEN="wrong-one")
    ended = flow("doctor", "--json", "--config", pair.config, "--data", pair.data, **variables)
    states = {finding["check"]: finding["state"] for finding in json.loads(ended.output)}
    assert states["berlin credentials"] == "ok"
    assert states["oslo credentials"] == "fail"
    assert states["oslo names"] == "skipped"
    assert "wrong-one" not in ended.output


def test_the_doctor_tells_of_a_site_whose_last_audit_failed(again):
    report = again / "sites" / "oslo" / "audits" / "v9.json"
    report.parent.mkdir()
    report.write_text("[]")
    findings = json.loads(flow("doctor", "--json", "--data", again).output)
    [published] = [finding for finding in findings if finding["check"] == "published tables"]
    assert published["state"] == "warn"
    assert published["fix"] == f"Read {report}."


def test_init_refuses_a_file_of_several_sites(pair):
    ended = flow("init", "--yes", "--force", "--config", pair.config)
    assert ended.exit_code == 2
    assert "names several sites" in ended.error
