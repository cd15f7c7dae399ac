"""The one asset that knows of several sites: their tables laid together. How, is said in ``pipelines.union``."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines import versions, warehouse
from pipelines.assets.published import EXPECTED_DAILY
from pipelines.jobs import JOB_NAME
from pipelines.partitions import failed_sites
from pipelines.report.write import write_report
from pipelines.settings import RunSettings
from pipelines.union import build_union, parts_of


@dg.asset(
    deps=["published_warehouse"], group_name="published", kinds={"duckdb", "parquet"}, freshness_policy=EXPECTED_DAILY
)
def all_sites(context: dg.AssetExecutionContext, settings: dg.ResourceParam[RunSettings]) -> dg.MaterializeResult[Any]:
    """The tables of all sites, told apart by site_name: what everybody reads where there are several."""
    names = [site.name for site in settings.config.site]
    parts = parts_of(settings.data, names, failed_sites(context.instance, JOB_NAME, names))
    version = warehouse.Version(
        settings.data, versions.new_id(settings.data, datetime.now(UTC), context.run.run_id[:8])
    )
    settings.report(f"Laying together {', '.join(part.site_name for part in parts)}")
    build_union(version, parts)
    with warehouse.discarding_failures(version):
        write_report(version.building)
    folder = warehouse.publish_version(version, settings.config.publishing.keep_versions)
    settings.report(f"Published {settings.data / 'flow.duckdb'}")
    return dg.MaterializeResult(
        metadata={
            "version": version.version_id,
            "path": dg.MetadataValue.path(folder),
            "sites": [part.site_name for part in parts],
            "behind": [part.site_name for part in parts if part.is_behind],
        }
    )
