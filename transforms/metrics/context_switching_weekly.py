"""How much work people hold at once, week by week, for teams large enough (METHODS §4.6). Nobody is in it by name.

What parallel work does to touch is ``touch_shares``.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
from scipy.stats import t

from transforms.metrics.bursts import human_events
from transforms.metrics.busy_people import busy_stretches, overlaps
from transforms.metrics.period_tables import as_note, definition_version_column, estimate_columns, note_column
from transforms.metrics.periods import weeks
from transforms.metrics.privacy import MINIMUM_GROUP, SUPPRESSED
from transforms.metrics.slots import events_in_slots, stretches_in_slots, working_between
from transforms.schema import LABEL, Column, Table
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

MANY = 3
"""Issues in touch at once from which on they are many."""

KEY = ("value_stream", "week_start_date")

RATIOS = {
    "parallel_issues_mean": ("parallel", "busy", "Issues a person with work in touch has in touch at once, over time."),
    "many_parallel_share": ("many", "busy", f"Share of that working time with {MANY} issues or more at once."),
    "issues_per_day_mean": ("issues", "days", "Different issues somebody did something to by hand on one day."),
}
"""Ratios of sums over persons: part, whole, and what they say."""

BOUNDS = {"parallel_issues_mean": (1, np.inf), "many_parallel_share": (0, 1), "issues_per_day_mean": (1, np.inf)}
"""What the ratios cannot lie outside of, and neither can their intervals."""


class ContextSwitchingWeekly(Table, layer="metrics", key=KEY):
    """One row per value stream and week. Answers: between how many issues do people have to divide themselves?

    Averages of a team's working time, everything its people hold counted, in other value streams too; a person counts
    wherever and while something of the stream is in their hands. Weeks with fewer than five such people are empty.
    """

    value_stream = Column(LABEL, "Value stream.")
    week_start_date = Column(pl.Date(), "Monday, in the value stream's zone.")
    is_complete_week = Column(pl.Boolean(), "The week had ended by as_of; a running one is counted up to as_of.")
    team_count = Column(
        pl.Int64(), "People with work of the stream in touch: the n. Empty below five (note).", nullable=True, minimum=5
    )
    active_count = Column(
        pl.Int64(), "People who did something by hand to its issues: the n of issues_per_day_mean. Empty likewise.",
        nullable=True, minimum=5,
    )  # fmt: skip
    locals().update({n: c for name, told in RATIOS.items() for n, c in estimate_columns(name, told[2]).items()})
    definition_version = definition_version_column()
    note = note_column()


def measure_context_switching(
    person_intervals: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.LazyFrame:
    """Measure parallel work in every week since the first that had any; ContextSwitchingWeekly."""
    persons = person_intervals.collect()
    held = held_in_parallel(persons, as_of)
    if held.is_empty():
        return ContextSwitchingWeekly.empty().lazy()
    grid = weeks(workflow, covered_stretch([held["begin"]], as_of)[0], as_of)
    streams = persons.select("issue_id", "value_stream").unique()
    events = human_events(raw_changes.collect()).join(streams, on="issue_id").filter(pl.col.at <= as_of)
    rows = grid.rename({"is_complete": "is_complete_week"})
    busy = _over_team(_held_by_person(held, grid, workflow, as_of), ("parallel", "many"), "busy", "team_count")
    done = _over_team(_done_by_person(events, grid, workflow), ("issues",), "days", "active_count")
    rows = rows.join(busy, on=KEY, how="left").join(done, on=KEY, how="left")
    versions = {stream.name: workflow.definition_version(stream.name) for stream in workflow.streams}
    version = pl.col.value_stream.cast(pl.String).replace_strict(versions)
    small = pl.when(pl.col.team_count.is_null()).then(pl.lit(f"parallel work is {SUPPRESSED}"))
    inactive = pl.when(pl.col.active_count.is_null()).then(pl.lit(f"issues per day are {SUPPRESSED}"))
    rows = rows.with_columns(definition_version=version, note=as_note([small, inactive]))
    return ContextSwitchingWeekly.select(rows.sort(KEY).lazy())


def held_in_parallel(person_intervals: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Stretches in which a person had work of a stream in touch: value_stream, assignee, begin, end, parallel.

    ``parallel`` counts everything the person had in touch, whatever stream it belongs to. Private.
    """
    everything = busy_stretches(person_intervals, as_of)
    parts = []
    for stream in person_intervals["value_stream"].unique():
        own = busy_stretches(person_intervals.filter(pl.col.value_stream == stream), as_of)
        asked = own.select("assignee", "begin", "end", value_stream=pl.lit(stream, LABEL))
        parts.append(overlaps(asked, everything).select("value_stream", "assignee", "begin", "end", "parallel"))
    return pl.concat(parts) if parts else everything.clear().with_columns(value_stream=pl.lit("", LABEL))


