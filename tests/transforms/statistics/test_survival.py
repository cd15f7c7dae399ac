"""Survival with delayed entry and competing risks, against scikit-survival, closed forms and simulations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sksurv.nonparametric import cumulative_incidence_competing_risks, kaplan_meier_estimator

from transforms.statistics.survival import cumulative_incidence, period_kaplan_meier, quantile, restricted_mean

histories = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 12), st.booleans()), min_size=5, max_size=60).map(
    lambda rows: [np.array(column) for column in zip(*rows, strict=True)]
)


@given(histories)
@settings(max_examples=100, deadline=None)
def test_period_kaplan_meier_agrees_with_scikit_survival(history):
    entry, stay, is_event = history
    leave = (entry + stay).astype(float)
    if not is_event.any():
        return
    ours = period_kaplan_meier(entry.astype(float), leave, is_event)
    ages, remaining = kaplan_meier_estimator(is_event, leave, time_enter=entry.astype(float))
    theirs = [remaining[np.searchsorted(ages, age, "right") - 1] for age in ours.ages]
    assert ours.remaining == pytest.approx(theirs)


@given(histories)
@settings(max_examples=50, deadline=None)
def test_cumulative_incidence_agrees_with_scikit_survival_without_delayed_entry(history):
    cause, leave, _ = history
    cause = cause % 3
    if not ((cause == 1).any() and (cause == 2).any()):
        return
    ours = cumulative_incidence(np.zeros(len(leave)), leave.astype(float), cause, of=1)
    ages, incidence = cumulative_incidence_competing_risks(cause, leave.astype(float))
    theirs = [incidence[1][np.searchsorted(ages, age, "right") - 1] for age in ours.ages]
    assert 1 - ours.remaining == pytest.approx(theirs)


def test_without_censoring_the_curve_is_one_minus_the_empirical_distribution():
    ages = np.array([1.0, 2.0, 2.0, 5.0])
    curve = period_kaplan_meier(np.zeros(4), ages, np.ones(4, bool))
    assert curve.ages.tolist() == [1, 2, 5]
    assert curve.remaining == pytest.approx([0.75, 0.25, 0])
    assert curve.at_risk.tolist() == [4, 3, 1]
    assert curve.at(0.5) == 1 and curve.at(2) == pytest.approx(0.25)


def test_an_item_finished_at_age_zero_is_at_risk_at_age_zero():
    curve = period_kaplan_meier(np.zeros(2), np.array([0.0, 3.0]), np.ones(2, bool))
    assert curve.remaining == pytest.approx([0.5, 0])


def test_a_percentile_the_data_do_not_reach_is_empty():
    curve = period_kaplan_meier(np.zeros(3), np.array([1.0, 4.0, 4.0]), np.array([True, False, False]))
    value, _, high = quantile(curve, 0.85)
    assert value is None and high is None


def test_the_restricted_mean_of_finished_work_is_its_mean():
    ages = np.array([2.0, 4.0, 9.0])
    curve = period_kaplan_meier(np.zeros(3), ages, np.ones(3, bool))
    assert restricted_mean(curve, 100) == pytest.approx(5.0)
    assert restricted_mean(curve, 3) == pytest.approx(2 * 1 + 1 * 2 / 3)


def test_cancelling_is_a_competing_event_not_censoring():
    """METHODS §2.5: delivery hazard 1/20 d, cancel hazard 1/30 d: 0.551, not 0.777 and not 0.916, by day 30."""
    rng = np.random.default_rng(20)
    delivered, cancelled = rng.exponential(20, 200_000), rng.exponential(30, 200_000)
    leave = np.minimum(delivered, cancelled)
    cause = np.where(delivered < cancelled, 1, 2)
    start = np.zeros(len(leave))
    assert 1 - cumulative_incidence(start, leave, cause, of=1).at(30) == pytest.approx(0.551, abs=0.004)
    assert 1 - period_kaplan_meier(start, leave, cause == 1).at(30) == pytest.approx(0.777, abs=0.004)
    assert (leave[cause == 1] <= 30).mean() == pytest.approx(0.916, abs=0.004)


def window(started, cycle, first, last):
    """The curve from everything in progress within the window, and the naive sample of what finished in it."""
    ends = started + cycle
    seen = (started < last) & (ends > first)
    entry = np.maximum(first - started[seen], 0)
    leave = np.minimum(ends, last)[seen] - started[seen]
    finished = cycle[(ends > first) & (ends <= last)]
    return period_kaplan_meier(entry, leave, ends[seen] <= last), finished


@pytest.mark.parametrize(("slowdown", "truth"), [(1, (10.0, 28.2)), (2, (20.0, 56.4))])
def test_open_work_counts_so_a_slow_down_shows_at_once(slowdown, truth):
    """METHODS §2.4: lognormal cycle time, a window of 60 days, everything slows down at its start or nothing does."""
    rng = np.random.default_rng(4)
    first, last, horizon = 1000.0, 1060.0, 60_000
    started = np.sort(rng.uniform(0, last, horizon))
    cycle = rng.lognormal(np.log(10), 1, horizon)
    remaining_at_first = started + cycle - first
    cycle = np.where(remaining_at_first > 0, cycle + np.minimum(remaining_at_first, cycle) * (slowdown - 1), cycle)
    curve, finished = window(started, cycle, first, last)
    assert quantile(curve, 0.5)[0] == pytest.approx(truth[0], rel=0.06)
    if slowdown == 2:
        assert np.quantile(finished, 0.85) < 0.75 * truth[1]
        assert quantile(curve, 0.85)[0] == pytest.approx(truth[1], rel=0.15)
    else:
        assert quantile(curve, 0.85)[0] == pytest.approx(truth[1], rel=0.06)
        assert np.quantile(finished, 0.85) == pytest.approx(truth[1], rel=0.06)


def test_the_interval_of_a_percentile_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(9)
    truth, hits = 10 * np.log(2), 0
    for _ in range(400):
        finish, censored = rng.exponential(10, 80), rng.exponential(40, 80)
        curve = period_kaplan_meier(np.zeros(80), np.minimum(finish, censored), finish <= censored)
        _, low, high = quantile(curve, 0.5)
        hits += low <= truth <= high
    assert 0.92 <= hits / 400 <= 0.985
