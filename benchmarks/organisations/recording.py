"""What Jira would show of an organisation: the product's raw tables, each organisation a project of one site.

Nothing that nobody enters into Jira is in them. What the product makes of them belongs to ``product``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from benchmarks.organisations.model import DAY_HOURS, END, Organisation, draw_chances
from benchmarks.organisations.simulation import Run, simulate
from benchmarks.organisations.situation import BLOCKED, DELIVERED, ENTERED, FREED, NEVER, TAKEN
from transforms.calendar import WorkingCalendar
from transforms.raw import CHANGE_FIELD, RAW_TABLES, RawBoardColumns, RawChanges, RawIssues, RawProjects, RawStatuses
from transforms.schema import TIMESTAMP, Table

BEGIN = datetime(2023, 10, 2, 9, tzinfo=UTC)
"""A Monday 13 weeks before a year whose first two quarters have 13 whole weeks each."""

AS_OF = datetime(2024, 7, 1, tzinfo=UTC)
"""The Monday after the last working hour."""

CALENDAR = WorkingCalendar.weekdays("UTC")

STAND_UP_HOUR = 0.25
"""At a quarter past nine, what was forgotten the day before is entered."""

FORGOTTEN_SHARE = 0.5

BACKLOG_DEPTH = 40
"""Issues that lie ready in a backlog that never ends."""

BACKLOG_HOURS = 12.0
"""Mean time an arriving issue was an idea before."""

HABITS = ("on entry", "stays", "cleared")
"""Where no column says that work waits, the assignee is whoever will do it, or whoever did the last step, or nobody."""

_IDS = 100_000
"""Ids of issues of one organisation."""

_BACKLOG, _DONE, _RESOLUTION, _COORDINATOR = 10_000, 10_001, 1, 1_000_000


@dataclass(frozen=True)
class Style:
    """How carefully a team records."""

    name: str
    is_late: bool = False
    """Half of the moves are entered at the next stand-up only."""
    has_queues: bool = True
    """There are columns in which work waits for a next person."""


STYLES = {
    style.name: style
    for style in (
        Style("clean"),
        Style("stand-up", is_late=True),
        Style("no queues", has_queues=False),
        Style("both", is_late=True, has_queues=False),
    )
}


def record(organisations: Sequence[Organisation], style: Style) -> dict[str, pl.DataFrame]:
    """The raw tables, by name, of what happened in each of the organisations."""
    statuses = _statuses(organisations)
    rows = [_happened(code, organisation, style) for code, organisation in enumerate(organisations)]
    events = _with_statuses(pl.concat(rows), _walks(organisations, statuses, style))
    events = _with_people(events, style)
    changes = _changes(events)
    tables: dict[str, pl.DataFrame] = {table.name: table.empty() for table in RAW_TABLES}
    return tables | {
        "raw_issues": _issues(events, changes, organisations),
        "raw_changes": changes,
        "raw_statuses": statuses,
        "raw_projects": _projects(organisations),
        "raw_resolutions": _resolutions(),
        "raw_board_columns": _boards(organisations, statuses, style),
    }


def instants(hours: np.ndarray) -> pl.Series:
    """Instants of working hours since the organisation began, 9 to 17 from Monday to Friday."""
    day, hour = np.divmod(hours, DAY_HOURS)
    week, weekday = np.divmod(day, 5)
    seconds = ((week * 7 + weekday) * 24 + hour) * 3_600
    return pl.Series((int(BEGIN.timestamp()) * 1000 + (seconds * 1000).astype(np.int64)) * 1000).cast(TIMESTAMP)


def _happened(code: int, organisation: Organisation, style: Style) -> pl.DataFrame:
    """Events of every issue with the hour each was recorded, the creation first."""
    run = simulate(organisation, draw_chances(organisation, 0), keeps_log=True)
    rng = np.random.default_rng([organisation.seed, 7])
    created = _created(organisation, run, rng)
    log = run.log[np.argsort(run.log[:, 1], kind="stable")]
    known = np.flatnonzero(created < END)
    creation = np.column_stack([created[known], known, *np.full((3, len(known)), -1)])
    rows = np.concatenate([creation, log])
    rows = rows[np.argsort(rows[:, 1], kind="stable")]
    if style.is_late:
        rows[:, 0] = _entered_late(rows, rng)
    rows = rows[rows[:, 0] < END]
    who = np.where(rows[:, 4] < 0, _COORDINATOR + code, rows[:, 4] + 1 + 1000 * code)
    return pl.DataFrame(
        {
            "code": np.full(len(rows), code), "issue_id": code * _IDS + rows[:, 1].astype(np.int64) + 1,
            "kind": rows[:, 2].astype(np.int64), "stage": rows[:, 3].astype(np.int64), "who": who.astype(np.int64),
            "hour": rows[:, 0], "habit": np.full(len(rows), organisation.number % len(HABITS)),
        }
    )  # fmt: skip


def _created(organisation: Organisation, run: Run, rng: np.random.Generator) -> np.ndarray:
    """Hours at which the issues were written down; NEVER for those that nobody has thought of yet."""
    if not organisation.is_fed:
        before = rng.exponential(BACKLOG_HOURS, len(run.started))
        return np.where(run.started < NEVER, np.maximum(run.started - before, 0), NEVER)
    created = np.arange(len(run.started)) * 0.05
    created[BACKLOG_DEPTH:] = run.started[:-BACKLOG_DEPTH]
    return created


def _entered_late(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hours at which the rows were recorded: some at the next stand-up, none before an earlier one of its issue."""
    is_move = np.isin(rows[:, 2], [ENTERED, TAKEN, DELIVERED])
    is_late = is_move & (rng.random(len(rows)) < FORGOTTEN_SHARE)
    stand_up = (np.floor(rows[:, 0] / DAY_HOURS) + 1) * DAY_HOURS + STAND_UP_HOUR
    recorded = pl.DataFrame({"issue": rows[:, 1], "hour": np.where(is_late, stand_up, rows[:, 0])})
    return recorded.select(pl.col.hour.cum_max().over("issue")).to_series().to_numpy()


