"""Reading survival curves: shares, conditional chances, means, and curves of a fixed mix."""

import numpy as np
import pytest
from sksurv.nonparametric import kaplan_meier_estimator

from transforms.statistics.curves import (
    MINIMUM_AT_RISK,
    collapse,
    finished_by,
    is_known_at,
    mean_until,
    mixture,
    outlasts,
    reach,
    trusted,
)
from transforms.statistics.survival import period_kaplan_meier, quantile


def exponential(rng, n, mean=10.0):
    finish, censored = rng.exponential(mean, n), rng.exponential(4 * mean, n)
    return np.zeros(n), np.minimum(finish, censored), finish <= censored


def test_share_and_interval_by_an_age_are_those_of_scikit_survival():
    entry, leave, is_event = exponential(np.random.default_rng(1), 120)
    ages, remaining, limits = kaplan_meier_estimator(is_event, leave, conf_type="log-log")
    found = finished_by(period_kaplan_meier(entry, leave, is_event), 12.0)
    place = np.searchsorted(ages, 12.0, "right") - 1
    assert found.value == pytest.approx(1 - remaining[place])
    assert (found.low, found.high) == pytest.approx((1 - limits[1, place], 1 - limits[0, place]))


def test_before_the_first_finish_nothing_is_finished():
    curve = period_kaplan_meier(np.zeros(3), np.array([2.0, 3, 4]), np.ones(3, bool))
    assert finished_by(curve, 1.0) == (0, None, None)


def test_the_chance_to_outlast_is_that_of_the_items_still_there():
    """Of those unfinished at 4 days, the curve from there on is the curve of late entries alone."""
    entry, leave, is_event = exponential(np.random.default_rng(2), 200)
    later = leave > 4
    direct = period_kaplan_meier(np.full(later.sum(), 4.0), leave[later], is_event[later])
    found = outlasts(period_kaplan_meier(entry, leave, is_event), np.array([4.0]), 15.0)
    expected = finished_by(direct, 15.0)
    assert [v[0] for v in found] == pytest.approx([1 - expected.value, 1 - expected.high, 1 - expected.low])


def test_what_is_past_the_age_has_outlasted_it():
    curve = period_kaplan_meier(np.zeros(3), np.array([2.0, 3, 4]), np.ones(3, bool))
    chance, low, high = outlasts(curve, np.array([5.0, 3.0, 2.5]), 3.0)
    assert [chance[0], low[1], high[1]] == [1, 1, 1]
    assert chance[2] == pytest.approx(0.5)


def test_beyond_the_end_of_the_curve_there_is_no_chance_to_tell():
    curve = period_kaplan_meier(np.zeros(3), np.array([2.0, 3, 4]), np.ones(3, bool))
    assert np.isnan([v[0] for v in outlasts(curve, np.array([4.5]), 6.0)]).all()


def test_an_exponential_forgets_its_age():
    curve = period_kaplan_meier(*exponential(np.random.default_rng(3), 20_000))
    chances = [outlasts(curve, np.array([age]), age + 10.0)[0][0] for age in (0.0, 5.0, 15.0)]
    assert chances == pytest.approx([np.exp(-1)] * 3, abs=0.04)


def test_the_mean_of_finished_work_has_the_interval_of_a_mean():
    leave = np.random.default_rng(4).exponential(10, 400)
    found = mean_until(period_kaplan_meier(np.zeros(400), leave, np.ones(400, bool)), 1e6)
    half = 1.96 * leave.std() / 20
    assert found == pytest.approx((leave.mean(), leave.mean() - half, leave.mean() + half), rel=1e-3)


def test_a_curve_is_read_as_far_as_enough_items_are_watched():
    leave = np.arange(1.0, 31)
    assert reach(period_kaplan_meier(np.zeros(30), leave, np.ones(30, bool))) == 30 - MINIMUM_AT_RISK + 1
    assert reach(period_kaplan_meier(np.zeros(9), leave[:9], np.ones(9, bool))) is None


