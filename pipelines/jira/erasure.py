"""Take one person out of the landed batches: the one exception to their being append-only.

In place of the keyed hash comes a random number that nothing leads back from, the same one wherever the person stood:
hand-offs, parallel work and who was assigned when count as before. The tables made from batches belong to
``pipelines.erase``.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from pipelines.jira.landing import SUFFIXES, Landing
from pipelines.jira.ledger_repair import rename
from pipelines.jira.manifests import rename_in_manifests
from pipelines.jira.scrub import keyed_hash
from pipelines.jira.site_store import Store

LARGEST = 1 << 63
"""Hashes and what replaces them lie below: they fill a signed 64-bit integer and are never negative."""


def replace_person(store: Store, person: int, stranger: int) -> int:
    """Rewrite every batch that names a person and let the ledger lead to the new ones; returns their number.

    New files are durable before the ledger changes, in one step, and old ones go after that: whenever it breaks off,
    the site's state is whole, and doing it again finishes it. Raises LandingError where a batch is damaged.
    """
    named = re.compile(rb"(?<!\d)%d(?!\d)" % person)
    replaced = {}
    for sha in list(landed_batches(store.landing)):
        lines = list(store.landing.read_issues(sha))
        if any(map(named.search, lines)):
            replaced[sha] = store.landing.write_issues([named.sub(b"%d" % stranger, line) for line in lines])
    rename(store.ledger, replaced)
    rename_in_manifests(store.landing, replaced)
    _remove(store.landing.path("issues", sha) for sha in replaced)
    _remove((store.landing.folder / "issues").glob(".*"))
    return len(replaced)


def landed_batches(landing: Landing) -> list[str]:
    """Hashes of all batches of issues that lie on disk, whether a run counts them or not."""
    suffix = SUFFIXES["issues"]
    return sorted(path.name.removesuffix(suffix) for path in (landing.folder / "issues").glob(f"[!.]*{suffix}"))


def person_of(key: bytes, account: str) -> int:
    """The number an account stands under in everything that was landed with this key."""
    return keyed_hash(key, account)


def new_stranger() -> int:
    """A number for nobody in particular; 0 means nobody assigned."""
    return secrets.randbelow(LARGEST - 1) + 1


def _remove(paths: Iterable[Path]) -> None:
    for path in list(paths):
        path.unlink()
