"""What each person was busy with at every instant, as stretches without overlap. Never published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import polars as pl

from transforms.metrics.waiting_visits import continues
from transforms.states import NOBODY

MOST_OVERLAPS = 2_000_000
"""Overlaps held at once: some 200 MB."""


def busy_stretches(person_intervals: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Stretches in which a person had work in touch, cut wherever that work changes; ordered by person and time.

    Columns assignee, begin, end, parallel (issues in touch) and oldest_at: when the one of them that had been waiting
    longest came to its stage.
    """
    ordered = person_intervals.sort("issue_id", "entered_at")
    ordered = ordered.with_columns(arrived_at=pl.when(~continues()).then("entered_at").forward_fill())
    touch = ordered.filter((pl.col.kind == "touch") & (pl.col.assignee != NOBODY)).select(
        "assignee", "arrived_at", begin="entered_at", end=pl.col.left_at.fill_null(as_of)
    )
    touch = touch.filter(pl.col.begin < pl.col.end)
    edges = pl.concat([touch.select("assignee", at=side) for side in ("begin", "end")]).unique()
    edges = edges.sort("assignee", "at").with_columns(until=pl.col.at.shift(-1).over("assignee"))
    places = edges.with_row_index("place").select("assignee", "at", "place")
    begin, end = (_places(touch, side, places) for side in ("begin", "end"))
    oldest = least_over(begin, end, touch["arrived_at"].to_physical().to_numpy(), len(edges))
    parallel = np.cumsum(np.bincount(begin, minlength=len(edges)) - np.bincount(end, minlength=len(edges)))
    told = edges.with_columns(
        parallel=pl.Series(parallel, dtype=pl.Int64), oldest_at=pl.Series(oldest).cast(touch.schema["arrived_at"])
    )
    return told.filter(pl.col.parallel > 0).select("assignee", "parallel", "oldest_at", begin="at", end="until")


def _places(touch: pl.DataFrame, side: str, places: pl.DataFrame) -> np.ndarray:
    """Where among its person's edges each stretch begins or ends."""
    named = touch.select("assignee", at=side).join(places, on=["assignee", "at"], maintain_order="left")
    return named["place"].cast(pl.Int64).to_numpy()


def least_over(begin: np.ndarray, end: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Least value of the ranges [begin, end) that hold each of ``size`` places; the largest integer where none does.

    Every range is two that overlap, of a power of two in length; these are halved until they are places. O(n log n),
    however many ranges hold a place.
    """
    level = np.frexp((end - begin).astype(np.float64))[1] - 1
    least = np.full(size, np.iinfo(np.int64).max)
    for power in range(int(level.max(initial=0)), -1, -1):
        own, length = level == power, 1 << power
        np.minimum.at(least, begin[own], values[own])
        np.minimum.at(least, end[own] - length, values[own])
        if half := length // 2:
            least[half:] = np.minimum(least[half:], least[:-half].copy())
    return least


def parts_that_overlap(asked: pl.DataFrame, busy: pl.DataFrame, most: int = MOST_OVERLAPS) -> Iterator[pl.DataFrame]:
    """``overlaps`` of a few rows of ``asked`` at a time, so many that about ``most`` rows come of them."""
    first, last = _ranges(asked, busy)
    part = np.cumsum(np.maximum(last - first, 0)) // most
    for own in np.split(np.arange(len(asked)), np.flatnonzero(np.diff(part)) + 1):
        yield overlaps(asked[own], busy)


def overlaps(asked: pl.DataFrame, busy: pl.DataFrame) -> pl.DataFrame:
    """Every stretch of ``asked`` (assignee, begin, end, …) once per busy stretch of its person that it overlaps.

    Columns of ``asked``, begin and end cut to the overlap, and parallel and oldest_at of the busy stretch.
    """
    first, last = _ranges(asked, busy)
    ranges = asked.with_columns(first=pl.Series(first, dtype=pl.Int64), last=pl.Series(last, dtype=pl.Int64))
    ranges = ranges.filter(pl.col.first < pl.col.last).with_columns(row=pl.int_ranges("first", "last")).explode("row")
    found = busy[ranges["row"].to_numpy()].rename({"begin": "busy_begin", "end": "busy_end"}).drop("assignee")
    cut = pl.concat([ranges.drop("first", "last", "row"), found], how="horizontal")
    return cut.with_columns(
        begin=pl.max_horizontal("begin", "busy_begin"), end=pl.min_horizontal("end", "busy_end")
    ).drop("busy_begin", "busy_end")


def _ranges(asked: pl.DataFrame, busy: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """First row of ``busy`` that each row of ``asked`` overlaps, and the one after its last; none where not below."""
    if asked.is_empty() or busy.is_empty():
        return np.zeros(len(asked), np.int64), np.zeros(len(asked), np.int64)
    persons = np.unique(busy["assignee"].to_numpy())
    begin, end = (asked[side].to_physical().to_numpy() for side in ("begin", "end"))
    starts, stops = (busy[side].to_physical().to_numpy() for side in ("begin", "end"))
    origin = min(int(begin.min()), int(starts.min()))
    width = max(int(end.max()), int(stops.max())) - origin + 1
    owner = np.searchsorted(persons, asked["assignee"].to_numpy())
    held = np.searchsorted(persons, busy["assignee"].to_numpy()) * width - origin
    first = np.searchsorted(held + stops, owner * width + begin - origin, "right")
    last = np.searchsorted(held + starts, owner * width + end - origin, "left")
    is_known = np.isin(asked["assignee"].to_numpy(), persons)
    return first, np.where(is_known, last, first)
