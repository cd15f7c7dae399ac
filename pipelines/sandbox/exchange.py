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

from pipelines.sandbox.index import Horizon, Ids, SiteIndex, keys_of
from pipelines.sandbox.instants import EPOCH, MILLISECOND
from pipelines.sandbox.jql import JqlError
from pipelines.sandbox.search import Search
from pipelines.sandbox.site import Site

Json = dict[str, Any]
Body = TypeVar("Body", bound=msgspec.Struct)

REMEMBERED = 16


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
    """A site behind a URL in one flavour: what the caller may see of it, what its index knows, chains being paged."""

    def __init__(self, site: Site, url: str, caps: PageCaps, resolution_ms: int) -> None:
        self.site = site
        self.url = url
        self.caps = caps
        self.resolution_ms = resolution_ms
        self.issues_served = 0
        self.hidden_projects: set[int] = set()
        """Projects the caller has lost the permission to browse."""
        self.hidden_issues: set[int] = set()
        """Issues hidden one by one, as issue security does."""
        self.index_lag_ms = 0
        """How far the index is behind the site's clock."""
        self.is_index_frozen = False
        """Whether the index stays as it is whatever happens."""
        self.memory: dict[Any, Any] = {}
        self.chains: dict[Any, Any] = {}
        self.index_anew()

    def index_anew(self) -> None:
        """Look at the site again, as it is now."""
        self._seen = self._state()
        self.keys = keys_of(self.site)
        self.memory.clear()
        until = None
        if self.index_lag_ms:
            until = (self.site.now - EPOCH) // MILLISECOND - self.index_lag_ms
        horizon = Horizon(until, self.is_hidden, frozenset(self.hidden_projects))
        self.index = SiteIndex(self.site, self.resolution_ms, horizon, self.keys)

    def refresh(self) -> None:
        """Notice what has changed since the last request; a frozen index notices nothing, the store always does."""
        if self._seen == self._state():
            return
        if not self.is_index_frozen:
            self.index_anew()
            return
        self.keys = keys_of(self.site)
        self.memory.clear()

    def _state(self) -> tuple[Any, ...]:
        """What the index was made of; its clock matters only while it lags."""
        now = self.site.now if self.index_lag_ms else None
        hidden = (frozenset(self.hidden_projects), frozenset(self.hidden_issues))
        return (id(self.site), self.site.revision, hidden, self.index_lag_ms, now)

    def is_hidden(self, issue: Json) -> bool:
        """Tell whether the caller may not see an issue."""
        project = issue["fields"].get("project")
        return int(issue["id"]) in self.hidden_issues or bool(project and int(project["id"]) in self.hidden_projects)

    def find(self, jql: str, *, is_lax: bool = False) -> Ids:
        """Ids a query matches, in its order; a query Jira would refuse is refused with 400."""
        try:
            found: Ids = self.remember(("jql", jql, is_lax), lambda: Search(self.index, is_lax=is_lax).find(jql))
        except JqlError as error:
            raise RefusedError(400, str(error)) from None
        return found

    def remember(self, key: Any, compute: Callable[[], Any]) -> Any:
        """Compute something once while nothing changes; only the last few are kept."""
        return _remember(self.memory, key, compute)

    def chain(self, key: Any, token: str | None, compute: Callable[[], Any]) -> Any:
        """What a client pages through by token: computed for the first page, the same for all that follow."""
        if token is None:
            self.chains.pop(key, None)
        return _remember(self.chains, key, compute)

    def end_chain(self, key: Any, token: str | None) -> None:
        """Forget a chain of one page; the last page of a longer one may be asked for again by its token."""
        if token is None:
            self.chains.pop(key, None)

    def resolve(self, id_or_key: str) -> int | None:
        """Issue id for an id, a key or a former key in any case, from the store, which is fresher than the index."""
        known = int(id_or_key) if id_or_key.isdecimal() else self.keys.get(id_or_key.upper())
        return known if known is not None and self.stored(known) is not None else None

    def stored(self, issue_id: int) -> Json | None:
        """One issue as it is now; None where it is gone or hidden."""
        if issue_id not in self.site.issues:
            return None
        issue = self.site.issues[issue_id]
        return None if self.is_hidden(issue) else issue

    def issue(self, id_or_key: str) -> Json:
        """One issue by id, key or former key; 404 for any other."""
        issue_id = self.resolve(id_or_key)
        if issue_id is None:
            raise RefusedError(404, "Issue does not exist or you do not have permission to see it.")
        self.issues_served += 1
        return self.site.issues[issue_id]

    @property
    def projects(self) -> list[Json]:
        """Projects the caller may see, archived ones included."""
        return [project for project in self.site.projects if int(project["id"]) not in self.hidden_projects]

    def project(self, id_or_key: str) -> Json:
        """One project by id or key; 404 for any other."""
        for project in self.projects:
            if id_or_key.upper() in (str(project["id"]), str(project["key"]).upper()):
                return project
        raise RefusedError(404, f"No project could be found with key '{id_or_key}'.")


def _remember(memory: dict[Any, Any], key: Any, compute: Callable[[], Any]) -> Any:
    """Look something up, or compute it and forget the oldest."""
    if key not in memory:
        while len(memory) >= REMEMBERED:
            memory.pop(next(iter(memory)))
        memory[key] = compute()
    return memory[key]


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
