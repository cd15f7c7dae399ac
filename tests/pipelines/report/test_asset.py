"""What Dagster is told of a report, and what becomes of a version whose report cannot be drawn."""

from pathlib import Path

import dagster as dg
import pytest

from pipelines.assets import report as assets
from pipelines.config import FlowConfig
from pipelines.settings import RunSettings
from pipelines.warehouse import Version
from tests.pipelines.report.told import STREAM, version


@pytest.fixture
def materialise(tmp_path, monkeypatch):
    """Build a version by hand, let the asset draw its report, and take what Dagster was told."""
    build = Version(tmp_path, "20260630T160000Z-run")
    version(build.building, {})
    monkeypatch.setattr(assets.warehouse, "find_build", lambda data, run: build)

    def run() -> dict[str, dg.MetadataValue]:
        ended = dg.materialize([assets.report], resources={"settings": RunSettings(FlowConfig(), tmp_path)})
        return dict(ended.asset_materializations_for_node("report")[0].metadata)

    return run


def test_place_size_and_verdicts_are_told(materialise, tmp_path):
    told = materialise()
    path = Path(told["path"].value)
    assert path == tmp_path / "versions" / "20260630T160000Z-run" / "report.html", "where it will lie once published"
    [drawn] = tmp_path.glob("versions/.*/report.html")
    assert told["size_bytes"].value == drawn.stat().st_size
    assert told["verdicts"].value.startswith(f"- {STREAM}: ")


def test_a_version_whose_report_cannot_be_drawn_is_not_kept(materialise, tmp_path, monkeypatch):
    def fail(_):
        raise RuntimeError("no ink")

    monkeypatch.setattr(assets, "write_report", fail)
    with pytest.raises(RuntimeError, match="no ink"):
        materialise()
    assert list((tmp_path / "versions").iterdir()) == []
