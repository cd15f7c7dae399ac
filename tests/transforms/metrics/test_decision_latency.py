"""How long a decision takes: from arriving at an approval to leaving it, by the hour of the week."""

from datetime import UTC, datetime

import polars as pl
import pytest

from tests.builders import BOARD, PERSONS, frames, history
from tests.chain import compute
from tests.transforms.metrics.metric_frames import checked
from tests.transforms.told import HOUR, clock, tell
from transforms.metrics.decision_latency import DecisionLatency, decision_latency, describe_exits, profile_decisions
from transforms.metrics.exits import waiting_exits

APPROVAL = BOARD["Awaiting Approval"].status_id

MONDAY, TUESDAY = "2026-03-02", "2026-03-03"


def latencies(*told, statuses=(APPROVAL,)):
    return decision_latency(tell(*told).tables["status_visits"].lazy(), statuses).collect().to_dicts()


def asked(key="G-1", at=f"{MONDAY} 16:55"):
    return history(key).created(f"{MONDAY} 08:00").to("Awaiting Approval", at)


def test_a_decision_is_measured_elapsed_and_working():
    (row,) = latencies(asked().to("Ready for Release", f"{TUESDAY} 10:00"))
    assert (row["latency_ms"], row["latency_working_ms"]) == (17 * HOUR + HOUR // 12, HOUR + HOUR // 12)
    assert clock(row["left_at"]) == f"{TUESDAY} 10:00"
    assert row["visit_number"] == 2


def test_a_decision_not_yet_taken_has_no_latency():
    assert latencies(asked()) == []


def test_a_second_round_is_a_decision_of_its_own():
    story = asked(at=f"{MONDAY} 09:00").to("In Progress", f"{MONDAY} 10:00").to("Awaiting Approval", f"{MONDAY} 12:00")
    rows = latencies(story.to("Done", f"{MONDAY} 15:00"))
    assert [(row["visit_number"], row["latency_ms"] / HOUR) for row in rows] == [(2, 1), (4, 3)]


def test_only_visits_of_approval_statuses_count():
    story = asked(at=f"{MONDAY} 09:00").to("Done", f"{MONDAY} 10:00").to("Closed", f"{MONDAY} 11:00")
    assert len(latencies(story)) == 1
    assert latencies(story, statuses=()) == []
    assert len(latencies(story, statuses=(APPROVAL, BOARD["Done"].status_id))) == 2


def test_decisions_of_all_issues_are_listed():
    told = [asked(key, f"{MONDAY} 09:00").to("Done", f"{MONDAY} 10:00") for key in ("G-1", "G-2", "G-3")]
    rows = latencies(*told)
    assert len({row["issue_id"] for row in rows}) == 3


AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
PEOPLE = list(PERSONS)[:5]


def described(*told):
    raw = frames(*told)
    made = compute(raw, WORKFLOW, AS_OF)
    exits = waiting_exits(made["status_visits"], made["issue_journeys"]["issue_id"], raw.changes, WORKFLOW)
    found = describe_exits(exits, made["person_intervals"], WORKFLOW, AS_OF)
    return found.filter(stage_name="Approval").sort("left_at").to_dicts()


def profile(told):
    raw = frames(*told)
    made = compute(raw, WORKFLOW, AS_OF)
    lazy = (made["person_intervals"].lazy(), raw.changes.lazy(), made["status_visits"].lazy(),
            made["issue_journeys"].lazy())  # fmt: skip
    return checked(DecisionLatency, profile_decisions(*lazy, WORKFLOW, AS_OF))


def approved(number, by, at="10:30", weekday=0, then="Done"):
    """Worked on by one of the team, asked for at eight, decided at ``at`` on a day of a week in March."""
    day = f"2026-03-{2 + weekday + 7 * (number % 4):02}"
    told = history(f"G-{number}").created(f"{day} 07:00", assignee=PEOPLE[number % 5])
    told.to("In Progress", f"{day} 07:30").to("Awaiting Approval", f"{day} 08:00")
    return told.to(then, f"{day} {at}", by=by)


def test_the_late_friday_approval_waits_over_the_weekend():
    """METHODS' example: 35 working minutes, and 64 hours 35 minutes for the one who waits."""
    friday = "2026-03-06"
    told = history("G-1").created(f"{friday} 09:00").to("Awaiting Approval", f"{friday} 10:00")
    told.to("Ready for Release", f"{friday} 16:25", by="boss").to("Done", "2026-03-09 09:00", by="rel")
    [row] = described(told)
    assert (row["weekday_name"], row["hour_name"], row["is_late"]) == ("Friday", "16", True)
    assert row["late_wait_days"] * 24 == pytest.approx(64 + 35 / 60)
    assert row["other_wait_days"] is None
    assert row["latency_working_days"] * 8 == pytest.approx(6 + 25 / 60)


@pytest.mark.parametrize(
    ("at", "is_late"),
    [("2026-03-06 15:00", False), ("2026-03-06 15:01", True), ("2026-03-08 12:00", True), ("2026-03-05 16:59", False)],
)
def test_late_is_with_less_than_two_working_hours_left_in_the_week(at, is_late):
    told = history("G-1").created("2026-03-02 09:00").to("Awaiting Approval", "2026-03-02 10:00").to("Done", at)
    assert described(told)[0]["is_late"] is is_late


def test_what_has_not_been_followed_by_anything_is_left_open():
    told = history("G-1").created("2026-03-02 09:00").to("Awaiting Approval", "2026-03-02 10:00")
    [row] = described(told.to("Ready for Release", "2026-03-02 12:00", by="boss"))
    assert (row["late_wait_days"], row["other_wait_days"]) == (None, None)


def test_the_hour_is_that_of_the_streams_zone():
    told = history("G-1").created("2026-03-02 00:05").to("Awaiting Approval", "2026-03-02 00:10")
    [row] = described(told.to("Done", "2026-03-03 00:30"))
    assert (row["weekday_name"], row["hour_name"]) == ("Tuesday", "00")


def whole(table):
    [row] = table.filter(stage_name="Approval", hour_name="All").to_dicts()
    return row


def test_a_single_approver_is_seen_as_a_whole_and_never_by_the_hour():
    told = profile([approved(n, "boss") for n in range(30)])
    assert told.filter(pl.col.hour_name != "All").is_empty()
    row = whole(told)
    assert (row["exit_count"], row["withheld_exit_count"]) == (30, 30)
    assert row["latency_working_days_p50"] * 8 == pytest.approx(1.5)
    assert "30 exits lie in hours without a row" in row["note"]


def test_hours_of_many_people_are_shown():
    told = [approved(n, PEOPLE[n % 5], "10:30", n % 2) for n in range(60)]
    table = profile(told)
    cells = table.filter(pl.col.hour_name != "All").select("weekday_name", "hour_name", "exit_count").rows()
    assert cells == [("Monday", "10", 30), ("Tuesday", "10", 30)]
    row = whole(table)
    assert (row["exit_count"], row["withheld_exit_count"], row["late_week_exit_count"]) == (60, 0, 0)
    assert row["latency_days_p85"] * 24 == pytest.approx(2.5)


def test_an_hour_of_one_person_is_hidden_with_enough_others():
    """Else the whole less the hours that are shown would be that person's."""
    told = [approved(n, PEOPLE[n % 5], "10:30", n % 2) for n in range(60)] + [approved(99, "boss", "11:30")]
    table = profile(told)
    assert table.filter(pl.col.hour_name != "All").height == 1
    assert whole(table)["withheld_exit_count"] == 31


def test_a_small_team_has_empty_rows():
    told = [approved(n, PEOPLE[n % 5]) for n in range(30) if n % 5 < 4]
    row = whole(profile(told))
    assert (row["exit_count"], row["latency_days_p50"], row["late_week_exit_share"]) == (None, None, None)
    assert row["note"] == "everything is withheld: fewer than 5 people stand behind it"


def test_automation_decides_nothing():
    assert profile([approved(n, "bot") for n in range(30)]).filter(stage_name="Approval").is_empty()


def test_late_exits_and_others_are_followed_by_different_waits():
    """Approved on Friday evening: released on Monday. Approved on Tuesday morning: released an hour later.

    Half of the Fridays precede the change to summer time, which takes an hour of their weekend.
    """
    told = []
    for n in range(40):
        issue = approved(n, PEOPLE[n % 5], "16:30" if n % 2 else "10:30", 4 if n % 2 else 1, "Ready for Release")
        day = 2 + 7 * (n % 4) + (7 if n % 2 else 1)
        told.append(issue.to("Done", f"2026-03-{day:02} {'09:00' if n % 2 else '11:30'}"))
    row = whole(profile(told))
    assert (row["late_week_exit_count"], row["late_week_exit_share"]) == (20, 0.5)
    assert row["late_week_following_wait_days_p50"] * 24 == pytest.approx(63.5)
    assert row["other_following_wait_days_p50"] * 24 == pytest.approx(1)
