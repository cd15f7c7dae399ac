"""Several sites in one graph: every asset has a partition for each site, every resource is the one of the run's site.

What the assets of a partition do is the same as for one site alone; how the sites are laid together belongs to
``pipelines.union``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import dagster as dg
from dagster._core.storage.tags import PARTITION_NAME_TAG

from pipelines.data_folder_lock import holding
from pipelines.settings import RunSettings

HELD_FOLDER = "held_folder"
"""The resource that keeps the data folder: a run is one process, in which its resources are made once."""

Make = Callable[[RunSettings], object]
"""Makes a resource from what a run is told."""

FINISHED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def partitioned(assets: Iterable[Any], sites: Sequence[str]) -> list[Any]:
    """The same assets, with a partition for each site."""
    partitions = dg.StaticPartitionsDefinition(list(sites))
    return list(dg.map_asset_specs(lambda spec: spec.replace_attributes(partitions_def=partitions), assets))


def of_run(settings: RunSettings, stores: Mapping[str, Make]) -> dict[str, object]:
    """Resources that are made when a run begins, for the site whose partition it fills, if any.

    None is had without the data folder, which stays with the run to its end; BusyError ends one that comes too late.
    """

    def made(make: Make) -> Callable[[dg.InitResourceContext], Any]:
        return lambda context: make(settings_of(settings, context))

    def held(context: dg.InitResourceContext) -> Iterator[None]:
        with nullcontext() if settings.is_held else holding(settings_of(settings, context).data):
            yield

    needed = {HELD_FOLDER}
    own = dg.ResourceDefinition(made(lambda of_site: of_site), required_resource_keys=needed)
    managers = {
        name: dg.IOManagerDefinition(made(make), required_resource_keys=needed) for name, make in stores.items()
    }
    return {HELD_FOLDER: dg.ResourceDefinition(held), "settings": own, **managers}


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
