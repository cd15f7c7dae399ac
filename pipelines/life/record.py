"""Everything the published tables hold about one issue, in typed rows."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.published import reading_published

Row = Mapping[str, Any]

SPAN_KINDS = ("touch", "wait", "blocked", "unassigned", "done_gap")
"""The kinds that make up the span from start to finish, in the order they are told."""

SHOWN_KEYS = 3


class UnknownIssueError(Exception):
    """No published issue has this key. The message is one paragraph."""


@dataclass(frozen=True)
class Record:
    """The rows of one issue; of a parent also its children's."""

    issue: Row
    journey: Row
    intervals: list[Row]
    visits: list[Row]
    changes: list[Row]
    passes: list[Row]
    completeness: Row
    statuses: dict[int, Row]
    """Of its value stream, by id."""
    decisions: list[Row]
    """Finished visits of committed waiting statuses that no automation is known to have ended, in order."""
    children: list[Row]
    """Journeys of the issues a parent is measured through, ascending by start."""
    child_intervals: list[Row]
    as_of: datetime


_OF_ISSUE = {
    "journey": "SELECT * FROM core.issue_journeys WHERE site_name = $site AND issue_id = $id",
    "intervals": "SELECT * FROM core.work_intervals WHERE site_name = $site AND issue_id = $id"
    " ORDER BY interval_number",
    "visits": "SELECT * FROM core.status_visits WHERE site_name = $site AND issue_id = $id ORDER BY visit_number",
    "changes": "SELECT * FROM core.changes WHERE site_name = $site AND issue_id = $id"
    " ORDER BY changed_at, history_id, item_index",
    "passes": "SELECT * FROM core.return_passes WHERE site_name = $site AND issue_id = $id ORDER BY pass_number",
    "completeness": "SELECT * FROM quality.completeness WHERE site_name = $site AND issue_id = $id",
    "decisions": "SELECT v.* FROM core.status_visits v JOIN core.stages USING (site_name, value_stream, stage_name)"
    " WHERE site_name = $site AND issue_id = $id AND work_kind = 'queue' AND is_committed AND left_at IS NOT NULL"
    " AND NOT EXISTS (FROM core.changes c WHERE c.site_name = v.site_name AND c.issue_id = v.issue_id"
    " AND c.field = 'status' AND c.is_automation AND c.changed_at = v.left_at) AND NOT EXISTS"
    " (FROM core.issue_journeys j WHERE j.site_name = v.site_name AND j.issue_id = v.issue_id"
    " AND j.outcome = 'gone' AND j.finished_at = v.left_at)"
    " ORDER BY visit_number",
    "children": "SELECT * FROM core.issue_journeys WHERE site_name = $site AND parent_id = $id"
    " AND started_at IS NOT NULL ORDER BY started_at, issue_key",
    "child_intervals": "SELECT i.* FROM core.work_intervals i JOIN core.issue_journeys j USING (site_name, issue_id)"
    " WHERE site_name = $site AND j.parent_id = $id AND pass_number = 1 ORDER BY i.entered_at, i.issue_key",
}

_AS_OF = "SELECT max(as_of) FROM quality.runs WHERE site_name = $1"

_STATUSES = "SELECT * FROM core.statuses WHERE site_name = $site AND value_stream = $stream"


def read_record(data: Path, key: str, site: str = "") -> Record:
    """Everything published about the issue of this key. Raises NothingPublishedError and UnknownIssueError."""
    with reading_published(data) as tables:
        issue = _find(tables, key.strip(), site)
        asked = {"site": issue["site_name"], "id": issue["issue_id"]}
        found = {name: _rows(tables, query, asked) for name, query in _OF_ISSUE.items()}
        statuses = _rows(tables, _STATUSES, {"site": issue["site_name"], "stream": issue["value_stream"]})
        [(as_of,)] = tables.execute(_AS_OF, [issue["site_name"]]).fetchall()
    if not found["journey"]:
        raise UnknownIssueError(f"{issue['issue_key']} was created after {as_of}, the moment these tables speak of.")
    return Record(
        issue, found["journey"][0], found["intervals"], found["visits"], found["changes"], found["passes"],
        found["completeness"][0], {row["status_id"]: row for row in statuses}, found["decisions"],
        found["children"], found["child_intervals"], as_of,
    )  # fmt: skip


def _find(tables: duckdb.DuckDBPyConnection, key: str, site: str) -> Row:
    """The issue of this key, whatever its case; of several sites the one that is named."""
    query = "SELECT * FROM core.issues WHERE upper(issue_key) = upper($key) AND ($site = '' OR site_name = $site)"
    found = _rows(tables, query, {"key": key, "site": site})
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(sorted({str(row["site_name"]) for row in found}))
        raise UnknownIssueError(f"{key} is the key of an issue on several sites: {names}. Name one with --site.")
    keys = [row[0] for row in tables.execute("SELECT issue_key FROM core.issues").fetchall()]
    near = difflib.get_close_matches(key.upper(), keys, n=SHOWN_KEYS)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise UnknownIssueError(
        f"No published issue has the key '{key}'.{hint} An issue that moved is known by its newest key;"
        " quality.quarantine lists what could not be read."
    )


def _rows(tables: duckdb.DuckDBPyConnection, query: str, asked: Mapping[str, Any]) -> list[Row]:
    result = tables.execute(query, {name: value for name, value in asked.items() if f"${name}" in query})
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
