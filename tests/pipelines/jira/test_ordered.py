"""Threads may finish in any order; results do not."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.jira.ordered import map_in_order


def test_results_come_in_the_order_of_the_input():
    with ThreadPoolExecutor(4) as pool:
        assert list(map_in_order(pool, lambda n: (time.sleep(0.01 * (5 - n)), n)[1], range(5), ahead=5)) == [
            0,
            1,
            2,
            3,
            4,
        ]


def test_only_a_few_are_begun_ahead_of_their_turn():
    begun, lock = [], threading.Lock()

    def note(n):
        with lock:
            begun.append(n)
        return n

    with ThreadPoolExecutor(4) as pool:
        results = map_in_order(pool, note, range(100), ahead=3)
        next(results)
        time.sleep(0.05)
        assert len(begun) <= 4
        assert list(results) == list(range(1, 100))


def test_an_exception_comes_in_its_turn_and_stops_the_rest():
    def fail_at_two(n):
        if n == 2:
            raise KeyError(n)
        return n

    seen = []
    with ThreadPoolExecutor(2) as pool, pytest.raises(KeyError):
        for n in map_in_order(pool, fail_at_two, range(50), ahead=3):
            seen.append(n)
    assert seen == [0, 1]


def test_nothing_in_gives_nothing_out():
    with ThreadPoolExecutor(1) as pool:
        assert list(map_in_order(pool, str, [], ahead=3)) == []
