"""Runs that begin because something happened: whom the sensors start, and what they say when they start nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.storage.tags import PARTITION_NAME_TAG

from pipelines.config import FlowConfig
from pipelines.definitions import build_definitions
from pipelines.jira import Options, Scope, Store, extract
from pipelines.jobs import JOB_NAME, PUBLISH_JOB_NAME
from pipelines.sandbox.changes import delete, edit
from pipelines.sandbox.server import start
from pipelines.settings import RunSettings
from tests.pipelines.jira.sites import FLAVOURS, connection_to, session_with
from tests.pipelines.sandbox.sites import small_site


def read(settings: RunSettings, sandbox, flavour: str) -> None:
    """Land what a run would."""
    name = settings.config.jira.site_name or "127.0.0.1"
    extract(session_with(sandbox, flavour), Scope(), Store(settings.data, name), options=Options())


def look(settings: RunSettings, config: FlowConfig, instance: dg.DagsterInstance) -> dg.SensorResult:
    definitions = build_definitions(config, overrides={"settings": settings})
    context = dg.build_sensor_context(instance=instance, repository_def=definitions.get_repository_def())
    return definitions.resolve_sensor_def("changed_issues").evaluate_tick(context)


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture(params=FLAVOURS)
def one_site(request, tmp_path):
    """A site, served, and the settings of runs that read it."""
    with start(small_site(), request.param) as sandbox:
        settings = RunSettings(FlowConfig(), tmp_path, find_connection=lambda: connection_to(sandbox, request.param))
        yield sandbox, settings, request.param


def test_a_site_that_was_never_read_is_read(one_site, instance):
    _, settings, _ = one_site
    [request] = look(settings, settings.config, instance).run_requests
    assert request.partition_key is None


def test_a_site_is_read_again_only_when_an_issue_was_updated(one_site, instance):
    sandbox, settings, flavour = one_site
    read(settings, sandbox, flavour)
    quiet = look(settings, settings.config, instance)
    assert quiet.run_requests == []
    assert quiet.skip_message == "Nothing has changed since the last run."
    edit(sandbox.site, "ABC-2", summary="Another")
    assert len(look(settings, settings.config, instance).run_requests) == 1


def test_the_question_costs_a_handful_of_requests_and_no_issue(one_site, instance):
    sandbox, settings, flavour = one_site
    read(settings, sandbox, flavour)
    look(settings, settings.config, instance)
    before, served = sandbox.requests.total(), sandbox.issues_served
    look(settings, settings.config, instance)
    assert sandbox.requests.total() - before <= 6
    assert sandbox.issues_served == served


def test_what_disappears_is_left_to_the_schedules(one_site, instance):
    sandbox, settings, flavour = one_site
    read(settings, sandbox, flavour)
    delete(sandbox.site, "ABC-2")
    assert look(settings, settings.config, instance).run_requests == []


def test_while_a_run_is_under_way_no_other_is_started(one_site, instance):
    _, settings, _ = one_site
    instance.create_run_for_job(dg.job(name=JOB_NAME)(lambda: None), status=dg.DagsterRunStatus.STARTED)
    assert look(settings, settings.config, instance).skip_message == "A run is under way."


def test_a_site_that_cannot_be_asked_is_told_and_keeps_no_other_from_being_read(tmp_path, instance, monkeypatch):
    site = {"name": "berlin", "url": "http://127.0.0.1:9", "token_env": "BERLIN_TOKEN"}
    monkeypatch.setenv("OSLO_TOKEN", "sandbox-token")
    with start(small_site(), "dc") as sandbox:
        oslo = {"name": "oslo", "url": sandbox.url, "token_env": "OSLO_TOKEN"}
        config = FlowConfig.model_validate({"site": (site, oslo)})
        settings = RunSettings(config, tmp_path)
        [request] = look(settings, config, instance).run_requests
        assert request.partition_key == "oslo"
        read(settings.of_site("oslo"), sandbox, "dc")
        told = look(settings, config, instance).skip_message
    assert told.startswith("berlin: BERLIN_TOKEN is not set")
    assert told.endswith("oslo: Nothing has changed since the last run.")


TWO = FlowConfig.model_validate(
    {"site": [{"name": name, "url": "http://127.0.0.1:9", "token_env": "A_TOKEN"} for name in ("berlin", "oslo")]}
)


def test_every_schedule_starts_a_run_for_each_site(instance):
    definitions = build_definitions(TWO)
    at = datetime(2026, 3, 2, 5, tzinfo=UTC)
    repository = definitions.get_repository_def()
    context = dg.build_schedule_context(instance, scheduled_execution_time=at, repository_def=repository)
    for name in ("daily", "hourly"):
        tick = definitions.resolve_schedule_def(name).evaluate_tick(context)
        assert [request.partition_key for request in tick.run_requests] == ["berlin", "oslo"]


def test_a_site_that_was_read_is_laid_beside_the_others_without_being_asked_to(instance):
    definitions = build_definitions(TWO)
    sensor = definitions.resolve_sensor_def("publish_when_read")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert [target.job_name for target in sensor.targets] == [PUBLISH_JOB_NAME]
    run = instance.create_run_for_job(dg.job(name=JOB_NAME)(lambda: None), tags={PARTITION_NAME_TAG: "oslo"})
    event = dg.DagsterEvent("PIPELINE_SUCCESS", JOB_NAME)
    context = dg.build_run_status_sensor_context("publish_when_read", event, instance, run)
    assert sensor(context).run_key == run.run_id
