"""What is said about containers in three files says the same, and no image takes along what lies beside the code."""

import re
from fnmatch import fnmatch

import pytest
import yaml

from tests.readme import README

ROOT = README.parent

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def lines(name: str) -> set[str]:
    return set((ROOT / name).read_text(encoding="utf-8").split())


def found(tree, name: str) -> list:
    """All values under a name, anywhere in a manifest."""
    if isinstance(tree, list):
        return [value for each in tree for value in found(each, name)]
    if not isinstance(tree, dict):
        return []
    return [tree[key] for key in tree if key == name] + [value for each in tree.values() for value in found(each, name)]


def test_no_image_takes_along_what_git_leaves_out():
    """Above all not ``data``, where the pseudonyms' key lies, nor a ``.venv`` of another machine."""
    left_out = {path.strip("/") for path in lines(".gitignore")}
    said = {path.removeprefix("**/") for path in lines(".dockerignore")}
    assert {"data", ".venv", ".state"} <= left_out & said
    caches = {path for path in left_out if fnmatch(path, ".*_cache")} if ".*_cache" in said else set()
    assert left_out - caches <= said
    assert ".git" in said


@pytest.mark.parametrize("name", ["kubernetes.yaml", "dagster-values.yaml"])
def test_manifests_mount_where_the_image_looks(name):
    manifest = list(yaml.safe_load_all((ROOT / "deploy" / name).read_text(encoding="utf-8")))
    [data] = re.findall(r"FLOW_DATA=(\S+)", DOCKERFILE)
    [folder] = re.findall(r"^WORKDIR (\S+)", DOCKERFILE, re.MULTILINE)
    [user] = re.findall(r"^USER (\d+)", DOCKERFILE, re.MULTILINE)
    assert found(manifest, "mountPath") == [data, f"{folder}/flow.toml"]
    assert set(found(manifest, "fsGroup") + found(manifest, "runAsUser")) == {int(user)}
    assert found(manifest, "claimName") == ["flow-data"]


def test_the_code_server_loads_what_dagster_dev_loads():
    values = yaml.safe_load((ROOT / "deploy" / "dagster-values.yaml").read_text(encoding="utf-8"))
    [arguments] = found(values, "dagsterApiGrpcArgs")
    assert arguments[0] == "--module-name"
    assert f'module_name = "{arguments[1]}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
