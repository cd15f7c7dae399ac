"""Hours of work from hours of which some are only known to be the most it took."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.constraint.censoring import as_if_known

HOURS = st.lists(st.tuples(st.floats(0.1, 100), st.booleans()), min_size=1, max_size=40)


def test_what_is_known_stays_as_it_is():
    assert as_if_known(np.array([3.0, 1.0, 2.0]), np.ones(3, bool)).tolist() == [1.0, 2.0, 3.0]


def test_an_upper_bound_stands_for_what_is_known_to_lie_below_it():
    """Of four, what is below the 2 that is an upper bound is 1; what is at most 3 is 1 or 2."""
    found = as_if_known(np.array([1.0, 2.0, 2.0, 9.0]), np.array([True, True, False, True]))
    assert found.tolist() == [1.0, 1.0, 2.0, 9.0]
    found = as_if_known(np.array([1.0, 2.0, 3.0, 3.0]), np.array([True, True, False, False]))
    assert found.tolist() == [1.0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_of_hidden_work_is_found_where_leaving_it_out_nearly_doubles_it(seed):
    rng = np.random.default_rng(seed)
    work, room = rng.lognormal(0, 1, 2000), rng.lognormal(0.5, 0.8, 2000)
    seen, is_exact = np.maximum(work, room), work >= room
    assert seen[is_exact].mean() > 1.7 * work.mean()
    assert as_if_known(seen, is_exact).mean() == pytest.approx(work.mean(), rel=0.1)


@given(HOURS)
def test_nothing_gets_longer_and_nothing_is_lost(told):
    hours, is_exact = np.array([h for h, _ in told]), np.array([exact for _, exact in told])
    found = as_if_known(hours, is_exact)
    assert len(found) == len(hours)
    assert (found <= np.sort(hours) + 1e-9).all()
    assert (found > 0).all()
