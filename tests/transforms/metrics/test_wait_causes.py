"""What the wait is made of: each cause told as a story, all of them adding up to the wait whatever the history."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from tests.builders import BOARD, PERSONS, frames, history
from tests.chain import compute
from tests.strategies import cases
from tests.transforms.metrics.metric_frames import checked
from tests.transforms.told import HOUR
from transforms.metrics.wait_causes import CAUSES, OF_PERSONS, WaitCauses, causes_of, split_waits

AS_OF = datetime(2026, 3, 27, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
MON = [f"2026-03-02 {hour:02}:00" for hour in range(24)]
TUE = [f"2026-03-03 {hour:02}:00" for hour in range(24)]


def causes(*told, of="G-1", stage="Review"):
    """Hours by cause of the one wait of an issue in a stage."""
    made = compute(frames(*told), WORKFLOW, AS_OF)
    found = causes_of(
        made["person_intervals"], made["issue_journeys"]["issue_id"], frames(*told).changes, WORKFLOW, AS_OF
    )
    mine = made["issue_journeys"].filter(issue_key=of)["issue_id"].item()
    [row] = found.filter(pl.col.issue_id == mine, pl.col.stage_name == stage).to_dicts()
    hours = {cause: row[f"{cause}_ms"] / HOUR for cause in CAUSES}
    assert sum(hours.values()) == pytest.approx(row["wait_ms"] / HOUR)
    return {cause: time for cause, time in hours.items() if time} | {"row": row}


def waited(key="G-1", since=MON[9], until=MON[13], by="ben"):
    """An issue that waits for review until ``by`` takes it up."""
    told = history(key).created(MON[8]).to("Ready for Review", since)
    return told.assign(by, until).to("In Review", until, by=by)


def busy(start, end, person="ben", key="G-2", since=None):
    """Another issue the person reviews from start to end, which had come at ``since``."""
    told = history(key).created(MON[8], assignee=person).to("Ready for Review", since or MON[8])
    return told.to("In Review", start, by=person).to("Ready for QA", end, by=person)


def test_waiting_for_somebody_who_does_nothing_visible_is_extraneous():
    found = causes(waited())
    assert found.pop("row")["worker"] == PERSONS["ben"]
    assert found == {"extraneous": 4}


def test_nights_are_unavailable_time():
    found = causes(waited(since=MON[16], until=TUE[10]))
    found.pop("row")
    assert found == {"unavailable": 16, "extraneous": 2}


def test_time_flagged_is_blocked_and_its_nights_are_unavailable_first():
    told = history("G-1").created(MON[8]).to("Ready for Review", MON[15]).flag(MON[16]).unflag(TUE[10])
    found = causes(told.assign("ben", TUE[11]).to("In Review", TUE[11]))
    assert found.pop("row")["blocked_before_unavailable_ms"] == 18 * HOUR
    assert found == {"unavailable": 16, "blocked": 2, "extraneous": 2}


def test_work_that_came_earlier_makes_contention():
    found = causes(waited(), busy(MON[10], MON[12]))
    found.pop("row")
    assert found == {"contention": 2, "extraneous": 2}


def test_work_that_came_later_and_is_done_first_is_prioritised():
    found = causes(waited(), busy(MON[11], MON[12], since=MON[10]))
    found.pop("row")
    assert found == {"prioritisation": 1, "extraneous": 3}


def test_with_both_at_once_it_is_contention():
    later = busy(MON[10], MON[12], key="G-3", since=MON[10])
    found = causes(waited(), busy(MON[11], MON[13]), later)
    found.pop("row")
    assert found == {"contention": 2, "prioritisation": 1, "extraneous": 1}


def test_what_came_in_the_same_instant_is_contention():
    found = causes(waited(), busy(MON[10], MON[12], since=MON[9]))
    found.pop("row")
    assert found == {"contention": 2, "extraneous": 2}


def test_what_others_are_busy_with_does_not_matter():
    found = causes(waited(), busy(MON[10], MON[12], person="chi"))
    found.pop("row")
    assert found == {"extraneous": 4}


def test_three_that_leave_together_by_one_hand_are_a_batch():
    others = [waited(f"G-{n}", MON[10], f"2026-03-02 13:0{n}") for n in (2, 3)]
    found = causes(waited(until=MON[13]), *others)
    found.pop("row")
    assert found == {"batch": 4}


def test_time_after_the_first_of_the_batch_left_is_no_batch():
    others = [waited(f"G-{n}", MON[10], MON[12]) for n in (2, 3)]
    found = causes(waited(since=MON[9], until="2026-03-02 12:12"), *others)
    found.pop("row")
    assert found == {"batch": 3, "prioritisation": 0.2}


@pytest.mark.parametrize(
    "others",
    [
        [("G-2", MON[13], "ben")],
        [("G-2", MON[13], "ben"), ("G-3", MON[13], "chi")],
        [("G-2", MON[13], "ben"), ("G-3", MON[14], "ben")],
    ],
)
def test_two_of_them_or_by_two_hands_or_an_hour_apart_are_none(others):
    told = [waited(key, MON[10], until, by) for key, until, by in others]
    found = causes(waited(until=MON[13]), *told)
    assert found.pop("row")["batch_at"] is None
    assert "batch" not in found


def test_what_contention_would_be_before_batches_is_told_beside():
    others = [waited(f"G-{n}", MON[10], MON[13]) for n in (2, 3)]
    row = causes(waited(until=MON[13]), *others, busy(MON[10], MON[12], key="G-4"))["row"]
    assert (row["contention_ms"], row["contention_before_batch_ms"]) == (0, 2 * HOUR)


def test_a_wait_that_lasts_is_not_divided_yet():
    told = history("G-1").created(MON[8]).to("Ready for Review", MON[9])
    made = compute(frames(told), WORKFLOW, AS_OF)
    ids = made["issue_journeys"]["issue_id"]
    assert causes_of(made["person_intervals"], ids, frames(told).changes, WORKFLOW, AS_OF).is_empty()


def team(size):
    """Thirty waits, taken up in turn by ``size`` people."""
    people = list(PERSONS)[:size]
    return [
        waited(f"G-{n}", f"2026-03-{2 + n % 20:02} 09:00", f"2026-03-{2 + n % 20:02} {10 + n % 6}:00", people[n % size])
        for n in range(30)
    ]


def published(told):
    made, raw = compute(frames(*told), WORKFLOW, AS_OF), frames(*told)
    lazy = [made["person_intervals"].lazy(), raw.changes.lazy(), made["issue_journeys"].lazy()]
    return checked(WaitCauses, split_waits(*lazy, WORKFLOW, AS_OF))


def test_a_row_adds_up_and_so_do_its_shares():
    [row] = published(team(5)).filter(period_kind="quarter", stage_name="Review").to_dicts()
    assert (row["visit_count"], row["issue_count"], row["known_worker_count"]) == (30, 30, 30)
    assert sum(row[f"{cause}_ms"] for cause in CAUSES) == row["wait_ms"]
    assert sum(row[f"{cause}_share"] for cause in CAUSES) == pytest.approx(1)
    assert row["note"] is None


def test_what_the_people_of_a_small_team_were_busy_with_is_withheld():
    [row] = published(team(4)).filter(period_kind="quarter", stage_name="Review").to_dicts()
    assert {row[f"{cause}_ms"] for cause in OF_PERSONS} == {None}
    assert row["unavailable_ms"] is not None
    assert "fewer than 5 people" in row["note"]


def test_shares_of_few_issues_are_not_published():
    rows = published(team(5)[:10]).filter(stage_name="Review")
    assert rows["batch_share"].null_count() == len(rows)
    assert "shares need 20 issues, there are 10" in rows["note"][0]


def test_no_waits_no_rows():
    assert published([history("G-1").created(MON[8])]).is_empty()


@given(cases())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_the_history_the_causes_are_disjoint_and_add_up(case):
    raw, workflow, as_of = case.frames_and_workflow()
    made = compute(raw, workflow, as_of)
    persons = made["person_intervals"]
    found = causes_of(persons, made["issue_journeys"]["issue_id"], raw.changes, workflow, as_of)
    parts = [f"{cause}_ms" for cause in CAUSES]
    assert (found.select(pl.sum_horizontal(parts)).to_series() == found["wait_ms"]).all()
    assert (found.select(pl.min_horizontal(parts)).to_series() >= 0).all()
    ended = persons.filter(pl.col.kind == "wait", pl.col.left_at.is_not_null())
    assert found["wait_ms"].sum() <= persons.filter(pl.col.kind.is_in(["wait", "blocked"]))["elapsed_ms"].sum()
    assert (found["wait_ms"] - found["blocked_before_unavailable_ms"]).sum() <= ended["elapsed_ms"].sum()
