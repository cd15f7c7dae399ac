"""XmR limits by hand, signals one by one, and how often they cry wolf."""

import numpy as np
import pytest

from transforms.statistics.process_behaviour import Limits, autocorrelation, is_autocorrelated, limits, signals

TEN = Limits(10.0, 4.0, 16.0)


def test_limits_are_the_mean_and_two_sixty_six_moving_ranges():
    values = np.array([10, 12, 9, 11, 10, 8, 11, 13, 9, 10, 12, 5])
    found = limits(values)
    ranges = (2, 3, 2, 1, 2, 3, 2, 4, 1, 2, 7)
    assert found.mean == pytest.approx(10)
    assert found.high - found.mean == pytest.approx(2.66 * sum(ranges) / 11)
    assert found.mean - found.low == pytest.approx(2.66 * sum(ranges) / 11)


def test_eleven_points_have_no_limits():
    assert limits(np.arange(11)) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([10, 17, 9], ["none", "above_limits", "none"]),
        ([10, 3, 9], ["none", "below_limits", "none"]),
        ([16, 4], ["none", "none"]),
        ([9, *[11] * 8, 9], ["none", *["run_above"] * 8, "none"]),
        ([11, *[9] * 8], ["none", *["run_below"] * 8]),
        ([11] * 7, ["none"] * 7),
        ([11, 11, 11, 11, 10, 11, 11, 11, 11], ["none"] * 9),
        ([11] * 7 + [20], ["run_above"] * 7 + ["above_limits"]),
    ],
)
def test_a_point_outside_and_eight_on_one_side_are_signals(values, expected):
    assert signals(np.array(values), TEN) == expected


def test_independent_normal_weeks_leave_the_limits_about_three_times_in_a_thousand():
    rng = np.random.default_rng(1)
    series = [rng.normal(20, 4, 200) for _ in range(100)]
    outside = [sum("limits" in word for word in signals(values, limits(values))) for values in series]
    assert sum(outside) / 20_000 == pytest.approx(0.0027, abs=0.0015)


def test_autocorrelated_weeks_cry_wolf_and_are_called_so():
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 1, 400)
    values = np.array([noise[0]])
    for shock in noise[1:]:
        values = np.append(values, 0.7 * values[-1] + shock)
    outside = sum("limits" in word for word in signals(values, limits(values)))
    assert outside / 400 > 0.05
    assert autocorrelation(values) == pytest.approx(0.7, abs=0.1)
    assert is_autocorrelated(values)


def test_independent_weeks_are_seldom_called_autocorrelated():
    rng = np.random.default_rng(3)
    assert sum(is_autocorrelated(rng.poisson(9, 26)) for _ in range(1000)) < 20


def test_weeks_that_never_vary_are_not_autocorrelated():
    assert autocorrelation(np.full(20, 7)) == 0
    assert limits(np.full(20, 7)) == Limits(7, 7, 7)
    assert set(signals(np.full(20, 7), Limits(7, 7, 7))) == {"none"}
