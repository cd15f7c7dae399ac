"""Effects on the connection and on what an answer looks like at all: reset, silence, cut bodies, pages for people."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

from starlette.responses import Response

from pipelines.sandbox.faults.effect import Call, Effect, Sender, Wire
from pipelines.sandbox.faults.refusals import HTML, rate_limit_headers

RESET_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER on with no time: closing sends a reset in place of a proper end."""


class Latency(Effect):
    """The answer takes longer; others are served meanwhile."""

    ms: float

    def delay(self, call: Call) -> float:
        return self.ms / 1000


class Reset(Effect):
    """The connection is reset before anything is answered."""

    def sender(self, call: Call) -> Sender:
        async def send(response: Response, wire: Wire) -> None:
            link = wire.transport.get_extra_info("socket")
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
            wire.transport.abort()
            await wire.wait_for_hang_up()

        return send


class Hang(Effect):
    """Nothing comes, or nothing after part of the body, until the client gives up or the time is over."""

    seconds: float = 300.0
    share: float = 0.0
    """How much of the body comes before the silence."""

    def sender(self, call: Call) -> Sender:
        async def send(response: Response, wire: Wire) -> None:
            if self.share:
                await _begin(response, wire, int(len(response.body) * self.share))
            with suppress(TimeoutError):
                await asyncio.wait_for(wire.wait_for_hang_up(), self.seconds)
                return
            wire.transport.abort()
            await wire.wait_for_hang_up()

        return send


class Truncated(Effect):
    """The body ends too early: with the connection, or whole by its declared length, as behind a bad proxy."""

    share: float = 0.5
    """How much of the body comes."""
    is_length_right: bool = False
    """The declared length is that of the rest, so only the JSON is broken."""

    def sender(self, call: Call) -> Sender:
        async def send(response: Response, wire: Wire) -> None:
            size = int(len(response.body) * self.share)
            if self.is_length_right:
                response.headers["content-length"] = str(size)
                response.body = bytes(response.body)[:size]
                await wire.reply(response)
                return
            await _begin(response, wire, size)
            wire.transport.close()
            await wire.wait_for_hang_up()

        return send


async def _begin(response: Response, wire: Wire, size: int) -> None:
    """Send the head and so many bytes of the body, as if more came."""
    await wire.send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await wire.send({"type": "http.response.body", "body": bytes(response.body)[:size], "more_body": True})


class LoginPage(Effect):
    """A page for people in place of JSON: 200 with HTML, or a redirect to a login."""

    is_redirect: bool = False

    def answer(self, call: Call) -> Response:
        if self.is_redirect:
            return Response(b"", 302, {"location": f"{call.served.url}/login.jsp"})
        return Response(HTML.format(title="Log in"), 200, media_type="text/html")


class NotJson(Effect):
    """200 with a text that is not JSON, or with nothing."""

    text: str = "OK"
    media_type: str = "application/json"

    def answer(self, call: Call) -> Response:
        return Response(self.text, 200, media_type=self.media_type)


class Headers(Effect):
    """Headers put on top of whatever answer; an empty text removes one."""

    set: dict[str, str]

    def headers(self, call: Call) -> dict[str, str]:
        return self.set


class NearLimit(Effect):
    """A good answer that tells the limit is near, as Cloud does below 20 per cent."""

    limit: int | None = 100
    remaining: int | None = 15
    reset_after: float | None = 60.0
    near_limit: bool | None = True

    def headers(self, call: Call) -> dict[str, str]:
        return rate_limit_headers(self, call.served.site.now)


class TokenBucket(Effect):
    """Data Center's headers on every answer: what is left of the bucket and how fast it fills."""

    limit: int = 10
    remaining: int = 9
    fill_rate: int = 2
    interval_seconds: int = 1
    retry_after: int | float | str | None = 0

    def headers(self, call: Call) -> dict[str, str]:
        retry = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-FillRate": str(self.fill_rate),
            "X-RateLimit-Interval-Seconds": str(self.interval_seconds),
        } | retry