def test_a_lone_young_item_that_finishes_ends_what_the_curve_can_say():
    entry, leave = np.array([0.0, 0, 5, 5]), np.array([1.0, 2, 9, 12])
    curve = period_kaplan_meier(entry, leave, np.ones(4, bool))
    assert collapse(curve, leave) == 2
    assert trusted(curve, leave).ages.tolist() == [1]
    assert quantile(trusted(curve, leave), 0.5)[0] == 1 and quantile(trusted(curve, leave), 0.85)[0] is None


def test_a_curve_that_ends_with_its_last_item_stands():
    leave = np.array([1.0, 2, 9, 12])
    curve = period_kaplan_meier(np.zeros(4), leave, np.ones(4, bool))
    assert collapse(curve, leave) == np.inf
    assert trusted(curve, leave).ages.tolist() == leave.tolist()


def test_a_share_is_read_where_ten_are_watched_or_almost_none_is_left():
    leave = np.arange(1.0, 41)
    curve = period_kaplan_meier(np.zeros(40), leave, np.ones(40, bool))
    assert [is_known_at(curve, np.zeros(40), leave, age) for age in (31, 32, 50)] == [True, False, True]
    open_ended = period_kaplan_meier(np.zeros(40), np.minimum(leave, 20), leave <= 20)
    assert not is_known_at(open_ended, np.zeros(40), np.minimum(leave, 20), 30)


def test_a_fixed_mix_does_not_move_when_only_the_mix_does():
    """Bugs take 2 days, stories 20; the share of bugs rises from a fifth to three fifths."""
    rng = np.random.default_rng(5)
    medians, plain = [], []
    for bugs in (400, 1200):
        parts = [rng.lognormal(np.log(2), 0.5, bugs), rng.lognormal(np.log(20), 0.5, 2000 - bugs)]
        curves = [period_kaplan_meier(np.zeros(len(p)), p, np.ones(len(p), bool)) for p in parts]
        medians.append(quantile(mixture(curves, [1, 4]), 0.5)[0])
        plain.append(np.median(np.concatenate(parts)))
    assert medians[0] == pytest.approx(medians[1], rel=0.05)
    assert plain[1] < 0.4 * plain[0]


def test_a_mix_in_the_samples_own_shares_is_the_curve_of_all():
    rng = np.random.default_rng(6)
    a, b = rng.exponential(3, 60), rng.exponential(12, 40)
    curves = [period_kaplan_meier(np.zeros(len(p)), p, np.ones(len(p), bool)) for p in (a, b)]
    whole = period_kaplan_meier(np.zeros(100), np.concatenate([a, b]), np.ones(100, bool))
    mixed = mixture(curves, [60, 40])
    assert mixed.remaining == pytest.approx(whole.remaining)
    assert quantile(mixed, 0.85)[0] == quantile(whole, 0.85)[0]


def test_the_interval_of_a_fixed_mix_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    big = np.sort(np.concatenate([rng.exponential(3, 250_000), rng.exponential(12, 750_000)]))
    truth, hits = big[len(big) // 2], 0
    for _ in range(300):
        curves = [period_kaplan_meier(*exponential(rng, n, mean)) for n, mean in ((60, 3), (40, 12))]
        _, low, high = quantile(mixture(curves, [1, 3]), 0.5)
        hits += low <= truth <= high
    assert 0.91 <= hits / 300 <= 0.99


def test_the_spread_of_a_fixed_mix_is_that_of_its_independent_parts():
    """Without censoring a share has variance S(1 − S) / n; the parts' variances add with their squared weights."""
    rng = np.random.default_rng(8)
    parts, weights = [rng.exponential(3, 60), rng.exponential(12, 40)], np.array([0.25, 0.75])
    curves = [period_kaplan_meier(np.zeros(len(p)), p, np.ones(len(p), bool)) for p in parts]
    mixed = mixture(curves, weights)
    place = np.searchsorted(mixed.ages, 5.0, "right") - 1
    open_shares = np.array([(p > 5).mean() for p in parts])
    expected = np.sum(weights**2 * open_shares * (1 - open_shares) / [60, 40])
    assert mixed.variance[place] * mixed.remaining[place] ** 2 == pytest.approx(expected)
