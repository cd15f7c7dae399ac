"""Cumulative incidence with intervals: against scikit-survival and the closed form of METHODS §2.5."""

import numpy as np
import pytest
from sksurv.nonparametric import cumulative_incidence_competing_risks

from transforms.statistics.incidence import incidence_by


def sample(rng, n):
    """Delivery hazard 1/20 d, cancel hazard 1/30 d, censored after 60 d."""
    delivered, cancelled, censored = rng.exponential(20, n), rng.exponential(30, n), rng.uniform(5, 60, n)
    leave = np.minimum(np.minimum(delivered, cancelled), censored)
    cause = np.where(leave == delivered, 1, np.where(leave == cancelled, 2, 0))
    return np.zeros(n), leave, cause


@pytest.mark.parametrize("of", [1, 2])
def test_share_and_interval_are_those_of_scikit_survival(of):
    entry, leave, cause = sample(np.random.default_rng(1), 300)
    cause[leave.argmax()] = 0  # scikit-survival has no variance anywhere once the last item has left
    ages, share, limits = cumulative_incidence_competing_risks(
        cause, leave, conf_type="log-log", var_type="Dinse_Approx"
    )
    for age, found in zip((10, 25, 45), incidence_by(entry, leave, cause, of, (10, 25, 45)), strict=True):
        place = np.searchsorted(ages, age, "right") - 1
        assert found.value == pytest.approx(share[of][place])
        assert (found.low, found.high) == pytest.approx(tuple(limits[of, :, place]), abs=0.003)


def test_delivered_by_day_30_is_0551():
    """METHODS §2.5: 0.551, where censoring the cancelled says 0.777."""
    [found] = incidence_by(*sample(np.random.default_rng(2), 100_000), 1, [30])
    assert found.value == pytest.approx(0.551, abs=0.006)
    assert found.low < 0.551 < found.high


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    truth = 0.6 * (1 - np.exp(-30 / 12))
    found = [incidence_by(*sample(rng, 80), 1, [30])[0] for _ in range(400)]
    assert 0.92 <= np.mean([f.low <= truth <= f.high for f in found]) <= 0.985


def test_the_two_endings_and_the_rest_add_up():
    entry, leave, cause = sample(np.random.default_rng(4), 200)
    both = incidence_by(entry, leave, np.minimum(cause, 1), 1, [20])[0].value
    parts = [incidence_by(entry, leave, cause, of, [20])[0].value for of in (1, 2)]
    assert sum(parts) == pytest.approx(both)


def test_where_nothing_has_ended_that_way_there_is_no_interval():
    entry, leave, cause = np.zeros(3), np.array([1.0, 2, 3]), np.array([2, 0, 0])
    assert incidence_by(entry, leave, cause, 1, [5]) == [(0, None, None)]
    assert incidence_by(entry[:0], leave[:0], cause[:0], 1, [5]) == [(0, None, None)]
