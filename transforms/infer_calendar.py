"""Working days and hours as people's changes show them: what a team would else have to be asked.

A proposal for somebody to confirm. The calendar a run uses is what flow.toml says.
"""

from __future__ import annotations

import polars as pl

FEWEST_CHANGES = 200
"""Below this many hours in which somebody changed something nothing is proposed."""

IDLE_DAY_SHARE = 0.25
"""A weekday with less than this share of the busiest one's hours is no working day."""

BUSY_HOUR_SHARE = 0.4
"""An hour belongs to the working day if it has this share of what the eight busiest have on average."""

HOURS_OF_A_DAY = 8


def infer_hours(changes: pl.DataFrame, zone: str) -> tuple[tuple[int, ...], int, int] | None:
    """Working days (0 = Monday) and the hours from .. to in ``zone``; None where too few changes show them.

    ``changes`` are RawChanges, of which only moves between statuses are looked at. Changes of apps and of nobody do
    not count, and of one person an hour counts once: a planning meeting that moves forty issues is one hour.
    """
    by_people = changes.filter(pl.col.author.is_not_null() & ~pl.col.is_automation & (pl.col.field == "status"))
    local = by_people.select("author", at=pl.col.changed_at.dt.convert_time_zone(zone))
    active = local.with_columns(date=pl.col.at.dt.date(), hour=pl.col.at.dt.hour()).unique(["author", "date", "hour"])
    if active.height < FEWEST_CHANGES:
        return None
    stamped = active.select("hour", day=pl.col.date.dt.weekday() - 1)
    by_day = dict(stamped.group_by("day").len().iter_rows())
    days = tuple(day for day in range(7) if by_day.get(day, 0) >= IDLE_DAY_SHARE * max(by_day.values()))
    by_hour = dict(stamped.filter(pl.col.day.is_in(days)).group_by("hour").len().iter_rows())
    usual = sum(sorted(by_hour.values())[-HOURS_OF_A_DAY:]) / HOURS_OF_A_DAY
    busy = [hour for hour, count in by_hour.items() if count >= BUSY_HOUR_SHARE * usual]
    return days, min(busy), max(busy) + 1
