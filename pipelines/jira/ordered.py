"""Work done by several threads, results in the order of the input, only a few of them in memory at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def map_in_order(pool: ThreadPoolExecutor, function: Callable[[A], B], inputs: Iterable[A], ahead: int) -> Iterator[B]:
    """Yield ``function(x)`` for every x, in order, with at most ``ahead`` begun before their turn.

    The first exception is raised in its turn; what had not begun by then never does.
    """
    rest = iter(inputs)
    begun: deque[Future[B]] = deque(pool.submit(function, value) for value in islice(rest, ahead))
    try:
        while begun:
            result = begun.popleft().result()
            begun.extend(pool.submit(function, value) for value in islice(rest, 1))
            yield result
    finally:
        for future in begun:
            future.cancel()
