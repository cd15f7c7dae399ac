"""Random boards, calendars and histories that could have happened, for properties that must hold whatever happens.

Histories are told through the strict builder. They hold flags, assignment, reopenings, self-transitions, changes of one
instant with ids in any order, continuity breaks, cancelled and open work, links, holidays and nights with a clock
change. What must hold of them does not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from tests import builders
from tests.builders import PERSONS, RESOLUTIONS, Board, Frames, History, Status, frames, history, issue_id_of
from transforms.calendar import WorkingCalendar
from transforms.raw import GONE_REASONS, RawTombstones, RawVersions
from transforms.workflow import TERMINAL_KINDS, Workflow

ZONES = ("Europe/Berlin", "America/New_York")

STARTS = tuple(
    datetime.fromisoformat(text).replace(tzinfo=UTC)
    for text in (
        "2026-03-27T15:00", "2026-03-28T23:30", "2026-10-23T07:10", "2026-10-24T22:45",
        "2026-03-06T14:00", "2026-03-08T05:50", "2026-10-30T20:00", "2026-11-01T04:15", "2026-05-28T08:00",
    )
)  # fmt: skip
"""Beginnings shortly before the clocks change in one of the zones, and an ordinary week."""

FREE_DAYS = (date(2026, 3, 30), date(2026, 10, 26), date(2026, 3, 9), date(2026, 11, 2), date(2026, 5, 29))

PAUSES_MINUTES = (0, 0, 0, 1, 7, 45, 180, 600, 1500, 4500)
ODD_MS = (0, 0, 0, 0, 250, 30_001)

_SHOWN = ("until", "status_id", "stage_name", "work_kind", "status_order")

HORIZONS = (timedelta(0), timedelta(hours=3), timedelta(days=1), timedelta(days=30))


@dataclass(frozen=True, repr=False)
class Case:
    """Raw tables, the workflow they are read with, and the moment of reading."""

    frames: Frames
    workflow: Workflow
    as_of: datetime
    versions: pl.DataFrame | None = None
    tombstones: pl.DataFrame | None = None

    def frames_and_workflow(self) -> tuple[Frames, Workflow, datetime]:
        """What ``chain.compute`` takes."""
        return self.frames, self.workflow, self.as_of

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Hypothesis asks here, and would otherwise print the frames."""
        printer.text(repr(self))

    def __repr__(self) -> str:
        """The case as it would be told, for the report of a failing example."""
        told = pl.concat([self.workflow.earlier_statuses, self.workflow.statuses], how="diagonal")
        model = [" ".join(f"{r[n]}" for n in _SHOWN if r[n] is not None) for r in told.to_dicts()]
        lines = [f"as of {self.as_of:%d %H:%M:%S.%f}; {self.workflow.streams[0]}", "statuses: " + "; ".join(model)]
        for version in [] if self.versions is None else self.versions.to_dicts():
            lines.append(f"  version {version['version_id']} on {version['release_date']}, {version['is_released']}")
        for grave in [] if self.tombstones is None else self.tombstones.to_dicts():
            lines.append(_line(grave["gone_at"], f"issue {grave['issue_id']} is gone"))
        for issue in self.frames.issues.to_dicts():
            lines.append(_line(issue["created_at"], f"{issue['issue_key']} created; now {_now(issue)}"))
            own = self.frames.changes.filter(issue_id=issue["issue_id"]).sort("changed_at", maintain_order=True)
            lines += [_line(c["changed_at"], _told(c)) for c in own.to_dicts()]
        return "\n".join(["", *lines, ""])


def _line(at: datetime, text: str) -> str:
    return f"  {at:%m-%d %H:%M:%S.%f} {text}"


def _now(issue: dict[str, object]) -> str:
    shown = ("status_id", "assignee", "is_flagged", "resolution_id", "blocked_by_keys", "parent_key", "fix_version_ids")
    return ", ".join(f"{name} {issue[name]}" for name in shown)


def _told(change: dict[str, object]) -> str:
    values = (change["from_id"], change["to_id"], change["from_key"], change["to_key"])
    return f"{change['field']} {values} (history {change['history_id']})"