def _statuses(organisations: Sequence[Organisation]) -> pl.DataFrame:
    names = list(dict.fromkeys(stage.name for o in organisations for stage in o.stages))
    rows = [(_BACKLOG, "Backlog", "new"), (_DONE, "Done", "done")]
    for place, name in enumerate(names):
        rows += [(10_100 + place, f"Ready for {name}", "indeterminate"), (10_200 + place, name, "indeterminate")]
    return pl.DataFrame([(*row, True) for row in rows], schema=RawStatuses.polars_schema(), orient="row")


def _walks(organisations: Sequence[Organisation], statuses: pl.DataFrame, style: Style) -> pl.DataFrame:
    """Per organisation and stage, the status on entry and the one in which somebody works."""
    ids = dict(statuses.select("status_name", "status_id").iter_rows())
    rows = []
    for code, organisation in enumerate(organisations):
        for number, stage in enumerate(organisation.stages):
            waits = stage.is_gate or (style.has_queues and not (organisation.is_fed and number == 0))
            rows.append((code, number, ids[f"Ready for {stage.name}" if waits else stage.name], ids[stage.name]))
    return pl.DataFrame(rows, schema=["code", "stage", "entry_id", "active_id"], orient="row")


def _with_statuses(events: pl.DataFrame, walks: pl.DataFrame) -> pl.DataFrame:
    """The events with the status each leads to and the one before it."""
    status = (
        pl.when(pl.col.kind == ENTERED).then("entry_id")
        .when(pl.col.kind == TAKEN).then("active_id")
        .when(pl.col.kind == DELIVERED).then(pl.lit(_DONE, pl.Int64))
        .when(pl.col.kind < 0).then(pl.lit(_BACKLOG, pl.Int64))
    )  # fmt: skip
    placed = events.join(walks, on=["code", "stage"], how="left", maintain_order="left")
    return placed.with_columns(status=status.forward_fill().over("issue_id")).with_columns(
        status_before=pl.col.status.shift(1).over("issue_id")
    )


def _with_people(events: pl.DataFrame, style: Style) -> pl.DataFrame:
    """The events with the assignee after each and before it, 0 for nobody."""
    taker = pl.when(pl.col.kind == TAKEN).then("who")
    at_entry = pl.when(pl.col.habit == HABITS.index("on entry")).then(taker.backward_fill().over("issue_id"))
    cleared = pl.when(pl.col.habit == HABITS.index("cleared")).then(pl.lit(0, pl.Int64))
    on_entry = pl.coalesce(at_entry, cleared) if not style.has_queues else pl.lit(None, pl.Int64)
    assignee = (
        pl.when(pl.col.kind < 0).then(pl.lit(0, pl.Int64)).when(pl.col.kind == ENTERED).then(on_entry).otherwise(taker)
    )
    return events.with_columns(assignee=assignee.forward_fill().over("issue_id")).with_columns(
        assignee_before=pl.col.assignee.shift(1).over("issue_id")
    )


