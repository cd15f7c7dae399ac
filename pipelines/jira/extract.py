"""One extraction: scope, reference data, every issue with its whole changelog, landed and entered in the ledger.

Each run pulls everything in scope. Nothing is computed here; parsing reads what landed (``tables``).
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from pipelines.jira import cloud, datacenter
from pipelines.jira.client import JiraSession
from pipelines.jira.errors import AnswerError, MissingSettingError
from pipelines.jira.landing import Landing, pseudonym_key
from pipelines.jira.ledger import Batch, Ledger
from pipelines.jira.pulled import Pulled
from pipelines.jira.reference import fetch_reference, list_projects
from pipelines.jira.scope import Scope, resolve
from pipelines.jira.scrub import Scrubber

Progress = Callable[[int, int | None], None]
"""Called with issues landed so far and issues expected, None where not known."""

LINES_PER_BATCH = 1000

EXPECTED_SHARE = 0.99
"""Fewer issues than this share of the site's own count is said aloud; the count itself is approximate."""


class Store:
    """Where one site's raw data live: files, ledger and pseudonym key under one data folder."""

    def __init__(self, data: Path, site_name: str = "jira", environment: Mapping[str, str] | None = None) -> None:
        """Nothing is written before the first extraction."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", site_name):
            raise MissingSettingError(
                f"The site name {site_name!r} cannot be a folder. Use letters, digits, dot, dash and underscore."
            )
        self.site_name = site_name
        self.landing = Landing(data / "raw" / site_name)
        self.ledger = Ledger(data / "work.duckdb", site_name)
        self._data, self._environment = data, os.environ if environment is None else environment

    @property
    def key(self) -> bytes:
        """The key persons are hashed with."""
        return pseudonym_key(self._data, self._environment)


@dataclass
class Extraction:
    """What a run did. ``warnings`` are sentences for people; ``missing`` are listed issues that were not handed out."""

    run_id: str
    server_time: datetime
    as_of: datetime
    flavour: str
    project_keys: tuple[str, ...]
    reference_sha: str
    batches: list[str] = field(default_factory=list)
    issue_count: int = 0
    history_count: int = 0
    unreadable_count: int = 0
    missing: list[int] = field(default_factory=list)
    expected_count: int | None = None
    request_count: int = 0
    retry_count: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)


def extract(
    session: JiraSession, scope: Scope, store: Store, *, as_of: datetime | None = None, progress: Progress | None = None
) -> Extraction:
    """Pull everything in scope and land it; raises JiraError, and then nothing of the run counts."""
    began, as_of = session.gate.clock(), as_of or session.server_time
    resolved = resolve(scope, list_projects(session))
    run_id = f"{session.server_time:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    store.ledger.start(run_id, session.server_time, as_of)
    try:
        reference = fetch_reference(session, resolved.projects)
        sha = store.landing.write_reference(msgspec.json.encode(reference))
        store.ledger.record(run_id, Batch(0, "reference", sha))
        keys = tuple(project.key for project in resolved.projects)
        done = Extraction(run_id, session.server_time, as_of, session.flavour, keys, sha)
        route = cloud if session.flavour == "cloud" else datacenter
        pages = route.pull(session, resolved.jql, Scrubber(reference.field_names(), store.key))
        _land(pages, store, done, progress or (lambda count, total: None))
        done.expected_count = route.count_issues(session, resolved.jql)
        _check_count(done)
    except BaseException:
        store.ledger.finish(run_id, "failed")
        raise
    store.ledger.finish(run_id, "complete")
    done.seconds = session.gate.clock() - began
    done.request_count, done.retry_count = session.gate.request_count, session.gate.retry_count
    return done


def _land(pages: Iterable[Pulled], store: Store, done: Extraction, progress: Progress) -> None:
    """Write batches of up to LINES_PER_BATCH lines; a batch enters the ledger only when it is durable."""
    for sequence, (lines, total) in enumerate(_batched(pages, done)):
        sha = store.landing.write_issues([line for _, line in lines])
        ids = [issue_id for issue_id, _ in lines]
        store.ledger.record(done.run_id, Batch(sequence, "issues", sha, len(lines), ids[0], ids[-1]))
        done.batches.append(sha)
        done.issue_count += len(lines)
        progress(done.issue_count, total)


def _batched(pages: Iterable[Pulled], done: Extraction) -> Iterator[tuple[list[tuple[int, bytes]], int | None]]:
    """Pages of any size → batches of one size, counting along."""
    waiting: list[tuple[int, bytes]] = []
    total: int | None = None
    for page in pages:
        total = page.total
        done.history_count += page.histories
        done.unreadable_count += page.unreadable_count
        done.missing += page.missing
        waiting += page.lines
        while len(waiting) >= LINES_PER_BATCH:
            yield waiting[:LINES_PER_BATCH], total
            waiting = waiting[LINES_PER_BATCH:]
    if waiting:
        yield waiting, total


def _check_count(done: Extraction) -> None:
    """Hold what came against the site's own count: an empty pull of a full site fails, a short one is said aloud."""
    expected, projects = done.expected_count or 0, ", ".join(done.project_keys)
    if expected and not done.issue_count:
        raise AnswerError(f"The site says that {expected} issues match the scope ({projects}), and sent none. Nothing"
                          " published; the search index may be rebuilding: run again later.")  # fmt: skip
    if not done.issue_count:
        done.warnings.append(
            f"No issue matches the scope, though its projects exist: {projects}. Check the scope's JQL in flow.toml and"
            " the account's permissions."
        )
    elif done.issue_count + len(done.missing) < EXPECTED_SHARE * expected:
        done.warnings.append(f"The site counts about {expected} issues in scope and sent {done.issue_count}.")
    if done.missing:
        done.warnings.append(f"{len(done.missing)} issues were listed but not handed out (deleted, moved or hidden).")
    if done.unreadable_count:
        done.warnings.append(f"{done.unreadable_count} issues came in an unknown form and are in quarantine.")