@st.composite
def calendars(draw: st.DrawFn) -> WorkingCalendar:
    """Office hours, split days, nights in which the clock changes, round the clock; with and without holidays."""
    days = draw(st.sampled_from([(0, 1, 2, 3, 4), (0, 2, 6), tuple(range(7))]))
    hours = draw(
        st.sampled_from(
            [
                ((time(9), time(17)),),
                ((time(8, 30), time(12)), (time(13), time(17, 15))),
                ((time(1, 30), time(3, 30)), (time(22), time(0))),
                ((time(0), time(0)),),
                ((time(2, 7), time(2, 53)),),
            ]
        )
    )
    free = draw(st.frozensets(st.sampled_from(FREE_DAYS), max_size=2))
    openings = tuple((day, start, end) for day in days for start, end in hours)
    return WorkingCalendar(draw(st.sampled_from(ZONES)), openings, free)


@st.composite
def boards(draw: st.DrawFn) -> Board:
    """Three to seven statuses of the walk, two terminal ones, and perhaps one on hold and one no rule covers."""
    kinds = draw(st.lists(st.sampled_from(["queue", "active"]), min_size=3, max_size=7))
    stages = draw(st.integers(1, 3))
    walk = {f"S{n}": Status(100 + n, f"Stage {n // stages}", kind, n) for n, kind in enumerate(kinds)}
    outside = {"Hold": Status(50, "Stage 0", "blocked", None), "Odd": Status(51, "Unmapped", "queue", None, "unmapped")}
    ends = {
        "Done": Status(90, "End", "done", 20), "Closed": Status(91, "End", "done", 21),
        "Dropped": Status(92, "End", "discarded", 99),
    }  # fmt: skip
    kept = draw(st.sets(st.sampled_from(sorted(outside | ends))))
    return Board(walk | {name: s for name, s in (outside | ends).items() if name in kept | {"Done"}})


@st.composite
def workflows(draw: st.DrawFn, board: Board) -> Workflow:
    """A workflow over a board: any commitment point, calendar, overlay and horizon."""
    walk = [name for name, s in board.statuses.items() if s.kind in ("queue", "active") and s.order is not None]
    return board.workflow(
        calendar=draw(calendars()),
        commitment=draw(st.sampled_from(walk)),
        is_assignment_used=draw(st.booleans()),
        reopen_horizon=draw(st.sampled_from(HORIZONS)),
    )


MOVES = ("to", "to", "to", "to", "to", "again", "break")
STEPS = (*MOVES, "flag", "assign", "assign", "resolve", "link", "unlink", "edit")

FAMILY_STEPS = ("to", "to", "to", "to", "again", "flag", "assign")


@st.composite
def stories(
    draw: st.DrawFn, key: str, board: Board, start: datetime, others: tuple[str, ...], steps: tuple[str, ...] = STEPS
) -> History:
    """One issue's life. ``others`` are the keys it may be linked to.

    A change that breaks the chain has its instant to itself: the order among its like would be anybody's guess.
    """
    at = start + timedelta(minutes=draw(st.integers(0, 600)))
    names = sorted(board.statuses)
    persons = [None, *sorted(PERSONS)[:3]]
    told = history(key, board).created(
        at, status=draw(st.sampled_from(names)), assignee=draw(st.sampled_from(persons)), flagged=draw(st.booleans())
    )
    linked = set(draw(st.sets(st.sampled_from(others), max_size=1))) if others and "link" in steps else set()
    for other in sorted(linked):
        told.linked_before(other)
    before = ""
    for number, step in enumerate(draw(st.lists(st.sampled_from(steps), max_size=9)), start=1):
        pause = timedelta(minutes=draw(st.sampled_from(PAUSES_MINUTES)), milliseconds=draw(st.sampled_from(ODD_MS)))
        is_alone = "break" in (step, before)
        at += max(pause, timedelta(minutes=1)) if is_alone else pause
        before, how = step, {"history_id": 1000 + 10 * number}
        match step:
            case "to":
                told.to(draw(st.sampled_from(names)), at, **how)
            case "again":
                told.to(_name_of(board, told), at, **how)
            case "break":
                told.to(draw(st.sampled_from(names)), at, claims=draw(st.sampled_from(names)), **how)
            case "flag":
                (told.unflag if told.issue["is_flagged"] else told.flag)(at, **how)
            case "assign":
                told.assign(draw(st.sampled_from(persons)), at, **how)
            case "resolve":
                told.resolve(draw(st.sampled_from([None, *RESOLUTIONS])), at, **how)
            case "link" if free := sorted(set(others) - linked):
                linked.add(other := draw(st.sampled_from(free)))
                told.block_on(other, at, **how)
            case "unlink" if linked:
                other = draw(st.sampled_from(sorted(linked)))
                linked.discard(other)
                told.unblock_from(other, at, **how)
            case "edit":
                told.edit("summary", at, 10, 20, **how)
    return told


