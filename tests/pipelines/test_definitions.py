"""The graph: what depends on what, by layer; and that it loads anywhere."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import PARTITION_NAME_TAG

from pipelines.config import FlowConfig
from pipelines.data_folder_lock import BusyError, holding
from pipelines.definitions import STORES, build_definitions
from pipelines.jira.errors import MissingSettingError
from pipelines.jobs import JOB_NAME, PUBLISH_JOB_NAME
from pipelines.partitions import HELD_FOLDER
from pipelines.settings import RunSettings
from tests.pipelines.draw_graph import PLACE, draw
from transforms.catalog import TABLES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def graph():
    return build_definitions(FlowConfig()).resolve_asset_graph()


def test_the_graph_is_as_drawn():
    assert draw() == PLACE.read_text(encoding="utf-8"), "if you meant it: python -m tests.pipelines.draw_graph"


def test_the_graph_begins_at_jira_and_ends_at_the_published_tables(graph):
    names = {node.key.to_user_string(): node for node in graph.asset_nodes}
    assert [name for name, node in names.items() if not node.parent_keys] == ["landed_batches"]
    unread = [name for name, node in names.items() if not node.child_keys and node.group_name != "raw"]
    assert unread == ["published_warehouse"]


def test_every_table_is_an_asset_in_the_group_of_its_layer(graph):
    for table in TABLES:
        assert graph.get(dg.AssetKey(table.name)).group_name == table.layer


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_tables_asset_is_described_by_its_declaration(graph, table):
    node = graph.get(dg.AssetKey(table.name))
    assert node.description.startswith("One row per")
    columns = node.metadata["dagster/column_schema"].columns
    assert [(c.name, c.description) for c in columns] == [(n, c.description) for n, c in table.columns.items()]


def test_every_staged_table_has_a_critical_check_that_blocks_and_warnings_never_do(graph):
    checks = {key.name: graph.get_check_spec(key) for key in graph.asset_check_keys}
    unchecked = {f"{table.name}_critical" for table in TABLES} - set(checks)
    assert unchecked == {"restatements_critical", "runs_critical", "validations_critical"}
    assert all(spec.blocking == name.endswith("_critical") for name, spec in checks.items())
    warnings = {name for name in checks if name.endswith("_warning")}
    assert warnings == {"completeness_warning", "quarantine_warning", "statuses_warning"}


def test_the_job_covers_everything_and_runs_daily():
    definitions = build_definitions(FlowConfig())
    job = definitions.resolve_job_def(JOB_NAME)
    assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} == {
        line.split()[1] for line in draw().splitlines()
    }
    schedule = definitions.resolve_schedule_def("daily")
    assert (schedule.cron_schedule, schedule.job_name) == ("0 5 * * *", JOB_NAME)


def test_resources_can_be_replaced_by_name(tmp_path):
    settings = RunSettings(FlowConfig(), tmp_path)
    stand_in = object()
    definitions = build_definitions(FlowConfig(), overrides={"settings": settings, "landed": stand_in})
    context = dg.build_init_resource_context()
    assert definitions.resources["settings"].resource_fn(context) is settings
    assert definitions.resources["landed"] is stand_in
    assert definitions.resources["tables"].resource_fn(context)._folder == tmp_path / "work"


def test_settings_of_another_kind_are_refused():
    with pytest.raises(TypeError, match="must be RunSettings"):
        build_definitions(FlowConfig(), overrides={"settings": {"data": "x"}})


def materialised(name, settings):
    """One asset, as Dagster's interface would have it made."""
    job = build_definitions(settings.config, overrides={"settings": settings}).resolve_job_def(JOB_NAME)
    with dg.DagsterInstance.ephemeral() as instance:
        job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey(name)])


@pytest.mark.parametrize("name", ["landed_batches", "issue_journeys", "report"])
def test_a_run_that_dagster_starts_is_stopped_where_another_is_at_work(name, tmp_path):
    with holding(tmp_path), pytest.raises(dg.DagsterError) as caught:
        materialised(name, RunSettings(FlowConfig(), tmp_path))
    assert isinstance(caught.value.__cause__, BusyError)


