"""The heap keeps time, and chances are uniform, the same every time, and independent of each other."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.caching import CacheImpl

from transforms.constraint.compiled import EVENT, chance, drop_event, lean, push_event


def drained(times):
    """Times as they come off the heap, with who they belong to."""
    events, size = np.zeros(len(times) + 1, EVENT), 0
    for who, at in enumerate(times):
        size = push_event(events, size, at, 0, who)
    found = []
    while size:
        found.append((float(events[0]["at"]), int(events[0]["who"])))
        size = drop_event(events, size)
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1e6), max_size=40))
def test_events_come_off_the_heap_in_order_of_time(times):
    found = drained(times)
    assert [at for at, _ in found] == sorted(times)
    assert sorted(who for _, who in found) == list(range(len(times)))
    assert all(times[who] == at for at, who in found)


def test_a_chance_depends_on_nothing_but_seed_issue_and_step():
    assert chance(7, 3, 11) == chance(7, 3, 11)
    assert len({chance(7, 3, 11), chance(8, 3, 11), chance(7, 4, 11), chance(7, 3, 12)}) == 4


def test_chances_are_uniform():
    drawn = np.array([chance(5, number, step) for number in range(300) for step in range(30)])
    assert drawn.min() >= 0 and drawn.max() < 1
    assert np.histogram(drawn, 10, (0, 1))[0] == pytest.approx(900, abs=120)


def test_neighbouring_chances_do_not_go_together():
    grid = np.array([[chance(1, number, step) for step in range(40)] for number in range(400)])
    by_step = np.corrcoef(grid.T)[np.triu_indices(40, 1)]
    by_seed = np.corrcoef([chance(1, n, 0) for n in range(4000)], [chance(2, n, 0) for n in range(4000)])[0, 1]
    assert np.abs(by_step).max() < 0.22
    assert abs(by_seed) < 0.06


def test_without_a_place_to_keep_machine_code_it_is_compiled_all_the_same(monkeypatch):
    """As in a container whose user owns neither the installation nor a home."""
    monkeypatch.setattr(CacheImpl, "_locator_classes", [])

    def doubled(number):
        return 2 * number

    with pytest.raises(RuntimeError, match="no locator"):
        numba.njit(cache=True)(doubled)
    assert lean(doubled)(21) == 42
