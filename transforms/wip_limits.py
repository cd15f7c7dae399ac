"""The WIP limit of every stage, read off the columns of the boards that show it.

Jira keeps no history of a board's limits: these are today's. How often a stage broke its limit belongs to the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from transforms.schema import LABEL
from transforms.workflow import TERMINAL_KINDS, Workflow

STAGE_LIMIT_SCHEMA = pl.Schema(
    {
        "value_stream": LABEL,
        "stage_name": LABEL,
        "wip_limit": pl.Int64(),
        "wip_limit_board_ids": pl.String(),
        "wip_limit_note": pl.String(),
    }
)
"""One row per stage that has a living status. ``wip_limit``: most issues meant to be in it, of all its projects
together; without one, ``wip_limit_note`` says why. ``wip_limit_board_ids``: the boards that say so, by commas."""

NO_BOARD = "no board shows it"

Found = tuple[int | None, list[int], str | None]
"""Limit, boards it comes from, why there is none."""


def find_stage_limits(board_columns: pl.LazyFrame, workflow: Workflow) -> pl.DataFrame:
    """The limit of every stage; STAGE_LIMIT_SCHEMA, from RawBoardColumns.

    A board limits a stage where every column that shows one of its living statuses has a limit and shows no other
    stage; the stage's limit is their sum. Of several boards of a project the tightest counts; a stream that runs
    through several projects is limited where all of them are.
    """
    boards = board_columns.select("project_id", "board_id", "column_name", "status_ids", "wip_limit").collect()
    by_project = {key[0]: part for key, part in boards.group_by("project_id", maintain_order=True)}
    rows = []
    for (stream,), statuses in workflow.statuses.group_by("value_stream", maintain_order=True):
        stage_of = dict(statuses.select("status_id", "stage_name").iter_rows())
        projects = _projects(workflow, str(stream))
        for stage in statuses.filter(~pl.col.work_kind.is_in(TERMINAL_KINDS))["stage_name"].unique(maintain_order=True):
            limit, board_ids, note = _stream_limit(stage, stage_of, projects, by_project)
            rows.append((stream, stage, limit, ", ".join(map(str, sorted(board_ids))) or None, note))
    return pl.DataFrame(rows, schema=STAGE_LIMIT_SCHEMA, orient="row")


def _projects(workflow: Workflow, stream: str) -> dict[int, bool]:
    """Projects of a stream, and whether another stream shares them (a board does not tell their issues apart)."""
    scopes = workflow.scopes.filter(pl.col.value_stream.is_not_null())
    owners = scopes.group_by("project_id").agg(pl.col.value_stream.unique())
    return {i: len(names) > 1 for i, names in sorted(owners.iter_rows()) if stream in names}


def _stream_limit(
    stage: str, stage_of: Mapping[int, str], projects: Mapping[int, bool], boards: Mapping[object, pl.DataFrame]
) -> Found:
    """The limit of a stage over all projects of its stream."""
    total, found_on = 0, list[int]()
    for project_id, is_shared in projects.items():
        if is_shared:
            return None, [], "its board also shows issues of another value stream"
        if project_id not in boards:
            return None, [], NO_BOARD
        limit, board_ids, note = _project_limit(stage, stage_of, boards[project_id])
        if limit is None:
            return None, [], note
        total, found_on = total + limit, found_on + board_ids
    return (total, found_on, None) if found_on else (None, [], NO_BOARD)


def _project_limit(stage: str, stage_of: Mapping[int, str], boards: pl.DataFrame) -> Found:
    """The tightest limit any board of a project sets, or the reason the first one that shows the stage sets none."""
    columns = boards.select("column_name", "status_ids", "wip_limit")
    each = [
        (_board_limit(stage, stage_of, columns.filter(boards["board_id"] == board_id).iter_rows()), board_id)
        for board_id in boards["board_id"].unique().sort().to_list()
    ]
    limited = [(limit, board_id) for (limit, _), board_id in each if limit is not None]
    if limited:
        limit, board_id = min(limited)
        return limit, [board_id], None
    return None, [], next((note for (_, note), _ in each if note), NO_BOARD)


def _board_limit(
    stage: str, stage_of: Mapping[int, str], columns: Iterable[tuple[str, list[int], int | None]]
) -> tuple[int | None, str | None]:
    """The limit one board sets, or why it sets none; neither where it does not show the stage."""
    total, is_shown = 0, False
    for name, status_ids, limit in columns:
        shown = {stage_of[status_id] for status_id in status_ids if status_id in stage_of}
        if stage not in shown:
            continue
        if limit is None:
            return None, f"the board's column '{name}' has no WIP limit"
        if shown != {stage}:
            return None, f"the board's column '{name}' limits {', '.join(sorted(shown))} together"
        total, is_shown = total + limit, True
    return (total, None) if is_shown else (None, None)
