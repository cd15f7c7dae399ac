"""What headers tell of a site's patience: how long to wait, whom the wait concerns, how near the limit is.

Cloud and Data Center tell it differently, gateways tell nothing. What is done about it belongs to ``retry``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

NEAR_SHARE = 0.1
"""Less than this share of a limit left is near."""

USUAL_PAUSE = 1.0
"""Seconds between requests near a limit that tells no rate."""


def read_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds of a Retry-After header (number or HTTP date); 0 counts as 1, what is unreadable as absent."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    with suppress(ValueError):
        return max(1.0, float(text)) if math.isfinite(float(text)) else None
    until = read_http_date(text)
    return None if until is None else max(1.0, (until - now).total_seconds())


def read_http_date(text: str) -> datetime | None:
    """The moment of an HTTP date, UTC unless it says otherwise; None where it is none, or beyond the calendar."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def read_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until the site wants to be asked again: Retry-After, else the reset of a limit that is used up.

    Dates are held against the site's own Date header: its clock need not be ours.
    """
    now = read_http_date(headers.get("Date", "")) or datetime.now(UTC)
    told = read_retry_after(headers, now)
    if told is not None or headers.get("X-RateLimit-Remaining", "0").strip() != "0":
        return told
    try:
        reset = datetime.fromisoformat(headers.get("X-RateLimit-Reset", ""))
    except ValueError:
        return None
    return max(1.0, (reset.replace(tzinfo=reset.tzinfo or UTC) - now).total_seconds())


def concerns_endpoint(headers: Mapping[str, str]) -> bool:
    """Whether a 429 means this endpoint only (burst, or Data Center's bucket) rather than all requests."""
    reason = headers.get("RateLimit-Reason", "").casefold()
    return "burst" in reason or "concurrent" in reason or "X-RateLimit-FillRate" in headers


def pause_near_limit(headers: Mapping[str, str]) -> float:
    """Seconds to keep between requests now; 0 while the limit is far."""
    limit, remaining = _number(headers, "X-RateLimit-Limit"), _number(headers, "X-RateLimit-Remaining")
    is_near = headers.get("X-RateLimit-NearLimit", "").casefold() == "true"
    if limit and remaining is not None:
        is_near = is_near or remaining < NEAR_SHARE * limit
    if not is_near:
        return 0.0
    interval, rate = _number(headers, "X-RateLimit-Interval-Seconds"), _number(headers, "X-RateLimit-FillRate")
    return min(60.0, interval / rate) if interval and rate else USUAL_PAUSE


def _number(headers: Mapping[str, str], name: str) -> float | None:
    try:
        number = float(headers.get(name, ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
