"""Wilson's interval, against scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from transforms.statistics.proportions import wilson


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_scipys(pair):
    count, n = pair
    expected = binomtest(count, n).proportion_ci(0.95, method="wilson")
    share, low, high = wilson(np.array([count]), np.array([n]))
    assert share[0] == count / n
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high))


def test_many_shares_are_answered_at_once_and_no_cases_have_none():
    share, low, high = wilson(np.array([0, 3, 5]), np.array([0, 3, 10]))
    assert np.isnan([share[0], low[0], high[0]]).all()
    assert share[1:].tolist() == [1.0, 0.5]
    assert high[1] == 1 and low[1] < 0.5


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    counts = np.random.default_rng(1).binomial(40, 0.9, size=4000)
    _, low, high = wilson(counts, np.full(4000, 40))
    assert 0.93 <= ((low <= 0.9) & (high >= 0.9)).mean() <= 0.98
