"""What can be found out without asking Jira: configuration, libraries, disk, and the state of the data folder."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from pipelines.config import config_path, load_config
from pipelines.config_errors import ConfigError
from pipelines.data_folder_lock import BusyError, holding
from pipelines.doctor.findings import Finding, State, caught
from pipelines.published import NothingPublishedError, reading_published

GIB = 1 << 30

LEAST_FREE, SCARCE_FREE = 1 * GIB, 5 * GIB
"""Below the one a run may not end; below the other a large site will not fit for long."""

_OLDEST_SITE = "SELECT min(as_of) FROM (SELECT max(as_of) AS as_of FROM quality.runs GROUP BY site_name)"

STALE_AFTER = timedelta(days=2)
"""Tables older than this are told: a daily run has failed twice."""


def check_machine(config: Path | None, data: Path) -> Iterator[Finding]:
    """Every check of this machine, in order."""
    yield caught("configuration", lambda: _configuration(config), ConfigError)
    yield _libraries()
    yield _disk(data)
    yield _data_folder(data)
    yield _published(data)


def _configuration(config: Path | None) -> Finding:
    found = load_config(config)
    streams, sites = found.value_stream, ", ".join(site.name for site in found.site)
    place = config or config_path()
    if not place.exists():
        return Finding("configuration", "warn", f"There is no {place}: every project is read and all is inferred.",
                       "flow init writes one with what the site's history shows.")  # fmt: skip
    told = ", ".join(stream.name for stream in streams) or "none; they are inferred"
    told += f". Sites: {sites}" if sites else ""
    return Finding("configuration", "ok", f"{place} can be used. Value streams: {told}.")


def _libraries() -> Finding:
    """Every library of the lock's declaration is there in a version that was tried."""
    wrong, count = [], 0
    for text in metadata.requires("jira-flow") or ():
        needed = Requirement(text)
        if needed.marker and not needed.marker.evaluate({"extra": ""}):
            continue
        count += 1
        if (found := _installed(needed.name)) is None or not needed.specifier.contains(found, prereleases=True):
            wrong.append(f"{needed.name} {found or 'is missing'} (wanted: {needed.specifier or 'any'})")
    if wrong:
        return Finding("libraries", "fail", f"Not as tried: {'; '.join(wrong)}.", "Run make setup.")
    main = ", ".join(f"{name} {_installed(name)}" for name in ("dagster", "polars", "duckdb", "jira"))
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("libraries", "ok", f"Python {version} and all {count} libraries fit; {main}.")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _disk(data: Path) -> Finding:
    """Room and the right to write where the tables are to lie."""
    place = next(folder for folder in (data.absolute(), *data.absolute().parents) if folder.exists())
    if not os.access(place, os.W_OK):
        return Finding(
            "disk", "fail", f"{place} cannot be written.", "Name another folder with --data, or change its owner."
        )
    free = shutil.disk_usage(place).free
    told = f"{free / GIB:,.1f} GiB are free at {place}."
    if free < SCARCE_FREE:
        state: State = "fail" if free < LEAST_FREE else "warn"
        return Finding("disk", state, told, "Make room, or name a folder on another disk with --data.")
    return Finding("disk", "ok", told)


def _data_folder(data: Path) -> Finding:
    """Lock, versions, and the link that leads to the published one."""
    if not data.exists():
        return Finding("data folder", "ok", f"{data} is not there yet; the first run makes it.")
    try:
        with holding(data):
            pass
    except BusyError:
        return Finding(
            "data folder", "warn", f"A run is working in {data} at this moment.", "Wait until it has finished."
        )
    link, versions = data / "current", [v for v in (data / "versions").glob("*") if not v.name.startswith(".")]
    if link.is_symlink() and not link.exists():
        return Finding("data folder", "fail", f"{link} leads to {link.readlink()}, which is gone.",
                       "flow run publishes a new version; flow rollback goes back to one that is there.")  # fmt: skip
    return Finding("data folder", "ok", f"{data} is free for a run; versions kept: {len(versions)}.")


def _published(data: Path) -> Finding:
    """How old the tables are, and whether the last run failed its audit."""
    try:
        with reading_published(data) as tables:
            [(as_of,)] = tables.execute(_OLDEST_SITE).fetchall()
    except NothingPublishedError:
        return Finding("published tables", "warn", f"Nothing is published in {data} yet.", "Run flow run.")
    told = f"The tables speak of {as_of:%Y-%m-%d %H:%M} UTC."
    if reports := [report for folder in (data, *(data / "sites").glob("*")) for report in _failed_since(folder)]:
        return Finding("published tables", "warn", f"{told} A later run failed its audit.", f"Read {max(reports)}.")
    if datetime.now(UTC) - as_of > STALE_AFTER:
        return Finding("published tables", "warn", f"{told} That is long ago.", "Run flow run, or schedule it daily.")
    return Finding("published tables", "ok", told)


def _failed_since(data: Path) -> list[Path]:
    """Reports of audits that failed after the last one that was passed."""
    published = data / "flow.duckdb"
    passed_at = published.stat().st_mtime if published.exists() else 0.0
    return [report for report in (data / "audits").glob("*.json") if report.stat().st_mtime > passed_at]
