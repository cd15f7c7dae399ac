"""Shared and logged touch of one issue, as explained, are what the metrics make of the same intervals."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from pipelines.life.record import Record
from pipelines.life.touch import known_touch
from pipelines.settings import keep_quiet
from pipelines.store import TableStore
from tests.golden.adapter import CASES, golden_workflow
from transforms.core.work_intervals import PersonIntervals
from transforms.metrics.touch_estimates import logged_touch, shared_touch
from transforms.raw import RawWorklogs
from transforms.states import NOBODY
from transforms.workflow_index import WorkflowIndex

WORKFLOW = golden_workflow(CASES[0])
[STREAM] = WORKFLOW.streams
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
AS_OF = MONDAY + timedelta(days=30)


def intervals(draw: np.random.Generator) -> pl.DataFrame:
    """Six issues with three stretches of touch each, in the hands of two people or nobody; some last."""
    rows = []
    for issue in range(1, 7):
        at = MONDAY + timedelta(minutes=int(draw.integers(0, 6_000)))
        for number in range(1, 4):
            end = at + timedelta(minutes=int(draw.integers(30, 6_000)))
            lasts = number == 3 and draw.random() < 0.3
            rows.append(
                {
                    "issue_id": issue, "interval_number": number, "issue_key": f"A-{issue}",
                    "value_stream": STREAM.name, "pass_number": 1, "stage_name": "Development",
                    "kind": "touch", "kind_alternative": None,
                    "is_rework": number > 1, "entered_at": at, "left_at": None if lasts else end,
                    "elapsed_ms": ((AS_OF if lasts else end) - at) // timedelta(milliseconds=1), "working_ms": 0,
                    "assignee": int(draw.choice([NOBODY, 7, 8])),
                }
            )  # fmt: skip
            at = end + timedelta(minutes=int(draw.integers(0, 900)))
    return _worked(pl.DataFrame(rows, schema=PersonIntervals.polars_schema()))


def _worked(frame: pl.DataFrame) -> pl.DataFrame:
    index = WorkflowIndex(WORKFLOW, MONDAY - timedelta(days=1), AS_OF)
    calendar = np.zeros(len(frame), dtype=np.int64)
    ends = (frame["entered_at"], frame["left_at"].fill_null(AS_OF))
    begin, end = (index.clock.readings(at.to_physical().to_numpy(), calendar) for at in ends)
    return frame.with_columns(working_ms=pl.Series(end - begin, dtype=pl.Int64))


def logs(draw: np.random.Generator) -> pl.DataFrame:
    rows = [
        (int(draw.integers(1, 7)), number, MONDAY + timedelta(minutes=int(draw.integers(0, 12_000))),
         int(draw.integers(60, 40_000)), 7)
        for number in range(20)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=RawWorklogs.polars_schema(), orient="row")


def stored(work, persons, logged):
    TableStore(work, (PersonIntervals,), keep_quiet).write(PersonIntervals, persons, "run")
    (work / "parsed" / "raw_worklogs").mkdir(parents=True)
    logged.write_parquet(work / "parsed" / "raw_worklogs" / "part-00000.parquet")


def record(issue, touch_working_ms):
    journey = {"touch_working_ms": touch_working_ms}
    return Record({"issue_id": issue}, journey, [], [], [], [], {}, {}, [], [], [], AS_OF)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_explained_is_what_the_metrics_add_up(seed, tmp_path):
    draw = np.random.default_rng(seed)
    persons, logged = intervals(draw), logs(draw)
    stored(tmp_path, persons, logged)
    shared = dict(shared_touch(persons, WORKFLOW, AS_OF).group_by("issue_id").agg(pl.last().sum()).iter_rows())
    covered = dict(logged_touch(persons, logged, WORKFLOW, AS_OF).iter_rows())
    parallel: set[int] = set()
    for issue, touch in persons.group_by("issue_id").agg(pl.col.working_ms.sum()).iter_rows():
        known = known_touch(tmp_path, record(issue, touch), STREAM.calendar)
        assert known.shared_ms == pytest.approx(shared.get(issue, 0), abs=1)
        assert sum(part.working_ms for part in known.parts) == touch, "no hour is lost or counted twice"
        assert sum(known.logged_ms) == covered.get(issue, 0)
        parallel |= {part.issue_count for part in known.parts}
    assert max(parallel) > 1, "people hold several issues at once in this history"


def test_a_store_that_holds_another_life_is_not_believed(tmp_path):
    persons = intervals(np.random.default_rng(1))
    stored(tmp_path, persons, logs(np.random.default_rng(1)))
    assert known_touch(tmp_path, record(1, 1), STREAM.calendar) is None


def test_without_a_store_nothing_is_known(tmp_path):
    assert known_touch(tmp_path, record(1, 0), STREAM.calendar) is None
