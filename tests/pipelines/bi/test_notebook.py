import json
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import pytest

from tests.pipelines.bi.test_charts import short_company  # noqa: F401

NOTEBOOK = Path(__file__).parents[3] / "pipelines" / "bi" / "notebook.ipynb"


def cells() -> list[str]:
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]


@pytest.fixture
def run(short_company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:  # noqa: F811
    (tmp_path / "data").symlink_to(short_company)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for cell in cells():
        exec(compile(cell, str(NOTEBOOK), "exec"), names)
    yield names
    names["tables"].close()


def test_every_frame_of_the_notebook_has_rows_of_every_value_stream(run: dict[str, Any]):
    frames = [frame for frame in run.values() if isinstance(frame, pl.DataFrame)]
    assert len(frames) == 3
    assert all(frame["value_stream"].n_unique() == 6 for frame in frames)


def test_shares_of_waiting_are_shares(run: dict[str, Any]):
    assert run["waiting"]["wait_share"].is_between(0, 1).all()


def test_the_last_line_of_a_chart_cell_is_a_chart_that_can_be_drawn(run: dict[str, Any]):
    charts = [eval(cell[cell.index("alt.Chart") :], dict(run)) for cell in cells() if "alt.Chart" in cell]
    assert [isinstance(chart, alt.Chart) and bool(chart.to_dict()["encoding"]) for chart in charts] == [True, True]


def test_the_notebook_was_committed_without_results():
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in content["cells"])
