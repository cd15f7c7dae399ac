"""Ask what the calculations make of a few told histories: one issue's rows, in order, as plain values.

Every table is checked against its declaration on the way. Times are text in the story's zone, so that a test reads as
it was told. What the rows should be is said in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from tests.builders import BOARD, UTC, Board, Frames, History, frames, issue_id_of
from tests.chain import compute
from transforms.raw import RawTombstones
from transforms.schema import Table, check_schema, check_values
from transforms.workflow import Workflow

ZONE = ZoneInfo("Europe/Berlin")

HOUR, DAY = 3_600_000, 86_400_000
"""Milliseconds."""

FRIDAY_EVENING = "2026-03-06 17:00"
"""The moment the stories are read at: the end of the week that begins on Monday, 2 March 2026."""


@dataclass(frozen=True)
class Told:
    """Raw frames, the workflow they were read with, and the tables made of them."""

    raw: Frames
    workflow: Workflow
    as_of: datetime
    tables: dict[str, pl.DataFrame]

    def visits(self, key: str) -> list[tuple[int, str]]:
        """Status and entry of every visit of an issue."""
        return [(row["status_id"], clock(row["entered_at"])) for row in self.rows("status_visits", key)]

    def kinds(self, key: str) -> list[tuple[str, str]]:
        """Kind and beginning of every interval of an issue."""
        return [(row["kind"], clock(row["entered_at"])) for row in self.rows("work_intervals", key)]

    def journey(self, key: str) -> dict[str, Any]:
        """The one journey of an issue; its instants as text."""
        (row,) = self.rows("issue_journeys", key)
        return {name: clock(value) if isinstance(value, datetime) else value for name, value in row.items()}

    def rows(self, table: str, key: str) -> list[dict[str, Any]]:
        """Rows of one issue in a table."""
        return self.tables[table].filter(pl.col.issue_key == key).to_dicts()


def tell(
    *histories: History, as_of: str = FRIDAY_EVENING, versions: pl.DataFrame | None = None,
    board: Board = BOARD, gone: tuple[tuple[str, str], ...] = (), **workflow: Any,
) -> Told:  # fmt: skip
    """Calculate the core tables of some histories, read at ``as_of`` with a workflow over ``board``.

    ``gone`` are keys of issues that no search finds any more, and since when.
    """
    return calculate(frames(*histories), as_of, versions, board.workflow(**workflow), gone)


def calculate(
    raw: Frames, as_of: str = FRIDAY_EVENING, versions: pl.DataFrame | None = None, workflow: Workflow | None = None,
    gone: tuple[tuple[str, str], ...] = (),
) -> Told:  # fmt: skip
    """The same from raw frames, for what the builder refuses to tell."""
    model, moment = workflow or BOARD.workflow(), instant(as_of)
    return Told(raw, model, moment, compute(raw, model, moment, versions, tombstones(*gone)))


def tombstones(*gone: tuple[str, str]) -> pl.DataFrame:
    """RawTombstones of issues that were found deleted."""
    rows = [(issue_id_of(key), "deleted_or_no_access", None, instant(at)) for key, at in gone]
    return pl.DataFrame(rows, schema=RawTombstones.polars_schema(), orient="row")


def instant(at: str) -> datetime:
    """A time of the story as UTC."""
    return datetime.fromisoformat(at).replace(tzinfo=ZONE).astimezone(UTC)


def clock(at: datetime) -> str:
    """An instant as the story tells it, to the minute."""
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"


def checked(table: type[Table], frame: pl.LazyFrame) -> pl.DataFrame:
    """Collect a table and hold it to its declaration."""
    made = frame.collect()
    check_schema(table, made)
    check_values(table, made)
    return made


def with_issue(raw: Frames, key: str, **values: Any) -> Frames:
    """The frames with other values in the raw row of one issue."""
    here = pl.col.issue_key == key
    lits = {name: pl.lit(value, raw.issues.schema[name]) for name, value in values.items()}
    changed = [pl.when(here).then(value).otherwise(name).alias(name) for name, value in lits.items()]
    return Frames(raw.issues.with_columns(changed), raw.changes)
