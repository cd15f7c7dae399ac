"""Instants as Jira writes and reads them. JQL's dates, which depend on the user's zone, are not here."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def epoch_ms(written: str | int) -> int:
    """Milliseconds since 1970 of an instant in a recording: ISO 8601 with an offset, or already a number.

    Raises ValueError for text without an offset: a naive instant could be any of 26 hours.
    """
    if isinstance(written, int):
        return written
    instant = datetime.fromisoformat(written)
    if instant.tzinfo is None:
        raise ValueError(f"instant {written!r} names no offset from UTC")
    return (instant - EPOCH) // MILLISECOND


def jira_timestamp(instant: datetime) -> str:
    """Write an aware instant as Jira does, e.g. ``2026-03-02T08:00:00.000+0000``."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "+0000"