def _changes(events: pl.DataFrame) -> pl.DataFrame:
    """RawChanges, one history per event, in the order they were recorded."""
    moved = events.sort("hour", maintain_order=True)
    moved = moved.with_columns(
        history_id=pl.int_range(pl.len(), dtype=pl.Int64) + 1, changed_at=instants(moved["hour"].to_numpy())
    )
    nobody = {0: None}
    parts = [
        moved.filter(pl.col.status != pl.col.status_before).select(
            *_HISTORY, field=_field("status"), item_index=_index(0), from_id="status_before", to_id="status"
        ),
        moved.filter(pl.col.assignee != pl.col.assignee_before).select(
            *_HISTORY, field=_field("assignee"), item_index=_index(1),
            from_id=pl.col.assignee_before.replace(nobody), to_id=pl.col.assignee.replace(nobody),
        ),
        moved.filter(pl.col.kind == DELIVERED).select(
            *_HISTORY, field=_field("resolution"), item_index=_index(2),
            from_id=pl.lit(None, pl.Int64), to_id=pl.lit(_RESOLUTION, pl.Int64),
        ),
        moved.filter(pl.col.kind.is_in([BLOCKED, FREED])).select(
            *_HISTORY, field=_field("flagged"), item_index=_index(0),
            from_id=(pl.col.kind == FREED).cast(pl.Int64), to_id=(pl.col.kind == BLOCKED).cast(pl.Int64),
        ),
    ]  # fmt: skip
    return _whole(RawChanges, pl.concat(parts).sort("history_id", "item_index").with_columns(is_automation=False))


_HISTORY = ("issue_id", "history_id", "changed_at", pl.col("who").alias("author"))


def _field(name: str) -> pl.Expr:
    return pl.lit(name, CHANGE_FIELD)


def _index(place: int) -> pl.Expr:
    return pl.lit(place, pl.Int32)


def _issues(events: pl.DataFrame, changes: pl.DataFrame, organisations: Sequence[Organisation]) -> pl.DataFrame:
    flags = changes.filter(pl.col.field == "flagged").group_by("issue_id").agg(is_flagged=pl.col.to_id.last() == 1)
    counts = changes.group_by("issue_id").agg(history_count=pl.col.history_id.n_unique().cast(pl.Int32))
    last = events.group_by("issue_id", "code", maintain_order=True).agg(
        created=pl.col.hour.first(), status_id=pl.col.status.last(), assignee=pl.col.assignee.last()
    )
    keys = pl.DataFrame({"code": range(len(organisations)), "project_key": [o.key for o in organisations]})
    frame = last.join(keys, on="code").join(flags, on="issue_id", how="left").join(counts, on="issue_id", how="left")
    return _whole(
        RawIssues,
        frame.with_columns(
            created_at=instants(frame["created"].to_numpy()), issue_key=pl.format("{}-{}", "project_key", _number()),
            project_id=pl.col.code + 1, issue_type_id=pl.lit(1, pl.Int64), issue_type=pl.lit("Story"),
            hierarchy_level=pl.lit(0, pl.Int8),
            resolution_id=pl.when(pl.col.status_id == _DONE).then(pl.lit(_RESOLUTION, pl.Int64)),
            assignee=pl.col.assignee.replace({0: None}), is_flagged=pl.col.is_flagged.fill_null(value=False),
            fix_version_ids=pl.lit([], pl.List(pl.Int64)), history_count=pl.col.history_count.fill_null(0),
        ),
    )  # fmt: skip


def _number() -> pl.Expr:
    return pl.col.issue_id % _IDS


def _whole(table: type[Table], frame: pl.DataFrame) -> pl.DataFrame:
    """The declared columns; those that nothing is said of are empty."""
    missing = {name: dtype for name, dtype in table.polars_schema().items() if name not in frame.columns}
    empty = {name: pl.lit(None, dtype) for name, dtype in missing.items()}
    return table.select(frame.lazy().with_columns(**empty)).collect()


def _projects(organisations: Sequence[Organisation]) -> pl.DataFrame:
    rows = [(code + 1, o.key, o.key) for code, o in enumerate(organisations)]
    return pl.DataFrame(rows, schema=RawProjects.polars_schema(), orient="row")


def _resolutions() -> pl.DataFrame:
    return pl.DataFrame({"resolution_id": [_RESOLUTION], "resolution_name": ["Done"]})


def _boards(organisations: Sequence[Organisation], statuses: pl.DataFrame, style: Style) -> pl.DataFrame:
    """One board per project, one column per stage; the limits stand there where the team entered them."""
    walks = _walks(organisations, statuses, style)
    rows = []
    for code, number, entry_id, active_id in walks.iter_rows():
        stage, has_limits = organisations[code].stages[number], organisations[code].has_board_limits
        shown = [entry_id] if stage.is_gate else sorted({entry_id, active_id})
        limit = stage.wip_limit if stage.wip_limit and has_limits else None
        rows.append((code + 1, "kanban", code + 1, number, stage.name, shown, None, limit))
    rows += [(c + 1, "kanban", c + 1, len(o.stages), "Done", [_DONE], None, None) for c, o in enumerate(organisations)]
    return pl.DataFrame(rows, schema=RawBoardColumns.polars_schema(), orient="row")
