"""Steps of one instant in the order in which they chain, against a search through every order there is."""

from itertools import pairwise, permutations
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.trails import first_trail, longest_chain

PLACES = st.integers(1, 3)


def by_trial(steps: list[tuple[int | None, int]], start: int | None, end: int | None) -> list[int]:
    for order in permutations(range(len(steps))):
        walked = [steps[place] for place in order]
        chains = all(a[1] == b[0] for a, b in pairwise(walked))
        if chains and start in (None, walked[0][0]) and end in (None, walked[-1][1]):
            return list(order)
    return []


@given(st.lists(st.tuples(st.none() | PLACES, PLACES), min_size=1, max_size=5), st.none() | PLACES, st.none() | PLACES)
@settings(max_examples=300, deadline=None)
def test_the_first_trail_is_the_first_that_trial_finds(steps, start, end):
    assert first_trail(steps, start, end) == by_trial(steps, start, end)


def test_steps_in_order_stay_in_order():
    assert first_trail([(1, 2), (2, 3), (3, 4)], 1, 4) == [0, 1, 2]


def test_steps_told_backwards_are_turned_round():
    assert first_trail([(3, 4), (2, 3), (1, 2)], 1, 4) == [2, 1, 0]


def test_the_end_decides_which_of_two_round_trips_comes_last():
    assert first_trail([(2, 1), (1, 2), (1, 3)], 1, None) == [1, 0, 2]
    assert first_trail([(2, 1), (1, 2)], None, 1) == [1, 0]
    assert first_trail([(2, 1), (1, 2)], None, 2) == [0, 1]


def test_a_step_that_does_not_say_where_it_left_can_only_be_the_first():
    assert first_trail([(2, 3), (None, 2)], None, None) == [1, 0]
    assert first_trail([(2, 3), (None, 2)], 1, None) == []


@pytest.mark.parametrize(("start", "end"), [(9, None), (1, 9), (2, 3)])
def test_there_is_no_trail_from_or_to_where_no_step_leads(start, end):
    assert first_trail([(1, 2), (2, 3)], start, end) == []


def test_two_round_trips_that_never_meet_are_no_trail():
    assert first_trail([(1, 2), (2, 1), (5, 6), (6, 5)], 1, 1) == []


def test_a_thousand_steps_take_no_time():
    there_and_back = [(1, 2), (2, 1)] * 500
    began = perf_counter()
    assert first_trail(there_and_back, 1, 1) == list(range(1000))
    assert first_trail([*there_and_back, (7, 8)], 1, 8) == []
    assert perf_counter() - began < 8


def test_steps_that_cannot_all_chain_go_as_far_as_they_fit():
    assert longest_chain([(3, 4), (1, 2), (7, 8), (2, 3)], 1) == [1, 3, 0, 2]
    assert longest_chain([(3, 4), (1, 2)], 9) == [0, 1]
    assert longest_chain([(3, 4), (None, 2)], None) == [1, 0]
    assert longest_chain([(8, 9), (2, 3), (1, 2)], None) == [0, 2, 1]
    assert longest_chain([(2, 3), (1, 2), (5, 5), (8, 9)], 7) == [1, 0, 2, 3]
    assert longest_chain([(2, 1), (1, 2), (5, 6)], 9) == [2, 0, 1]
    assert longest_chain([], 1) == []