def _name_of(board: Board, told: History) -> str:
    return next(name for name, status in board.statuses.items() if status.status_id == told.issue["status_id"])


@st.composite
def cases(draw: st.DrawFn, steps: tuple[str, ...] = STEPS, max_issues: int = 6, *, is_past: bool = False) -> Case:
    """A small site. ``is_past``: read as of a moment before its last change; else after it."""
    board = draw(boards())
    workflow = draw(workflows(board))
    start = draw(st.sampled_from(STARTS))
    keys = [f"G-{n}" for n in range(1, draw(st.integers(1, max_issues)) + 1)]
    told = [draw(stories(key, board, start, (*(k for k in keys if k != key), "X-404"), steps)) for key in keys]
    if draw(st.booleans()):
        told = [_reordered(history_) for history_ in told]
    made = frames(*told)
    last = max([*made.issues["created_at"], *made.changes["changed_at"]])
    born = max(made.issues["created_at"])
    as_of = draw(st.datetimes(born.replace(tzinfo=None), last.replace(tzinfo=None))) if is_past else last
    pause = timedelta(0) if is_past else timedelta(minutes=draw(st.sampled_from(PAUSES_MINUTES)))
    return Case(made, workflow, _whole_ms(as_of.replace(tzinfo=UTC) + pause))


@st.composite
def families(draw: st.DrawFn) -> Case:
    """An epic and one to four children, some of which may be sub-tasks, read after their last change."""
    board = draw(boards())
    workflow = draw(workflows(board))
    start = draw(st.sampled_from(STARTS))
    keys = [f"G-{n}" for n in range(1, draw(st.integers(1, 4)) + 1)]
    children = [draw(stories(key, board, start, (), FAMILY_STEPS)) for key in keys]
    for told in children:
        told.issue |= {"parent_key": "G-99", "parent_id": draw(st.sampled_from([None, issue_id_of("G-99")]))}
        told.issue["hierarchy_level"] = draw(st.sampled_from([0, -1]))
    epic = history("G-99", board).created(
        start, issue_type="Epic", status=draw(st.sampled_from(sorted(board.statuses)))
    )
    made = frames(epic, *children)
    last = max([*made.issues["created_at"], *made.changes["changed_at"]])
    return Case(made, workflow, _whole_ms(last + timedelta(minutes=draw(st.sampled_from(PAUSES_MINUTES)))))


@st.composite
def dated_cases(draw: st.DrawFn, **how: Any) -> Case:
    """A small site whose stream had one or two other definitions before, on days around its first.

    Before, every status may have been of another kind, ending work or not, in another stage, at another place; and work
    may have been committed elsewhere. ``how`` is that of ``cases``.
    """
    case = draw(cases(**how))
    first = min(case.frames.issues["created_at"]).date()
    offsets = draw(st.lists(st.integers(-1, 4), min_size=1, max_size=2, unique=True))
    [stream] = case.workflow.streams
    earlier, models = [], []
    for until in (first + timedelta(days=offset) for offset in sorted(offsets)):
        model = draw(_other_model(case.workflow.statuses))
        models.append(model.select(pl.lit(until).alias("until"), pl.all()))
        walked = model["status_order"].drop_nulls().sort()
        earlier.append((until, draw(st.sampled_from(walked.to_list()))))
    workflow = replace(
        case.workflow, streams=(replace(stream, earlier=tuple(earlier)),), earlier_statuses=pl.concat(models)
    )
    return replace(case, workflow=workflow)


