"""Display names: shown by flow explain of those whom flow.toml names, of nobody else, and kept nowhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.config import load_config
from tests.flow_command import all_bytes, flow, serving
from tests.pipelines.test_erase import team_site

NAME = "Bo the Builder"


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    """The data of a site on which Bo is named in flow.toml, and the site knows him by another name."""
    folder = tmp_path_factory.mktemp("named")
    (folder / "flow.toml").write_text(f'jira.display_names = {{ bo = "{NAME}" }}')
    with serving(team_site(), "cloud") as (_, access):
        ended = flow("run", "--config", folder / "flow.toml", "--data", folder / "data", **access)
    assert ended.exit_code == 0, ended.error
    return folder / "data"


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    def written(text: str) -> Path:
        (tmp_path / "flow.toml").write_text(text)
        return tmp_path / "flow.toml"

    return written


def names_in(published: Path, config: Path) -> list[str | None]:
    ended = flow("explain", "ABC-1", "--json", "--config", config, "--data", published)
    assert ended.exit_code == 0, ended.error
    return [interval["assignee_name"] for interval in json.loads(ended.output)["intervals"]]


def test_the_one_assigned_is_named_where_flow_toml_names_them(published, config, tmp_path):
    named = names_in(published, config(f'jira.display_names = {{ bo = "{NAME}", nobody-known = "No One" }}'))
    assert NAME in named
    assert set(named) == {NAME, None}
    told = flow("explain", "ABC-1", "--config", tmp_path / "flow.toml", "--data", published)
    assert f"; assigned to {NAME}" in told.output


def test_every_stretch_has_the_name_of_its_own_assignee(published, config):
    both = config('jira.display_names = { ana = "Ana", bo = "Bo" }')
    assert names_in(published, both) == [None, "Ana", "Bo", "Bo"]


def test_without_the_setting_nobody_is_named(published, config):
    assert set(names_in(published, config(""))) == {None}
    assert "assigned to" not in flow("explain", "ABC-1", "--config", config(""), "--data", published).output


def test_nothing_a_run_writes_holds_a_name(published):
    assert NAME.encode() not in all_bytes(published)
    assert b'"Bo"' not in all_bytes(published)


def test_without_the_working_store_nobody_can_be_named(published, config, tmp_path):
    for name in ("flow.duckdb", "current"):
        (tmp_path / name).symlink_to((published / name).resolve())
    assert set(names_in(tmp_path, config('jira.display_names = { bo = "Bo" }'))) == {None}


def test_a_working_store_that_is_newer_than_the_tables_names_nobody_in_an_interval_that_changed(
    published, config, tmp_path
):
    newer = shutil.copytree(published, tmp_path / "data", symlinks=True)
    [table] = (newer / "work" / "private" / "person_intervals").glob("*.parquet")
    later = pl.col.left_at + pl.duration(minutes=1)
    pl.read_parquet(table).with_columns(later).write_parquet(table)
    named = names_in(newer, config('jira.display_names = { ana = "Ana", bo = "Bo" }'))
    assert "Ana" not in named


def test_an_erased_person_is_named_no_more_and_the_line_that_remains_is_told(published, config, tmp_path):
    data = shutil.copytree(published, tmp_path / "data", symlinks=True)
    named = config('jira.display_names = { bo = "Bo" }')
    ended = flow("erase", "bo", "--config", named, "--data", data)
    assert ended.exit_code == 0, ended.error
    assert "display_names" in ended.output
    assert set(names_in(data, named)) == {None}
    assert "display_names" not in flow("erase", "ana", "--config", named, "--data", data).output


@pytest.mark.parametrize("said", ['{ bo = "" }', '{ " " = "Bo" }', '["bo"]', "{ bo = 3 }"])
def test_a_name_that_cannot_be_one_is_told_with_its_place(said, published, config):
    ended = flow("explain", "ABC-1", "--config", config(f"jira.display_names = {said}"), "--data", published)
    assert ended.exit_code == 2
    assert "display_names" in ended.error


def test_of_several_sites_each_names_its_own(config):
    site = '[[site]]\nname = "{0}"\nurl = "https://{0}.example"\ntoken_env = "TOKEN"\ndisplay_names = {{u1="{1}"}}\n'
    found = load_config(config(site.format("oslo", "Ola") + site.format("berlin", "Bo")))
    assert [found.display_names(name) for name in ("oslo", "berlin", "rome")] == [{"u1": "Ola"}, {"u1": "Bo"}, {}]
    assert found.of_site("oslo").jira.display_names == {"u1": "Ola"}
