"""Visits to stages from told histories: when work was taken up, by whom, with how much attention."""

from datetime import UTC, datetime

import polars as pl
import pytest

from tests.builders import BOARD, PERSONS, frames, history
from tests.chain import compute
from tests.transforms.metrics.metric_frames import core_of
from transforms.constraint.stations import stations_of
from transforms.constraint.visits import stage_visits
from transforms.metrics.slots import working_between
from transforms.states import NOBODY

WORKFLOW = BOARD.workflow(commitment="In Progress")
AS_OF = datetime(2026, 3, 31, 15, tzinfo=UTC)
HOUR = 3_600_000


def visits_of(*told, as_of=AS_OF):
    raw = frames(*told)
    core, persons = core_of(raw, WORKFLOW, as_of), compute(raw, WORKFLOW, as_of)["person_intervals"]
    stations = stations_of(core.stages.collect(), persons, WORKFLOW)
    made, _ = stage_visits(persons, raw.changes, stations, {}, WORKFLOW, as_of)
    return made


def at(hour, day=2):
    return f"2026-03-{day:02d} {hour:05.2f}".replace(".", ":")


def story(key, steps, created="2026-03-02 08:00"):
    """A history of moves and assignments: (status or person, hour)."""
    one = history(key).created(created, status="Backlog")
    for what, hour in steps:
        one = one.assign(what, at(hour)) if what in PERSONS or what is None else one.to(what, at(hour))
    return one


def only(visits, station):
    [row] = visits.filter(pl.col.station.cast(pl.String) == station).to_dicts()
    return row


REVIEWED = [("Selected", 9), ("In Progress", 10), ("ana", 10), ("Ready for Review", 12), ("In Review", 14), ("ben", 14),
            ("Done", 16)]  # fmt: skip


def test_a_visit_waits_until_somebody_touches_it():
    review = only(visits_of(story("V-1", REVIEWED)), "Review")
    assert review["worker"] == PERSONS["ben"]
    assert review["taken_up_at"] == datetime(2026, 3, 2, 13, tzinfo=UTC)
    assert (review["shared_ms"], review["high_ms"]) == (2 * HOUR, 2 * HOUR)
    assert review["fate"] == "delivered"


def test_attention_is_shared_among_what_is_done_at_once():
    visits = visits_of(story("V-1", REVIEWED), story("V-2", REVIEWED))
    for row in visits.filter(pl.col.station.cast(pl.String) == "Review").to_dicts():
        assert (row["shared_ms"], row["high_ms"]) == (1 * HOUR, 2 * HOUR)


def test_without_a_column_to_wait_in_work_begins_when_its_worker_is_free():
    first = story("V-1", [("In Progress", 9), ("ana", 9), ("Ready for Review", 12)])
    second = history("V-2").created("2026-03-02 08:00", status="Backlog").to("In Progress", at(10), by="boss")
    second = second.to("Ready for Review", at(15))
    visits = visits_of(first, second).filter(pl.col.station.cast(pl.String) == "Development").sort("left_at")
    assert visits["taken_up_at"].to_list() == [
        datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 11, tzinfo=UTC),
    ]  # fmt: skip
    assert visits["shared_ms"].to_list() == [3 * HOUR, 3 * HOUR]


def test_whoever_moves_an_issue_to_themselves_takes_it_up_then():
    made = history("V-1").created("2026-03-02 08:00", status="Backlog")
    made = made.to("In Progress", at(9), by="ana").assign("ana", at(9)).to("Ready for Review", at(13))
    other = history("V-2").created("2026-03-02 08:00", status="Backlog")
    other = other.to("In Progress", at(11), by="ana").assign("ana", at(11)).to("Ready for Review", at(15))
    visits = visits_of(made, other).filter(pl.col.station.cast(pl.String) == "Development").sort("left_at")
    assert visits["taken_up_at"].to_list() == visits["entered_at"].to_list()
    assert sum(visits["shared_ms"]) == pytest.approx(6 * HOUR)


def test_what_is_sent_back_returns_and_goes_on_in_the_same_chain():
    steps = [*REVIEWED[:6], ("In Progress", 15), ("Ready for Review", 15.3), ("In Review", 15.4), ("Done", 16)]
    visits = visits_of(story("V-1", steps))
    names = visits["station"].cast(pl.String).to_list()
    assert names == ["Development", "Review", "Development", "Review"]
    assert visits["is_return"].to_list() == [False, False, True, True]
    assert visits["chain"].n_unique() == 1
    assert visits["fate"].to_list() == [None, None, None, "delivered"]


