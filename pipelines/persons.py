"""Who is who in a working store: persons stand there under a keyed hash, with a key of the store's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipelines.jira import Store
from pipelines.jira.erasure import person_of
from pipelines.jira.landing import KEY_FILE


def known_person(folder: Path, account: str, environment: Mapping[str, str]) -> int | None:
    """The number an account stands under below ``folder`` (accountId; on Data Center the user's key).

    None without anything read, or without a key, which is never made: it could only be another than that of the data.
    """
    has_key = environment.get("FLOW_PSEUDONYM_KEY") or (folder / KEY_FILE).exists()
    if not account.strip() or not (folder / "raw").is_dir() or not has_key:
        return None
    return person_of(Store(folder, environment=environment).key, account)
