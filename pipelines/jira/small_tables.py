"""The raw tables that say what a site knows besides issues, made from one snapshot and from names seen in changelogs.

They are small and made whole. Tables filled from landed issues belong to ``parse``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import polars as pl

from pipelines.jira.instants import EPOCH, MICROSECOND, read_instant
from pipelines.jira.reference import Reference
from transforms.raw import RawBoardColumns, RawProjects, RawResolutions, RawSprints, RawStatuses, RawVersions
from transforms.schema import Table


def site_tables(reference: Reference, names: pl.DataFrame) -> dict[type[Table], pl.DataFrame]:
    """What the site lists, then statuses and resolutions that only changelogs still name."""
    projects = [(int(project.id), project.key, project.name) for project in reference.projects]
    versions = [
        (int(version.id), version.project_id, version.name, _day(version.release_date), version.released)
        for version in reference.versions
    ]
    resolutions = {int(resolution.id): resolution.name for resolution in reference.resolutions}
    seen = {identity: name for identity, name in _seen(names, "resolution") if identity not in resolutions}
    return {
        RawStatuses: _statuses(reference, names),
        RawProjects: _table(RawProjects, projects),
        RawVersions: _table(RawVersions, versions),
        RawResolutions: _table(RawResolutions, [*(resolutions | seen).items()]),
        RawSprints: _table(RawSprints, _sprint_rows(reference)),
        RawBoardColumns: _table(RawBoardColumns, _column_rows(reference)),
    }


def _sprint_rows(reference: Reference) -> list[tuple[object, ...]]:
    """A sprint that several boards show belongs to the board it came from."""
    rows = {
        sprint.id: (
            sprint.id, sprint.origin_board_id or board.id, sprint.state, _instant(sprint.start_date),
            _instant(sprint.end_date), _instant(sprint.complete_date),
        )
        for board in reference.boards
        for sprint in board.sprints
    }  # fmt: skip
    return list(rows.values())


def _column_rows(reference: Reference) -> list[tuple[object, ...]]:
    return [
        (board.id, board.type, board.location.project_id if board.location else 0, place, column.name,
         [int(status.id) for status in column.statuses], column.min, column.max)
        for board in reference.boards
        for place, column in enumerate(board.columns)
    ]  # fmt: skip


def _instant(text: str | None) -> datetime | None:
    return None if text is None else (EPOCH + read_instant(text) * MICROSECOND).astimezone(UTC)


def _statuses(reference: Reference, names: pl.DataFrame) -> pl.DataFrame:
    listed = [
        (int(status.id), status.name, status.category.key if status.category else None, True)
        for status in reference.statuses
    ]
    known = {row[0] for row in listed}
    gone = [(identity, name, None, False) for identity, name in _seen(names, "status") if identity not in known]
    return _table(RawStatuses, [*listed, *gone])


def _seen(names: pl.DataFrame, field: str) -> list[tuple[int, str]]:
    return names.filter(pl.col("field") == field).select("id", "name").rows()


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _table(table: type[Table], rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    """Rows in the order of the declared columns → frame, ordered by key."""
    return pl.DataFrame(rows, schema=table.polars_schema(), orient="row").sort(table.key)
