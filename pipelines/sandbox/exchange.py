"""What every route has in common: a request as a route sees it, refusals, page bounds, the site being served.

No route is here, and nothing of a flavour of Jira; HTTP itself (sockets, credentials, headers) is in ``server``.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from starlette.datastructures import QueryParams

from pipelines.sandbox.index import Ids, SiteIndex
from pipelines.sandbox.jql import JqlError
from pipelines.sandbox.search import Search
from pipelines.sandbox.site import Site

Json = dict[str, Any]
Body = TypeVar("Body", bound=msgspec.Struct)

REMEMBERED_SEARCHES = 8


class RefusedError(Exception):
    """An answer that is not 200: a status and what goes into ``errorMessages``."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(*messages)
        self.status = status

    def body(self) -> Json:
        """Jira's error collection."""
        return {"errorMessages": list(self.args), "errors": {}}


@dataclass(frozen=True)
class PageCaps:
    """The most a site gives at once; tests make them small to see many pages."""

    search_ids: int = 5000
    """Issues of a Cloud search that asks for ids or keys only."""
    search_issues: int = 100
    """Issues of a Cloud search that asks for more."""
    search_startat: int = 1000
    """Issues of a Data Center search."""
    issues_named_fields: int = 1000
    """Issues of a bulk fetch whose fields are all named."""
    issues_other: int = 100
    """Issues of a bulk fetch otherwise."""
    changelog_bulk: int = 10_000
    """Histories of a bulk changelog page."""
    changelog_page: int = 100
    """Histories of a page of one issue's changelog."""
    changelog_embedded: int = 40
    """Newest histories that Cloud embeds in an issue."""
    listing: int = 50
    """Projects, versions, boards or sprints of a page."""


@dataclass(frozen=True)
class Asked:
    """A request as a route sees it: names from the path, the query string, the body's bytes."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: QueryParams = field(default_factory=QueryParams)
    body: bytes = b""

    def read(self, shape: type[Body]) -> Body:
        """Read the body as a shape; what does not fit it is refused with 400."""
        try:
            return msgspec.json.decode(self.body or b"{}", type=shape)
        except msgspec.DecodeError as error:
            message = "Invalid request payload. Refer to the REST API documentation and try again."
            raise RefusedError(400, message, str(error)) from None

    def number(self, name: str, default: int) -> int:
        """Read a whole number from the query string."""
        text = self.query.get(name, str(default))
        if not re.fullmatch(r"-?\d{1,9}", text):
            raise RefusedError(400, f"The value '{text}' of '{name}' is not a whole number.")
        return int(text)

    def names(self, name: str) -> list[str]:
        """Read a list from the query string: repeated, separated by commas, or both."""
        return [part for text in self.query.getlist(name) for part in text.split(",") if part]


class ServedSite:
    """A site behind a URL in one flavour, with its index and what was found before."""

    def __init__(self, site: Site, url: str, caps: PageCaps, resolution_ms: int) -> None:
        self.site = site
        self.url = url
        self.caps = caps
        self.index = SiteIndex(site, resolution_ms)
        self.issues_served = 0
        self.memory: dict[Any, Any] = {}

    def find(self, jql: str, *, is_lax: bool = False) -> Ids:
        """Ids a query matches, in its order; a query Jira would refuse is refused with 400."""
        try:
            found: Ids = self.remember(("jql", jql, is_lax), lambda: Search(self.index, is_lax=is_lax).find(jql))
        except JqlError as error:
            raise RefusedError(400, str(error)) from None
        return found

    def remember(self, key: Any, compute: Callable[[], Any]) -> Any:
        """Compute something once while a client pages through it; only the last few are kept."""
        if key not in self.memory:
            while len(self.memory) >= REMEMBERED_SEARCHES:
                self.memory.pop(next(iter(self.memory)))
            self.memory[key] = compute()
        return self.memory[key]

    def issue(self, id_or_key: str) -> Json:
        """One issue by id, key or former key; 404 for any other."""
        issue_id = self.index.resolve(id_or_key)
        if issue_id is None:
            raise RefusedError(404, "Issue does not exist or you do not have permission to see it.")
        self.issues_served += 1
        return self.site.issues[issue_id]

    def project(self, id_or_key: str) -> Json:
        """One project by id or key; 404 for any other."""
        for project in self.site.projects:
            if id_or_key.upper() in (str(project["id"]), str(project["key"]).upper()):
                return project
        raise RefusedError(404, f"No project could be found with key '{id_or_key}'.")


Route = tuple[str, str, Callable[[ServedSite, Asked], Any]]
"""Method, path below the host with names in braces, and what answers it with something to be written as JSON."""


def write_token(*parts: str | int) -> str:
    """Make an opaque page token."""
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode()


def read_token(token: str, *expected: str | int) -> int:
    """Read the offset from a page token; one that belongs to another query is refused with 400."""
    try:
        *parts, offset = msgspec.json.decode(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error, msgspec.DecodeError, TypeError):
        parts, offset = [], -1
    if parts != list(expected) or not isinstance(offset, int):
        raise RefusedError(400, "The provided next page token is invalid or expired.")
    return offset


def page(values: Sequence[Any], asked: Asked, cap: int, default: int = 50) -> Json:
    """Cut a page by ``startAt`` and ``maxResults`` as the listings of both flavours do."""
    start, size = max(asked.number("startAt", 0), 0), min(max(asked.number("maxResults", default), 0), cap)
    return {
        "startAt": start, "maxResults": size, "total": len(values), "isLast": start + size >= len(values),
        "values": values[start : start + size],
    }  # fmt: skip
