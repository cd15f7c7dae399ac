"""A seeded history in the product's raw tables: 12 statuses, log-normal stays, rework, flags, assignees, resolutions.

Only data and the workflow they follow. What is done with them, and how fast, does not belong here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from transforms.calendar import WorkingCalendar
from transforms.raw import CHANGE_FIELD, RawChanges, RawIssues
from transforms.schema import TIMESTAMP
from transforms.workflow import STATUS_MODEL_SCHEMA, ValueStream, Workflow

SEED = 20_260_105

WALK = (
    ("Backlog", "queue"), ("Analysis", "active"), ("Ready", "queue"), ("Development", "active"),
    ("Review queue", "queue"), ("Review", "active"), ("Test queue", "queue"), ("Test", "active"),
    ("Approval queue", "queue"), ("Approval", "active"), ("Release queue", "queue"), ("Done", "done"),
)  # fmt: skip
"""Stages in order, one status each, and their work kinds: 5 touch, 6 wait, 1 terminal."""

FIRST_STATUS_ID = 10_000
DONE = len(WALK) - 1
COMMITMENT = 2
"""Place in the walk from which on work counts as started."""

YEARS = 5
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
BEGIN = AS_OF - timedelta(days=365 * YEARS)
HOUR_MS = 3_600_000

MOVES_PER_ISSUE = 11.18
"""Status changes of an average issue, as the walk below yields them."""

MOST_MOVES = 40
REWORK_SHARE = 0.012
"""Chance of a step back, per step: about one issue in eight takes one."""

FLAGGED_SHARE, ASSIGNED_SHARE, SAME_INSTANT_SHARE = 0.10, 0.7, 0.002

HOLIDAYS = frozenset(
    date(BEGIN.year + year, month, day)
    for year in range(YEARS + 2)
    for month, day in ((1, 1), (5, 1), (10, 3), (12, 25))
)


class History(NamedTuple):
    """RawIssues and RawChanges in order: issues ascend, an issue's changes from its oldest to its newest."""

    issues: pl.DataFrame
    changes: pl.DataFrame

    @property
    def moves(self) -> pl.DataFrame:
        """Only the status changes."""
        return self.changes.filter(pl.col.field == "status")


class _Walks(NamedTuple):
    """Status changes, issue by issue: position of the issue, instant in ms, places in the walk."""

    issue: np.ndarray
    at: np.ndarray
    left: np.ndarray
    entered: np.ndarray


def make_history(status_change_count: int, seed: int = SEED, begin: datetime = BEGIN) -> History:
    """About ``status_change_count`` status changes from ``begin`` on, plus flags, assignees and resolutions."""
    rng = np.random.default_rng([seed, status_change_count])
    count = max(int(status_change_count / MOVES_PER_ISSUE), 1)
    ids = 10_000 + np.cumsum(rng.integers(1, 4, count))
    created = _ms(begin) + rng.integers(0, _ms(AS_OF) - _ms(begin), count)
    walks = _walk(rng, created)
    issues = _issues(ids, created, walks)
    parts = [_moves(walks), _resolutions(walks), _assignments(rng, walks), _flags(rng, walks, count)]
    changes = pl.concat(parts).sort("issue", "at", maintain_order=True)
    return History(issues, _raw_changes(changes, ids, rng))


def shuffled(history: History, seed: int = SEED) -> History:
    """The same rows as Jira gives them: issues in no order, an issue's changes from its newest to its oldest."""
    order = np.random.default_rng(seed).permutation(len(history.issues))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    row = np.searchsorted(history.issues["issue_id"].to_numpy(), history.changes["issue_id"].to_numpy())
    newest_first = np.argsort(place[row][::-1], kind="stable")
    return History(history.issues[order], history.changes[len(row) - 1 - newest_first])


def workflow() -> Workflow:
    """The workflow the histories follow: one stream, the hours of an office in Berlin."""
    calendar = WorkingCalendar.weekdays("Europe/Berlin", holidays=HOLIDAYS)
    stream = ValueStream("Bench", calendar, COMMITMENT)
    rows = [
        ("Bench", FIRST_STATUS_ID + place, name, place, place, kind, "config_id")
        for place, (name, kind) in enumerate(WALK)
    ]
    statuses = pl.DataFrame(rows, schema=STATUS_MODEL_SCHEMA, orient="row")
    scopes = pl.DataFrame({"project_id": [1], "issue_type_id": [1], "value_stream": ["Bench"]})
    return Workflow((stream,), statuses, scopes)


def _walk(rng: np.random.Generator, created: np.ndarray) -> _Walks:
    """All issues walk one step at a time; those that are done or would step past as_of stop."""
    places, at = np.zeros(len(created), np.int64), created.copy()
    walking, steps = np.arange(len(created)), []
    medians = rng.uniform(4, 40, len(WALK)) * HOUR_MS
    for number in range(MOST_MOVES):
        here = places[walking]
        stay = medians[here] * rng.lognormal(0, 1.2, len(walking))
        stay[rng.random(len(walking)) < SAME_INSTANT_SHARE] = 0
        at[walking] += stay.astype(np.int64)
        back = (rng.random(len(walking)) < REWORK_SHARE) & (here > COMMITMENT)
        places[walking] = np.where(back, here - rng.integers(1, 3, len(walking)), here + 1)
        happened = at[walking] < _ms(AS_OF)
        walking, here = walking[happened], here[happened]
        steps.append((walking, np.full(len(walking), number), at[walking], here, places[walking]))
        walking = walking[places[walking] < DONE]
    issue, number, when, left, entered = (np.concatenate(column) for column in zip(*steps, strict=True))
    lengths = np.bincount(issue, minlength=len(created))
    target = (np.cumsum(lengths) - lengths)[issue] + number
    return _Walks(*(_placed(column, target) for column in (issue, when, left, entered)))


