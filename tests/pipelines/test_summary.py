"""What a manager reads at the end of a run."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines import ddl
from pipelines.summary import SHOWN_VERDICTS, summarise
from transforms.catalog import TABLES

DAY = 86_400_000


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A database with all published tables, empty and without constraints."""
    path = tmp_path_factory.mktemp("empty") / "flow.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.begin()
        for table in TABLES:
            lines = [f"{ddl.quoted(n)} {ddl.duckdb_type(c.dtype)}" for n, c in ddl.published_columns(table).items()]
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
            connection.execute(f"CREATE TABLE {ddl.qualified(table)} ({', '.join(lines)})")
        connection.commit()
    return path


@pytest.fixture
def tables(empty, tmp_path):
    """A data folder with empty tables, to be filled by insert()."""
    shutil.copy(empty, tmp_path / "flow.duckdb")
    return tmp_path


def insert(data: Path, name: str, *rows: dict) -> None:
    with duckdb.connect(str(data / "flow.duckdb")) as connection:
        connection.begin()
        for row in rows:
            values = {"site_name": "acme", **row}
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO {name} ({', '.join(values)}) VALUES ({marks})", list(values.values()))
        connection.commit()


def delivered(issue_id, wait_days, touch_days, **more):
    """A delivered issue: its journey and one wait of that length in Review."""
    return {
        "issue_id": issue_id,
        "value_stream": "Shop",
        "outcome": "delivered",
        "is_counted": True,
        "wait_ms": wait_days * DAY,
        "touch_ms": touch_days * DAY,
        "cycle_ms": (wait_days + touch_days) * DAY,
    } | more


def waited(issue_id, stage, days):
    return {
        "issue_id": issue_id,
        "value_stream": "Shop",
        "stage_name": stage,
        "kind": "wait",
        "pass_number": 1,
        "elapsed_ms": days * DAY,
    }


def stage(name, *, has_active):
    return {"value_stream": "Shop", "stage_name": name, "has_active": has_active}


@pytest.fixture
def shop(tables):
    """Six delivered issues that waited 0, 1, 2, 3, 6 and 6 days, mostly for review."""
    insert(tables, "core.issues", *({"issue_id": n} for n in range(1, 4241)))
    insert(tables, "core.stages", stage("Review", has_active=True), stage("Approval", has_active=False))
    spent = [(1, 1), (2, 0), (6, 2), (0, 1), (3, 0), (6, 2)]
    insert(tables, "core.issue_journeys", *(delivered(n, *days) for n, days in enumerate(spent, 1)))
    insert(tables, "core.work_intervals", waited(1, "Approval", 1), waited(2, "Review", 2), waited(3, "Review", 6))
    return tables


def test_waiting_is_told_in_one_sentence(shop):
    assert summarise(shop)[0] == (
        "4,240 issues, 6 of them delivered. Delivered work spent a median of 2.0 days waiting between steps; 75% of its"
        " cycle time was waiting, 25% touch; most of the waiting was before Review."
    )


def test_fewer_than_six_deliveries_have_no_median(tables):
    insert(tables, "core.stages", stage("Review", has_active=True))
    insert(tables, "core.issue_journeys", *(delivered(n, 3, 1) for n in range(5)))
    insert(tables, "core.work_intervals", waited(1, "Review", 3))
    assert summarise(tables)[0].endswith(
        "5 of them delivered. Delivered work spent 75% of its cycle time waiting, 25% in touch; most of the waiting was"
        " before Review."
    )


def test_what_waits_after_a_stage_was_begun_waits_in_it(shop):
    begun = waited(3, "Review", 0) | {"kind": "touch", "entered_at": datetime(2026, 6, 1, tzinfo=UTC)}
    later = waited(3, "Review", 30) | {"entered_at": datetime(2026, 6, 2, tzinfo=UTC)}
    insert(shop, "core.work_intervals", begun, later)
    assert summarise(shop)[0].endswith("most of the waiting was in Review.")


def test_a_stage_that_is_only_a_queue_is_waited_in(shop):
    insert(shop, "core.work_intervals", waited(3, "Approval", 99))
    assert summarise(shop)[0].endswith("most of the waiting was in Approval.")