def test_what_is_cancelled_leaves_undelivered():
    visits = visits_of(story("V-1", [*REVIEWED[:4], ("Cancelled", 15)]))
    assert visits["fate"].to_list()[-1] == "left"
    assert visits["taken_up_at"].to_list()[-1] is None


def test_a_visit_that_lasts_has_no_end_and_no_fate():
    row = visits_of(story("V-1", REVIEWED[:6])).to_dicts()[-1]
    assert (row["left_at"], row["fate"], row["station"]) == (None, None, "Review")


def test_where_nobody_is_assigned_whoever_moved_it_on_did_it():
    made = history("V-1").created("2026-03-02 08:00", status="Backlog", assignee=None)
    made = made.to("In Progress", at(9), by="ana").to("Ready for Review", at(12), by="chi")
    assert only(visits_of(made), "Development")["worker"] == PERSONS["chi"]


def test_automation_does_no_work():
    made = history("V-1").created("2026-03-02 08:00", status="Backlog", assignee=None)
    made = made.to("In Progress", at(9)).to("Ready for Review", at(12), by="bot")
    assert only(visits_of(made), "Development")["worker"] == NOBODY


def snapped(count=40):
    """Issues recorded at stand-ups: many visits begin and end at the very same moment."""
    told = []
    for number in range(count):
        day, who = 2 + number % 5, ("ana", "ben")[number % 2]
        one = history(f"S-{number}").created(f"2026-03-{day:02d} 08:00", status="Backlog")
        one = one.to("In Progress", at(9.15, day)).assign(who, at(9.15, day))
        one = one.to("Ready for Review", at(9.15, day + 7)).to("In Review", at(9.15, day + 7))
        told.append(one.to("Done", at(9.15, day + 7 + 7 * (number % 3 == 0))))
    return told


def test_attention_never_exceeds_the_time_between_being_taken_up_and_leaving():
    visits = visits_of(*snapped(), *(story(f"V-{n}", REVIEWED) for n in range(3)))
    assert (visits["shared_ms"] <= visits["high_ms"] + 1e-6).all()
    assert (visits["high_ms"] >= 0).all()


def test_nobody_gives_more_attention_than_they_have_hours():
    visits = visits_of(*snapped(), *(story(f"V-{n}", REVIEWED) for n in range(3)))
    whole = visits.filter(pl.col.left_at.is_not_null())
    span = pl.DataFrame({"value_stream": ["Golden"], "a": [whole["entered_at"].min()], "b": [whole["left_at"].max()]})
    [hours] = working_between(span, "a", "b", WORKFLOW, AS_OF)
    given = whole.group_by("worker").agg(pl.col.shared_ms.sum())
    assert (given["shared_ms"] <= hours + 1e-6).all()


def test_a_queue_of_its_own_belongs_to_the_stage_it_waits_for():
    stages = pl.DataFrame(
        {
            "value_stream": ["S"] * 3, "stage_name": ["Code", "Approval", "Sign-off"], "stage_order": [0, 1, 2],
            "is_committed": [True] * 3, "is_terminal": [False] * 3, "has_queue": [True, True, False],
            "has_active": [True, False, True],
        },
        schema_overrides={"value_stream": pl.Categorical, "stage_name": pl.Categorical},
    )  # fmt: skip
    start = datetime(2026, 3, 2, tzinfo=UTC)
    hours = [start.replace(hour=h) for h in (1, 2, 3, 4)]
    rows = [
        (n, "S", name, "wait", a.replace(day=n + 1), b.replace(day=n + 1))
        for n in range(1, 9)
        for name, a, b in zip(("Code", "Approval", "Sign-off"), hours, hours[1:], strict=False)
    ]
    names = ("issue_id", "value_stream", "stage_name", "kind", "entered_at", "left_at")
    walked = pl.DataFrame(rows, names, orient="row").cast(
        {"value_stream": pl.Categorical, "stage_name": pl.Categorical}
    )
    stations = stations_of(stages, walked, WORKFLOW).select(pl.col("stage_name", "station").cast(pl.String))
    found = dict(stations.iter_rows())
    assert found == {"Code": "Code", "Approval": "Sign-off", "Sign-off": "Sign-off"}
