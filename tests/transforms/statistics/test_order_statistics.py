"""Percentiles by order statistics: type 1, distribution-free intervals, and the sample sizes they need."""

import numpy as np
import pytest

from transforms.statistics.order_statistics import MINIMUM_SAMPLE, interval_ranks, percentile, type_1_rank


@pytest.mark.parametrize(("p", "n"), MINIMUM_SAMPLE.items())
def test_the_interval_exists_from_the_minimum_sample_on(p, n):
    assert interval_ranks(n, p) is not None
    assert interval_ranks(n - 1, p) is None


def test_below_the_minimum_sample_nothing_is_said():
    assert percentile(np.array([3.0, 1.0, 2.0]), 0.5) == (None, None, None)


@pytest.mark.parametrize(("n", "p", "rank"), [(4, 0.5, 2), (5, 0.5, 3), (20, 0.85, 17), (10, 0.1, 1), (7, 0.95, 7)])
def test_the_percentile_is_the_smallest_value_that_enough_values_do_not_exceed(n, p, rank):
    values = np.arange(1, n + 1)
    assert type_1_rank(n, p) == rank
    assert (values <= values[rank - 1]).mean() >= p
    assert rank == 1 or (values <= values[rank - 2]).mean() < p


def test_the_order_of_the_values_does_not_matter():
    values = np.random.default_rng(1).lognormal(size=50)
    assert percentile(values, 0.85) == percentile(values[::-1], 0.85)


@pytest.mark.parametrize(("n", "p"), [(30, 0.5), (30, 0.85), (100, 0.85), (200, 0.95)])
def test_the_interval_covers_the_truth_at_least_as_often_as_it_says(n, p):
    rng = np.random.default_rng(n)
    hits = [low <= p <= high for _, low, high in (percentile(rng.random(n), p) for _ in range(600))]
    assert np.mean(hits) >= 0.93


def test_the_width_is_that_of_the_methods_page():
    """METHODS §2.2: n = 100, P85, sigma 1: about 0.76 to 1.5 times the truth."""
    rng = np.random.default_rng(3)
    truth = np.exp(1.0364)
    widths = np.array([percentile(rng.lognormal(size=100), 0.85)[1:] for _ in range(500)]) / truth
    assert np.median(widths[:, 0]) == pytest.approx(0.76, abs=0.06)
    assert np.median(widths[:, 1]) == pytest.approx(1.5, abs=0.15)
