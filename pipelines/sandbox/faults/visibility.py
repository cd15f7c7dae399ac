"""Effects on what the caller may see and what the search index knows: lost permissions, anonymity, lag."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from pipelines.sandbox import changes
from pipelines.sandbox.faults.effect import Call, Effect
from pipelines.sandbox.faults.refusals import refusal
from pipelines.sandbox.site import Site


class ProjectGone(Effect):
    """The caller may no longer browse a project: it is not listed, its issues are 404, queries naming it 400."""

    project: str
    """Id or key."""
    is_back: bool = False
    """Give the permission back instead."""

    def check(self, site: Site) -> None:
        changes.find_project(site, self.project)

    def prepare(self, call: Call) -> None:
        project_id = int(changes.find_project(call.served.site, self.project)["id"])
        hidden = call.served.hidden_projects
        (hidden.discard if self.is_back else hidden.add)(project_id)


class IssueGone(Effect):
    """The caller may no longer see an issue: no search finds it and its address is 404."""

    issue: int
    is_back: bool = False
    """Give the permission back instead."""

    def prepare(self, call: Call) -> None:
        hidden = call.served.hidden_issues
        (hidden.discard if self.is_back else hidden.add)(self.issue)


class Anonymous(Effect):
    """Data Center takes the caller for nobody: 200 with empty results, and a header that says so."""

    def answer(self, call: Call) -> Response:
        headers = {"x-ausername": "anonymous"}
        if call.asks("myself"):
            return refusal(401, "Client must be authenticated to access this resource.", headers=headers)
        return Response(msgspec.json.encode(self._nothing(call)), 200, headers, media_type="application/json")

    def _nothing(self, call: Call) -> Any:
        """The emptiest answer of a route."""
        if call.asks("serverInfo"):
            return {
                "baseUrl": call.served.url,
                "version": "10.3.2",
                "deploymentType": "Server",
                "serverTitle": "Sandbox",
            }
        if not call.list_name:
            return []
        page = {"startAt": 0, "maxResults": int(call.value("maxResults") or 50), "total": 0}
        return page | {call.list_name: []} | ({"isLast": True} if call.list_name == "values" else {})


class FrozenIndex(Effect):
    """The search index stays as it is while the issues change, until a fault thaws it."""

    is_thawed: bool = False
    """Let the index catch up instead."""

    def prepare(self, call: Call) -> None:
        served = call.served
        was_frozen, served.is_index_frozen = served.is_index_frozen, not self.is_thawed
        if was_frozen and self.is_thawed:
            served.index_anew()


class IndexLag(Effect):
    """The search index is so many seconds behind the site's clock for this request: new is missing, old is found."""

    seconds: float

    def fits(self, call: Call) -> bool:
        return call.asks("search", "search/jql", "search/approximate-count")

    def prepare(self, call: Call) -> None:
        call.served.index_lag_ms = int(self.seconds * 1000)
