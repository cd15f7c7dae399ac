"""Looking statuses, streams and calendars up by position."""

from datetime import UTC, datetime, time

import numpy as np
import polars as pl
import pytest

from tests.builders import BOARD, OFFICE_HOURS, frames, history
from tests.transforms.told import with_issue
from transforms.calendar import WorkingCalendar
from transforms.workflow import STATUS_MODEL_SCHEMA, ValueStream, Workflow
from transforms.workflow_index import NO_ORDER, WorkflowIndex, assign_streams, covered_stretch

MARCH, APRIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)

INDIA = WorkingCalendar.weekdays("Asia/Kolkata", time(9), time(17))

MODEL = [
    ("Web", 3, "Doing", 1, 1, "active", "config_id"),
    ("Web", 1, "Ideas", 0, 0, "queue", "config_id"),
    ("Web", 9, "Done", 2, 2, "done", "config_id"),
    ("App", 3, "Waiting", 0, 0, "queue", "config_id"),
    ("App", 4, "Held", 0, None, "blocked", "config_id"),
    ("App", 8, "Dropped", 1, 1, "discarded", "config_id"),
    ("App", 12, "Done", 1, 2, "done", "config_id"),
]


def two_streams(**scopes: object) -> Workflow:
    streams = (ValueStream("Web", OFFICE_HOURS, 1), ValueStream("App", INDIA, 0), ValueStream("Ops", OFFICE_HOURS, 0))
    places = {"project_id": [100, 100], "issue_type_id": [10, 12], "value_stream": ["App", "Web"]} | scopes
    return Workflow(streams, pl.DataFrame(MODEL, schema=STATUS_MODEL_SCHEMA, orient="row"), pl.DataFrame(places))


INDEX = WorkflowIndex(two_streams(), MARCH, APRIL)


def located(*pairs: tuple[int, int]) -> list[tuple[str, int, str]]:
    streams, statuses = (np.array(part, dtype=np.int64) for part in zip(*pairs, strict=True))
    rows = INDEX.statuses[INDEX.locate(streams, statuses)]
    return rows.select("value_stream", "status_id", "stage_name").rows()


def test_the_same_status_means_different_things_in_different_streams():
    assert located((0, 3), (1, 3), (0, 3)) == [("Web", 3, "Doing"), ("App", 3, "Waiting"), ("Web", 3, "Doing")]


@pytest.mark.parametrize("pair", [(0, 4), (1, 1), (0, 2), (2, 3), (1, 13), (1, 99_999), (0, 16), (0, 17), (0, 25)])
def test_a_status_the_stream_does_not_know_is_an_error_that_names_both(pair):
    name = INDEX.workflow.streams[pair[0]].name
    with pytest.raises(ValueError, match=rf"status {pair[1]} of value stream '{name}'"):
        located((0, 3), pair)


def test_streams_with_the_same_hours_share_a_calendar():
    assert INDEX.calendar.tolist() == [0, 1, 0]


def test_work_is_committed_from_the_commitment_point_on_and_when_it_has_ended():
    flags = INDEX.statuses.select("value_stream", "status_id", "is_committed", "is_terminal").rows()
    assert flags == [
        ("Web", 1, False, False), ("Web", 3, True, False), ("Web", 9, True, True),
        ("App", 3, True, False), ("App", 4, False, False), ("App", 8, True, True), ("App", 12, True, True),
    ]  # fmt: skip


def test_a_status_outside_the_walk_commits_nothing():
    held = INDEX.statuses.row(by_predicate=pl.col.status_id == 4, named=True)
    assert (held["status_order"], held["is_committed"]) == (NO_ORDER, False)


def test_issues_are_placed_by_project_and_type_in_order_of_id():
    told = [history(f"G-{n}").created("2026-03-02 08:00", issue_type=t) for n, t in [(1, "Story"), (2, "Sub-task")]]
    placed = assign_streams(frames(*told).issues, two_streams())
    assert placed["issue_id"].is_sorted()
    found = {key: (name, code) for key, name, code in placed.select("issue_key", "value_stream", "stream").iter_rows()}
    assert found == {"G-1": ("App", 1), "G-2": ("Web", 0)}


def test_an_issue_nobody_takes_is_an_error_that_names_it():
    raw = with_issue(frames(history("G-7").created("2026-03-02 08:00")), "G-7", project_id=999)
    with pytest.raises(ValueError, match="no value stream takes issue G-7"):
        assign_streams(raw.issues, BOARD.workflow())


def test_the_covered_stretch_reaches_from_the_first_to_the_last_instant():
    early, late = pl.Series([MARCH]), pl.Series([None, APRIL], dtype=pl.Datetime("us", "UTC"))
    assert covered_stretch([early, late], datetime(2026, 3, 9, tzinfo=UTC)) == (MARCH, APRIL)
    assert covered_stretch([early], APRIL) == (MARCH, APRIL)
    assert covered_stretch([pl.Series([], dtype=pl.Datetime("us", "UTC"))], MARCH) == (MARCH, MARCH)
