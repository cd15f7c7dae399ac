"""Open work by age: where it stands, how it ranks among past work, and its chance to be late."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tests.builders import BOARD, frames, history
from tests.transforms.metrics.metric_frames import checked, core_of, journeys_of
from transforms.core.status_visits import StatusVisits
from transforms.core.work_intervals import WorkIntervals
from transforms.metrics.ageing_work import AgeingWork, age_open_work

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
MAY = datetime(2026, 4, 30, 22, tzinfo=UTC)
DAY = timedelta(days=1)


def aged(*told, bugs=()):
    core = core_of(frames(*told), WORKFLOW, AS_OF)
    kind = pl.when(pl.col.issue_key.is_in(bugs)).then(pl.lit("Bug")).otherwise("issue_type")
    journeys = core.issue_journeys.with_columns(issue_type=kind)
    return checked(AgeingWork, age_open_work(core.status_visits, core.work_intervals, journeys, WORKFLOW, AS_OF))


def past(count):
    """Delivered in May, all started on its first day; in review from 1, 2, … days of age to half a day more."""
    return [
        history(f"P-{n}")
        .created(MAY, status="In Progress")
        .to("In Review", MAY + DAY * n)
        .to("Done", MAY + DAY * (n + 0.5))
        for n in range(1, count + 1)
    ]


def opened(key, days, *statuses):
    """Started ``days`` before as_of, then in a further status every day."""
    told = history(key).created(AS_OF - DAY * days, status="In Progress")
    for number, status in enumerate(statuses, start=1):
        told.to(status, AS_OF - DAY * (days - number))
    return told


def row(table, key="O-1"):
    [found] = table.filter(issue_key=key).to_dicts()
    return found


def test_an_open_issue_stands_where_it_is_with_its_ages():
    made = row(aged(opened("O-1", 4, "Ready for Review")))
    assert (made["stage_name"], made["kind"], made["is_blocked"]) == ("Review", "wait", False)
    assert (made["age_days"], made["stage_age_days"]) == (4, 3)
    assert made["started_at"] == AS_OF - DAY * 4 and made["stage_entered_at"] == AS_OF - DAY * 3
    assert made["age_working_days"] == pytest.approx(2)
    assert made["stage_age_working_days"] == pytest.approx(2)


def test_the_stage_age_runs_over_statuses_of_one_stage():
    made = row(aged(opened("O-1", 4, "Ready for Review", "In Review")))
    assert (made["stage_age_days"], made["kind"]) == (3, "touch")


def test_what_is_flagged_is_blocked_now():
    made = row(aged(opened("O-1", 4, "In Review").flag(AS_OF - DAY)))
    assert made["is_blocked"] and made["kind"] == "blocked"


def test_finished_and_not_started_work_does_not_age():
    waiting = history("B-1").created("2026-06-01 09:00")
    made = aged(waiting, *past(3), opened("O-1", 4))
    assert made["issue_key"].to_list() == ["O-1"]


def test_an_age_is_ranked_among_those_at_which_past_work_left_the_stage():
    """Past work left development at 1 … 10 days and review at 1.5 … 10.5."""
    made = aged(*past(10), opened("D-1", 7), opened("R-1", 7, "In Review"))
    assert (row(made, "D-1")["age_rank_share"], row(made, "R-1")["age_rank_share"]) == (0.7, 0.6)
    assert row(made, "R-1")["past_count"] == 10
    assert row(made, "R-1")["age_rank_share_low"] < 0.6 < row(made, "R-1")["age_rank_share_high"]


def test_few_past_issues_give_no_rank():
    made = row(aged(*past(5), opened("O-1", 7)))
    assert made["age_rank_share"] is None
    assert "rank needs 6 past issues of the stage, there are 5" in made["note"]
    assert "no promise for its value stream yet" in made["note"]
    assert made["service_level_days"] is None and made["is_over_service_level"] is None


def test_the_chance_to_be_late_grows_with_age_and_is_certain_beyond_the_promise():
    made = aged(*past(30), opened("Y-1", 2), opened("M-1", 20), opened("O-1", 40))
    young, middle, old = (row(made, key) for key in ("Y-1", "M-1", "O-1"))
    assert young["service_level_days"] == pytest.approx(27.5)
    assert 0.1 < young["break_chance_share"] < middle["break_chance_share"] < 1
    assert (old["break_chance_share"], old["is_over_service_level"], middle["is_over_service_level"]) == (
        1,
        True,
        False,
    )
    assert middle["break_chance_share_low"] < middle["break_chance_share"] < middle["break_chance_share_high"]


def test_the_chance_is_that_of_past_work_that_had_reached_the_age():
    """30 past issues took 1.5, 2.5, … 30.5 days: 11 were open at 20 days, and 3 or 4 of these broke the promise."""
    made = row(aged(*past(30), opened("O-1", 20)))
    late = sum(n + 0.5 > made["service_level_days"] for n in range(1, 31))
    assert made["break_chance_share"] == pytest.approx(late / 11)


def test_a_type_without_a_promise_of_its_own_is_held_to_that_of_all():
    made = aged(*past(30), opened("O-1", 3), opened("O-2", 3), bugs=["O-1"])
    assert (row(made, "O-1")["service_level_type"], row(made, "O-2")["service_level_type"]) == ("All", "Story")
    assert row(made, "O-1")["service_level_days"] == pytest.approx(26.5, abs=1)


def test_without_open_work_the_table_is_empty():
    assert aged(*past(3)).is_empty()
    journeys = journeys_of([], WORKFLOW, AS_OF).lazy()
    empty = age_open_work(StatusVisits.empty().lazy(), WorkIntervals.empty().lazy(), journeys, WORKFLOW, AS_OF)
    assert checked(AgeingWork, empty).is_empty()
