"""What is done to a ledger on no ordinary day: read every value, rename or forget a file, write a run back.

When that is due, and what is told about it, belongs to ``recovery``.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.jira.ledger import Ledger
from pipelines.jira.manifests import Manifest

DAMAGED_IN = "damaged_in_run"
"""Fact of a site: the run after which a landed file turned out damaged; everything has to be read after it."""

_TABLES = ("runs", "batches", "tombstones", "facts", "statuses")

_RESTORE = """
insert into extraction.runs (number, run_id, site_name, server_started_at, as_of, status, mode, since, has_census,
    is_rescan, scope_sha, shape_sha, era)
values ($number, $run_id, $site, $server_started_at, $as_of, 'running', $mode, $since, $has_census, $is_rescan,
    $scope_sha, $shape_sha, $era)
"""


def read_through(ledger: Ledger) -> None:
    """Read every value there is; raises duckdb.Error where one cannot be read."""
    with ledger.connected() as connection:
        for table in _TABLES:
            connection.execute(f"select sum(hash(columns(*))) from extraction.{table}").fetchall()  # noqa: S608


def forget(ledger: Ledger, sha: str) -> None:
    """Let no run count a file any more, and have everything read again by the next run."""
    latest = ledger.latest_complete()
    ledger.note_fact(DAMAGED_IN, str(latest.number if latest else 0))
    with ledger.connected() as connection:
        connection.execute(
            "delete from extraction.batches where site_name = ? and kind = 'issues' and sha = ?",
            [ledger.site_name, sha],
        )


def rename(ledger: Ledger, replaced: Mapping[str, str]) -> None:
    """Let other files, by hash, stand for landed ones, all at once. Only erasing a person has reason to."""
    with ledger.connected() as connection:
        connection.begin()
        for sha, new_sha in replaced.items():
            connection.execute(
                "update extraction.batches set sha = ? where site_name = ? and kind = 'issues' and sha = ?",
                [new_sha, ledger.site_name, sha],
            )
        connection.commit()


def is_reading_due(ledger: Ledger, era: int) -> bool:
    """Whether no run has read everything since a landed file turned out damaged."""
    number, last = ledger.fact(DAMAGED_IN), ledger.latest_with("is_full", era)
    return number is not None and (last is None or last.number <= int(number))


def restore(ledger: Ledger, manifest: Manifest) -> None:
    """Write a complete run back under its own number."""
    run = manifest.run
    names = ("number", "run_id", "server_started_at", "as_of", "mode", "since", "has_census", "is_rescan", "scope_sha",
             "shape_sha", "era")  # fmt: skip
    with ledger.connected() as connection:
        connection.execute(_RESTORE, {"site": ledger.site_name} | {name: getattr(run, name) for name in names})
    for batch in manifest.batches:
        ledger.record(run.run_id, batch)
    ledger.complete(run, manifest.outcome)
