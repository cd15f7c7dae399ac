"""Beside the landed batches of a site: for each complete run, what the ledger knows of it.

Batches alone do not say which of two readings of an issue is the newer one, nor what is gone. With its manifests a site
can be rebuilt when the working store is lost or damaged, without asking Jira. When that is due belongs to ``recovery``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import zstandard

from pipelines.durable import PRIVATE_FOLDER, write_durably
from pipelines.jira.errors import LandingError
from pipelines.jira.landing import LEVEL, Landing
from pipelines.jira.ledger import Batch, Ledger, Outcome, Run

SUFFIX = ".json.zst"


class Manifest(msgspec.Struct, frozen=True):
    """One complete run: its row, its batches of both kinds in order, and what became true with it."""

    run: Run
    batches: tuple[Batch, ...]
    outcome: Outcome


def keep_manifest(landing: Landing, ledger: Ledger, run: Run, outcome: Outcome) -> None:
    """Write a run's manifest durably, just before the ledger counts the run as complete."""
    batches = (*ledger.batches(run.run_id, "issues"), *ledger.batches(run.run_id, "reference"))
    _write(manifests_folder(landing) / f"{run.number:08}-{run.run_id}{SUFFIX}", Manifest(run, batches, outcome))


def manifests(landing: Landing) -> Iterator[Manifest]:
    """All manifests in the order of their runs. Raises LandingError where one is damaged."""
    for path in _paths(landing):
        yield _read(path)


def rename_in_manifests(landing: Landing, replaced: Mapping[str, str]) -> None:
    """Let other files, by hash, stand for landed ones. Only erasing a person has reason to."""
    for path in _paths(landing):
        manifest = _read(path)
        batches = tuple(replace(batch, sha=replaced.get(batch.sha, batch.sha)) for batch in manifest.batches)
        if batches != manifest.batches:
            _write(path, msgspec.structs.replace(manifest, batches=batches))


def manifests_folder(landing: Landing) -> Path:
    """Where they lie."""
    return landing.folder / "runs"


def _paths(landing: Landing) -> list[Path]:
    return sorted(manifests_folder(landing).glob(f"[!.]*{SUFFIX}"))


def _write(path: Path, manifest: Manifest) -> None:
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    packed = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(msgspec.json.encode(manifest))
    write_durably(path, packed)


def _read(path: Path) -> Manifest:
    try:
        return msgspec.json.decode(zstandard.ZstdDecompressor().decompress(path.read_bytes()), type=Manifest)
    except (OSError, zstandard.ZstdError, msgspec.DecodeError) as error:
        raise LandingError(f"The manifest {path} is missing or damaged.") from error
