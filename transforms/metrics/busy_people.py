"""What each person was busy with at every instant, as stretches without overlap. Never published."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from transforms.metrics.waiting_visits import continues
from transforms.states import NOBODY


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
    edges = edges.sort("assignee", "at").with_columns(
        edge=pl.int_range(pl.len()), until=pl.col.at.shift(-1).over("assignee")
    )
    places = edges.select("assignee", "at", "edge")
    for side in ("begin", "end"):
        named = places.rename({"at": side, "edge": f"{side}_edge"})
        touch = touch.join(named, on=["assignee", side], maintain_order="left")
    spread = touch.with_columns(edge=pl.int_ranges("begin_edge", "end_edge")).explode("edge")
    held = spread.group_by("edge").agg(parallel=pl.len().cast(pl.Int64), oldest_at=pl.col.arrived_at.min())
    busy = edges.join(held, on="edge").sort("edge")
    return busy.select("assignee", "parallel", "oldest_at", begin="at", end="until")


def overlaps(asked: pl.DataFrame, busy: pl.DataFrame) -> pl.DataFrame:
    """Every stretch of ``asked`` (assignee, begin, end, …) once per busy stretch of its person that it overlaps.

    Columns of ``asked``, begin and end cut to the overlap, and parallel and oldest_at of the busy stretch.
    """
    if asked.is_empty() or busy.is_empty():
        return asked.clear().join(busy.clear().select("parallel", "oldest_at"), how="cross")
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
    ranges = asked.with_columns(first=pl.Series(first), last=pl.Series(np.where(is_known, last, first)))
    ranges = ranges.filter(pl.col.first < pl.col.last).with_columns(row=pl.int_ranges("first", "last")).explode("row")
    found = busy[ranges["row"].to_numpy()].rename({"begin": "busy_begin", "end": "busy_end"}).drop("assignee")
    cut = pl.concat([ranges.drop("first", "last", "row"), found], how="horizontal")
    return cut.with_columns(
        begin=pl.max_horizontal("begin", "busy_begin"), end=pl.min_horizontal("end", "busy_end")
    ).drop("busy_begin", "busy_end")
