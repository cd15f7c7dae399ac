"""Since when a stream works as it does: changes that were made, steady streams, and what is called unsteady."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from tests.transforms.metrics.flow_frames import MONDAY, WORKFLOW, delivered_weekly, journeys, redefined_from
from tests.transforms.metrics.metric_frames import checked
from transforms.metrics.current_regimes import CurrentRegimes, find_current_regimes
from transforms.metrics.regimes import doubts, find_regimes, steady_place
from transforms.metrics.weekly_flow import flow_journeys, flow_weeks, weekly_flow

FIRST = date(2025, 1, 6)


def after(weeks):
    """An hour into the week after so many."""
    return MONDAY + timedelta(weeks=weeks)


def regime(rows, weeks, workflow=WORKFLOW):
    found = find_current_regimes(journeys(rows).lazy(), workflow, after(weeks))
    [row] = checked(CurrentRegimes, found).to_dicts()
    return row


def series(rows, weeks):
    told = flow_journeys(journeys(rows).lazy())
    return weekly_flow(told, flow_weeks(told, WORKFLOW, after(weeks))).filter("is_complete")


def noisy(mean, weeks, seed=1):
    return np.random.default_rng([seed, weeks]).poisson(mean, weeks)


def test_a_steady_stream_has_one_regime_and_it_is_stable():
    counts = noisy(9, 40)
    row = regime(delivered_weekly(counts, 0.5), 40)
    assert (row["regime_start_date"], row["began_with"], row["earlier_regime_count"]) == (FIRST, "history", 0)
    assert (row["week_count"], row["delivered_count"]) == (40, counts.sum())
    assert row["is_stable"] and row["reasons"] is None and row["change_p_value"] is None
    assert row["delivered_per_week_low"] < row["delivered_per_week"] < row["delivered_per_week_high"]
    assert row["delivered_per_week"] == pytest.approx(counts.mean())


def test_the_week_that_runs_does_not_count():
    row = regime([*delivered_weekly([5] * 20, 0.5), (after(20), None, "in_progress")], 20)
    assert (row["week_count"], row["regime_end_date"]) == (20, FIRST + timedelta(days=20 * 7 - 1))


def test_deliveries_that_double_begin_a_regime():
    row = regime(delivered_weekly([*noisy(6, 30), *noisy(14, 20)], 0.5), 50)
    assert row["began_with"] == "deliveries"
    assert abs((row["regime_start_date"] - FIRST).days / 7 - 30) <= 1
    assert row["steady_deliveries_date"] == row["regime_start_date"]
    assert row["change_p_value"] < 0.01


def test_work_that_takes_longer_begins_a_regime_and_leaves_deliveries_steady():
    days = np.repeat([1.0, 4.0], 26) * np.random.default_rng(1).lognormal(0, 0.4, 52)
    row = regime(delivered_weekly([8] * 52, days), 52)
    assert row["began_with"] == "cycle_time"
    assert abs((row["regime_start_date"] - FIRST).days / 7 - 26) <= 2
    assert row["steady_deliveries_date"] < FIRST + timedelta(weeks=1)


def test_other_definitions_begin_a_regime_with_the_first_whole_week():
    rows = delivered_weekly([9] * 40, 0.5)
    wednesday = FIRST + timedelta(weeks=20, days=2)
    row = regime(rows, 40, redefined_from(wednesday))
    assert (row["began_with"], row["change_p_value"]) == ("definitions", None)
    assert row["regime_start_date"] == row["steady_deliveries_date"] == FIRST + timedelta(weeks=21)


def test_changes_of_two_kinds_close_together_are_one():
    days = np.repeat([1.0, 5.0], [27, 25]) * np.random.default_rng(2).lognormal(0, 0.3, 52)
    found = find_regimes(series(delivered_weekly([*noisy(5, 24), *noisy(15, 28)], days), 52), seed=1)
    assert [one.cause for one in found] == ["history", "cycle_time"]


def test_too_short_a_regime_is_not_stable_and_its_rate_is_withheld():
    row = regime(delivered_weekly([4] * 7, 0.5), 7)
    assert not row["is_stable"]
    assert row["reasons"] == "only 7 weeks since the last change, 8 are needed"
    assert row["delivered_per_week"] is None and "8 weeks" in row["note"]


def test_more_started_than_ended_is_not_stable():
    rows = delivered_weekly(noisy(8, 26), 0.5)
    rows += [(MONDAY + timedelta(days=7 * week + day), None, "in_progress") for week in range(26) for day in range(4)]
    reasons = regime(rows, 26)["reasons"]
    assert "are started for each that ends [" in reasons and reasons.startswith("1.")


def test_a_trend_is_called_one():
    """30 % fewer deliveries in half a year, week by week: at its end nothing forecasts well, and it says so."""
    told = []
    for seed in range(40):
        counts = [np.random.default_rng([seed, week]).poisson(20 * 0.97**week) for week in range(26)]
        weeks = series(delivered_weekly(counts, 0.5), 26)
        told.append(steady_place(weeks["delivered_count"].to_numpy(), seed) > 0 or bool(doubts(weeks)))
    assert np.mean(told) > 0.9


def test_steady_streams_are_seldom_called_unsteady():
    told = [doubts(series(delivered_weekly(noisy(10, 26, seed), 0.3), 26)) for seed in range(60)]
    assert np.mean([bool(reasons) for reasons in told]) < 0.12


def test_work_that_was_never_started_is_delivered_and_neither_started_nor_left():
    at = MONDAY + timedelta(hours=3)
    weeks = series([(at, at, "delivered"), (at, at + timedelta(hours=1), "discarded")], 1)
    [row] = weeks.select("started_count", "delivered_count", "left_by_delivery_count", "discarded_count").rows()
    assert row == (1, 1, 0, 1)


def test_the_same_histories_have_the_same_regimes_and_streams_do_not_mix():
    rows = delivered_weekly([*noisy(6, 30), *noisy(14, 20)], 0.5)
    assert regime(rows, 50) == regime(rows, 50)


def test_a_stream_without_a_complete_week_has_no_row():
    told = journeys([(MONDAY, None, "in_progress")]).lazy()
    assert find_current_regimes(told, WORKFLOW, MONDAY + timedelta(days=2)).collect().is_empty()
    assert find_current_regimes(journeys([]).lazy(), WORKFLOW, datetime(2026, 1, 1, tzinfo=UTC)).collect().is_empty()
