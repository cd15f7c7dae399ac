"""Effects on pages and their chains: short, repeated, ended early, contradicting themselves, miscounted."""

from __future__ import annotations

import re
from typing import Any

from pipelines.sandbox.exchange import Asked
from pipelines.sandbox.faults.effect import Call, Effect, change_entries

Json = dict[str, Any]

ID_BOUND = re.compile(r"\bid\s*>=?\s*\d+")


class ShortPage(Effect):
    """A page holds at most so many, though more were asked for; the chain goes on rightly after them."""

    size: int

    def fits(self, call: Call) -> bool:
        return bool(call.list_name) and not call.asks("issue/bulkfetch")

    def ask(self, call: Call) -> Asked:
        return call.asking(maxResults=min(self.size, int(call.value("maxResults") or 50)))

    def content(self, call: Call, content: Any) -> Any:
        return content | {"maxResults": call.value("maxResults") or 50} if "maxResults" in content else content


class SmallerPage(Effect):
    """A smaller page than asked for is given and echoed in ``maxResults``, as an administrator's cap does."""

    size: int

    def fits(self, call: Call) -> bool:
        return call.list_name in ("issues", "values") and not call.is_by_token and not call.asks("issue/bulkfetch")

    def ask(self, call: Call) -> Asked:
        return call.asking(maxResults=min(self.size, int(call.value("maxResults") or 50)))


class SpreadHistories(Effect):
    """The histories of an issue come over many small pages, and in several pieces within a page."""

    size: int = 3

    def fits(self, call: Call) -> bool:
        return call.asks("changelog/bulkfetch")

    def ask(self, call: Call) -> Asked:
        return call.asking(maxResults=self.size)

    def content(self, call: Call, content: Any) -> Any:
        return change_entries(call, content, self._pieces)

    def _pieces(self, logs: list[Json]) -> list[Json]:
        return [log | {"changeHistories": [history]} for log in logs for history in log["changeHistories"]]


class LostEntries(Effect):
    """Entries at the end of a page are lost while the chain goes on: only counts can show it."""

    count: int = 1

    def fits(self, call: Call) -> bool:
        return bool(call.list_name)

    def content(self, call: Call, content: Any) -> Any:
        return change_entries(call, content, lambda entries: entries[: -self.count])


class RepeatedToken(Effect):
    """A page gives the token it was asked with: whoever follows it never ends."""

    def fits(self, call: Call) -> bool:
        return call.is_by_token and call.token is not None

    def content(self, call: Call, content: Any) -> Any:
        flag = {"isLast": False} if "isLast" in content else {}
        return content | {"nextPageToken": call.token} | flag


class EarlyEnd(Effect):
    """The chain ends as if all had come: no token, the last page, or an empty page by position."""

    def fits(self, call: Call) -> bool:
        return bool(call.list_name) and not call.asks("issue/bulkfetch")

    def content(self, call: Call, content: Any) -> Any:
        if call.asks("search"):
            return content | {"issues": []}
        kept = {name: value for name, value in content.items() if name not in ("nextPageToken", "nextPage")}
        return kept | ({"isLast": True} if "isLast" in content else {})


class NotLastWithoutToken(Effect):
    """A page says it is not the last and gives no token."""

    def fits(self, call: Call) -> bool:
        return call.asks("search/jql")

    def content(self, call: Call, content: Any) -> Any:
        return {name: value for name, value in content.items() if name != "nextPageToken"} | {"isLast": False}


class LastWithToken(Effect):
    """A page says it is the last and gives a token, made up where there is none."""

    def fits(self, call: Call) -> bool:
        return call.asks("search/jql")

    def content(self, call: Call, content: Any) -> Any:
        return {"nextPageToken": "bWFkZSB1cA=="} | content | {"isLast": True}


class Warnings(Effect):
    """A search warns that its result is not whole."""

    type: str = "CLAUSE_RESULT_TRUNCATED"
    message: str = "The result set was truncated due to an ingestion limit."

    def fits(self, call: Call) -> bool:
        return call.asks("search/jql", "search")

    def content(self, call: Call, content: Any) -> Any:
        return content | {"warnings": [{"type": self.type, "message": self.message}]}


class WrongTotal(Effect):
    """The total of a listing, or an approximate count, is off by so many."""

    by: int = 1

    def fits(self, call: Call) -> bool:
        return call.asks("search", "search/approximate-count") or call.list_name == "values"

    def content(self, call: Call, content: Any) -> Any:
        changed = {name: max(0, content[name] + self.by) for name in ("total", "count") if name in content}
        return content | changed


class IgnoredSeek(Effect):
    """``id > N`` in a query is ignored: a seek that does not advance."""

    def fits(self, call: Call) -> bool:
        return bool(ID_BOUND.search(call.jql))

    def ask(self, call: Call) -> Asked:
        return call.asking(jql=ID_BOUND.sub("id > 0", call.jql))


class IdsAsKeys(Effect):
    """``id > N`` compares numbers of keys within the project of issue N, which has to be there, as Jira's source does.

    For an unknown N Data Center refuses the query, and Cloud finds nothing. Ordering by id is ordering by key.
    """

    def fits(self, call: Call) -> bool:
        return bool(re.search(r"\bid\s*[<>]|\bby id\b", call.jql, re.IGNORECASE))

    def ask(self, call: Call) -> Asked:
        jql = re.sub(r"\bid\s*([<>]=?)\s*(\d+)", lambda found: _as_key(call, *found.groups()), call.jql)
        return call.asking(jql=re.sub(r"\bby id\b", "BY key", jql, flags=re.IGNORECASE))


def _as_key(call: Call, operator: str, number: str) -> str:
    issue = call.served.stored(int(number))
    if issue is None and call.route.startswith("/rest/api/3"):
        return "id < 0"
    return f'key {operator} "{issue["key"] if issue else "NONE-1"}"'
