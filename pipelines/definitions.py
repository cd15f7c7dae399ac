"""The graph as Dagster loads it. Nothing is read at import but the place of flow.toml; no variable needs to be set.

What an asset does is in ``pipelines.assets``, what a run is told in ``pipelines.settings``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from pipelines.alerts import alert_on_failure
from pipelines.assets import constraint, core, metrics, published, quality, raw, report
from pipelines.assets.sites import all_sites
from pipelines.config import FlowConfig, load_config
from pipelines.jobs import JOB_NAME, PUBLISH_JOB_NAME
from pipelines.landed import LandedStore
from pipelines.parameters import WorkflowStore
from pipelines.partitions import Make, of_run, partitioned
from pipelines.schedules import build_schedules
from pipelines.sensors import build_change_sensor, build_publish_sensor
from pipelines.settings import RunSettings, data_folder
from pipelines.store import RawStore, TableStore
from transforms.catalog import TABLES
from transforms.raw import RAW_TABLES

STORES: Mapping[str, Make] = {
    "tables": lambda settings: TableStore(
        settings.data / "work", (*core.PRIVATE_TABLES, *constraint.PRIVATE_TABLES, *TABLES), settings.report
    ),
    "raw_tables": lambda settings: RawStore(settings.raw_folder, RAW_TABLES),
    "landed": lambda settings: LandedStore(settings.data / "raw" / "landed.json"),
    "workflow_parameters": lambda settings: WorkflowStore(settings.data / "parameters" / "workflow"),
}


def build_definitions(config: FlowConfig, *, overrides: Mapping[str, object] | None = None) -> dg.Definitions:
    """All assets, checks, jobs, schedules and sensors, and the alert when a job fails.

    ``overrides`` replaces resources by name: ``settings`` (RunSettings) and the stores made from it, ``tables``,
    ``raw_tables``, ``landed`` and ``workflow_parameters``. Where flow.toml names several sites, every asset has a
    partition for each, and one more asset lays them together.
    """
    given = dict(overrides or {})
    settings = given.pop("settings", None) or RunSettings(config, data_folder())
    if not isinstance(settings, RunSettings):
        raise TypeError("the override 'settings' must be RunSettings")
    assets = list(dg.load_assets_from_modules([raw, core, metrics, constraint, quality, report, published]))
    sites = tuple(site.name for site in config.site)
    parts = _of_many_sites(assets, settings, sites) if sites else _of_one_site(assets, settings)
    return dg.Definitions(
        **parts,
        resources=of_run(settings, STORES) | given,
        schedules=build_schedules(JOB_NAME, sites),
        executor=dg.in_process_executor,
    )


def _of_one_site(assets: list[Any], settings: RunSettings) -> dict[str, Any]:
    whole = dg.AssetSelection.all()
    return {
        "assets": assets,
        "jobs": [dg.define_asset_job(JOB_NAME, whole, description="Pull, compute, audit and publish.")],
        "sensors": [alert_on_failure, build_change_sensor(settings)],
    }


def _of_many_sites(assets: list[Any], settings: RunSettings, sites: tuple[str, ...]) -> dict[str, Any]:
    """A job for one site and one that lays the sites together, which follows whenever a site's has ended well."""
    together = dg.AssetSelection.assets(all_sites)
    alone = dg.AssetSelection.all() - together
    read = dg.define_asset_job(JOB_NAME, alone, description="Pull, compute and audit one site.")
    publish = dg.define_asset_job(PUBLISH_JOB_NAME, together, description="Lay the tables of all sites together.")
    return {
        "assets": [*partitioned(assets, sites), all_sites],
        "jobs": [read, publish],
        "sensors": [alert_on_failure, build_change_sensor(settings), build_publish_sensor(read, publish)],
    }


@dg.definitions
def defs() -> dg.Definitions:
    """What ``dagster dev`` loads: flow.toml from FLOW_CONFIG or the working directory."""
    return build_definitions(load_config())
