"""Replayed issues → the columns of RawIssues, a chunk at a time; a chunk is read wholly or not at all.

Their changelogs belong to ``change_columns``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from operator import attrgetter
from typing import Any

import msgspec
import polars as pl

from pipelines.jira.fields import FieldNames
from pipelines.jira.instants import read_instants
from pipelines.jira.replayed import Repeated, ReplayedFields, ReplayedIssue
from pipelines.jira.shapes import FixVersion, IssueType, LandedLink, Parent, Project, Resolution, Status
from transforms.raw import RawIssues
from transforms.schema import TIMESTAMP

IssueChunk = dict[str, list[Any]]
"""Values of a chunk of issues by column; those of repeated parts are codes."""

_OWN = (
    "issue_id", "issue_key", "parent_id", "parent_key", "created_at", "updated_at", "assignee", "is_flagged",
    "history_total", "history_count", "repair_route",
)  # fmt: skip
"""Columns with a value of each issue's own."""

_FROM_PART = {
    "project": ("project_id", "project_key"),
    "issuetype": ("issue_type_id", "issue_type", "hierarchy_level"),
    "status": ("status_id",),
    "resolution": ("resolution_id",),
    "fix_versions": ("fix_version_ids",),
    "issuelinks": ("blocked_by_keys",),
}
"""The other columns: which part of an issue's fields gives them. Parts repeat from issue to issue."""

_NAMED = ("status", "resolution")
"""Parts that tell a current name behind their id."""

_INSTANTS = ("updated_at", "created_at")

_ORPHAN = Parent()


class IssueColumns:
    """Growing columns of one batch."""

    def __init__(self, names: FieldNames) -> None:
        """``names`` knows the phrases of links."""
        self._parts: dict[str, Repeated[tuple[Any, ...]]] = {
            "project": Repeated(_project),
            "issuetype": Repeated(_issue_type),
            "status": Repeated(_status),
            "resolution": Repeated(_resolution),
            "fix_versions": Repeated(_fix_versions),
            "issuelinks": Repeated(partial(_blockers, names)),
        }
        self._columns: IssueChunk = {name: [] for name in (*_OWN, *self._parts)}

    def read(self, issues: Sequence[ReplayedIssue], history_counts: Sequence[int]) -> IssueChunk:
        """Values of ``issues``, of which so many distinct histories came; raises ValueError, and has read none then."""
        fields, changelogs = [issue.fields for issue in issues], [issue.changelog for issue in issues]
        parents = [one.parent or _ORPHAN for one in fields]
        created, updated = _instants(fields)
        own: IssueChunk = {
            "issue_id": [issue.id for issue in issues],
            "issue_key": [issue.key for issue in issues],
            "parent_id": [None if one.id is None else int(one.id) for one in parents],
            "parent_key": [one.key for one in parents],
            "created_at": created,
            "updated_at": updated,
            "assignee": [one.assignee for one in fields],
            "is_flagged": [one.flagged for one in fields],
            "history_total": [log.total for log in changelogs],
            "history_count": [
                count if log.received is None else log.received
                for log, count in zip(changelogs, history_counts, strict=True)
            ],
            "repair_route": [log.route or None for log in changelogs],
        }
        return own | {
            name: part.codes(list(map(attrgetter(name), fields))).tolist() for name, part in self._parts.items()
        }

    def add(self, chunk: IssueChunk) -> None:
        """Take a chunk that was read."""
        for name, values in chunk.items():
            self._columns[name] += values

    def frame(self) -> pl.DataFrame:
        """RawIssues in the order received."""
        schema = RawIssues.polars_schema()
        columns = [_series(name, schema[name], self._columns[name]) for name in _OWN]
        for name, part in self._parts.items():
            types = {column: schema[column] for column in _FROM_PART[name]}
            rows = [meaning[: len(types)] for meaning in part.meanings]
            columns += pl.DataFrame(rows, schema=types, orient="row")[self._columns[name]].get_columns()
        return pl.DataFrame(columns).select(*RawIssues.columns)

    def current_names(self) -> pl.LazyFrame:
        """Names of statuses and resolutions that issues hold now, as their last update showed them; NAMES_SCHEMA."""
        instants = pl.DataFrame(
            {name: self._columns[name] for name in _INSTANTS}, schema=dict.fromkeys(_INSTANTS, pl.Int64())
        )
        seen_at = instants.select(pl.coalesce(_INSTANTS).cast(TIMESTAMP)).to_series()
        return pl.concat([self._names_of(part, seen_at) for part in _NAMED])

    def _names_of(self, part: str, seen_at: pl.Series) -> pl.LazyFrame:
        names = pl.LazyFrame(self._parts[part].meanings, schema={"id": pl.Int64, "name": pl.String}, orient="row")
        codes = pl.Series(self._columns[part], dtype=pl.get_index_type())
        seen = pl.LazyFrame({"index": codes, "seen_at": seen_at}).group_by("index").agg(pl.col("seen_at").max())
        named = names.with_row_index().join(seen, on="index").filter(pl.col("name") != "")
        return named.select(pl.lit(part).alias("field"), "id", "name", "seen_at")


def _instants(fields: Sequence[ReplayedFields]) -> tuple[list[int], list[int | None]]:
    """When issues were created and last updated; an issue may lack the latter."""
    updated = [one.updated for one in fields]
    read = read_instants([one.created for one in fields] + [value for value in updated if value is not None]).tolist()
    given = iter(read[len(fields) :])
    return read[: len(fields)], [None if value is None else next(given) for value in updated]


def _series(name: str, dtype: pl.DataType, values: list[Any]) -> pl.Series:
    is_instant = dtype == TIMESTAMP
    return pl.Series(name, values, dtype=pl.Int64() if is_instant else dtype).cast(dtype)


def _project(piece: bytes) -> tuple[Any, ...]:
    project = msgspec.json.decode(piece, type=Project)
    return int(project.id), project.key


def _issue_type(piece: bytes) -> tuple[Any, ...]:
    issue_type = msgspec.json.decode(piece, type=IssueType)
    return int(issue_type.id), issue_type.name, _hierarchy_level(issue_type)


def _hierarchy_level(issue_type: IssueType) -> int:
    """Jira's own level; without one, sub-tasks and epics are told by what they are called untranslated."""
    if issue_type.hierarchy_level is not None:
        return issue_type.hierarchy_level
    if issue_type.subtask:
        return -1
    return 1 if "Epic" in (issue_type.name, issue_type.untranslated_name) else 0


def _status(piece: bytes) -> tuple[Any, ...]:
    status = msgspec.json.decode(piece, type=Status)
    return int(status.id), status.name


def _resolution(piece: bytes) -> tuple[Any, ...]:
    resolution = msgspec.json.decode(piece, type=Resolution | None)
    return (None, "") if resolution is None else (int(resolution.id), resolution.name)


def _fix_versions(piece: bytes) -> tuple[Any, ...]:
    return (sorted(int(version.id) for version in msgspec.json.decode(piece, type=list[FixVersion])),)


def _blockers(names: FieldNames, piece: bytes) -> tuple[Any, ...]:
    """Keys of the issues this one is blocked by now; None where links were not read."""
    links = msgspec.json.decode(piece, type=list[LandedLink] | None)
    if links is None:
        return (None,)
    return (sorted({link.key for link in links if names.link_kind(link.phrase) == "blocked_by"}),)
