"""Ratios of sums: the closed form against a bootstrap by issue, and against the truth."""

import numpy as np
import pytest

from transforms.statistics.ratios import MINIMUM_RATIO_SAMPLE, Moments, ratio_of_sums, share_of_sums


def moments(part, whole):
    return Moments(
        *(np.array([v]) for v in (len(part), part.sum(), whole.sum(), part @ part, part @ whole, whole @ whole))
    )


def sample(rng, n):
    """Waits are 30 % of long-tailed cycle times on average, but not of each."""
    whole = rng.lognormal(2, 0.8, n)
    return whole * rng.beta(3, 7, n), whole


def test_the_interval_is_that_of_a_bootstrap_by_issue():
    rng = np.random.default_rng(5)
    part, whole = sample(rng, 300)
    drawn = rng.integers(0, 300, (4000, 300))
    expected = np.quantile(part[drawn].sum(1) / whole[drawn].sum(1), [0.025, 0.975])
    ratio, low, high = (float(v[0]) for v in ratio_of_sums(moments(part, whole)))
    assert ratio == pytest.approx(part.sum() / whole.sum())
    assert [low, high] == pytest.approx(expected, abs=0.004)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(6)
    found = [ratio_of_sums(moments(*sample(rng, 80))) for _ in range(800)]
    assert 0.90 <= np.mean([low[0] <= 0.3 <= high[0] for _, low, high in found]) <= 0.98


def test_a_ratio_of_few_issues_is_withheld():
    part = whole = np.ones(MINIMUM_RATIO_SAMPLE - 1)
    assert np.isnan([v[0] for v in ratio_of_sums(moments(part, whole))]).all()


def test_a_constant_ratio_has_no_spread():
    whole = np.arange(1.0, 41)
    assert [float(v[0]) for v in ratio_of_sums(moments(whole / 4, whole))] == pytest.approx([0.25] * 3, abs=1e-7)


def test_nothing_in_the_denominator_is_no_ratio():
    assert np.isnan(ratio_of_sums(moments(np.zeros(30), np.zeros(30)))[0][0])


def test_the_interval_of_a_share_ends_at_the_whole():
    whole = np.arange(1.0, 41)
    nearly = moments(np.where(whole == 40, whole / 2, whole), whole)
    ratio, low, high = (float(v[0]) for v in share_of_sums(nearly))
    assert [ratio, low] == [float(v[0]) for v in ratio_of_sums(nearly)[:2]]
    assert (high, float(ratio_of_sums(nearly)[2][0]) > 1) == (1.0, True)
    assert np.isnan(share_of_sums(moments(whole[:3], whole[:3]))[0][0])
