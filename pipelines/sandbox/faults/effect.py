"""What a fault can do to a request: the hooks an effect may fill, and the request as an effect sees it.

An effect is a struct; its fields are the keys of the fault file, its docstring's first line is its entry in the
table of kinds. Which effects there are is told in ``catalogue``; which requests they strike is decided in ``script``.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Any

import msgspec
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pipelines.sandbox.exchange import Asked, ServedSite
from pipelines.sandbox.faults.when import Fault, When
from pipelines.sandbox.site import Site

Json = dict[str, Any]

LISTS = {
    "search/jql": "issues", "search": "issues", "issue/bulkfetch": "issues", "changelog/bulkfetch": "issueChangeLogs",
    "issue/{issue}/changelog": "values", "project/search": "values", "project/{project}/version": "values",
    "board": "values", "board/{board}/sprint": "values",
}  # fmt: skip
"""Resource to the name of what it lists; all others answer with one object or a bare list."""


@dataclass(frozen=True)
class Call:
    """A request on its way through the sandbox, as one fault sees it."""

    served: ServedSite
    method: str
    route: str
    """Path with names in braces, e.g. ``/rest/api/3/issue/{issue}``."""
    asked: Asked
    dice: Random = field(default_factory=Random)
    """Seeded anew for each request a fault strikes."""
    memory: dict[Any, Any] = field(default_factory=dict)
    """What a fault remembers from one request to the next."""

    @cached_property
    def body(self) -> Json:
        """The body as an object; empty where it is none."""
        try:
            read = msgspec.json.decode(self.asked.body or b"{}")
        except msgspec.DecodeError:
            return {}
        return read if isinstance(read, dict) else {}

    def value(self, name: str) -> Any:
        """A value from the body, else from the query string; None where neither has it."""
        return self.body.get(name, self.asked.query.get(name))

    @property
    def token(self) -> str | None:
        """The page token asked with."""
        token = self.value("nextPageToken")
        return None if token is None else str(token)

    @property
    def jql(self) -> str:
        """The query asked; empty for a route without one."""
        return str(self.value("jql") or "")

    @property
    def resource(self) -> str:
        """The route without the version of its API: ``issue/bulkfetch``, ``board``."""
        return re.sub(r"^/rest/\w+/[^/]+/", "", self.route)

    @property
    def list_name(self) -> str:
        """Name of what the route lists; empty for a route that lists nothing under a name."""
        return LISTS.get(self.resource, "")

    def asks(self, *resources: str) -> bool:
        """Tell whether one of these resources is asked for."""
        return self.resource in resources

    @property
    def is_by_token(self) -> bool:
        """Tell whether the route is paged by token."""
        return self.asks("search/jql", "changelog/bulkfetch")

    def asking(self, **changed: Any) -> Asked:
        """The request with other values, in the body of a POST or the query string of a GET."""
        if self.method == "POST":
            return replace(self.asked, body=msgspec.json.encode(self.body | changed))
        query = dict(self.asked.query.multi_items()) | {name: str(value) for name, value in changed.items()}
        return replace(self.asked, query=QueryParams(query))

    @property
    def chain(self) -> str:
        """What the pages of one chain have in common: the request without its token, position and bound on the id."""
        rest = {name: value for name, value in self.body.items() if name not in ("nextPageToken", "startAt", "jql")}
        return repr((self.route, self.asked.path, re.sub(r"\bid\s*>=?\s*\d+", "", self.jql), rest))


@dataclass(frozen=True)
class Wire:
    """The connection an answer goes out on."""

    scope: Scope
    receive: Receive
    send: Send

    async def reply(self, response: Response) -> None:
        """Send a whole answer."""
        await response(self.scope, self.receive, self.send)

    async def wait_for_hang_up(self) -> None:
        """Wait until the client goes away."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    @property
    def transport(self) -> Any:
        """The transport below; only a sandbox that listens on a socket has one."""
        return self.scope["state"]["transport"]


Sender = Callable[[Response, Wire], Awaitable[None]]


def change_entries(call: Call, content: Any, change: Callable[[list[Any]], list[Any]]) -> Any:
    """An answer with what it lists changed; one that another fault has robbed of its list stays as it is."""
    entries = content.get(call.list_name)
    return content | {call.list_name: change(entries)} if isinstance(entries, list) else content


class Effect(msgspec.Struct, forbid_unknown_fields=True):
    """Base of all effects: it does nothing."""

    @classmethod
    def kind(cls) -> str:
        """Name of the kind in fault files: that of the class, with underscores."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def on(self, route: str = "", **when: Any) -> Fault:
        """This effect as a fault; ``when`` are the fields of ``When``."""
        return Fault(self, When(route=route, **when))

    def check(self, site: Site) -> None:
        """Raise KeyError where the effect names a project or status that the site does not have."""

    def fits(self, call: Call) -> bool:
        """Tell whether the effect makes sense for a request; only such requests are counted."""
        return True

    def prepare(self, call: Call) -> None:
        """Change the site, or what the caller may see of it, before it is asked."""

    def answer(self, call: Call) -> Response | None:
        """Answer in the site's place, before credentials are looked at."""
        return None

    def ask(self, call: Call) -> Asked:
        """Put another request in place of the one that came."""
        return call.asked

    def content(self, call: Call, content: Any) -> Any:
        """Change what a good answer holds; the site's own objects must stay as they are."""
        return content

    def headers(self, call: Call) -> dict[str, str]:
        """Headers to add to whatever answer."""
        return {}

    def delay(self, call: Call) -> float:
        """Time to let pass before answering."""
        return 0.0

    def sender(self, call: Call) -> Sender | None:
        """What sends the answer in place of the server, if this effect does."""
        return None
