"""Routes to a site's reference data, which both flavours answer nearly alike: fields, statuses, projects, boards.

Issues, searches and changelogs are in ``cloud`` and ``datacenter``. Recorded ``self`` links point at the site the
recording came from, so they are written anew where Jira's description demands them and left out elsewhere.
"""

from typing import Any

from pipelines.sandbox.exchange import Asked, RefusedError, Route, ServedSite, page
from pipelines.sandbox.instants import EPOCH, MILLISECOND, jira_timestamp

Json = dict[str, Any]

UNKNOWN_TO_CLOUD = ("name", "key")
UNKNOWN_TO_DC = ("accountId", "accountType")
MAX_PROJECT_PAGE = 100


def myself(served: ServedSite, unknown: tuple[str, ...]) -> Json:
    """The caller, without what the flavour does not tell."""
    return {name: value for name, value in served.site.me.items() if name not in unknown}


def get_fields(served: ServedSite, asked: Asked) -> list[Json]:
    """Every field, as Atlassian describes it: what a localised one is called untranslated, only JQL's names tell."""
    return [_described(field) for field in served.site.fields]


def get_statuses(served: ServedSite, asked: Asked) -> list[Json]:
    """Every status of an active workflow."""
    return served.site.statuses


def get_resolutions(served: ServedSite, asked: Asked) -> list[Json]:
    """Every resolution."""
    return served.site.resolutions


def get_issue_link_types(served: ServedSite, asked: Asked) -> Json:
    """Every link type, with its phrases inward and outward."""
    return {"issueLinkTypes": served.site.issue_link_types}


def get_issue_types(served: ServedSite, asked: Asked) -> list[Json]:
    """Every issue type, with the names Atlassian describes; an issue's own type may tell more."""
    return [_described(kind) for kind in served.site.issue_types]


def _described(thing: Json) -> Json:
    """A field or type with the names Atlassian's description has."""
    return {name: value for name, value in thing.items() if name != "untranslatedName"}


def get_projects(served: ServedSite, asked: Asked) -> list[Json]:
    """Every project that is not archived, without paging."""
    return [project for project in served.projects if not project.get("archived")]


def get_project(served: ServedSite, asked: Asked) -> Json:
    """One project."""
    return served.project(asked.path["project"])


def search_projects(served: ServedSite, asked: Asked) -> Json:
    """A page of projects by key; ``expand=insight`` tells how many issues each has and when one last changed."""
    ids, keys, states = asked.names("id"), asked.names("keys"), asked.names("status") or ["live"]
    found = [
        project
        for project in sorted(served.projects, key=lambda project: str(project["key"]))
        if (not ids or str(project["id"]) in ids)
        and (not keys or project["key"] in keys)
        and ("archived" if project.get("archived") else "live") in states
    ]
    cut = page(found, asked, MAX_PROJECT_PAGE, served.caps.listing)
    if "insight" in asked.names("expand"):
        cut["values"] = [project | {"insight": _insight(served, project)} for project in cut["values"]]
    return cut


def _insight(served: ServedSite, project: Json) -> Json:
    """Count a project's issues and find its newest update."""
    updated = served.index.updated[served.index.project == int(project["id"])]
    newest = {"lastIssueUpdateTime": jira_timestamp(EPOCH + int(updated.max()) * MILLISECOND)} if len(updated) else {}
    return {"totalIssueCount": len(updated)} | newest


def get_versions(served: ServedSite, asked: Asked) -> list[Json]:
    """Every version of a project."""
    project = served.project(asked.path["project"])
    return served.site.versions.get(int(project["id"]), [])


def page_versions(served: ServedSite, asked: Asked) -> Json:
    """A page of a project's versions."""
    return page(get_versions(served, asked), asked, served.caps.listing)


def get_project_statuses(served: ServedSite, asked: Asked) -> list[Json]:
    """Issue types of a project, each with the listed statuses its issues are or were in."""
    project = served.project(asked.path["project"])
    return list(served.remember(("statuses", project["id"]), lambda: _statuses_by_type(served, project)))


