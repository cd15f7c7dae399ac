"""Jira's ways to write an instant, read into UTC microseconds.

Epoch milliseconds (number or digits) and ISO text with any offset. A text without an offset is refused: guessing a zone
would shift every interval of the issue.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND_US = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
USUAL_LENGTH = 28
"""``2021-12-14T00:30:15.283+0000``: what Jira sends nearly always."""

CACHED_MINUTES = 50_000

LATEST_MS = 253_402_300_800_000
"""The year 10000; what lies beyond is no instant."""


class InstantReader:
    """Reads instants; remembers minutes already seen: bulk changes share them."""

    def __init__(self) -> None:
        self._minutes: dict[str, int] = {}

    def read(self, value: str | int) -> int:
        """UTC microseconds since 1970. Raises ValueError for a text without offset or of unknown form."""
        if isinstance(value, int):
            return _from_milliseconds(value)
        if len(value) != USUAL_LENGTH or value[19] != "." or value[16] != ":":
            return read_any_instant(value)
        known = value[:16] + value[23:]
        base = self._minutes.get(known)
        if base is None:
            base = self._remember(known, value)
        digits = value[17:19] + value[20:23]
        if not digits.isdigit() or digits >= "60":
            return read_any_instant(value)
        return base + int(digits) * 1000

    def _remember(self, known: str, value: str) -> int:
        """Microseconds of the minute; the dictionary is emptied before it grows without bound."""
        if len(self._minutes) >= CACHED_MINUTES:
            self._minutes.clear()
        base = read_any_instant(f"{value[:17]}00.000{value[23:]}")
        self._minutes[known] = base
        return base


def read_any_instant(value: str) -> int:
    """Like ``InstantReader.read``, for every form Jira is known to send."""
    if value.isascii() and value.isdigit():
        return _from_milliseconds(int(value))
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError("an instant has no offset from UTC")
    return (instant - EPOCH) // MICROSECOND


def _from_milliseconds(value: int) -> int:
    if not 0 <= value < LATEST_MS:
        raise ValueError("an instant lies outside the calendar")
    return value * 1000
