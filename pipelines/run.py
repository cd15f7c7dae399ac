"""One run of the whole graph in this process: what ``flow run`` does. The screen belongs to ``pipelines.commands``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError, DagsterExecutionInterruptedError

from pipelines.config_errors import ConfigError
from pipelines.data_folder_lock import BusyError, holding
from pipelines.definitions import build_definitions
from pipelines.jira import JiraError
from pipelines.jobs import JOB_NAME, PUBLISH_JOB_NAME
from pipelines.settings import RunSettings, site_folder
from pipelines.warehouse import WarehouseError, sweep_builds
from transforms.infer_workflow import WorkflowError
from transforms.schema import SchemaError
from transforms.wording import counted

SHOWN_RULES = 3
"""Failed rules named in an error; the report has all of them."""


class AuditError(Exception):
    """What was built breaks a contract and was not published. The message is one paragraph that names the report."""


class SitesError(Exception):
    """Some of several sites could not be brought up to date. The message is one paragraph that tells of each."""

    def __init__(self, errors: Mapping[str, Exception], data: Path) -> None:
        told = " ".join(
            f"Site {name}: {_sentence(error)} {_what_is_kept(data, name)}" for name, error in errors.items()
        )
        super().__init__(told)
        self.errors = tuple(errors.values())


OF_ONE_SITE = (JiraError, ConfigError, WorkflowError, WarehouseError, SchemaError, AuditError, BusyError)
"""What stands in the way of one site only; anything else ends a run of several sites."""


def run_flow(settings: RunSettings, *, is_verbose: bool = False) -> None:
    """Pull, compute, audit and publish. Whatever is raised, the published tables are as they were.

    Raises JiraError, WorkflowError, WarehouseError, SchemaError, AuditError and BusyError. Where there are several
    sites, one that fails does not keep the others from being published; SitesError tells of it afterwards.
    """
    attended = replace(settings, is_attended=True, is_held=True)
    with holding(settings.data), _instance() as instance:
        sweep_builds(settings.data)
        if settings.config.site:
            _run_sites(attended, instance, is_verbose=is_verbose)
        else:
            _run_job(JOB_NAME, attended, instance, is_verbose=is_verbose)


def _run_sites(settings: RunSettings, instance: dg.DagsterInstance, *, is_verbose: bool) -> None:
    """One site after the other, then all of them together, if any was read."""
    sites = [site.name for site in settings.config.site]
    if not settings.is_offline:
        for site in sites:
            settings.of_site(site).find_connection()
    errors: dict[str, Exception] = {}
    for site in sites:
        try:
            with holding(settings.of_site(site).data):
                sweep_builds(settings.of_site(site).data)
                _run_job(JOB_NAME, settings, instance, site, is_verbose=is_verbose)
        except OF_ONE_SITE as error:
            errors[site] = error
            settings.report(f"{site} could not be brought up to date")
    if len(errors) < len(sites):
        _run_job(PUBLISH_JOB_NAME, settings, instance, is_verbose=is_verbose)
    if errors:
        raise SitesError(errors, settings.data)


def _run_job(
    name: str, settings: RunSettings, instance: dg.DagsterInstance, site: str | None = None, *, is_verbose: bool
) -> None:
    """Run a job to its end, for one of several sites or as it is."""
    data = settings.of_site(site).data if site else settings.data
    earlier = set(_reports(data))
    job = build_definitions(settings.config, overrides={"settings": settings}).resolve_job_def(name)
    try:
        job.execute_in_process(
            instance=instance, run_config=_quiet(is_verbose), raise_on_error=True, partition_key=site
        )
    except DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None
    except DagsterAssetCheckFailedError:
        [report] = set(_reports(data)) - earlier
        raise AuditError(_what_failed(report)) from None


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") + "."


def _what_is_kept(data: Path, site: str) -> str:
    """What readers see of a site whose run failed."""
    if (site_folder(data, site) / "current").exists():
        return "Of this site the rows of its last good run stay."
    return "It was never read whole, so no table has rows of it."


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    """The instance DAGSTER_HOME names, so that runs show up in its interface; else one that is forgotten."""
    with dg.DagsterInstance.get() if "DAGSTER_HOME" in os.environ else dg.DagsterInstance.ephemeral() as instance:
        yield instance


def _quiet(is_verbose: bool) -> dict[str, object]:
    """Run configuration: Dagster's own log lines are for those who ask for them."""
    return {"loggers": {"console": {"config": {"log_level": "INFO" if is_verbose else "CRITICAL"}}}}


def _reports(data: Path) -> list[Path]:
    return sorted((data / "audits").glob("*.json"))


def _what_failed(report: Path) -> str:
    """The first broken rules in words, and where the others are."""
    failed = [rule for rule in json.loads(report.read_text(encoding="utf-8")) if rule["severity"] == "critical"]
    said = "; ".join(
        f"{rule['table_name']}: {rule['says']} (broken by {counted(rule['failing_row_count'], 'row')})"
        for rule in failed[:SHOWN_RULES]
    )
    more = f"; and {len(failed) - SHOWN_RULES} more" if len(failed) > SHOWN_RULES else ""
    return (
        f"The tables were built but not published, because they break their own rules: {said}{more}. Tables published"
        f" earlier are untouched. The report with sample rows is {report}, for reading {report.with_suffix('.html')}."
    )
