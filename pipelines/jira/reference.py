"""What a site knows besides issues: statuses, projects, versions, resolutions, link types, fields, boards.

One snapshot per run, typed, so that only the named parts land. Leads, descriptions and board names stay outside: they
name or are written by people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, Literal, TypeVar

import msgspec

from pipelines.jira.client import JiraSession
from pipelines.jira.errors import AnswerError, ForbiddenError, JiraError, NotFoundError, RefusedError
from pipelines.jira.fields import FieldNames, SiteField, SiteLinkType, find_field_names
from pipelines.jira.shapes import Category, Resolution
from transforms.wording import counted

T = TypeVar("T")

PAGE = 50
LONGEST_LIST = 100_000
"""A paged list that goes on beyond this does not end."""


class SiteStatus(msgspec.Struct, omit_defaults=True, rename={"category": "statusCategory"}):
    """A status the site lists."""

    id: str
    name: str = ""
    category: Category | None = None


class SiteProject(msgspec.Struct, omit_defaults=True, frozen=True):
    """A project the account can see. ``simplified`` marks team-managed projects, which have statuses of their own."""

    id: str
    key: str
    name: str = ""
    simplified: bool = False


class SiteVersion(msgspec.Struct, omit_defaults=True, rename="camel"):
    """A version of a project in scope; ``release_date`` is a day without zone."""

    id: str
    project_id: int | None = None
    name: str = ""
    release_date: str | None = None
    released: bool = False
    archived: bool = False


class SiteIssueType(msgspec.Struct):
    """A type of issues; a team-managed project has types of its own."""

    id: str
    name: str = ""


class StatusId(msgspec.Struct):
    """A status on a board."""

    id: str


class BoardColumn(msgspec.Struct, omit_defaults=True):
    """A column of a board; ``min`` and ``max`` are its WIP limits."""

    name: str = ""
    statuses: list[StatusId] = []
    min: int | None = None
    max: int | None = None


class ColumnConfig(msgspec.Struct):
    """The columns of a board, left to right."""

    columns: list[BoardColumn] = []


class BoardConfiguration(msgspec.Struct, rename="camel"):
    """Configuration of a board."""

    column_config: ColumnConfig = msgspec.field(default_factory=ColumnConfig)


class BoardLocation(msgspec.Struct, rename="camel"):
    """The project a board belongs to."""

    project_id: int | None = None


class SiteSprint(msgspec.Struct, omit_defaults=True, rename="camel"):
    """A sprint by its dates; its name and goal are written by people and stay outside."""

    id: int
    state: Literal["future", "active", "closed"]
    start_date: str | None = None
    end_date: str | None = None
    complete_date: str | None = None
    origin_board_id: int | None = None


class SiteBoard(msgspec.Struct, omit_defaults=True):
    """A board; the columns are empty where the account may not see them."""

    id: int
    type: str = ""
    location: BoardLocation | None = None
    columns: list[BoardColumn] = []
    sprints: list[SiteSprint] = []
    """Empty for a board without sprints."""


class Reference(msgspec.Struct):
    """Everything but issues, as it was at the start of a run."""

    flavour: str
    server_version: str
    time_zone: str
    statuses: list[SiteStatus]
    projects: list[SiteProject]
    versions: list[SiteVersion]
    resolutions: list[Resolution]
    link_types: list[SiteLinkType]
    fields: list[SiteField]
    boards: list[SiteBoard]

    def field_names(self, flagged_field: str = "") -> FieldNames:
        """How this site names what flow depends on; ``flagged_field`` is the id of the flag where a team names it."""
        return find_field_names(self.fields, self.link_types, flagged_field)

    def status_rows(self) -> list[tuple[int, str, str | None, bool]]:
        """(id, name, category, True) of every status listed."""
        return [
            (int(status.id), status.name, status.category.key if status.category else None, True)
            for status in self.statuses
        ]


class _Page(msgspec.Struct, Generic[T], rename="camel"):
    values: list[T]
    is_last: bool | None = None
    total: int | None = None


class _LinkTypes(msgspec.Struct, rename="camel"):
    issue_link_types: list[SiteLinkType]


class _TypeStatuses(msgspec.Struct):
    statuses: list[SiteStatus] = []


def list_projects(session: JiraSession) -> list[SiteProject]:
    """Every project the account can see, by id. Raises AnswerError where fewer come than the site counts."""
    if session.flavour == "cloud":
        projects = _paged_projects(session)
    else:
        projects = session.read("GET", f"{session.api}/project", list[SiteProject])
    return sorted(projects, key=lambda project: int(project.id))


def _paged_projects(session: JiraSession) -> list[SiteProject]:
    """All pages of projects: one that lacks would be taken for gone, and its issues for moved out of scope."""
    projects, total = _all_pages(session, f"{session.api}/project/search", _Page[SiteProject])
    distinct = {project.id: project for project in projects}
    if len(distinct) < total:
        raise AnswerError(
            f"The site counts {counted(total, 'project')} and lists {len(distinct)}, so who is in scope cannot be told."
            " Nothing was published; run again later."
        )
    return list(distinct.values())


def list_issue_types(session: JiraSession) -> dict[int, str]:
    """Names of all issue types the account can see, by id."""
    return {int(kind.id): kind.name for kind in session.read("GET", f"{session.api}/issuetype", list[SiteIssueType])}


def fetch_reference(session: JiraSession, projects: Sequence[SiteProject]) -> Reference:
    """Read all reference data for the projects in scope. Raises JiraError."""
    api = session.api
    return Reference(
        flavour=session.flavour,
        server_version=session.server_version,
        time_zone=session.time_zone,
        statuses=_statuses(session, projects),
        projects=list(projects),
        versions=[version for project in projects for version in _versions(session, project)],
        resolutions=session.read("GET", f"{api}/resolution", list[Resolution]),
        link_types=_optional(session, f"{api}/issueLinkType", _LinkTypes, _LinkTypes([])).issue_link_types,
        fields=session.read("GET", f"{api}/field", list[SiteField]),
        boards=_boards(session, projects),
    )


def _statuses(session: JiraSession, projects: Iterable[SiteProject]) -> list[SiteStatus]:
    """``/status`` leaves out what only a team-managed project uses; those are asked one by one."""
    found = session.read("GET", f"{session.api}/status", list[SiteStatus])
    for project in projects:
        if project.simplified:
            path = f"{session.api}/project/{project.id}/statuses"
            found += [status for kind in _optional(session, path, list[_TypeStatuses], []) for status in kind.statuses]
    return list({status.id: status for status in reversed(found)}.values())[::-1]


def _versions(session: JiraSession, project: SiteProject) -> list[SiteVersion]:
    versions = session.read("GET", f"{session.api}/project/{project.id}/versions", list[SiteVersion])
    for version in versions:
        version.project_id = int(project.id)
    return versions


def _boards(session: JiraSession, projects: Sequence[SiteProject]) -> list[SiteBoard]:
    """Boards of the projects in scope with their columns and sprints."""
    root = "/rest/agile/1.0/board"
    boards = _located_boards(session, root, projects)
    for board in boards:
        configuration = _optional(session, f"{root}/{board.id}/configuration", BoardConfiguration, BoardConfiguration())
        board.columns = configuration.column_config.columns
        path = f"{root}/{board.id}/sprint"
        board.sprints = _optional_pages(session, path, _Page[SiteSprint]) if board.type != "kanban" else []
    return boards


def _located_boards(session: JiraSession, path: str, projects: Sequence[SiteProject]) -> list[SiteBoard]:
    """Each board once, in the project it lies in, or else the first in scope that asking for finds it.

    Data Center does not tell where a board lies, nor Cloud where it belongs to a person.
    """
    ids, found = {int(project.id) for project in projects}, dict[int, SiteBoard]()
    for project in projects:
        for board in _optional_pages(session, path, _Page[SiteBoard], projectKeyOrId=project.id):
            if board.location is None or board.location.project_id not in ids:
                board.location = BoardLocation(int(project.id))
            found.setdefault(board.id, board)
    return list(found.values())


def _optional_pages(session: JiraSession, path: str, shape: type[_Page[Any]], **params: str) -> list[Any]:
    """A site without Jira Software has no boards, and a board may have no sprints: both refuse."""
    try:
        return _all_pages(session, path, shape, **params)[0]
    except (NotFoundError, ForbiddenError, RefusedError):
        return []


def _optional(session: JiraSession, path: str, shape: type[T], missing: T) -> T:
    """What the account may not see, or this site does not have, is a fact about the site and not a failure."""
    try:
        return session.read("GET", path, shape)
    except (NotFoundError, ForbiddenError, RefusedError):
        return missing


def _all_pages(session: JiraSession, path: str, shape: type[_Page[Any]], **params: str) -> tuple[list[Any], int]:
    """Every value of a ``startAt`` list, and the total it tells, 0 for none.

    Ends on an empty page, when ``total`` is reached, or on ``isLast`` where no total contradicts it.
    """
    values: list[Any] = []
    while len(values) < LONGEST_LIST:
        page = session.read("GET", path, shape, params=params | {"startAt": len(values), "maxResults": PAGE})
        values += page.values
        if not page.values or _is_end(page, len(values)):
            return values, page.total or 0
    raise JiraError(f"The list {path} does not end: {len(values)} entries so far. A proxy that ignores startAt is the"
                    " usual cause.")  # fmt: skip


def _is_end(page: _Page[Any], count: int) -> bool:
    if page.total is None:
        return bool(page.is_last)
    return page.is_last is not False and count >= page.total
