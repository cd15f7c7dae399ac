"""Forecasts hold what they promise where METHODS §5 says they do, and fail where it says they fail."""

import numpy as np
import pytest
from scipy.stats import theilslopes

from transforms.statistics.bootstrap import (
    delivered_within,
    delivered_within_plain,
    resample_weights,
    slope,
    weeks_until,
    weighted_medians,
)
from transforms.statistics.survival import period_kaplan_meier, quantile

TRIALS = 1000


def promised(draw, history, horizon, rng, certainty):
    """The number of items that will be delivered at least, with this certainty."""
    return np.quantile(draw(history, horizon, TRIALS, rng), 1 - certainty, method="inverted_cdf")


def coverage(draw, weeks, horizon, series, certainty=0.85, runs=600):
    """How often at least what was promised came true. ``series(rng, n)`` are n weekly counts."""
    rng = np.random.default_rng([weeks, horizon])
    held = 0
    for _ in range(runs):
        made = series(rng, weeks + horizon)
        held += made[weeks:].sum() >= promised(draw, made[:weeks], horizon, rng, certainty)
    return held / runs


def stable(rng, n):
    """Ten a week, twice as variable as Poisson (negative binomial): a team's real weeks."""
    return rng.negative_binomial(10, 0.5, n)


def declining(rng, n):
    """The same, 3 % fewer every week."""
    return np.array([rng.negative_binomial(10 * 0.97**week, 0.5) for week in range(n)])


def test_double_bootstrap_is_nearer_what_it_promises_than_plain_at_eight_weeks():
    plain = {h: coverage(delivered_within_plain, 8, h, stable) for h in (6, 12)}
    double = {h: coverage(delivered_within, 8, h, stable) for h in (6, 12)}
    for horizon in (6, 12):
        assert abs(double[horizon] - 0.85) < abs(plain[horizon] - 0.85)
        assert double[horizon] == pytest.approx(0.85, abs=0.04)
        assert plain[horizon] < 0.82


def test_a_trend_breaks_plain_and_double_alike():
    assert coverage(delivered_within_plain, 26, 12, declining, runs=200) < 0.5
    assert coverage(delivered_within, 26, 12, declining, runs=200) < 0.55


def test_weeks_until_and_delivered_within_tell_the_same_story():
    history = np.random.default_rng(1).poisson(5, 20)
    within = delivered_within(history, 6, 40_000, np.random.default_rng(2))
    until = weeks_until(history, 30, 40_000, np.random.default_rng(3))
    assert np.mean(until <= 6) == pytest.approx(np.mean(within >= 30), abs=0.015)


def test_a_steady_five_a_week_needs_six_weeks_for_thirty():
    assert set(weeks_until(np.full(10, 5), 30, 50, np.random.default_rng(1))) == {6}
    assert set(delivered_within(np.full(10, 5), 6, 50, np.random.default_rng(1))) == {30}


def test_what_is_never_delivered_is_not_in_sight():
    assert np.isinf(weeks_until(np.zeros(10), 1, 20, np.random.default_rng(1))).all()


def test_a_slope_is_scipys_theil_sen_and_its_interval_holds_the_drift_of_a_random_walk():
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        steps = rng.normal(0.3, 2, 91)
        found = slope(steps, 7, 200, rng)
        held += found.low <= 0.3 <= found.high
    path = np.concatenate([[0], np.cumsum(steps)])
    assert found.value == pytest.approx(theilslopes(path)[0])
    assert held / 200 > 0.88
    naive = theilslopes(path)
    assert found.high - found.low > 3 * (naive[3] - naive[2])


def random_items(rng, n=80):
    entry = np.where(rng.random(n) < 0.6, 0, rng.uniform(0, 20, n))
    leave = entry + np.round(rng.lognormal(2, 1, n), 1) + 0.1
    return entry, leave, rng.random(n) < 0.8


def test_a_median_of_items_that_count_once_is_the_survival_curves():
    rng = np.random.default_rng(6)
    for _ in range(20):
        entry, leave, is_event = random_items(rng)
        [found] = weighted_medians(entry, leave, is_event, rng.integers(0, 5, 80), np.ones((1, 5), dtype=np.int64))
        assert found == quantile(period_kaplan_meier(entry, leave, is_event), 0.5)[0]


def test_a_weight_of_two_is_the_item_twice_and_of_none_no_item():
    rng = np.random.default_rng(7)
    entry, leave, is_event = random_items(rng)
    weights = rng.integers(0, 4, (5, len(entry)))
    again = [period_kaplan_meier(*(np.repeat(a, w) for a in (entry, leave, is_event))) for w in weights]
    expected = [quantile(curve, 0.5)[0] or np.inf for curve in again]
    assert weighted_medians(entry, leave, is_event, np.arange(len(entry)), weights).tolist() == expected


def test_a_weight_is_that_of_the_whole_cohort():
    rng = np.random.default_rng(9)
    entry, leave, is_event = random_items(rng)
    cohort, weights = rng.integers(0, 6, len(entry)), resample_weights(6, 8, rng)
    one_by_one = weighted_medians(entry, leave, is_event, np.arange(len(entry)), weights[:, cohort])
    assert weighted_medians(entry, leave, is_event, cohort, weights).tolist() == one_by_one.tolist()


def test_a_median_that_is_not_reached_is_infinite():
    entry, leave = np.zeros(4), np.array([1.0, 2, 3, 4])
    cohort, weights = np.arange(4), np.ones((1, 4), dtype=np.int64)
    assert np.isinf(weighted_medians(entry, leave, np.array([True, False, False, False]), cohort, weights)).all()
    assert np.isinf(weighted_medians(entry, leave, np.zeros(4, dtype=bool), cohort, weights)).all()


def test_as_many_cohorts_are_drawn_as_there_are():
    weights = resample_weights(3, 200, np.random.default_rng(8))
    assert (weights.sum(axis=1) == 3).all()
    assert weights.mean(axis=0) == pytest.approx([1, 1, 1], abs=0.2)
