"""One run of the whole graph in this process: what ``flow run`` does. The screen belongs to ``pipelines.commands``."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError, DagsterExecutionInterruptedError

from pipelines.definitions import JOB_NAME, build_definitions
from pipelines.settings import RunSettings
from pipelines.warehouse import sweep_builds

SHOWN_RULES = 3
"""Failed rules named in an error; the report has all of them."""


class AuditError(Exception):
    """What was built breaks a contract and was not published. The message is one paragraph that names the report."""


class BusyError(Exception):
    """Another run is using the data folder."""


def run_flow(settings: RunSettings, *, is_verbose: bool = False) -> None:
    """Pull, compute, audit and publish. Whatever is raised, the published tables are as they were.

    Raises JiraError, WorkflowError, WarehouseError, SchemaError, AuditError and BusyError.
    """
    with holding(settings.data):
        sweep_builds(settings.data)
        earlier = set(_reports(settings.data))
        job = build_definitions(settings.config, overrides={"settings": settings}).resolve_job_def(JOB_NAME)
        with _instance() as instance:
            try:
                job.execute_in_process(instance=instance, run_config=_quiet(is_verbose), raise_on_error=True)
            except DagsterExecutionInterruptedError:
                raise KeyboardInterrupt from None
            except DagsterAssetCheckFailedError:
                [report] = set(_reports(settings.data)) - earlier
                raise AuditError(_what_failed(report)) from None


@contextmanager
def holding(data: Path) -> Iterator[None]:
    """Keep the data folder for one run; raises BusyError when another process has it."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"Another run is working in {data.resolve()}. Wait until it has finished, or name another folder with"
                " --data."
            ) from None
        yield


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
        f"{r['table_name']}: {r['says']} ({r['failing_row_count']:,} rows break it)" for r in failed[:SHOWN_RULES]
    )
    more = f"; and {len(failed) - SHOWN_RULES} more" if len(failed) > SHOWN_RULES else ""
    return (
        f"The tables were built but not published, because they break their own rules: {said}{more}. Tables published"
        f" earlier are untouched. The report with sample rows is {report}, for reading {report.with_suffix('.html')}."
    )
