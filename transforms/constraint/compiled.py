"""Numba's decorator with types, hashed chances and a heap of events: what the replay is built of.

What any of it means for a value stream is ``engine``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

import numba
import numpy as np

_F = TypeVar("_F", bound=Callable[..., Any])

EVENT = np.dtype([("at", "f8"), ("kind", "i8"), ("who", "i8")])
"""Something that will happen to an issue, a person or a gate."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_STEPS = np.uint64(1 << 20)


def _machine_code(function: _F, **options: bool) -> _F:
    """Kept beside the module or in the user's cache; where neither may be written to, each process compiles anew."""
    compiler = partial(cast(Any, numba.njit), nogil=True, error_model="numpy", **options)
    try:
        return cast(_F, compiler(cache=True)(function))
    except RuntimeError:
        return cast(_F, compiler()(function))


def compiled(function: _F) -> _F:
    """Compile ``function`` with Numba and keep the machine code."""
    return _machine_code(function)


def lean(function: _F) -> _F:
    """The same for a function that makes no arrays: counting references would cost more than what it does."""
    return _machine_code(function, _nrt=False)


def inner(function: _F) -> _F:
    """The same for a lean function that only compiled ones call: compiles in half the time without a way in."""
    return _machine_code(function, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)


@lean
def chance(seed: int, number: int, step: int) -> float:
    """A uniform number in [0, 1) that depends on nothing but its arguments (SplitMix64's finaliser)."""
    x = np.uint64(seed) * _MIX_1 + _GOLDEN * (np.uint64(number) * _STEPS + np.uint64(step) + np.uint64(1))
    x = (x ^ (x >> np.uint64(30))) * _MIX_1
    x = (x ^ (x >> np.uint64(27))) * _MIX_2
    x = x ^ (x >> np.uint64(31))
    return np.float64(x >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@lean
def push_event(events: np.ndarray, size: int, at: float, kind: int, who: int) -> int:
    """Add an event to the heap of ``size``; returns the new size."""
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if events[parent].at <= at:
            break
        events[place] = events[parent]
        place = parent
    events[place].at = at
    events[place].kind = kind
    events[place].who = who
    return size + 1


@lean
def drop_event(events: np.ndarray, size: int) -> int:
    """Take the earliest event, which lies at 0, off the heap; returns the new size."""
    size -= 1
    at, place = events[size].at, 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and events[child + 1].at < events[child].at:
            child += 1
        if events[child].at >= at:
            break
        events[place] = events[child]
        place = child
    events[place] = events[size]
    return size
