"""What a run reads: everything, or what changed since; and whether it takes up one that broke off.

How the plan is carried out belongs to ``extract``; how a moment is written in JQL to ``watermark``.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from pipelines.jira.ledger import Ledger, Run
from pipelines.jira.ledger_repair import is_reading_due
from pipelines.jira.options import Options

LANDED_FORM = 2
"""Counts up when landed lines get new parts, so that everything is read again once."""


def fingerprint(*parts: object) -> str:
    """A short hash of what must not change between runs that build on each other."""
    return hashlib.sha256(repr((LANDED_FORM, *parts)).encode()).hexdigest()[:16]


def begin(ledger: Ledger, options: Options, now: datetime, as_of: datetime, scope_sha: str, shape_sha: str) -> Run:
    """Open the run that is due, or take up the one that broke off; ``now`` is the site's clock."""
    due = _due(ledger, options, now, as_of, scope_sha, shape_sha)
    broken = ledger.latest()
    if broken and _can_be_taken_up(broken, due, options.resume):
        resumed = replace(broken, as_of=as_of, has_census=broken.has_census or due.has_census)
        ledger.take_up(resumed)
        return resumed
    return ledger.start(due)


def _due(ledger: Ledger, options: Options, now: datetime, as_of: datetime, scope_sha: str, shape_sha: str) -> Run:
    run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    full = Run(
        run_id, now, as_of, mode="full", has_census=True, is_rescan=True, scope_sha=scope_sha, shape_sha=shape_sha
    )
    last = ledger.latest_complete()
    if last is None or last.scope_sha != scope_sha:
        return full
    full = replace(full, era=last.era)
    is_sound = last.shape_sha == shape_sha and last.server_started_at <= now and not is_reading_due(ledger, last.era)
    if not is_sound or _is_due(ledger, "is_full", last.era, options.full_refresh, now):
        return full
    is_rescan = _is_due(ledger, "is_rescan", last.era, options.rescan, now)
    begins = (ledger.latest_with("is_rescan", last.era) or last) if is_rescan else last
    reach = options.rescan + options.overlap if is_rescan else options.overlap
    return replace(
        full,
        mode="window",
        since=begins.server_started_at - reach,
        is_rescan=is_rescan,
        has_census=_is_due(ledger, "has_census", last.era, options.census, now),
    )


def _is_due(
    ledger: Ledger, trait: Literal["has_census", "is_rescan", "is_full"], era: int, every: timedelta, now: datetime
) -> bool:
    last = ledger.latest_with(trait, era)
    return last is None or now - last.server_started_at >= every


def _can_be_taken_up(broken: Run, due: Run, longest: timedelta) -> bool:
    """A run of the same kind, on the same scope, not too old, that is not complete."""
    is_same = (broken.mode, broken.scope_sha, broken.shape_sha) == (due.mode, due.scope_sha, due.shape_sha)
    age = due.server_started_at - broken.server_started_at
    reaches_as_far = broken.since is None or (due.since is not None and broken.since <= due.since)
    return broken.status != "complete" and is_same and timedelta(0) <= age <= longest and reaches_as_far
