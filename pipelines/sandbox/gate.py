"""What stands before every route of the sandbox: counting, faults, credentials, headers with the site's time.

Which routes there are is the flavours' part (``cloud``, ``datacenter``); sockets and threads are ``server``'s; what a
fault does is told in ``faults``.
"""

import asyncio
import base64
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.utils import format_datetime
from functools import reduce
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.routing import Route as HttpRoute
from starlette.types import Receive, Scope, Send

from pipelines.sandbox.exchange import Asked, RefusedError, Route, ServedSite
from pipelines.sandbox.faults.effect import Call, Wire
from pipelines.sandbox.faults.script import Course, Struck

Fault = Callable[[Request], Awaitable[Response | None]]
"""Asked before credentials are looked at: answers in the site's place, or lets the request through with None."""

NO_ROUTE = "(no route)"


@dataclass
class Gate:
    """The ASGI application of one sandbox."""

    served: ServedSite
    routes: list[Route]
    authorizations: tuple[str, ...]
    """The headers that are let in."""
    user_header: tuple[str, str]
    """Header that tells a caller who it is."""
    fault: Fault | None = None
    course: Course | None = None
    """The fault script under way."""
    requests: Counter[str] = field(default_factory=Counter)
    """Requests by method and route, refused and failed ones included."""

    def __post_init__(self) -> None:
        self._matchers = [(HttpRoute(path, _unused, methods=[method]), method, path) for method, path, _ in self.routes]
        self._answers = {(method, path): answer for method, path, answer in self.routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope, receive)
        method, path, names = self._match(scope)
        self.requests[f"{method} {path}"] += 1
        call = Call(self.served, method, path, Asked(names, request.query_params, await request.body()))
        struck = self._strike(call)
        response = await self.fault(request) if self.fault else None
        if response is None:
            response = self._answer(call, struck, request)
        response.headers["date"] = format_datetime(self.served.site.now.astimezone(UTC), usegmt=True)
        _put_headers(response, struck)
        await _send(response, struck, Wire(scope, receive, send))

    def _strike(self, call: Call) -> list[Struck]:
        """Let faults change the site, and see it as it is then. A lag of the index holds for one request."""
        self.served.index_lag_ms = 0
        struck = self.course.strike(call) if self.course else []
        for one in struck:
            one.effect.prepare(one.call)
        self.served.refresh()
        return struck

    def _match(self, scope: Scope) -> tuple[str, str, dict[str, str]]:
        """Method, route and the names in its path; a path nobody answers counts as one route."""
        for matcher, method, path in self._matchers:
            match, found = matcher.matches(scope)
            if match is Match.FULL:
                return method, path, found["path_params"]
        return scope["method"], NO_ROUTE, {}

    def _answer(self, call: Call, struck: list[Struck], request: Request) -> Response:
        """Answer by the first fault that does, from the site, or refuse."""
        for one in struck:
            if (response := one.effect.answer(one.call)) is not None:
                return response
        try:
            given = request.headers.get("authorization", "").encode()
            if not any(secrets.compare_digest(given, known.encode()) for known in self.authorizations):
                raise RefusedError(401, "Client must be authenticated to access this resource.")
            if call.route == NO_ROUTE:
                raise RefusedError(404, "null for uri: " + str(request.url))
            content = self._read(call, struck)
        except RefusedError as refused:
            return _json(refused.body(), refused.status, {"www-authenticate": "Basic"} if refused.status == 401 else {})
        return _json(content, 200, dict([self.user_header]))

    def _read(self, call: Call, struck: list[Struck]) -> Any:
        """Ask the route what the faults leave of the request, and let them change its content."""
        for one in struck:
            call = replace(call, asked=one.effect.ask(replace(one.call, asked=call.asked)))
        content = self._answers[call.method, call.route](self.served, call.asked)
        return reduce(lambda changed, one: one.effect.content(one.call, changed), struck, content)


async def _unused(request: Request) -> Response:
    """Stand in for the endpoint that Starlette's route wants; only its matching is used."""
    return Response()


def _put_headers(response: Response, struck: list[Struck]) -> None:
    """Add what faults want told; an empty text takes a header away."""
    for one in struck:
        for name, value in one.effect.headers(one.call).items():
            if value:
                response.headers[name] = value
            elif name in response.headers:
                del response.headers[name]


async def _send(response: Response, struck: list[Struck], wire: Wire) -> None:
    """Wait as long as faults want, then send the answer: by the first fault that does so itself, else as it is."""
    if delay := sum(one.effect.delay(one.call) for one in struck):
        await asyncio.sleep(delay)
    for one in struck:
        if send := one.effect.sender(one.call):
            await send(response, wire)
            return
    await wire.reply(response)


def _json(content: Any, status: int, headers: dict[str, str]) -> Response:
    """Write an answer as JSON."""
    return Response(msgspec.json.encode(content), status, headers, media_type="application/json")


def basic(email: str, token: str) -> str:
    """Value of the Authorization header for a Cloud account."""
    return "Basic " + base64.b64encode(f"{email}:{token}".encode()).decode()
