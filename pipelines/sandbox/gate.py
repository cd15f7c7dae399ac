"""What stands before every route of the sandbox: counting, the fault hook, credentials, headers with the site's time.

Which routes there are is the flavours' part (``cloud``, ``datacenter``); sockets and threads are ``server``'s.
"""

import base64
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import format_datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.routing import Route as HttpRoute
from starlette.types import Receive, Scope, Send

from pipelines.sandbox.exchange import Asked, Json, RefusedError, Route, ServedSite

Fault = Callable[[Request], Awaitable[Response | None]]
"""Asked before credentials are looked at: answers in the site's place, or lets the request through with None."""

NO_ROUTE = "(no route)"


@dataclass
class Gate:
    """The ASGI application of one sandbox."""

    served: ServedSite
    routes: list[Route]
    authorization: str
    """The header that is let in."""
    user_header: tuple[str, str]
    """Header that tells a caller who it is."""
    fault: Fault | None = None
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
        body = await request.body()
        response = await self.fault(request) if self.fault else None
        if response is None:
            response = self._answer(method, path, Asked(names, request.query_params, body), request)
        response.headers["date"] = format_datetime(self.served.site.now.astimezone(UTC), usegmt=True)
        await response(scope, receive, send)

    def _match(self, scope: Scope) -> tuple[str, str, dict[str, str]]:
        """Method, route and the names in its path; a path nobody answers counts as one route."""
        for matcher, method, path in self._matchers:
            match, found = matcher.matches(scope)
            if match is Match.FULL:
                return method, path, found["path_params"]
        return scope["method"], NO_ROUTE, {}

    def _answer(self, method: str, path: str, asked: Asked, request: Request) -> Response:
        """Answer from the site, or refuse."""
        try:
            given = request.headers.get("authorization", "")
            if not secrets.compare_digest(given.encode(), self.authorization.encode()):
                raise RefusedError(401, "Client must be authenticated to access this resource.")
            if path == NO_ROUTE:
                raise RefusedError(404, "null for uri: " + str(request.url))
            content = self._answers[method, path](self.served, asked)
        except RefusedError as refused:
            return _json(refused.body(), refused.status, {"www-authenticate": "Basic"} if refused.status == 401 else {})
        return _json(content, 200, dict([self.user_header]))


async def _unused(request: Request) -> Response:
    """Stand in for the endpoint that Starlette's route wants; only its matching is used."""
    return Response()


def _json(content: Json | list[Json], status: int, headers: dict[str, str]) -> Response:
    """Write an answer as JSON."""
    return Response(msgspec.json.encode(content), status, headers, media_type="application/json")


def basic(email: str, token: str) -> str:
    """Value of the Authorization header for a Cloud account."""
    return "Basic " + base64.b64encode(f"{email}:{token}".encode()).decode()
