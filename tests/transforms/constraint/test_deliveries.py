"""What a verdict says of cycle time and waiting is what the journeys and cycle_times say, whatever the replay makes."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from tests.builders import BOARD, frames, history
from tests.chain import compute
from tests.transforms.metrics.constraint_frames import study
from tests.transforms.metrics.metric_frames import core_of
from transforms.constraint.deliveries import deliveries_by_period
from transforms.constraint.stations import stations_of
from transforms.metrics.cycle_times import measure_cycle_times
from transforms.metrics.periods import periods

WORKFLOW = BOARD.workflow(commitment="In Progress")
AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
Q2 = {"period_kind": "quarter", "period_start_date": date(2026, 4, 1)}
KEY = ("Golden", "quarter", "2026-04-01")
HOUR = 3_600_000


def begun(number):
    one = history(f"D-{number}").created("2026-04-01 08:00", status="Backlog")
    return one.to("In Progress", "2026-04-13 09:00").assign("ana", "2026-04-13 09:00")


def reopened(number):
    """Four days, a week of done, half a day."""
    once = begun(number).to("Done", "2026-04-16 17:00")
    return once.to("In Progress", "2026-04-27 09:00").to("Done", "2026-04-27 13:00")


def put_back(number):
    """A day of work, four in the backlog, a day of work."""
    back = begun(number).to("Backlog", "2026-04-14 09:00")
    return back.to("In Progress", "2026-04-20 09:00").to("Done", "2026-04-20 17:00")


def sent_to_the_end_of_the_queue(number):
    """Two hours of review among two and a half days of waiting for it."""
    queued = begun(number).to("Ready for Review", "2026-04-13 13:00").to("In Review", "2026-04-14 13:00")
    again = queued.to("Ready for Review", "2026-04-14 14:00").to("In Review", "2026-04-16 10:00")
    return again.to("Done", "2026-04-16 11:00")


def living_twice(number):
    """A day, and two months later a second life."""
    once = begun(number).to("Done", "2026-04-13 17:00")
    return once.to("In Progress", "2026-06-15 09:00").to("Done", "2026-06-15 10:00")


TOLD = [
    tell(number) for number, tell in enumerate([reopened, put_back, sent_to_the_end_of_the_queue, living_twice] * 2)
]


@pytest.fixture(scope="module")
def core():
    return core_of(frames(*TOLD), WORKFLOW, AS_OF)


@pytest.fixture(scope="module")
def told(core):
    persons = compute(frames(*TOLD), WORKFLOW, AS_OF)["person_intervals"]
    journeys = core.issue_journeys.collect()
    stations = stations_of(core.stages.collect(), persons, WORKFLOW)
    grid = periods(WORKFLOW, journeys["created_at"].min(), AS_OF)
    return deliveries_by_period(journeys, persons, stations, grid)[KEY]


def test_a_cycle_runs_from_the_first_start_and_a_second_life_is_no_delivery(told):
    days = [cycle / (8 * HOUR) for cycle in told.cycles.tolist()]
    assert days == [1, 1, 3.25, 3.25, 6, 6, 10.5, 10.5]


def test_waiting_is_the_journeys_wherever_it_was_spent(core, told):
    journeys = core.issue_journeys.collect()
    assert told.waited == journeys["wait_working_ms"].sum() == 2 * (4 * 8 + 20) * HOUR
    assert told.waited_by_station == {"Review": 2 * 20 * HOUR}


def test_the_verdict_tells_the_median_and_the_deliveries_of_cycle_times(core):
    [verdict] = study(TOLD, WORKFLOW, AS_OF).verdicts.filter(**Q2).to_dicts()
    tables = (core.raw_issues, core.status_visits, core.issue_journeys, core.releases)
    [cycle] = (
        measure_cycle_times(*tables, WORKFLOW, AS_OF)
        .filter(pl.col.issue_type == "All")
        .filter(**Q2)
        .collect()
        .to_dicts()
    )
    for name in ("delivered_count", "cycle_working_days_p50"):
        assert verdict[name] == cycle[name]
    assert verdict["cycle_working_days_p50"] == 3.25
    share = verdict["wait_of_cycle_working_days"] / verdict["cycle_working_days_p50"]
    assert share == pytest.approx((32 + 20) / (8 * (1 + 3.25 + 6 + 10.5)))
