"""When the working store is lost or damaged, or a landed file is: set it aside, and go on from what is whole.

The ledger is rebuilt from the manifests of a site; without them the site is read anew. A landed file that is damaged
leaves the ledger, so that the next run reads everything anew. Nothing is ever deleted here.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.jira.errors import DamagedError, LandingError
from pipelines.jira.landing import Landing
from pipelines.jira.ledger import Ledger
from pipelines.jira.ledger_repair import forget, read_through, restore
from pipelines.jira.manifests import Manifest, manifests, manifests_folder
from pipelines.jira.site_store import Store

DAMAGES = ("not a valid DuckDB database file", "Could not read enough bytes", "orrupt", "replaying WAL")
"""How DuckDB tells that a file is not what it wrote. Being locked, closed or out of room is no damage."""


def mend(store: Store) -> str:
    """Make sure the ledger can be read, rebuilding it where it cannot; returns what was done, empty if nothing."""
    path = store.ledger.path
    if path.exists():
        if not (fault := _fault(store.ledger)):
            return ""
        return f"The working store {path} is damaged ({fault}) and was kept as {_set_aside(path)}. {_rebuilt(store)}"
    if not _sites(store):
        return ""
    return f"The working store {path} is gone. {_rebuilt(store)}"


def set_aside(store: Store, damaged: DamagedError) -> LandingError:
    """Take a damaged file out of the landing and the ledger, so that the next run reads all anew; says so."""
    forget(store.ledger, damaged.sha)
    kept = f"It was set aside as {_set_aside(damaged.path)}. " if damaged.path.exists() else ""
    return LandingError(
        f"The landed file {damaged.path} is missing or damaged, so nothing was published. {kept}Run again: the next run"
        " that asks Jira reads everything anew and puts it right. The published tables are as they were."
    )


def _fault(ledger: Ledger) -> str:
    """What is wrong with the file; empty where all of it can be read. Raises duckdb.Error if it is no damage."""
    try:
        read_through(ledger)
    except duckdb.Error as error:
        told = " ".join(str(error).split())
        is_damage = isinstance(error, duckdb.FatalException | duckdb.InternalException | duckdb.SerializationException)
        if is_damage or any(word in told for word in DAMAGES):
            return told[:200]
        raise
    return ""


def _set_aside(path: Path) -> str:
    """Rename a file, and a log beside it, to a name that is free; returns that name."""
    number = 1
    while (target := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    log = path.with_name(f"{path.name}.wal")
    if log.exists():
        log.replace(target.with_name(f"{target.name}.wal"))
    return path.replace(target).name


def _rebuilt(store: Store) -> str:
    """Fill a new ledger of all sites beside the old place, then put it there."""
    path, told = store.ledger.path, []
    beside = path.with_name(f".{path.name}.rebuilt")
    beside.unlink(missing_ok=True)
    for landing in _sites(store):
        try:
            runs = list(manifests(landing))
            _check_whole(runs, landing)
        except LandingError as error:
            kept = _set_aside(manifests_folder(landing))
            told.append(f"{landing.folder.name} is read from Jira anew ({error} Its manifests were kept as {kept}.)")
            continue
        fresh = Ledger(beside, landing.folder.name)
        with fresh.held():
            for manifest in runs:
                restore(fresh, manifest)
        told.append(f"{landing.folder.name} was rebuilt from {len(runs)} landed runs, without asking Jira.")
    if beside.exists():
        beside.replace(path)
    return " ".join(told) or "Everything is read from Jira anew."


def _check_whole(runs: list[Manifest], landing: Landing) -> None:
    """Raise LandingError unless the last era is there from its first run on, which read everything."""
    first = next(one.run for one in runs if one.run.era == runs[-1].run.era)
    if first.mode != "full":
        raise LandingError(f"The manifests in {manifests_folder(landing)} do not go back to a full reading.")


def _sites(store: Store) -> list[Landing]:
    """The sites of which manifests lie on disk."""
    folders = sorted(store.landing.folder.parent.glob("*"))
    return [landing for folder in folders if any(manifests_folder(landing := Landing(folder)).glob("[!.]*"))]
