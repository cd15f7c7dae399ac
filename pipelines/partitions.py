"""Several sites in one graph: every asset has a partition for each site, every resource is the one of the run's site.

What the assets of a partition do is the same as for one site alone; how the sites are laid together belongs to
``pipelines.union``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.storage.tags import PARTITION_NAME_TAG

from pipelines.settings import RunSettings

Make = Callable[[RunSettings], object]
"""Makes a resource from what a run is told."""

FINISHED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def partitioned(assets: Iterable[Any], sites: Sequence[str]) -> list[Any]:
    """The same assets, with a partition for each site."""
    partitions = dg.StaticPartitionsDefinition(list(sites))
    return list(dg.map_asset_specs(lambda spec: spec.replace_attributes(partitions_def=partitions), assets))


def of_partition(settings: RunSettings, stores: Mapping[str, Make]) -> dict[str, object]:
    """Resources that are made when a run begins, for the site whose partition it fills."""

    def made(make: Make) -> Callable[[dg.InitResourceContext], Any]:
        return lambda context: make(settings_of(settings, context))

    own = dg.ResourceDefinition(made(lambda of_site: of_site))
    return {"settings": own, **{name: dg.IOManagerDefinition(made(make)) for name, make in stores.items()}}


def settings_of(settings: RunSettings, context: dg.InitResourceContext) -> RunSettings:
    """What a run is told: of its site, or as it is where it fills no partition."""
    site = context.run.tags.get(PARTITION_NAME_TAG) if context.run else None
    return settings.of_site(site) if site else settings


def failed_sites(instance: dg.DagsterInstance, job_name: str, sites: Sequence[str]) -> set[str]:
    """The sites whose newest finished run did not end well."""
    failed = set()
    for site in sites:
        asked = dg.RunsFilter(job_name=job_name, statuses=list(FINISHED), tags={PARTITION_NAME_TAG: site})
        runs = instance.get_runs(asked, limit=1)
        if runs and runs[0].status != dg.DagsterRunStatus.SUCCESS:
            failed.add(site)
    return failed
