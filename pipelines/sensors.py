"""Runs that begin because something happened: issues changed on a site, or a site of several was read.

What runs by the clock is in ``pipelines.schedules``, who is told of failures in ``pipelines.alerts``.
"""

from __future__ import annotations

from typing import Any

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.tags import PARTITION_NAME_TAG

from pipelines.jira import Gate, JiraError, Scope, Store, connect, has_changed, policy_of
from pipelines.jobs import JOB_NAME
from pipelines.settings import RunSettings

TEN_MINUTES = 600


def build_change_sensor(settings: RunSettings) -> dg.SensorDefinition:
    """The sensor that asks every site whether anything changed since it was last read, and has it read if so."""

    @dg.sensor(
        name="changed_issues",
        job_name=JOB_NAME,
        minimum_interval_seconds=TEN_MINUTES,
        description="Asks Jira, in a handful of requests, whether an issue was updated since the last run began.",
    )
    def changed_issues(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        requests, told = [], []
        for site in [one.name for one in settings.config.site] or [""]:
            said = _nothing_to_read(context.instance, settings.of_site(site) if site else settings, site)
            if said:
                told.append(f"{site}: {said}" if site else said)
            else:
                requests.append(dg.RunRequest(partition_key=site or None))
        return dg.SensorResult(requests, skip_reason=None if requests else dg.SkipReason(" ".join(told)))

    return changed_issues


def build_publish_sensor(read_job: Any, publish_job: Any) -> dg.SensorDefinition:
    """The sensor that lays the tables of all sites together as soon as one was read and passed its audit."""

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="publish_when_read",
        monitored_jobs=[read_job],
        request_job=publish_job,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Lays the tables of all sites together as soon as one was read and passed its audit.",
    )
    def publish_when_read(context: dg.RunStatusSensorContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=context.dagster_run.run_id)

    return publish_when_read


def _nothing_to_read(instance: dg.DagsterInstance, settings: RunSettings, site: str) -> str:
    """Why no run is needed; empty if one is."""
    tags = {PARTITION_NAME_TAG: site} if site else None
    under_way = dg.RunsFilter(job_name=JOB_NAME, statuses=list(NOT_FINISHED_STATUSES), tags=tags)
    if instance.get_runs(under_way, limit=1):
        return "A run is under way."
    try:
        return "" if _has_changed(settings) else "Nothing has changed since the last run."
    except JiraError as error:
        return str(error)


def _has_changed(settings: RunSettings) -> bool:
    connection = settings.find_connection()
    asked = settings.config.jira
    session = connect(connection, Gate(policy_of(asked.options())))
    store = Store(settings.data, settings.name_of(connection))
    return has_changed(session, Scope(asked.projects, asked.jql), store)
