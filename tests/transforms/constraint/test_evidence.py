"""Cheap indicators of every station, held against counting moment by moment and against figures worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.constraint.observations import Visit, observed
from tests.transforms.constraint.test_model import two_stations
from transforms.constraint.evidence import coupling, indicators, momentary_shares, saturated_runs, supports
from transforms.constraint.model import model_of

HORIZON = 400.0

VISITS = st.lists(
    st.tuples(st.integers(-40, 390), st.integers(0, 60), st.integers(1, 30), st.integers(0, 1)), min_size=1, max_size=25
)


def told(rows):
    """Visits from (entry, hours waited, hours worked, station)."""
    visits = [
        Visit(n, k, came, came + waited, came + waited + worked, n % 2)
        for n, (came, waited, worked, k) in enumerate(rows)
    ]
    return observed(visits, 2, people=2)


def is_waiting(rows, k, at):
    return any(station == k and came <= at < came + waited for came, waited, _, station in rows)


MOMENTS = np.arange(0.5, HORIZON)
"""Entries and waits are whole hours: what holds in the middle of an hour holds all of it."""


@settings(max_examples=60, deadline=None)
@given(VISITS)
def test_a_station_is_saturated_while_something_waits_in_it(rows):
    seen = told(rows)
    for k in range(2):
        runs = saturated_runs(seen, k)
        assert (runs[1:, 0] > runs[:-1, 1]).all()
        by_run = [bool(((runs[:, 0] <= at) & (at < runs[:, 1])).any()) for at in MOMENTS]
        assert by_run == [is_waiting(rows, k, at) for at in MOMENTS]


@settings(max_examples=40, deadline=None)
@given(VISITS)
def test_the_momentary_constraint_is_the_station_saturated_longest(rows):
    seen = told(rows)
    runs = [saturated_runs(seen, k) for k in range(2)]
    shares = momentary_shares(runs, np.zeros(2, bool), HORIZON)
    if shares is None:
        assert not any(len(run) for run in runs)
        return
    anywhere = sum(any(is_waiting(rows, k, at) for k in range(2)) for at in MOMENTS)
    assert shares.sum() == pytest.approx(anywhere / HORIZON)
    alone = [k for k in range(2) if not len(runs[1 - k])]
    assert all(shares[k] == pytest.approx(np.diff(runs[k], axis=1).sum() / HORIZON) for k in alone)


def test_a_station_that_is_busy_by_nature_is_no_momentary_constraint():
    runs = [np.array([[0.0, 400.0]]), np.array([[100.0, 200.0]])]
    assert momentary_shares(runs, np.array([True, False]), HORIZON).tolist() == [0, 0.25]


def test_an_exit_just_after_one_from_where_it_goes_is_coupled():
    visits = [Visit(n, 0, 10.0 * n, 10.0 * n, 10.0 * n + 9, 0, to=1) for n in range(1, 11)]
    freed = [Visit(100 + n, 1, 10.0 * n, 10.0 * n, 10.0 * n + (9 if n % 2 else 5), 1) for n in range(1, 11)]
    assert coupling(observed([*visits, *freed], 2), 0) == 0.5
    assert coupling(observed([*visits, *freed], 2), 1) is None


@pytest.fixture(scope="module")
def seen():
    return observed(two_stations(), 2, horizon=1040.0, people=3)


@pytest.fixture(scope="module")
def rows(seen):
    return indicators(model_of(seen, False, np.zeros(2, np.int64)), 1)


def test_flow_is_conserved_at_every_station(rows):
    for row in rows:
        net = row["arrivals_per_week"] - row["departures_per_week"]
        assert row["net_flow_per_week"] == pytest.approx(net, abs=0.05)
        assert row["net_flow_per_week_low"] <= row["net_flow_per_week"] <= row["net_flow_per_week_high"]


def test_capacity_is_exits_a_week_of_waiting_and_load_what_comes_of_it(rows):
    review = rows[1]
    assert review["capacity_per_week_saturated"] == pytest.approx(40 / review["service_working_hours_mean"], rel=0.1)
    assert review["load_ratio"] == pytest.approx(review["arrivals_per_week"] / review["capacity_per_week_saturated"])


def test_the_busy_station_has_the_signs_and_the_other_has_not(rows):
    assert supports(rows, (1,))
    assert not supports(rows, (0,))
    assert rows[1]["full_empty_score"] == pytest.approx(rows[1]["saturation_share"])


def test_the_front_of_a_stream_fed_from_a_backlog_is_always_full():
    seen = observed(two_stations(), 2, horizon=1040.0, people=3)
    fed = indicators(model_of(seen, True, np.zeros(2, np.int64)), 1)
    assert fed[0]["full_empty_score"] == pytest.approx(1 - fed[1]["saturation_share"])


def test_people_are_counted_where_they_work(rows):
    assert [row["people_count"] for row in rows] == [2, 1]
    assert rows[1]["top_exit_share"] == 1
    assert 0.8 < rows[1]["utilisation_share"] <= 1


def test_rates_are_per_calendar_week_and_working_days_the_calendars_own(seen, rows):
    """The same visits, of people who work half of every week."""
    half = replace(seen, weeks=52.0, week_edges=np.arange(53) * 20.0, day_hours=4.0)
    slow = indicators(model_of(half, False, np.zeros(2, np.int64)), 1)
    for row, same in zip(slow, rows, strict=True):
        for name in ("arrivals_per_week", "departures_per_week", "capacity_per_week_saturated"):
            assert row[name] == (None if same[name] is None else pytest.approx(same[name] / 2))
        assert row["wait_working_days_p50"] == pytest.approx(2 * same["wait_working_days_p50"])
        assert row["load_ratio"] == (None if same["load_ratio"] is None else pytest.approx(same["load_ratio"]))
        assert row["net_flow_per_week"] == pytest.approx(same["net_flow_per_week"] / 2, abs=0.05)
