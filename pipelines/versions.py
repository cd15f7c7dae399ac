"""Which published version readers see: the switch, what it was switched to and why, the way back.

A version is a folder below ``versions``; ``current`` leads to one, by one rename. Every switch is on record in
``publications.jsonl`` before it happens. How a version is built and published belongs to ``pipelines.warehouse``.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec
import polars as pl

from pipelines.config_errors import ConfigError
from pipelines.durable import append_durably, point
from transforms.quality.runs import Runs
from transforms.schema import Table
from transforms.wording import counted

KEPT_VERSIONS = 5
"""How many versions stay where flow.toml says nothing."""

STAMP = "%Y%m%dT%H%M%SZ"
RECORD = "publications.jsonl"


class VersionError(ConfigError):
    """There is no such version to go back to. The message is one paragraph that names those there are."""


class Switch(msgspec.Struct, frozen=True):
    """One line of the record: from ``at`` on, readers are led to ``version_id``."""

    at: datetime
    version_id: str
    before: str
    """What readers were led to until then; empty the first time."""
    cause: Literal["run", "rollback"]


def version_ids(data: Path) -> list[str]:
    """All whole versions there are, oldest first."""
    return sorted(folder.name for folder in (data / "versions").glob("[!.]*") if folder.is_dir())


def current_id(data: Path) -> str:
    """The version readers see; empty before the first."""
    link = data / "current"
    return link.readlink().name if link.is_symlink() else ""


def new_id(data: Path, began: datetime, run: str) -> str:
    """An id that sorts behind all that are there, whatever the clock says."""
    stamps = [stamp for name in version_ids(data) if (stamp := _stamp(name))]
    if stamps and began < (earliest := max(stamps) + timedelta(seconds=1)):
        began = earliest
    return f"{began:{STAMP}}-{run}"


def switch(data: Path, version_id: str, cause: Literal["run", "rollback"]) -> None:
    """Put the switch on record, then lead readers to a version by one rename."""
    if current_id(data) == version_id:
        return
    line = Switch(datetime.now(UTC), version_id, current_id(data), cause)
    append_durably(data / RECORD, msgspec.json.encode(line))
    (data / "flow.duckdb.wal").unlink(missing_ok=True)
    point(data / "current", Path("versions") / version_id)


def check_kept(data: Path, version_id: str) -> None:
    """Raise VersionError if there is no such version to go back to."""
    if version_id not in version_ids(data):
        raise VersionError(
            f"There is no version {version_id!r} in {data / 'versions'}, so nothing was changed. Kept are:"
            f" {', '.join(version_ids(data)) or 'none'}. How many are kept is keep_versions in flow.toml."
        )


def roll_back(data: Path, version_id: str) -> str:
    """Lead readers back to a version that was kept; returns what happened. Raises VersionError if there is none."""
    check_kept(data, version_id)
    before = current_id(data)
    if before == version_id:
        return f"{version_id} is what readers see already; nothing was changed."
    (data / "versions" / version_id / "flow.duckdb.wal").unlink(missing_ok=True)
    switch(data, version_id, "rollback")
    return (
        f"Readers now see {version_id}; {before} was withdrawn and is kept. The next run publishes forward again and"
        " says in quality.runs what was withdrawn and when."
    )


def switches(data: Path) -> list[Switch]:
    """The record, oldest first; a line that was cut off in writing led to no switch and is left out."""
    path, found = data / RECORD, []
    for line in path.read_bytes().splitlines() if path.exists() else []:
        with suppress(msgspec.DecodeError):
            found.append(msgspec.json.decode(line, type=Switch))
    return found


def withdrawn(data: Path) -> dict[str, datetime]:
    """Versions a rollback took away from readers and nothing gave back, and when."""
    taken: dict[str, datetime] = {}
    for one in switches(data):
        taken.pop(one.version_id, None)
        if one.cause == "rollback" and one.before:
            taken[one.before] = one.at
    return taken


@dataclass(frozen=True)
class Kept:
    """A version that is there, and what is known of it."""

    version_id: str
    is_current: bool
    as_of: datetime | None
    """The oldest of its sites; None where the version tells nothing of its runs."""
    issue_count: int | None
    """Of all sites; None likewise."""
    withdrawn_at: datetime | None


def kept(data: Path) -> list[Kept]:
    """All versions there are, newest first."""
    taken = withdrawn(data)
    return [_kept(data, name, taken) for name in reversed(version_ids(data))]


def described(data: Path) -> list[str]:
    """One line per version, newest first, and how to go back."""
    lines = [_line(version) for version in kept(data)]
    if not lines:
        return [f"Nothing was published in {data} yet."]
    return [*lines, "", "To go back: flow rollback VERSION"]


def prune(data: Path, keep: int) -> None:
    """Keep the newest versions and the current one; who holds an older file open keeps it until they close it."""
    for name in version_ids(data)[:-keep]:
        if name != current_id(data):
            with suppress(OSError):
                shutil.rmtree(data / "versions" / name)


def earlier_runs(data: Path, site_name: str = "") -> pl.LazyFrame | None:
    """The runs on record in the newest version that can be read, withdrawn or not; None before the first.

    Here as below, without the site's name; ``site_name`` takes only what was read from that site.
    """
    frames = (_scan(data / "versions" / name, Runs, site_name) for name in reversed(version_ids(data)))
    return next((frame for frame in frames if frame is not None), None)


def recorded(data: Path, table: type[Table], site_name: str = "") -> pl.LazyFrame | None:
    """A table as readers see it now; None where it is not there or declared otherwise now."""
    return _scan(data / "versions" / current_id(data), table, site_name) if current_id(data) else None


def published(data: Path, table: type[Table], site_name: str = "") -> pl.LazyFrame | None:
    """The same with whatever columns it had when it was published."""
    path = data / "versions" / current_id(data) / "parquet" / table.layer / f"{table.name}.parquet"
    return _of_site(pl.scan_parquet(path), site_name) if current_id(data) and path.exists() else None


def _of_site(frame: pl.LazyFrame, site_name: str) -> pl.LazyFrame:
    return frame.filter(pl.lit(not site_name) | (pl.col("site_name") == site_name)).drop("site_name")


def _scan(folder: Path, table: type[Table], site_name: str = "") -> pl.LazyFrame | None:
    """A table; columns it got since are empty. None where it cannot be read as declared."""
    with suppress(OSError, pl.exceptions.PolarsError):
        path = folder / "parquet" / table.layer / f"{table.name}.parquet"
        frame = _of_site(pl.scan_parquet(path), site_name).collect()
        added = {
            name: pl.lit(None, column.dtype)
            for name, column in table.columns.items()
            if column.nullable and name not in frame.columns
        }
        frame = frame.with_columns(**added)
        if set(frame.columns) == set(table.columns):
            frame = frame.select(*table.columns)
            return frame.lazy() if frame.schema == table.polars_schema() else None
    return None


def _kept(data: Path, name: str, taken: dict[str, datetime]) -> Kept:
    runs = _scan(data / "versions" / name, Runs)
    rows = runs.filter(pl.col.version_id == name).collect().rows(named=True) if runs is not None else []
    return Kept(
        name,
        is_current=name == current_id(data),
        as_of=min((row["as_of"] for row in rows), default=None),
        issue_count=sum(row["issue_count"] for row in rows) if rows else None,
        withdrawn_at=taken.get(name),
    )


def _line(version: Kept) -> str:
    facts = []
    if version.as_of:
        facts.append(f"as of {version.as_of:%Y-%m-%d %H:%M} UTC, {counted(version.issue_count or 0, 'issue')}")
    if version.withdrawn_at:
        facts.append(f"withdrawn {version.withdrawn_at:%Y-%m-%d %H:%M} UTC")
    return f"{'*' if version.is_current else ' '} {version.version_id}  {'; '.join(facts)}".rstrip()


def _stamp(name: str) -> datetime | None:
    """The instant an id begins with; None for a folder somebody named otherwise."""
    is_ours = re.fullmatch(r"\d{8}T\d{6}Z-.+", name)
    with suppress(ValueError):
        return datetime.strptime(name.partition("-")[0], STAMP).replace(tzinfo=UTC) if is_ours else None
    return None
