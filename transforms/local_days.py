"""When a local day begins, and the moment that stands for a day without a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def midnight_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant with which a day begins in a zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def noon_of(day: date, zone: str) -> datetime:
    """Noon of a day in a zone: what a date without a time of day stands for."""
    return datetime.combine(day, time(12), ZoneInfo(zone))
