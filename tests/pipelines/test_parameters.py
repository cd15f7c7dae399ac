"""A workflow survives being written, and its history reads as changes."""

import json
from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest

from pipelines.parameters import SCOPE_SCHEMA, WorkflowStore, from_document, to_document
from transforms.calendar import WorkingCalendar
from transforms.workflow import EARLIER_STATUS_SCHEMA, STATUS_MODEL_SCHEMA, ValueStream, Workflow

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def workflow(**changes):
    calendar = WorkingCalendar(
        "Europe/Berlin", ((0, time(9), time(0)),), frozenset({date(2026, 5, 1), date(2026, 1, 1)})
    )
    streams = (
        ValueStream("Größe", calendar, 2, "release", is_assignment_used=False, reopen_horizon=timedelta(days=3)),
        ValueStream("Other", WorkingCalendar.weekdays("UTC"), 1, earlier=((MONDAY.date(), 2),)),
    )
    statuses = [("Größe", 3, "Dev", 0, 1, "active", "config_id"), ("Größe", 9, "?", 9, None, "queue", "unmapped")]
    usual = {
        "streams": streams,
        "statuses": pl.DataFrame(statuses, schema=STATUS_MODEL_SCHEMA, orient="row"),
        "scopes": pl.DataFrame([(100, 10, "Größe")], schema=SCOPE_SCHEMA, orient="row"),
        "discarding_resolution_ids": frozenset({4, 2}),
        "earlier_statuses": pl.DataFrame(
            [(MONDAY.date(), "Other", 3, "Dev", 0, None, "queue", "config_id")], EARLIER_STATUS_SCHEMA, orient="row"
        ),
    }
    return Workflow(**(usual | changes))


def assert_same(one, other):
    assert one.streams == other.streams
    assert one.statuses.equals(other.statuses)
    assert one.statuses.schema == STATUS_MODEL_SCHEMA
    assert one.earlier_statuses.equals(other.earlier_statuses)
    assert one.earlier_statuses.schema == EARLIER_STATUS_SCHEMA
    assert one.scopes.equals(other.scopes)
    assert one.discarding_resolution_ids == other.discarding_resolution_ids
    assert one.flow_level == other.flow_level


def test_a_workflow_comes_back_as_it_was(tmp_path):
    store = WorkflowStore(tmp_path)
    store.keep(workflow(flow_level=1), MONDAY)
    assert_same(store.newest(), workflow(flow_level=1))


def test_a_document_is_plain_json_in_a_fixed_order():
    document = to_document(workflow())
    assert json.loads(json.dumps(document)) == document
    assert document["streams"][0]["calendar"]["holidays"] == ["2026-01-01", "2026-05-01"]
    assert document["discarding_resolution_ids"] == [2, 4]
    assert_same(from_document(document), workflow())


def test_a_workflow_without_statuses_comes_back_with_typed_columns():
    empty = workflow(
        streams=(), statuses=pl.DataFrame(schema=STATUS_MODEL_SCHEMA), scopes=pl.DataFrame(schema=SCOPE_SCHEMA)
    )
    assert_same(from_document(to_document(empty)), empty)


def test_an_unchanged_workflow_is_not_written_again(tmp_path):
    store = WorkflowStore(tmp_path)
    first = store.keep(workflow(), MONDAY)
    assert store.keep(workflow(), MONDAY + timedelta(days=1)) == first
    assert len(list(tmp_path.iterdir())) == 1


def test_a_changed_workflow_takes_effect_beside_the_old_one(tmp_path):
    store = WorkflowStore(tmp_path)
    store.keep(workflow(), MONDAY)
    path = store.keep(workflow(flow_level=1), MONDAY + timedelta(days=1))
    assert store.newest().flow_level == 1
    assert json.loads(path.read_text())["effective_at"] == "2026-03-03T00:00:00+00:00"
    assert len(list(tmp_path.iterdir())) == 2


def test_returning_to_an_older_workflow_is_a_change_too(tmp_path):
    store = WorkflowStore(tmp_path)
    for day, level in enumerate((0, 1, 0)):
        store.keep(workflow(flow_level=level), MONDAY + timedelta(days=day))
    assert store.newest().flow_level == 0
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_is_readable_by_people(tmp_path):
    path = WorkflowStore(tmp_path).keep(workflow(), MONDAY)
    assert "Größe" in path.read_text(encoding="utf-8")


def test_asking_before_anything_was_inferred_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="materialise 'workflow' first"):
        WorkflowStore(tmp_path).newest()


def test_the_workflow_in_effect_is_the_one_kept_last_though_the_clock_went_back(tmp_path):
    store = WorkflowStore(tmp_path)
    store.keep(workflow(flow_level=1), MONDAY)
    path = store.keep(workflow(flow_level=2), MONDAY - timedelta(days=365))
    assert store.newest().flow_level == 2
    assert path.stem == f"{MONDAY + timedelta(microseconds=1):%Y%m%dT%H%M%S.%fZ}"


@pytest.mark.parametrize("content", [b"", b"\0" * 99, b"{", b"[]", b'{"effective_at": 1}', b"\xff"])
def test_a_damaged_file_is_followed_by_a_whole_one(tmp_path, content):
    store = WorkflowStore(tmp_path)
    store.keep(workflow(), MONDAY).write_bytes(content)
    store.keep(workflow(), MONDAY + timedelta(hours=1))
    assert_same(store.newest(), workflow())
    assert len(list(tmp_path.iterdir())) == 2