def test_no_asset_is_made_without_the_folder():
    definitions = build_definitions(FlowConfig())
    holding_it = {name for name, made in definitions.resources.items() if HELD_FOLDER in made.required_resource_keys}
    assert holding_it == {"settings", *STORES}
    assert all(asset.required_resource_keys & holding_it for asset in definitions.assets)


def test_a_run_that_dagster_starts_keeps_the_folder_to_its_end(tmp_path):
    busy = []

    def find_connection():
        with pytest.raises(BusyError), holding(tmp_path):
            pass
        busy.append(True)
        raise MissingSettingError("no site")

    with pytest.raises(dg.Failure, match="no site"):
        materialised("landed_batches", RunSettings(FlowConfig(), tmp_path, find_connection=find_connection))
    assert busy == [True]
    with holding(tmp_path):
        pass


def test_nothing_is_read_or_written_at_import_and_no_variable_is_needed(tmp_path):
    code = "import pipelines.definitions as d; assert d.defs; from pipelines.config import FlowConfig;"
    code += "d.build_definitions(FlowConfig()).resolve_asset_graph()"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "FLOW_CONFIG": str(tmp_path / "gone.toml")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, check=False, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_dagster_finds_the_definitions_where_the_project_says():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'module_name = "pipelines.definitions"' in text
    assert 'code_location_target_module = "pipelines.definitions"' in text


def test_a_local_instance_reports_to_nobody_and_keeps_everything_under_one_folder(tmp_path, monkeypatch):
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1
        instance.get_runs_count()
    assert {path.name for path in tmp_path.iterdir()} <= {"dagster.yaml", ".state", ".telemetry"}


TWO = FlowConfig.model_validate(
    {"site": [{"name": name, "url": "https://jira.example", "token_env": "A_TOKEN"} for name in ("berlin", "oslo")]}
)


def test_with_several_sites_every_asset_has_a_partition_for_each_and_one_lays_them_together(graph):
    many = build_definitions(TWO).resolve_asset_graph()
    names = {node.key.to_user_string(): node for node in many.asset_nodes}
    together = names.pop("all_sites")
    assert set(names) == {node.key.to_user_string() for node in graph.asset_nodes}
    assert {tuple(node.partitions_def.get_partition_keys()) for node in names.values()} == {("berlin", "oslo")}
    assert together.partitions_def is None
    assert together.parent_keys == {dg.AssetKey("published_warehouse")}
    for name, node in names.items():
        assert node.parent_keys == graph.get(dg.AssetKey(name)).parent_keys


def test_with_several_sites_one_job_reads_a_site_and_another_lays_all_together():
    definitions = build_definitions(TWO)
    covered = {
        name: {key.to_user_string() for key in definitions.resolve_job_def(name).asset_layer.executable_asset_keys}
        for name in (JOB_NAME, PUBLISH_JOB_NAME)
    }
    assert covered[PUBLISH_JOB_NAME] == {"all_sites"}
    assert covered[JOB_NAME] == {line.split()[1] for line in draw().splitlines()}


def test_a_run_of_a_site_gets_the_stores_of_that_site(tmp_path):
    definitions = build_definitions(TWO, overrides={"settings": RunSettings(TWO, tmp_path)})
    made = {}
    for site in ("berlin", ""):
        with dg.DagsterInstance.ephemeral() as instance:
            tags = {PARTITION_NAME_TAG: site} if site else {}
            run = instance.create_run_for_job(dg.job(name="any")(lambda: None), tags=tags)
            context = dg.build_init_resource_context(instance=instance)
            context._dagster_run = run
            made[site] = {
                name: definitions.resources[name].resource_fn(context) for name in ("settings", "tables", "landed")
            }
    assert made["berlin"]["settings"].data == made["berlin"]["tables"]._folder.parent == tmp_path / "sites" / "berlin"
    assert made["berlin"]["settings"].config == TWO.of_site("berlin")
    assert made[""]["settings"].data == tmp_path
