"""Jira Cloud's routes to issues, with the caps and habits of the real ones, and the whole list of Cloud's routes.

Reference data that Data Center answers alike are in ``reference``. Versions 2 and 3 of the API differ in how texts
are written only, and the sandbox has plain texts, so both answer the same.
"""

from typing import Any, NoReturn

from pipelines.sandbox.cloud_bodies import CountBody, IssuesBody, SearchBody
from pipelines.sandbox.cloud_changelogs import embedded_changelog, fetch_changelogs, page_changelog
from pipelines.sandbox.exchange import Asked, RefusedError, Route, ServedSite, read_token, write_token
from pipelines.sandbox.instants import jira_timestamp
from pipelines.sandbox.issue_json import PSEUDO_FIELDS, asks_only, issue_json
from pipelines.sandbox.jql import JqlError, read_jql
from pipelines.sandbox.reference import (
    AGILE_ROUTES,
    UNKNOWN_TO_CLOUD,
    api_routes,
    get_board,
    myself,
    page_boards,
    search_projects,
)

Json = dict[str, Any]

MAX_BULK_FIELDS = 100
MAX_RECONCILED = 50
MULTI_VALUED = frozenset({"comment", "worklog", "attachment"})
HEAVY = frozenset({"changelog", "editmeta", "operations", "renderedFields", "transitions", "versionedRepresentations"})
"""Expansions that keep a bulk fetch at the small cap."""

REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
    " A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."


def get_server_info(served: ServedSite, asked: Asked) -> Json:
    """What the site is, and its clock."""
    return {
        "baseUrl": served.url, "displayUrl": served.url, "version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0],
        "deploymentType": "Cloud", "buildNumber": 100286, "buildDate": "2026-11-02T02:10:38.000+0000",
        "serverTime": jira_timestamp(served.site.now), "serverTimeZone": served.site.me["timeZone"],
        "scmInfo": "sandbox", "serverTitle": "Sandbox",
    }  # fmt: skip


def get_myself(served: ServedSite, asked: Asked) -> Json:
    """The caller, known by account id."""
    return myself(served, UNKNOWN_TO_CLOUD)


def refuse_removed_search(served: ServedSite, asked: Asked) -> NoReturn:
    """Answer the search that Cloud has removed."""
    raise RefusedError(410, REMOVED)


def search_by_post(served: ServedSite, asked: Asked) -> Json:
    """Search asked by body."""
    return _search(served, asked.read(SearchBody))


def search_by_get(served: ServedSite, asked: Asked) -> Json:
    """Search asked by query string."""
    body = SearchBody(
        jql=asked.query.get("jql", ""),
        next_page_token=asked.query.get("nextPageToken"),
        max_results=asked.number("maxResults", 50),
        fields=asked.names("fields"),
        expand=asked.query.get("expand"),
        reconcile_issues=[0] * len(asked.names("reconcileIssues")),
    )
    return _search(served, body)


def _search(served: ServedSite, body: SearchBody) -> Json:
    """A page of issues; the token is absent on the last one, and there is no total."""
    if body.max_results < 1 or len(body.reconcile_issues or ()) > MAX_RECONCILED:
        raise RefusedError(400, "Invalid request payload. Refer to the REST API documentation and try again.")
    wanted = body.fields or ["id"]
    key, token = ("search", body.jql), body.next_page_token or None
    found = served.chain(key, token, lambda: _find_bounded(served, body.jql))
    cap = served.caps.search_ids if asks_only(wanted, PSEUDO_FIELDS) else served.caps.search_issues
    start = read_token(token, *key) if token is not None else 0
    stop = start + min(body.max_results, cap)
    has_changelog = "changelog" in (body.expand or "").split(",")
    written = (_found_issue(served, issue_id, wanted, has_changelog) for issue_id in found[start:stop].tolist())
    issues = [issue for issue in written if issue is not None]
    served.issues_served += len(issues)
    if stop >= len(found):
        served.end_chain(key, token)
        return {"issues": issues, "isLast": True}
    return {"issues": issues, "isLast": False, "nextPageToken": write_token(*key, stop)}