def _held_by_person(held: pl.DataFrame, grid: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Working hours of every person and week: busy, of them with many issues, and weighted by how many there were."""
    cut = stretches_in_slots(held, "begin", "end", grid, as_of)
    hours = working_between(cut, "begins_at", "ends_before", workflow, as_of) / 3_600_000
    cut = cut.with_columns(hours=hours).filter(pl.col.hours > 0)
    return cut.group_by(*KEY, person="assignee").agg(
        busy=pl.col.hours.sum(),
        many=pl.col.hours.filter(pl.col.parallel >= MANY).sum(),
        parallel=(pl.col.hours * pl.col.parallel).sum(),
    )


def _done_by_person(events: pl.DataFrame, grid: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Of every person and week: days with anything done by hand, and different issues per day, summed."""
    zones = {stream.name: stream.calendar.zone for stream in workflow.streams}
    own = [
        events.filter(pl.col.value_stream == name).with_columns(day=pl.col.at.dt.convert_time_zone(zone).dt.date())
        for name, zone in zones.items()
    ]
    placed = events_in_slots(pl.concat(own), "at", grid)
    daily = placed.group_by(*KEY, "day", person="author").agg(issues=pl.col.issue_id.n_unique())
    return daily.group_by(*KEY, "person").agg(
        days=pl.len().cast(pl.Float64), issues=pl.col.issues.sum().cast(pl.Float64)
    )


def _over_team(people: pl.DataFrame, parts: tuple[str, ...], whole: str, count: str) -> pl.DataFrame:
    """RATIOS of the weeks with enough people, from one row per week and person; ``count`` says how many there are."""
    enough = people.filter(pl.len().over(KEY) >= MINIMUM_GROUP)
    sums = enough.group_by(KEY).agg(pl.len().cast(pl.Int64).alias(count), pl.col(*parts, whole).sum())
    ratios = {name: told[0] for name, told in RATIOS.items() if told[0] in parts}
    for name, part in ratios.items():
        of = enough.join(sums.select(*KEY, ratio=pl.col(part) / pl.col(whole)), on=KEY)
        apart = (pl.col(part) - pl.col.ratio * pl.col(whole)) ** 2
        sums = sums.join(of.group_by(KEY).agg(apart.sum().alias("squares")), on=KEY)
        ratio = (sums[part] / sums[whole]).to_numpy()
        half = half_width(sums["squares"].to_numpy(), sums[whole].to_numpy(), sums[count].to_numpy())
        low, high = (np.clip(end, *BOUNDS[name]) for end in (ratio - half, ratio + half))
        ends = {name: ratio, f"{name}_low": low, f"{name}_high": high}
        sums = sums.with_columns(**{end: pl.Series(values) for end, values in ends.items()}).drop("squares")
    return sums.drop(*parts, whole)


def half_width(squares: np.ndarray, whole: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Half of the 95 % interval of a ratio of sums over n persons, the person as the unit that varies (Student's t)."""
    width: np.ndarray = t.ppf(0.975, n - 1) * np.sqrt(squares * n / (n - 1)) / whole
    return width
