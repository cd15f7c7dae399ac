"""Small issue histories, written as they would be told, in the shape of the raw tables.

Strict: an unknown status, person, field or resolution, a time that runs backwards, or a change before the creation is
a mistake in the test and raises StoryError. What the calculations make of a history does not belong here.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from transforms.calendar import WorkingCalendar
from transforms.raw import CHANGE_FIELDS, LINK_KINDS, RawBoardColumns, RawChanges, RawIssues, RawVersions
from transforms.schema import check_schema, check_values
from transforms.workflow import STATUS_MODEL_SCHEMA, ValueStream, Workflow

UTC = ZoneInfo("UTC")

PERSONS = {name: 1_000 + number for number, name in enumerate(("ana", "ben", "chi", "boss", "rel", "bot"))}
"""Everybody who may appear in a story, and the hash that stands for them."""

RESOLUTIONS = {"Done": 1, "Won't do": 2, "Duplicate": 3}

DISCARDING = frozenset({2, 3})

PROJECT_ID, STORY, EPIC, SUBTASK = 100, 10, 11, 12

LEVELS = {"Story": (STORY, 0), "Epic": (EPIC, 1), "Sub-task": (SUBTASK, -1)}


class StoryError(ValueError):
    """The story told to the builder cannot have happened."""


class Status(NamedTuple):
    """A status on a board. ``order`` is None outside the walk (blocked and unmapped statuses)."""

    status_id: int
    stage: str
    kind: str
    order: int | None
    decided_by: str = "config_id"


@dataclass(frozen=True)
class Board:
    """The statuses a story may use, by name."""

    statuses: Mapping[str, Status]

    def __getitem__(self, name: str) -> Status:
        if name not in self.statuses:
            raise StoryError(f"the board has no status {name!r}; it has {sorted(self.statuses)}")
        return self.statuses[name]

    def workflow(
        self,
        *,
        calendar: WorkingCalendar | None = None,
        commitment: str = "Selected",
        delivery: Literal["status", "release"] = "status",
        is_assignment_used: bool = True,
        reopen_horizon: timedelta = timedelta(days=30),
    ) -> Workflow:
        """One value stream "Golden" over this board, project and every issue type."""
        order = self[commitment].order
        if order is None:
            raise StoryError(f"{commitment!r} lies outside the walk and cannot be the commitment point")
        stream = ValueStream(
            "Golden", calendar or OFFICE_HOURS, order, delivery=delivery,
            is_assignment_used=is_assignment_used, reopen_horizon=reopen_horizon,
        )  # fmt: skip
        return Workflow((stream,), self._model(), _scopes(), DISCARDING)

    def _model(self) -> pl.DataFrame:
        stages = list(dict.fromkeys(status.stage for status in self.statuses.values()))
        rows = [
            ("Golden", s.status_id, s.stage, stages.index(s.stage), s.order, s.kind, s.decided_by)
            for s in self.statuses.values()
        ]
        return pl.DataFrame(rows, schema=STATUS_MODEL_SCHEMA, orient="row")


def _scopes() -> pl.DataFrame:
    types = [type_id for type_id, _ in LEVELS.values()]
    return pl.DataFrame(
        {"project_id": [PROJECT_ID] * len(types), "issue_type_id": types, "value_stream": ["Golden"] * len(types)}
    )


OFFICE_HOURS = WorkingCalendar.weekdays("Europe/Berlin", time(9), time(17))

BOARD = Board(
    {
        "Backlog": Status(1, "Backlog", "queue", 0),
        "Selected": Status(10001, "Selected", "queue", 1),
        "In Progress": Status(3, "Development", "active", 2),
        "Ready for Review": Status(10002, "Review", "queue", 3),
        "In Review": Status(10003, "Review", "active", 4),
        "Ready for QA": Status(10004, "QA", "queue", 5),
        "In QA": Status(10005, "QA", "active", 6),
        "Awaiting Approval": Status(10006, "Approval", "queue", 7),
        "Ready for Release": Status(10007, "Release", "queue", 8),
        "On Hold": Status(10020, "Development", "blocked", None),
        "Strange": Status(10030, "Unmapped", "queue", None, "unmapped"),
        "Done": Status(10009, "Done", "done", 9),
        "Closed": Status(10011, "Done", "done", 10),
        "Cancelled": Status(10010, "Done", "discarded", 99),
    }
)
"""The golden statuses, and beside them a second terminal status, one on hold and one that no rule covers."""


class Frames(NamedTuple):
    """Raw issues and raw changes."""

    issues: pl.DataFrame
    changes: pl.DataFrame


def issue_id_of(key: str) -> int:
    """The id the builder gives to an issue key: always the same one, and no two keys of a test share it."""
    return 10_000 + zlib.crc32(key.encode()) % 90_000_000


@dataclass
class History:
    """One issue's history, told in order: ``history("G-1").created("2026-03-02 08:00").to("In Progress", at=…)``.

    Times are ``datetime`` with a zone, or text in the story's zone (``zone``).
    """

    key: str
    board: Board = BOARD
    zone: str = "Europe/Berlin"
    issue: dict[str, Any] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    _status: Status | None = None
    _clock: datetime | None = None
    _blockers: list[str] = field(default_factory=list)

    def created(
        self,
        at: str | datetime,
        *,
        status: str = "Backlog",
        assignee: str | None = "ana",
        issue_type: str = "Story",
        parent: str | None = None,
        flagged: bool = False,
    ) -> History:
        """The issue comes into being."""
        if self.issue:
            raise StoryError(f"{self.key} is created twice")
        if issue_type not in LEVELS:
            raise StoryError(f"unknown issue type {issue_type!r}")
        self._status, self._clock = self.board[status], self.instant(at)
        type_id, level = LEVELS[issue_type]
        self.issue = {
            "issue_id": issue_id_of(self.key), "issue_key": self.key, "project_id": PROJECT_ID, "project_key": "G",
            "issue_type_id": type_id, "issue_type": issue_type, "hierarchy_level": level,
            "parent_id": parent and issue_id_of(parent), "parent_key": parent, "status_id": self._status.status_id,
            "created_at": self._clock, "updated_at": self._clock, "resolution_id": None,
            "assignee": _person(assignee), "is_flagged": flagged, "fix_version_ids": [], "blocked_by_keys": [],
            "history_total": None, "history_count": 0, "repair_route": None,
        }  # fmt: skip
        return self

    def to(self, status: str, at: str | datetime, *, claims: str | None = None, **how: Any) -> History:
        """Move to a status. ``claims`` is the status the change says it came from, where that is not the true one."""
        target = self.board[status]
        source = self.board[claims] if claims else self._current()
        self._status = target
        return self._change("status", at, source.status_id, target.status_id, sets="status_id", **how)

    def flag(self, at: str | datetime, **how: Any) -> History:
        """Raise the impediment flag."""
        return self._flag(True, at, how)

    def unflag(self, at: str | datetime, **how: Any) -> History:
        """Clear the impediment flag."""
        return self._flag(False, at, how)

    def assign(self, person: str | None, at: str | datetime, **how: Any) -> History:
        """Assign somebody, or nobody."""
        self._current()
        return self._change("assignee", at, self.issue["assignee"], _person(person), sets="assignee", **how)

    def resolve(self, resolution: str | None, at: str | datetime, **how: Any) -> History:
        """Set the resolution, or clear it."""
        self._current()
        if resolution is not None and resolution not in RESOLUTIONS:
            raise StoryError(f"unknown resolution {resolution!r}")
        new = None if resolution is None else RESOLUTIONS[resolution]
        return self._change("resolution", at, self.issue["resolution_id"], new, sets="resolution_id", **how)

    def block_on(self, key: str, at: str | datetime, **how: Any) -> History:
        """Link "is blocked by" another issue."""
        self._blockers.append(key)
        return self._change("link", at, None, None, to_key=key, link_kind="blocked_by", **how)

    def unblock_from(self, key: str, at: str | datetime, **how: Any) -> History:
        """Remove a link "is blocked by"; it may be older than the visible changelog."""
        if key in self._blockers:
            self._blockers.remove(key)
        return self._change("link", at, None, None, from_key=key, link_kind="blocked_by", **how)

    def linked_before(self, key: str) -> History:
        """The issue is blocked by another now, though its changelog does not say since when."""
        self._blockers.append(key)
        return self

    def release_in(self, version_id: int, at: str | datetime, **how: Any) -> History:
        """Add a fix version."""
        self._current()
        self.issue["fix_version_ids"] = sorted({*self.issue["fix_version_ids"], version_id})
        return self._change("fix_version", at, None, version_id, **how)

    def rename(self, key: str, at: str | datetime, **how: Any) -> History:
        """The issue gets another key (it moved); its id stays."""
        old, self.issue["issue_key"] = self.issue["issue_key"], key
        return self._change("key", at, None, None, from_key=old, to_key=key, **how)

    def edit(
        self, name: str, at: str | datetime, old: int | None = None, new: int | None = None, **how: Any
    ) -> History:
        """Change a field that has no verb of its own."""
        return self._change(name, at, old, new, **how)

    def now_in(self, status: str) -> History:
        """The site shows this status now, whatever the changelog ended in."""
        self._current()
        self.issue["status_id"] = self.board[status].status_id
        return self

    def instant(self, at: str | datetime) -> datetime:
        """A time of the story as UTC."""
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(self.zone))
        return moment.astimezone(UTC)

    def _current(self) -> Status:
        if self._status is None:
            raise StoryError(f"{self.key} changes before it is created")
        return self._status

    def _flag(self, state: bool, at: str | datetime, how: dict[str, Any]) -> History:
        self._current()
        if self.issue["is_flagged"] is state:
            raise StoryError(f"{self.key}: the flag is already {'up' if state else 'down'}")
        return self._change("flagged", at, int(not state), int(state), sets="is_flagged", **how)

    def _change(
        self,
        name: str,
        at: str | datetime,
        old: int | None,
        new: int | None,
        *,
        sets: str | None = None,
        by: str | None = "ana",
        history_id: int | None = None,
        from_key: str | None = None,
        to_key: str | None = None,
        link_kind: str | None = None,
    ) -> History:
        self._current()
        if name not in CHANGE_FIELDS or name == "created":
            raise StoryError(f"unknown field {name!r}")
        if link_kind is not None and link_kind not in LINK_KINDS:
            raise StoryError(f"unknown kind of link {link_kind!r}")
        moment = self.instant(at)
        if self._clock is None or moment < self._clock:
            raise StoryError(f"{self.key}: {name} at {moment} lies before {self._clock}")
        self._clock = moment
        number = history_id if history_id is not None else 101 + max((c["history_id"] for c in self.changes), default=0)
        index = sum(c["history_id"] == number for c in self.changes)
        self.changes.append({
            "issue_id": self.issue["issue_id"], "changed_at": moment, "history_id": number, "item_index": index,
            "field": name, "from_id": old, "to_id": new, "from_key": from_key, "to_key": to_key,
            "link_kind": link_kind, "author": _person(by), "is_automation": by == "bot",
        })  # fmt: skip
        if sets:
            self.issue[sets] = bool(new) if sets == "is_flagged" else new
        return self


def history(key: str, board: Board = BOARD, zone: str = "Europe/Berlin") -> History:
    """Begin to tell an issue's history."""
    return History(key, board, zone)