@st.composite
def released_cases(draw: st.DrawFn, **how: Any) -> Case:
    """A small site whose stream delivers by release, dated or not: released, planned and undated versions.

    Every issue is in none, one or two of them; one that is not known is among them. ``how`` is that of ``cases``.
    """
    case = draw(st.one_of(cases(**how), dated_cases(**how)))
    first = min(case.frames.issues["created_at"]).date() - timedelta(days=2)
    days = st.one_of(st.none(), *[st.integers(1, 7)] * 3)
    rows = [
        (number, builders.PROJECT_ID, f"v{number}", day and first + timedelta(days=day), draw(st.booleans()))
        for number, day in enumerate(draw(st.lists(days, max_size=3)), start=1)
    ]
    numbers = st.lists(st.integers(1, len(rows) + 1), max_size=2, unique=True)
    named = pl.Series([draw(numbers) for _ in case.frames.issues["issue_id"]], dtype=pl.List(pl.Int64))
    [stream] = case.workflow.streams
    return replace(
        case,
        frames=Frames(case.frames.issues.with_columns(fix_version_ids=named), case.frames.changes),
        workflow=replace(case.workflow, streams=(replace(stream, delivery="release"),)),
        versions=pl.DataFrame(rows, schema=RawVersions.polars_schema(), orient="row"),
    )


@st.composite
def _other_model(draw: st.DrawFn, statuses: pl.DataFrame) -> pl.DataFrame:
    """The same statuses of any kind, stage and order; those that lie outside the walk do not end work."""
    rows = statuses.to_dicts()
    walked = [row for row in rows if row["status_order"] is not None]
    stages = sorted({(row["stage_name"], row["stage_order"]) for row in rows})
    shuffled = draw(st.permutations([row["status_order"] for row in walked]))
    for row, order in zip(walked, shuffled, strict=True):
        row["status_order"] = order
    for row in rows:
        ends = TERMINAL_KINDS if row in walked else ()
        row["work_kind"] = draw(st.sampled_from([row["work_kind"], "queue", "active", "blocked", *ends]))
        row["stage_name"], row["stage_order"] = draw(
            st.sampled_from([(row["stage_name"], row["stage_order"]), *stages])
        )
    return pl.DataFrame(rows, schema=statuses.schema, orient="row")


def _reordered(told: History) -> History:
    """The same life, with the ids of status changes of one instant running backwards, as imports have them."""
    moves = [c for c in told.changes if c["field"] == "status"]
    instants = {c["changed_at"] for c in moves}
    ids = {
        c["history_id"]: new
        for at in instants
        for same in [[c for c in moves if c["changed_at"] == at]]
        for c, new in zip(same, sorted((m["history_id"] for m in same), reverse=True), strict=True)
    }
    changes = [c | {"history_id": ids[c["history_id"]]} if c["field"] == "status" else c for c in told.changes]
    return replace(told, changes=changes)


def _whole_ms(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@st.composite
def instants(draw: st.DrawFn, days: int = 9) -> tuple[datetime, datetime]:
    """A stretch of up to ``days`` days, to the millisecond, near a clock change."""
    start = draw(st.sampled_from(STARTS)) + timedelta(milliseconds=draw(st.integers(0, 3 * 86_400_000)))
    return start, start + timedelta(milliseconds=draw(st.integers(0, days * 86_400_000)))


@st.composite
def gone_cases(draw: st.DrawFn, **how: Any) -> Case:
    """A small site some of whose issues were missed by a run, before, at or after the moment of reading."""
    case = draw(st.one_of(cases(**how), dated_cases(**how), released_cases(**how)))
    rows = []
    for issue_id, created in case.frames.issues.select("issue_id", "created_at").rows():
        if draw(st.booleans()):
            first, last = (at.replace(tzinfo=None) for at in (created, case.as_of + timedelta(days=1)))
            at = draw(st.datetimes(first, last)).replace(tzinfo=UTC)
            missed = _whole_ms(max(created, draw(st.sampled_from([at, case.as_of]))))
            rows.append((issue_id, draw(st.sampled_from(GONE_REASONS)), None, missed))
    return replace(case, tombstones=pl.DataFrame(rows, schema=RawTombstones.polars_schema(), orient="row"))
