"""Why work started, and why a stretch is what it is, where flow.toml dates what a status means."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

from pipelines.life.account import account_for
from pipelines.life.reasons import why
from pipelines.life.record import Record

ENTERED, SINCE = datetime(2026, 3, 10, 12, tzinfo=UTC), datetime(2026, 3, 10, 23, tzinfo=UTC)
AS_OF = datetime(2026, 3, 12, tzinfo=UTC)

VISIT = {
    "status_id": 3,
    "entered_at": ENTERED,
    "left_at": None,
    "work_kind": "active",
    "elapsed_ms": 0,
    "working_ms": 0,
}
STATUS = {"status_name": "Hold", "work_kind": "blocked", "work_kind_since_at": SINCE, "decision": "flow.toml lists it"}


def record(**more):
    empty = {field.name: [] for field in fields(Record)}
    return Record(**(empty | {"visits": [VISIT], "statuses": {3: STATUS}, "as_of": AS_OF} | more))


def stretch(kind, at):
    return {"kind": kind, "entered_at": at, "left_at": None, "kind_alternative": None}


def test_a_status_that_holds_up_work_from_a_day_on_is_the_reason_from_then_on():
    assert why(record(), stretch("blocked", SINCE)) == "'Hold' puts it on hold"
    assert "a flag or link older" in why(record(), stretch("blocked", SINCE - timedelta(hours=1)))


def open_journey(started_at):
    journey = {"started_at": started_at, "finished_at": None, "is_rolled_up": False, "is_never_started": False}
    journey |= {"outcome": "in_progress", "rework_touch_ms": 0, "span_ms": 0, "span_working_ms": 0}
    kinds = ("touch", "wait", "blocked", "unassigned", "done_gap")
    return journey | {f"{kind}{unit}": 0 for kind in kinds for unit in ("_ms", "_working_ms")}


def started_because(at):
    return account_for(record(journey=open_journey(at)), None).started_because


def test_work_that_was_there_when_its_status_became_committed_says_so():
    assert started_because(SINCE) == "it was in 'Hold', in which work counts as started since that day (flow.toml)"
    assert started_because(ENTERED) == "it first entered a status at or after the commitment point, 'Hold'"