def _statuses_by_type(served: ServedSite, project: Json) -> list[Json]:
    """Go through a project's issues once and note the statuses of each type."""
    index, seen = served.index, dict[str, set[str]]()
    for issue_id in index.id[index.project == int(project["id"])].tolist():
        issue = served.site.issues[issue_id]
        if issue["fields"].get("issuetype"):
            seen.setdefault(issue["fields"]["issuetype"]["id"], set()).update(_status_ids(issue))
    return [
        {
            "self": f"{served.url}/rest/api/3/issuetype/{kind['id']}", "id": kind["id"], "name": kind["name"],
            "subtask": kind.get("subtask", False),
            "statuses": [status for status in served.site.statuses if status["id"] in seen[kind["id"]]],
        }
        for kind in served.site.issue_types
        if kind["id"] in seen
    ]  # fmt: skip


def _status_ids(issue: Json) -> set[str]:
    """Statuses an issue is or was in."""
    changed = (
        item[side]
        for history in issue.get("changelog", {}).get("histories", ())
        for item in history["items"]
        if item["field"] == "status" and item.get("fieldtype", "jira") == "jira"
        for side in ("from", "to")
    )
    return {str(status) for status in changed} | {issue["fields"]["status"]["id"]}


def _board(served: ServedSite, asked: Asked) -> Json:
    """One board by id; 404 for an unknown or private one."""
    for board in served.site.boards:
        if str(board["id"]) == asked.path["board"]:
            return board
    raise RefusedError(404, "The requested board cannot be viewed because it either does not exist or is private.")


def _listed_board(board: Json) -> Json:
    """A board without what has a route of its own."""
    return {name: value for name, value in board.items() if name not in ("configuration", "sprints")}


def page_boards(served: ServedSite, asked: Asked) -> Json:
    """A page of boards, of one project if asked: what a board's filter holds is told by its location here."""
    wanted = asked.query.get("projectKeyOrId")
    boards = [
        _listed_board(board)
        for board in served.site.boards
        if wanted is None or wanted in {str(value) for value in board.get("location", {}).values()}
    ]
    return page(boards, asked, served.caps.listing)


def get_board(served: ServedSite, asked: Asked) -> Json:
    """One board."""
    return _listed_board(_board(served, asked))


def get_board_configuration(served: ServedSite, asked: Asked) -> Json:
    """Columns of a board with the ids of their statuses, filter and estimation."""
    board = _board(served, asked)
    configuration: Json = board.get("configuration", {})
    return {"id": board["id"], "name": board["name"], "type": board["type"]} | configuration


def page_sprints(served: ServedSite, asked: Asked) -> Json:
    """A page of a board's sprints; a board without sprints refuses with 400."""
    board = _board(served, asked)
    if "sprints" not in board:
        raise RefusedError(400, "The board does not support sprints")
    return page(board["sprints"], asked, served.caps.listing)


def api_routes(version: str) -> list[Route]:
    """Routes both flavours have below ``/rest/api/<version>``."""
    api = f"/rest/api/{version}"
    return [
        ("GET", f"{api}/field", get_fields),
        ("GET", f"{api}/status", get_statuses),
        ("GET", f"{api}/resolution", get_resolutions),
        ("GET", f"{api}/issueLinkType", get_issue_link_types),
        ("GET", f"{api}/issuetype", get_issue_types),
        ("GET", f"{api}/project", get_projects),
        ("GET", f"{api}/project/{{project}}", get_project),
        ("GET", f"{api}/project/{{project}}/versions", get_versions),
        ("GET", f"{api}/project/{{project}}/version", page_versions),
        ("GET", f"{api}/project/{{project}}/statuses", get_project_statuses),
    ]


AGILE_ROUTES: list[Route] = [
    ("GET", "/rest/agile/1.0/board/{board}/configuration", get_board_configuration),
    ("GET", "/rest/agile/1.0/board/{board}/sprint", page_sprints),
]
"""Routes to the parts of a board, alike in both flavours."""