def _find_bounded(served: ServedSite, jql: str) -> Any:
    """Ids a query matches; one that restricts nothing is refused with 400."""
    try:
        is_unbounded = read_jql(jql).where is None
    except JqlError as error:
        raise RefusedError(400, str(error)) from None
    if is_unbounded:
        raise RefusedError(400, UNBOUNDED)
    return served.find(jql)


def _found_issue(served: ServedSite, issue_id: int, wanted: list[str], has_changelog: bool) -> Json | None:
    """An issue of a search; nothing but the id, from the index alone, where nothing else is asked for."""
    if asks_only(wanted, frozenset({"id"})) and not has_changelog:
        return {"id": str(issue_id)}
    issue = served.stored(issue_id)
    return None if issue is None else _written(served, issue, wanted, has_changelog)


def _written(served: ServedSite, issue: Json, wanted: list[str], has_changelog: bool) -> Json:
    """An issue with the fields asked for, and the embedded changelog if asked for."""
    written = issue_json(served, issue, wanted, "3")
    return written | {"changelog": embedded_changelog(served, issue)} if has_changelog else written


def count(served: ServedSite, asked: Asked) -> Json:
    """Number of issues a query matches; here it is exact."""
    return {"count": len(_find_bounded(served, asked.read(CountBody).jql))}


def fetch_issues(served: ServedSite, asked: Asked) -> Json:
    """Up to 1000 issues by id or key, ascending by id; those that cannot be had are listed as errors, with 200."""
    body = asked.read(IssuesBody)
    _check_size(served, body)
    resolved = {name: served.resolve(name) for name in body.issue_ids_or_keys}
    known = sorted({issue_id for issue_id in resolved.values() if issue_id is not None})
    has_changelog = "changelog" in (body.expand or ())
    served.issues_served += len(known)
    return {
        "issues": [
            _written(served, served.site.issues[issue_id], body.fields or ["*navigable"], has_changelog)
            for issue_id in known
        ],
        "issueErrors": [
            {"id": name, "errorMessage": "Issue does not exist or you do not have permission to see it."}
            for name, issue_id in resolved.items()
            if issue_id is None
        ],
    }


def _check_size(served: ServedSite, body: IssuesBody) -> None:
    """Refuse more issues than fit the fields asked for with 400."""
    fields, expand = body.fields or [], frozenset(body.expand or ())
    is_light = (
        0 < len(fields) <= MAX_BULK_FIELDS
        and not any(name.startswith(("*", "-")) for name in fields)
        and not MULTI_VALUED & set(fields)
        and not HEAVY & expand
    )
    cap = served.caps.issues_named_fields if is_light else served.caps.issues_other
    if not 1 <= len(body.issue_ids_or_keys) <= cap:
        raise RefusedError(400, f"The number of issues must be between 1 and {cap} for the fields requested.")


def get_issue(served: ServedSite, asked: Asked) -> Json:
    """One issue by id, key or former key."""
    issue = served.issue(asked.path["issue"])
    return _written(served, issue, asked.names("fields") or ["*all"], "changelog" in asked.names("expand"))


def _routes(version: str) -> list[Route]:
    """Cloud's routes below ``/rest/api/<version>``, the fixed paths before those with names."""
    api = f"/rest/api/{version}"
    return [
        ("GET", f"{api}/serverInfo", get_server_info),
        ("GET", f"{api}/myself", get_myself),
        ("GET", f"{api}/search", refuse_removed_search),
        ("POST", f"{api}/search", refuse_removed_search),
        ("POST", f"{api}/search/jql", search_by_post),
        ("GET", f"{api}/search/jql", search_by_get),
        ("POST", f"{api}/search/approximate-count", count),
        ("POST", f"{api}/issue/bulkfetch", fetch_issues),
        ("POST", f"{api}/changelog/bulkfetch", fetch_changelogs),
        ("GET", f"{api}/issue/{{issue}}", get_issue),
        ("GET", f"{api}/issue/{{issue}}/changelog", page_changelog),
        ("GET", f"{api}/project/search", search_projects),
        *api_routes(version),
    ]


CLOUD_ROUTES: list[Route] = [
    *_routes("3"),
    *_routes("2"),
    *_routes("latest"),
    ("GET", "/rest/agile/1.0/board", page_boards),
    ("GET", "/rest/agile/1.0/board/{board}", get_board),
    *AGILE_ROUTES,
]
