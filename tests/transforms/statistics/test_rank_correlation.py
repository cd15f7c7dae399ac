"""Rank correlations against scipy's, and the promise their one-sided limits make."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from transforms.statistics.rank_correlation import MINIMUM_PAIRS, spearman


def test_the_correlation_is_scipys_ties_included():
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 6, 40).astype(float), rng.normal(size=40)
    assert spearman(x, y).value == pytest.approx(spearmanr(x, y).statistic)


def test_below_the_minimum_or_without_variation_nothing_is_said():
    few = np.arange(MINIMUM_PAIRS - 1)
    assert spearman(few, few) == (None, None, None)
    assert spearman(np.arange(20), np.ones(20)) == (None, None, None)
    assert spearman(np.arange(MINIMUM_PAIRS), np.arange(MINIMUM_PAIRS)).value == 1.0


def test_ranks_that_agree_wholly_have_limits_there():
    found = spearman(np.arange(20), -np.arange(20))
    assert (found.value, found.low, found.high) == (pytest.approx(-1), pytest.approx(-1), pytest.approx(-1))


@pytest.mark.parametrize("n", [12, 30])
def test_unrelated_things_exceed_a_one_sided_limit_no_more_than_one_time_in_ten(n):
    rng = np.random.default_rng(n)
    found = [spearman(rng.normal(size=n), rng.normal(size=n)) for _ in range(1500)]
    for exceeding in (np.mean([one.low > 0 for one in found]), np.mean([one.high < 0 for one in found])):
        assert 0.05 < exceeding < 0.12
