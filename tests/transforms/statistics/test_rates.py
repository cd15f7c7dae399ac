"""Rates of weekly counts: against known answers, and how often their intervals hold the truth."""

import numpy as np
import pytest
from scipy.stats import t

from transforms.statistics.rates import UNKNOWN, dispersion, rate, rate_ratio


def test_the_ratio_of_two_rates_by_hand():
    later, earlier = np.array([12, 8] * 5), np.array([6, 4] * 5)
    ratio, low, high = rate_ratio(later, earlier)
    half = t.ppf(0.975, 18) * np.sqrt(1 / 100 + 1 / 50)
    assert (ratio, low, high) == pytest.approx((2.0, 2 * np.exp(-half), 2 * np.exp(half)))


def test_weeks_that_vary_more_than_chance_widen_the_interval():
    wild, calm = np.array([0, 20] * 6), np.array([9, 11] * 6)
    assert dispersion(wild) == pytest.approx(12 * 100 / 10 / 11)
    assert dispersion(calm) == 1
    assert rate(wild).high - rate(wild).low > 2 * (rate(calm).high - rate(calm).low)
    assert rate(wild).value == rate(calm).value == 10


@pytest.mark.parametrize(("weeks", "count"), [(7, 10), (8, 1), (0, 1)])
def test_too_few_weeks_or_events_have_no_rate(weeks, count):
    few, enough = np.full(weeks, count), np.full(13, 9)
    assert rate(few) == UNKNOWN
    assert rate_ratio(few, enough) == rate_ratio(enough, few) == UNKNOWN


@pytest.mark.parametrize("spread", [1.0, 3.0])
def test_the_interval_of_a_ratio_holds_the_truth_at_least_as_often_as_it_says(spread):
    """Weeks of mean 9 and 12, plain Poisson and with three times its variance (negative binomial)."""
    rng = np.random.default_rng(4)

    def weeks(mean):
        return rng.poisson(mean, 13) if spread == 1 else rng.negative_binomial(mean / (spread - 1), 1 / spread, 13)

    found = [rate_ratio(weeks(12), weeks(9)) for _ in range(1000)]
    held = np.mean([low <= 12 / 9 <= high for _, low, high in found])
    assert 0.93 <= held <= 0.985
