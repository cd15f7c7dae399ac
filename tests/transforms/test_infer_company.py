"""The simulated company's workflows are found again from what its site shows, without a line of flow.toml."""

import polars as pl
import pytest

from pipelines.sandbox.company import company_truth, simulate_company
from tests.transforms.workflow_frames import CALENDAR, frame, tables_of_recorded
from transforms.infer_workflow import infer_workflow
from transforms.raw import RawProjects, RawStatuses
from transforms.workflow_rules import WorkflowRules

STREAMS = [pytest.param(stream, id=stream.project_key) for stream in company_truth()]


@pytest.fixture(scope="module")
def model():
    site = simulate_company()
    issues, changes, named, _, resolutions = tables_of_recorded(site.issues.values())
    listed = {int(status["id"]): (status["name"], status["statusCategory"]["key"]) for status in site.statuses}
    seen = {status_id: (name, None) for status_id, name in named.select("status_id", "status_name").iter_rows()}
    statuses = [
        {"status_id": status_id, "status_name": name, "category": category, "is_listed": category is not None}
        for status_id, (name, category) in (seen | listed).items()
    ]
    projects = [{"project_id": int(p["id"]), "project_key": p["key"], "project_name": p["name"]} for p in site.projects]
    tables = (issues, changes, frame(RawStatuses, statuses), frame(RawProjects, projects), resolutions)
    return infer_workflow(WorkflowRules(CALENDAR), *tables)


def inferred(model, stream):
    rows = model.statuses.filter(pl.col("value_stream") == stream.name)
    return {row["status_id"]: row for row in rows.iter_rows(named=True)}


def test_each_project_is_found_as_its_stream(model):
    assert {stream.name for stream in model.streams} == {stream.name for stream in company_truth()}


@pytest.mark.parametrize("stream", STREAMS)
def test_the_kind_of_every_status_is_found(model, stream):
    found = inferred(model, stream)
    seen = {status.status_id: status.kind for status in stream.statuses if status.status_id in found}
    assert {status_id: found[status_id]["work_kind"] for status_id in seen} == seen
    assert len(seen) > len(stream.statuses) - 2


@pytest.mark.parametrize("stream", STREAMS)
def test_the_walk_is_found_in_its_order(model, stream):
    found = inferred(model, stream)
    walked = [status for status in stream.statuses if status.order >= 0 and status.status_id in found]
    for earlier in walked:
        for later in walked:
            if earlier.order < later.order:
                assert found[earlier.status_id]["status_order"] < found[later.status_id]["status_order"]


@pytest.mark.parametrize("stream", STREAMS)
def test_the_commitment_parts_the_backlog_from_the_committed_work(model, stream):
    found = inferred(model, stream)
    committed_from = next(s.commitment_order for s in model.streams if s.name == stream.name)
    first = next(status.order for status in stream.statuses if status.status_id == stream.commitment_status_id)
    for status in stream.statuses:
        if status.order >= 0 and status.status_id in found:
            assert (found[status.status_id]["status_order"] >= committed_from) == (status.order >= first), status.name


@pytest.mark.parametrize("stream", STREAMS)
def test_whether_a_stream_assigns_work_is_found(model, stream):
    assert {s.name: s.is_assignment_used for s in model.streams}[stream.name] is stream.is_assignment_used
