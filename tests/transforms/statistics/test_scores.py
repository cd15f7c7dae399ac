"""Scores against their definitions and known answers; a better forecast scores lower."""

import numpy as np
import pytest
from scipy.stats import norm

from transforms.statistics.scores import crps, pinball, place_in


def test_crps_is_its_definition():
    rng = np.random.default_rng(1)
    ensemble, actual = rng.poisson(9, 60), 11
    between = np.abs(ensemble[:, None] - ensemble[None, :]).mean()
    assert crps(ensemble, actual) == pytest.approx(np.abs(ensemble - actual).mean() - between / 2)


def test_crps_of_a_normal_forecast_is_the_closed_form():
    ensemble = norm.ppf((np.arange(20_000) + 0.5) / 20_000, 3, 2)
    z = (4.5 - 3) / 2
    exact = 2 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    assert crps(ensemble, 4.5) == pytest.approx(exact, abs=1e-3)


def test_crps_of_one_answer_is_the_absolute_error():
    assert crps(np.full(10, 7), 4) == 3


@pytest.mark.parametrize(("quantile", "loss"), [(10, 0), (6, 0.05 * 4), (14, 0.95 * 4)])
def test_pinball_weighs_both_sides_by_what_was_promised(quantile, loss):
    assert pinball(quantile, 10, 0.05) == pytest.approx(loss)


def test_the_true_quantile_has_the_least_pinball_loss():
    outcomes = np.random.default_rng(2).poisson(20, 4000)
    losses = {guess: np.mean([pinball(guess, actual, 0.15) for actual in outcomes]) for guess in range(10, 25)}
    assert min(losses, key=losses.get) == np.quantile(outcomes, 0.15, method="inverted_cdf")


def test_a_sharper_forecast_scores_better_if_it_is_right_and_worse_if_it_is_wrong():
    rng = np.random.default_rng(3)
    sharp, blunt = rng.normal(10, 1, 500), rng.normal(10, 6, 500)
    assert crps(sharp, 10.3) < crps(blunt, 10.3)
    assert crps(sharp, 30) > crps(blunt, 30)


@pytest.mark.parametrize(("actual", "place"), [(0, 0), (1, 0.125), (2.5, 0.5), (4, 0.875), (9, 1)])
def test_the_place_of_the_answer_counts_ties_half(actual, place):
    assert place_in(np.array([1, 2, 3, 4]), actual) == place
