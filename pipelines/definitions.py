"""The graph as Dagster loads it. Nothing is read at import but the place of flow.toml; no variable needs to be set.

What an asset does is in ``pipelines.assets``, what a run is told in ``pipelines.settings``.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from pipelines.alerts import alert_on_failure
from pipelines.assets import constraint, core, metrics, published, quality, raw, report
from pipelines.config import FlowConfig, load_config
from pipelines.landed import LandedStore
from pipelines.parameters import WorkflowStore
from pipelines.schedules import build_schedules
from pipelines.settings import RunSettings, data_folder
from pipelines.store import RawStore, TableStore
from transforms.catalog import TABLES
from transforms.raw import RAW_TABLES

JOB_NAME = "flow_job"


def build_definitions(config: FlowConfig, *, overrides: Mapping[str, object] | None = None) -> dg.Definitions:
    """All assets, checks, the job, its schedules, and the alert when it fails.

    ``overrides`` replaces resources by name: ``settings`` (RunSettings) and the stores made from it, ``tables``,
    ``raw_tables``, ``landed`` and ``workflow_parameters``.
    """
    given = dict(overrides or {})
    settings = given.get("settings") or RunSettings(config, data_folder())
    if not isinstance(settings, RunSettings):
        raise TypeError("the override 'settings' must be RunSettings")
    work = settings.data / "work"
    resources: dict[str, object] = {
        "settings": settings,
        "tables": TableStore(work, (*core.PRIVATE_TABLES, *constraint.PRIVATE_TABLES, *TABLES), settings.report),
        "raw_tables": RawStore(settings.raw_folder, RAW_TABLES),
        "landed": LandedStore(settings.data / "raw" / "landed.json"),
        "workflow_parameters": WorkflowStore(settings.data / "parameters" / "workflow"),
        **given,
    }
    return dg.Definitions(
        assets=dg.load_assets_from_modules([raw, core, metrics, constraint, quality, report, published]),
        jobs=[dg.define_asset_job(JOB_NAME, dg.AssetSelection.all(), description="Pull, compute, audit and publish.")],
        schedules=build_schedules(JOB_NAME),
        sensors=[alert_on_failure],
        resources=resources,
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What ``dagster dev`` loads: flow.toml from FLOW_CONFIG or the working directory."""
    return build_definitions(load_config())