def test_epics_and_sub_tasks_are_not_counted_beside_the_issues(shop):
    insert(shop, "core.issue_journeys", delivered(9, 50, 50, is_counted=False))
    insert(shop, "core.work_intervals", waited(9, "Approval", 50))
    assert summarise(shop)[0].endswith("before Review.")
    assert "6 of them delivered" in summarise(shop)[0]
    assert "median of 2.0 days" in summarise(shop)[0]


def test_work_that_was_never_really_started_has_no_cycle_time_to_split(shop):
    insert(shop, "core.issue_journeys", delivered(9, 50, 50, cycle_ms=None))
    assert "6 of them delivered" in summarise(shop)[0]


def test_short_waits_are_told_in_hours(tables):
    insert(tables, "core.stages", stage("Review", has_active=True))
    insert(tables, "core.issue_journeys", *(delivered(n, 0.25, 0.75) for n in range(1, 7)))
    insert(tables, "core.work_intervals", waited(1, "Review", 0.25))
    assert "a median of 6.0 hours waiting" in summarise(tables)[0]


def test_without_any_wait_no_stage_is_named(tables):
    insert(tables, "core.issue_journeys", delivered(1, 0, 1))
    assert summarise(tables)[0].endswith("0% of its cycle time waiting, 100% in touch.")


def test_without_deliveries_nothing_is_claimed(tables):
    insert(tables, "core.issues", {"issue_id": 1})
    assert summarise(tables)[0] == ("1 issue, none of them started and delivered yet: there is no cycle time to split.")


def test_doubts_are_told_only_where_there_are_some(shop):
    assert summarise(shop)[1] == ""
    insert(shop, "quality.completeness", {"issue_id": 1, "is_complete": False}, {"issue_id": 2, "is_complete": True})
    insert(shop, "quality.quarantine", {"reference": "x", "reason": "y"})
    insert(shop, "core.statuses", {"status_id": 9, "is_unmapped": True, "elapsed_hours": 1234.4})
    lines = summarise(shop)
    assert lines[1] == "Incomplete histories: 1; answers in quarantine: 1 (schema quality)."
    assert lines[2] == "In statuses no rule covers, counted as wait: 1,234 hours (core.statuses)."


def test_mapped_statuses_raise_no_doubt(shop):
    insert(shop, "core.statuses", {"status_id": 9, "is_unmapped": False, "elapsed_hours": 1000.0})
    assert summarise(shop)[1] == ""


def test_where_to_look_next_is_told(shop):
    text = "\n".join(summarise(shop))
    assert str(shop / "flow.duckdb") in text
    assert str(shop / "parquet") in text
    assert "transforms/TABLES.md" in text
    assert "make dev" in text
    assert f"{len(TABLES)} of them: flow tables" in text


def test_the_published_small_site_can_be_told(published):
    assert summarise(published.data)[0].startswith("6 issues, 1 of them delivered.")


def verdict(stream, confidence, kind="rolling_26_weeks"):
    return {
        "value_stream": stream,
        "period_kind": kind,
        "confidence": confidence,
        "sentence": f"{stream} is limited ({confidence}).",
    }


def test_what_limits_each_value_stream_is_said_surest_first(tables):
    said = [verdict("A", "none"), verdict("B", "strong"), verdict("C", "weak"), verdict("D", "strong", "quarter")]
    insert(tables, "metrics.constraint_verdicts", *said)
    lines = [line for line in summarise(tables) if "limited" in line]
    assert lines == ["B is limited (strong).", "C is limited (weak).", "A is limited (none)."]


def test_of_many_value_streams_the_surest_are_said_and_the_others_counted(tables):
    insert(tables, "metrics.constraint_verdicts", *(verdict(f"Stream {n}", "strong") for n in range(9)))
    lines = summarise(tables)
    assert sum("limited" in line for line in lines) == SHOWN_VERDICTS
    assert "3 more value streams: metrics.constraint_verdicts" in lines


def test_where_nothing_was_judged_nothing_is_said(tables):
    assert not any("constraint" in line for line in summarise(tables))
