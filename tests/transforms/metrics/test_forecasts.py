"""What may be delivered by when: steady streams by hand, short histories withheld, unsteady ones labelled."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from tests.transforms.metrics.flow_frames import MONDAY, WORKFLOW, delivered_weekly, journeys
from tests.transforms.metrics.metric_frames import checked
from transforms.metrics.current_regimes import find_current_regimes
from transforms.metrics.forecasts import CERTAINTIES, Forecasts, forecast
from transforms.metrics.open_work import days_until_all_left
from transforms.metrics.weekly_flow import flow_journeys


def build(rows, weeks):
    told, as_of = journeys(rows).lazy(), MONDAY + timedelta(weeks=weeks)
    regimes = find_current_regimes(told, WORKFLOW, as_of)
    return checked(Forecasts, forecast(told, regimes, WORKFLOW, as_of))


def answers(table, question, target, column):
    return table.filter(question=question, target_count=target).sort("certainty_share")[column].to_list()


@pytest.fixture(scope="module")
def steady():
    """Five a week, always."""
    return build(delivered_weekly([5] * 20, 0.3), 20)


def test_a_stream_that_never_varies_is_forecast_without_doubt(steady):
    assert answers(steady, "how_many", 6, "delivered_count") == [30] * 4
    assert answers(steady, "when_items", 25, "week_count") == [5] * 4
    assert answers(steady, "when_items", 25, "by_date") == [date(2025, 5, 26) + timedelta(days=34)] * 4


def test_it_is_said_what_it_was_drawn_from(steady):
    row = steady.to_dicts()[0]
    assert (row["history_start_date"], row["origin_date"]) == (date(2025, 1, 6), date(2025, 5, 26))
    assert (row["history_week_count"], row["history_delivered_count"]) == (20, 100)
    assert row["is_stable"] and row["note"] is None


def test_nothing_open_has_left_already(steady):
    assert answers(steady, "when_open_work", 0, "week_count") == [0] * 4


def test_the_surer_the_fewer_and_the_later():
    made = build(delivered_weekly(np.random.default_rng(1).poisson(6, 30), 0.3), 30)
    for horizon in (2, 6, 12):
        found = answers(made, "how_many", horizon, "delivered_count")
        assert found == sorted(found, reverse=True) and found[0] > found[-1]
    weeks = answers(made, "when_items", 50, "week_count")
    assert weeks == sorted(weeks) and weeks[0] < weeks[-1]
    assert sorted(made["certainty_share"].unique()) == list(CERTAINTIES)


def test_a_short_history_is_withheld_and_says_so():
    made = build(delivered_weekly([5] * 7, 0.3), 7).filter(question="how_many")
    assert made["delivered_count"].null_count() == len(made)
    assert all("a forecast needs 8 steady weeks and 10 deliveries" in note for note in made["note"])
    assert not made["is_stable"].any()


def test_only_weeks_since_the_last_change_count():
    rng = np.random.default_rng(2)
    made = build(delivered_weekly([*rng.poisson(20, 30), *rng.poisson(5, 20)], 0.3), 50)
    row = made.filter(question="how_many", target_count=12, certainty_share=0.5).to_dicts()[0]
    assert row["delivered_count"] == pytest.approx(60, abs=8)
    assert row["history_week_count"] == pytest.approx(20, abs=2)


def test_a_falling_stream_is_forecast_with_a_warning():
    counts = [np.random.default_rng([3, week]).poisson(30 * 0.97**week) for week in range(30)]
    made = build(delivered_weekly(counts, 0.3), 30)
    last = made.to_dicts()[0]
    assert not last["is_stable"] or last["history_week_count"] < 30
    notes = made.filter(~made["is_stable"])["note"]
    assert all(note.startswith("not stable: ") for note in notes)


def test_forecasts_are_the_same_every_time(steady):
    assert build(delivered_weekly([5] * 20, 0.3), 20).equals(steady)


def test_a_site_without_issues_has_no_forecasts():
    told = journeys([]).lazy()
    as_of = datetime(2026, 1, 1, tzinfo=UTC)
    regimes = find_current_regimes(told, WORKFLOW, as_of)
    assert forecast(told, regimes, WORKFLOW, as_of).collect().is_empty()


def open_work(rows, ages, trials=4000, weeks=40):
    """Days until issues of these ages have left, when others have taken what ``rows`` say."""
    as_of = MONDAY + timedelta(weeks=weeks)
    rows = [*rows, *((as_of - timedelta(days=age), None, "in_progress") for age in ages)]
    told = flow_journeys(journeys(rows).lazy(), WORKFLOW)
    return days_until_all_left(told, MONDAY, as_of, trials, np.random.default_rng(1))


def test_open_work_lives_on_as_work_of_its_age_has():
    """Half of all work takes 2 days, half 10: what is 5 days old has exactly 5 to go."""
    rows = delivered_weekly([4] * 30, 2.0) + delivered_weekly([4] * 30, 10.0)
    assert set(np.round(open_work(rows, [5.0]), 6)) == {5.0}
    fresh = open_work(rows, [0.0])
    assert np.mean(np.isclose(fresh, 2.0)) == pytest.approx(0.5, abs=0.04)


def test_the_last_of_many_takes_longer_than_one():
    rows = delivered_weekly([4] * 30, 2.0) + delivered_weekly([4] * 30, 10.0)
    assert np.mean(np.isclose(open_work(rows, [0.0] * 5), 10)) == pytest.approx(1 - 0.5**5, abs=0.03)


def test_what_is_older_than_anything_that_ever_left_is_not_in_sight():
    assert np.isinf(open_work(delivered_weekly([4] * 30, 2.0), [90.0])).all()


def test_without_six_that_left_nothing_is_in_sight():
    assert np.isinf(open_work(delivered_weekly([5], 2.0), [1.0])).all()
