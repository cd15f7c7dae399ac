"""Killed before any step of publishing or going back, readers find the old version or the new one, whole."""

import sys

import pytest

from pipelines import versions, warehouse
from pipelines.versions import current_id, roll_back, switches, version_ids
from pipelines.warehouse import Version
from tests.pipelines.killed import killed_everywhere
from tests.pipelines.test_versions import publish, seen
from tests.pipelines.toy_tables import Parcels, parcels
from tests.transforms.quality.test_runs import run
from transforms.quality.runs import Runs, add_run

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="a child process is made by fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

TABLES = {Parcels: parcels({"parcel_id": 3}).lazy(), Runs: add_run(None, run(run_id="r3", version_id="v3"))}


@pytest.fixture
def built(tmp_path):
    """Two versions published, a third built."""
    data = tmp_path / "data"
    for number in (1, 2):
        publish(data, f"v{number}", number)
    warehouse.stage_version(Version(data, "v3"), TABLES, "acme")
    return data


def test_publishing_killed_anywhere_leaves_the_old_or_the_new_version(built, tmp_path):
    found = []
    for data in killed_everywhere(
        built, tmp_path / "killed", lambda data: warehouse.publish_version(Version(data, "v3"), 2)
    ):
        found.append(seen(data))
        assert current_id(data) == f"v{found[-1]}"
        assert {"v2", current_id(data)} <= set(version_ids(data)), "readers of the old version keep its files"
    assert found == sorted(found)
    assert set(found) == {2, 3}
    assert len(found) > 20, "so many steps were killed at"


def test_the_first_publishing_killed_anywhere_leaves_nothing_or_all(tmp_path):
    prepared = tmp_path / "data"
    warehouse.stage_version(Version(prepared, "v3"), TABLES, "acme")
    found = [
        seen(data) if (data / "flow.duckdb").exists() else 0
        for data in killed_everywhere(
            prepared, tmp_path / "killed", lambda data: warehouse.publish_version(Version(data, "v3"))
        )
    ]
    assert found == sorted(found)
    assert set(found) == {0, 3}


def test_after_any_kill_the_next_run_publishes_and_nothing_half_built_stays(built, tmp_path):
    for data in killed_everywhere(
        built, tmp_path / "killed", lambda data: warehouse.publish_version(Version(data, "v3"), 2)
    ):
        warehouse.sweep_builds(data)
        publish(data, "v4", 4, keep=2)
        assert seen(data) == 4
        assert not list((data / "versions").glob(".*"))
        assert not (data / ".current.new").is_symlink()


def test_going_back_killed_anywhere_leaves_either_version_and_never_goes_unrecorded(built, tmp_path):
    found = []
    for data in killed_everywhere(built, tmp_path / "killed", lambda data: roll_back(data, "v1")):
        found.append(seen(data))
        assert found[-1] == 2 or switches(data)[-1].version_id == "v1"
    assert set(found) == {1, 2}


def test_pruning_killed_anywhere_never_takes_what_readers_see(built, tmp_path):
    for data in killed_everywhere(built, tmp_path / "killed", lambda data: versions.prune(data, 1)):
        assert seen(data) == 2
