"""Effects that refuse: rate limits of every wording, failing servers, expired tokens, batches too large, odd keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec
from starlette.responses import Response

from pipelines.sandbox.faults.effect import Call, Effect

REASONS = {
    "burst": "jira-burst-based", "quota-tenant": "jira-quota-tenant-based", "quota-global": "jira-quota-global-based",
    "cost": "jira-cost-based", "concurrent": "jira-max-concurrent-threads", "write": "jira-per-issue-on-write",
}  # fmt: skip
"""Short names of what Atlassian writes into ``RateLimit-Reason``; any other text is sent as it is."""

HTML = "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"

RetryAfter = int | float | str | None
"""As it is to be written: seconds, a fraction, a date, nonsense; None leaves it out."""


def refusal(status: int, *messages: str, headers: dict[str, str] | None = None) -> Response:
    """Jira's error collection with a status."""
    content = msgspec.json.encode({"errorMessages": list(messages), "errors": {}})
    return Response(content, status, headers, media_type="application/json")


def rate_limit_headers(effect: Any, now: datetime) -> dict[str, str]:
    """Headers that Cloud tells a limit by, of those an effect sets."""
    reset = None if effect.reset_after is None else now.astimezone(UTC) + timedelta(seconds=effect.reset_after)
    written = {
        "X-RateLimit-Limit": effect.limit,
        "X-RateLimit-Remaining": effect.remaining,
        "X-RateLimit-Reset": reset and f"{reset:%Y-%m-%dT%H:%M}Z",
        "X-RateLimit-NearLimit": None if effect.near_limit is None else str(effect.near_limit).lower(),
    }
    return {name: str(value) for name, value in written.items() if value is not None}


class TooManyRequests(Effect):
    """429 in any wording: any Retry-After, reason, X-RateLimit headers, or nothing at all as gateways do."""

    retry_after: RetryAfter = None
    retry_after_date: float | None = None
    """Retry-After as an HTTP date so many seconds after the site's clock."""
    reason: str | None = None
    """burst, quota-tenant, quota-global, cost, concurrent, write, or any text for ``RateLimit-Reason``."""
    limit: int | None = None
    remaining: int | None = None
    reset_after: float | None = None
    """``X-RateLimit-Reset``, without seconds as seen, so many seconds after the site's clock."""
    near_limit: bool | None = None
    has_body: bool = True

    def answer(self, call: Call) -> Response:
        now = call.served.site.now
        headers = rate_limit_headers(self, now)
        if self.reason is not None:
            headers["RateLimit-Reason"] = REASONS.get(self.reason, self.reason)
        if self.retry_after_date is not None:
            moment = now.astimezone(UTC) + timedelta(seconds=self.retry_after_date)
            headers["Retry-After"] = format_datetime(moment, usegmt=True)
        elif self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return refusal(429, "Rate limit exceeded.", headers=headers) if self.has_body else Response(b"", 429, headers)


class Status(Effect):
    """Any refusal by status: 500, 502, 503, 504, 408, 413, 401, 403, 404 …, with or without Retry-After."""

    status: int
    retry_after: RetryAfter = None
    message: str = "Refused on purpose."
    is_html: bool = False
    """The page of a proxy in place of Jira's error collection."""

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:
            raise ValueError("status must lie between 400 and 599")

    def answer(self, call: Call) -> Response:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.is_html:
            return Response(HTML.format(title=self.message), self.status, headers, media_type="text/html")
        return refusal(self.status, self.message, headers=headers)


class ExpiredToken(Effect):
    """A page token is refused as expired: only requests that carry one are counted."""

    status: int = 400

    def fits(self, call: Call) -> bool:
        return call.token is not None

    def answer(self, call: Call) -> Response:
        return refusal(self.status, "The provided next page token is invalid or expired.")


class BatchLimit(Effect):
    """A bulk fetch of more issues than so many is refused, as on sites without the raised limit."""

    limit: int = 100
    status: int = 400

    def fits(self, call: Call) -> bool:
        return (
            call.asks("issue/bulkfetch", "changelog/bulkfetch") and len(call.value("issueIdsOrKeys") or ()) > self.limit
        )

    def answer(self, call: Call) -> Response:
        return refusal(
            self.status, f"The number of issues must be between 1 and {self.limit} for the fields requested."
        )


class BadIssueKey(Effect):
    """A bulk fetch that names a certain issue is refused as a whole, naming it or not."""

    issue: str
    """The id or key as it is asked for."""
    is_named: bool = True

    def fits(self, call: Call) -> bool:
        return call.asks("issue/bulkfetch", "changelog/bulkfetch") and self.issue in (
            call.value("issueIdsOrKeys") or ()
        )

    def answer(self, call: Call) -> Response:
        bad = f"The issue key '{self.issue}' is invalid." if self.is_named else "One of the issues is invalid."
        return refusal(400, bad)


class EpochJqlRefused(Effect):
    """A query with a moment as bare milliseconds is refused, as old Data Centers might."""

    fields: tuple[str, ...] = ("created", "updated")

    def _moment(self, call: Call) -> re.Match[str] | None:
        return re.search(rf"\b({'|'.join(self.fields)})\s*(?:[<>]=?|!?=)\s*(\d+)\b", call.jql)

    def fits(self, call: Call) -> bool:
        return self._moment(call) is not None

    def answer(self, call: Call) -> Response:
        found = self._moment(call)
        assert found is not None
        return refusal(
            400,
            f"Date value '{found[2]}' for field '{found[1]}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm',"
            " 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.",
        )