def _placed(values: np.ndarray, target: np.ndarray) -> np.ndarray:
    placed = np.empty_like(values)
    placed[target] = values
    return placed


def _issues(ids: np.ndarray, created: np.ndarray, walks: _Walks) -> pl.DataFrame:
    """RawIssues; the current status is where the walk ended."""
    ends = np.zeros(len(ids), np.int64)
    ends[walks.issue] = walks.entered
    frame = pl.DataFrame({"issue_id": ids, "created_at": _instants(created), "status_id": FIRST_STATUS_ID + ends})
    return RawIssues.select(
        frame.lazy().with_columns(
            issue_key=pl.concat_str(pl.lit("BENCH-"), pl.col.issue_id.cast(pl.String)),
            project_id=pl.lit(1, pl.Int64), project_key=pl.lit("BENCH"), issue_type_id=pl.lit(1, pl.Int64),
            issue_type=pl.lit("Story"), hierarchy_level=pl.lit(0, pl.Int8), parent_id=pl.lit(None, pl.Int64),
            parent_key=pl.lit(None, pl.String), updated_at=pl.lit(None, TIMESTAMP),
            resolution_id=pl.when(pl.col.status_id == FIRST_STATUS_ID + DONE).then(pl.lit(1, pl.Int64)),
            assignee=pl.lit(None, pl.Int64), is_flagged=pl.lit(False),
            fix_version_ids=pl.lit([], pl.List(pl.Int64)), blocked_by_keys=pl.lit([], pl.List(pl.String)),
            history_total=pl.lit(None, pl.Int32), history_count=pl.lit(1, pl.Int32),
            repair_route=pl.lit(None, pl.String),
        )
    ).collect()  # fmt: skip


def _moves(walks: _Walks) -> pl.DataFrame:
    return _change("status", walks.issue, walks.at, FIRST_STATUS_ID + walks.left, FIRST_STATUS_ID + walks.entered)


def _resolutions(walks: _Walks) -> pl.DataFrame:
    done = walks.entered == DONE
    return _change("resolution", walks.issue[done], walks.at[done], None, np.ones(int(done.sum()), np.int64))


def _assignments(rng: np.random.Generator, walks: _Walks) -> pl.DataFrame:
    """Somebody takes the work in two of the stages, most of the time."""
    taken = np.isin(walks.entered, [1, 3]) & (rng.random(len(walks.issue)) < ASSIGNED_SHARE)
    issue, at = walks.issue[taken], walks.at[taken]
    person = rng.integers(1, 500, len(issue))
    before = np.concatenate([[0], person[:-1]])
    before[np.concatenate([[True], issue[1:] != issue[:-1]])] = 0
    return _change("assignee", issue, at, before, person).with_columns(pl.col.from_id.replace({0: None}))


def _flags(rng: np.random.Generator, walks: _Walks, count: int) -> pl.DataFrame:
    """One issue in ten is flagged during its third change, for a while."""
    third = np.flatnonzero((walks.left == COMMITMENT) & (rng.random(count)[walks.issue] < FLAGGED_SHARE))
    issue, at = walks.issue[third], walks.at[third]
    until = np.minimum(at + rng.integers(HOUR_MS, 72 * HOUR_MS, len(at)), _ms(AS_OF) - 1)
    zero, one = np.zeros(len(at), np.int64), np.ones(len(at), np.int64)
    return pl.concat([_change("flagged", issue, at, zero, one), _change("flagged", issue, until, one, zero)])


def _change(field: str, issue: np.ndarray, at: np.ndarray, old: np.ndarray | None, new: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"issue": issue, "at": at, "to_id": new}).select(
        "issue",
        "at",
        field=pl.lit(field, CHANGE_FIELD),
        from_id=pl.lit(None, pl.Int64) if old is None else pl.lit(pl.Series(old, dtype=pl.Int64)),
        to_id="to_id",
    )


def _raw_changes(changes: pl.DataFrame, ids: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    return RawChanges.select(
        changes.lazy().select(
            issue_id=pl.lit(pl.Series(ids[changes["issue"].to_numpy()])),
            changed_at=_instants(changes["at"].to_numpy()),
            history_id=pl.int_range(pl.len()) + 1, item_index=pl.lit(0, pl.Int32), field="field",
            from_id="from_id", to_id="to_id", from_key=pl.lit(None, pl.String), to_key=pl.lit(None, pl.String),
            link_kind=pl.lit(None, RawChanges.columns["link_kind"].dtype),
            author=pl.lit(pl.Series(rng.integers(1, 500, len(changes)))), is_automation=pl.lit(False),
        )
    ).collect()  # fmt: skip


def _instants(at_ms: np.ndarray) -> pl.Series:
    return pl.Series(at_ms * 1000).cast(TIMESTAMP)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
