"""Jira Data Center's routes to issues, which embed complete changelogs, and the whole list of its routes.

It has no search by token, no bulk route and no route to one issue's changelog; those answer 404 by being absent.
"""

from typing import Any

import msgspec

from pipelines.sandbox import reference
from pipelines.sandbox.exchange import Asked, Route, ServedSite
from pipelines.sandbox.instants import jira_timestamp
from pipelines.sandbox.issue_json import claimed_total, dc_history, histories, issue_json
from pipelines.sandbox.reference import AGILE_ROUTES, UNKNOWN_TO_DC, api_routes, myself

Json = dict[str, Any]

LAX_VALIDATION = ("false", "warn", "none")


class SearchBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What ``search`` is asked; ``fields`` and ``expand`` are lists."""

    jql: str | None = None
    start_at: int = 0
    max_results: int = 50
    fields: list[str] | None = None
    expand: list[str] | None = None
    validate_query: bool = True
    """Text is refused here, unlike in a query string."""


def get_server_info(served: ServedSite, asked: Asked) -> Json:
    """What the site is, and its clock."""
    return {
        "baseUrl": served.url, "version": "10.3.2", "versionNumbers": [10, 3, 2], "deploymentType": "Server",
        "buildNumber": 10030002, "buildDate": "2026-01-20T00:00:00.000+0000",
        "serverTime": jira_timestamp(served.site.now), "scmInfo": "sandbox", "serverTitle": "Sandbox",
    }  # fmt: skip


def get_myself(served: ServedSite, asked: Asked) -> Json:
    """The caller, known by name and key."""
    return myself(served, UNKNOWN_TO_DC)


def search_by_post(served: ServedSite, asked: Asked) -> Json:
    """Search asked by body."""
    return _search(served, asked.read(SearchBody))


def search_by_get(served: ServedSite, asked: Asked) -> Json:
    """Search asked by query string."""
    body = SearchBody(
        jql=asked.query.get("jql"),
        start_at=asked.number("startAt", 0),
        max_results=asked.number("maxResults", 50),
        fields=asked.names("fields"),
        expand=asked.names("expand"),
        validate_query=asked.query.get("validateQuery", "true").lower() not in LAX_VALIDATION,
    )
    return _search(served, body)


def _search(served: ServedSite, body: SearchBody) -> Json:
    """A page of issues by position; a size beyond the cap is cut and the cut size told."""
    found = served.find(body.jql or "", is_lax=not body.validate_query)
    cap = served.caps.search_startat
    size = cap if body.max_results < 0 else min(body.max_results, cap)
    start = max(body.start_at, 0)
    stored = (served.stored(issue_id) for issue_id in found[start : start + size].tolist())
    issues = [issue for issue in stored if issue is not None]
    served.issues_served += len(issues)
    wanted, has_changelog = body.fields or ["*navigable"], "changelog" in (body.expand or ())
    return {
        "expand": "schema,names", "startAt": start, "maxResults": size, "total": len(found),
        "issues": [_written(served, issue, wanted, has_changelog) for issue in issues],
    }  # fmt: skip


def _written(served: ServedSite, issue: Json, wanted: list[str], has_changelog: bool) -> Json:
    """An issue with the fields asked for, and its whole changelog if asked for."""
    written = issue_json(served, issue, wanted, "2")
    return written | {"changelog": _changelog(issue)} if has_changelog else written


def _changelog(issue: Json) -> Json:
    """Every history, oldest first. ``total`` is what the recording claims, ``maxResults`` with it."""
    total = claimed_total(issue)
    listed = [dc_history(history) for _, history in histories(issue)]
    return {"startAt": 0, "maxResults": total, "total": total, "histories": listed}


def get_issue(served: ServedSite, asked: Asked) -> Json:
    """One issue by id, key or former key."""
    issue = served.issue(asked.path["issue"])
    return _written(served, issue, asked.names("fields") or ["*all"], "changelog" in asked.names("expand"))


def page_boards(served: ServedSite, asked: Asked) -> Json:
    """A page of boards, of one project if asked."""
    found = reference.page_boards(served, asked)
    return found | {"values": [_without_location(board) for board in found["values"]]}


def get_board(served: ServedSite, asked: Asked) -> Json:
    """One board."""
    return _without_location(reference.get_board(served, asked))


def _without_location(board: Json) -> Json:
    """A board as Data Center tells it: where it belongs, only the project asked for says."""
    return {name: value for name, value in board.items() if name != "location"}


def _routes(version: str) -> list[Route]:
    """Data Center's routes below ``/rest/api/<version>``."""
    api = f"/rest/api/{version}"
    return [
        ("GET", f"{api}/serverInfo", get_server_info),
        ("GET", f"{api}/myself", get_myself),
        ("POST", f"{api}/search", search_by_post),
        ("GET", f"{api}/search", search_by_get),
        ("GET", f"{api}/issue/{{issue}}", get_issue),
        *api_routes(version),
    ]


DC_ROUTES: list[Route] = [
    *_routes("2"),
    *_routes("latest"),
    ("GET", "/rest/agile/1.0/board", page_boards),
    ("GET", "/rest/agile/1.0/board/{board}", get_board),
    *AGILE_ROUTES,
]