def frames(*histories: History) -> Frames:
    """Raw tables of some histories, checked against their declarations."""
    if empty := [h.key for h in histories if not h.issue]:
        raise StoryError(f"never created: {empty}")
    issues = pl.DataFrame([_issue_row(h) for h in histories], schema=RawIssues.polars_schema())
    changes = pl.DataFrame([c for h in histories for c in h.changes], schema=RawChanges.polars_schema())
    for table, frame in ((RawIssues, issues), (RawChanges, changes)):
        check_schema(table, frame)
        check_values(table, frame)
    return Frames(issues, changes)


def versions(*releases: tuple[int, str | None]) -> pl.DataFrame:
    """Raw versions: (id, release day or None)."""
    rows = [(number, PROJECT_ID, f"v{number}", day and date.fromisoformat(day), bool(day)) for number, day in releases]
    return pl.DataFrame(rows, schema=RawVersions.polars_schema(), orient="row")


def _issue_row(told: History) -> dict[str, Any]:
    count = len({c["history_id"] for c in told.changes})
    return told.issue | {"history_count": count, "blocked_by_keys": sorted(set(told._blockers))}


def _person(name: str | None) -> int | None:
    if name is None:
        return None
    if name not in PERSONS:
        raise StoryError(f"unknown person {name!r}")
    return PERSONS[name]


def board_column(
    name: str, statuses: list[str], limit: int | None = None, *, board_id: int = 1, project_id: int = PROJECT_ID
) -> tuple[Any, ...]:
    """A column of a board over BOARD's statuses; ``board_columns`` makes the frame."""
    return board_id, "kanban", project_id, name, [BOARD[status].status_id for status in statuses], None, limit


def board_columns(*columns: tuple[Any, ...]) -> pl.DataFrame:
    """RawBoardColumns of the columns, from left to right as given."""
    rows = [(*column[:3], place, *column[3:]) for place, column in enumerate(columns)]
    return pl.DataFrame(rows, schema=RawBoardColumns.polars_schema(), orient="row")
