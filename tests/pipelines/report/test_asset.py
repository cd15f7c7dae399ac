"""What Dagster is told of a report, and what becomes of a version whose report cannot be drawn."""

from pathlib import Path

import dagster as dg
import pytest

from pipelines.assets import report as assets
from pipelines.config import FlowConfig
from pipelines.settings import RunSettings
from pipelines.warehouse import Version
from tests.pipelines.report.told import STREAM, version


def materialised(data: Path) -> dict[str, dg.MetadataValue]:
    """Build a version by hand, let the asset draw its report, and take what it told."""
    context = dg.build_asset_context()
    build = Version(data, f"20260630T160000Z-{context.run.run_id[:8]}")
    version(build.building, {})
    return dict(assets.report(context, settings=RunSettings(FlowConfig(), data)).metadata)


def test_place_size_and_verdicts_are_told(tmp_path):
    told = materialised(tmp_path)
    path = Path(told["path"].value)
    assert path.name == "report.html"
    assert not path.parent.name.startswith("."), "the place it will have once its version is published"
    [drawn] = tmp_path.glob("versions/.*/report.html")
    assert told["size_bytes"] == drawn.stat().st_size
    assert told["verdicts"].value.startswith(f"- {STREAM}: ")


def test_a_version_whose_report_cannot_be_drawn_is_not_kept(tmp_path, monkeypatch):
    def fail(_):
        raise RuntimeError("no ink")

    monkeypatch.setattr(assets, "write_report", fail)
    with pytest.raises(RuntimeError, match="no ink"):
        materialised(tmp_path)
    assert list((tmp_path / "versions").iterdir()) == []
