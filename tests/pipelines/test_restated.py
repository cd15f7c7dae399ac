"""What a build restates of what readers see: nothing when nothing changed, else what changed and why."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from pipelines import versions
from pipelines.parameters import WorkflowStore
from pipelines.restated import restate
from transforms.metrics.flow_weekly import FlowWeekly
from transforms.quality.restatements import Restatements
from transforms.quality.runs import Runs
from transforms.schema import check_schema, check_values


@pytest.fixture(scope="module")
def run(published):
    """The row of quality.runs of a later run."""
    last = versions.recorded(published.data, Runs).collect().row(-1, named=True)
    return last | {"run_id": "later", "as_of": last["as_of"] + timedelta(hours=1)}


def closed_weeks(data):
    """flow_weekly as published, every week of it over: the small site tells of one that still ran."""
    return versions.published(data, FlowWeekly).with_columns(is_complete_week=pl.lit(True))


def restated(published, monkeypatch, run, workflows=(), **changed):
    """Restatements of a build like the published one, but for these columns of flow_weekly."""
    frames = {FlowWeekly: closed_weeks(published.data)}
    reading = versions.published
    monkeypatch.setattr(versions, "published", lambda data, table, site: frames.get(table, reading(data, table, site)))
    fresh = {FlowWeekly: frames[FlowWeekly].with_columns(**changed)}
    data = published.data
    made = restate(data, "tiny", lambda table: fresh.get(table, reading(data, table, "tiny")), run, list(workflows))
    found = made.collect()
    check_schema(Restatements, found)
    check_values(Restatements, found)
    return found.with_columns(pl.col("^(.*_(name|stream|kind)|reason)$").cast(pl.String))


def test_the_first_run_restates_nothing(published):
    assert versions.recorded(published.data, Restatements).collect().is_empty()


def test_a_build_without_anything_to_compare_it_with_restates_nothing(published, run, tmp_path):
    scan = {}.get
    assert restate(tmp_path, "tiny", scan, run, []).collect().is_empty()


def test_a_build_is_not_held_against_what_was_read_from_another_site(published, run):
    def scan(table):
        return versions.published(published.data, table)

    assert restate(published.data, "another", scan, run, []).collect().is_empty()


def test_a_build_on_the_same_data_restates_nothing(published, monkeypatch, run):
    assert restated(published, monkeypatch, run).is_empty()


def test_what_changed_names_the_version_that_had_the_other_figure(published, monkeypatch, run):
    found = restated(published, monkeypatch, run, started_count=pl.col.started_count + 1)
    assert set(found["column_name"]) == {"started_count"}
    assert set(found["change"]) == {1.0}
    assert set(found["published_version_id"]) == {versions.current_id(published.data)}
    assert set(found["run_id"]) == {"later"}
    assert set(found["reason"]) == {"later_events"}


def test_other_definitions_are_told_by_what_differs_in_them(published, monkeypatch, run):
    [workflow] = WorkflowStore(published.data / "parameters" / "workflow").all()
    first, *others = workflow.streams
    other = type(workflow)(
        (replace(first, delivery="release"), *others),
        workflow.statuses, workflow.scopes, workflow.discarding_resolution_ids, workflow.flow_level,
    )  # fmt: skip
    found = restated(
        published, monkeypatch, run, [workflow, other], started_count=pl.col.started_count + 1,
        definition_version=pl.lit(other.definition_version(first.name)),
    ).filter(value_stream=first.name)  # fmt: skip
    assert set(found["reason"]) == {"definitions"}
    assert set(found["explanation"]) == {"the definitions of the value stream changed: delivery"}


def test_another_version_of_the_software_is_named_as_the_reason(published, monkeypatch, run):
    later = run | {"flow_version": "99"}
    found = restated(published, monkeypatch, later, started_count=pl.col.started_count + 1)
    assert set(found["reason"]) == {"calculations"}
