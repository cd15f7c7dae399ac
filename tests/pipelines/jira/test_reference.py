"""Reference data: what lands of it, and which gaps are facts rather than failures."""

import msgspec
import pytest

from pipelines.jira.errors import AnswerError, ForbiddenError, JiraError, NotFoundError, OverloadedError, RefusedError
from pipelines.jira.reference import LONGEST_LIST, SiteProject, fetch_reference, list_projects
from tests.pipelines.jira.rest import ScriptedSession

PROJECT = SiteProject("10", "ABC", "Alphabet")


class RoutedSession(ScriptedSession):
    """Answers by route; what has no answer is not found."""

    server_version = "1"
    time_zone = "UTC"

    def __init__(self, flavour, answers):
        super().__init__(flavour, [])
        self._routes = answers

    def read(self, method, path, shape, params=None, body=None):
        self.asked.append((path, params))
        answer = self._routes.get(path, NotFoundError("no such route"))
        if callable(answer):
            answer = answer(params)
        if isinstance(answer, Exception):
            raise answer
        return msgspec.json.decode(msgspec.json.encode(answer), type=shape)


def routes(api="/rest/api/3", **changes):
    category = {"key": "new", "name": "To Do", "colorName": "grey"}
    return {
        f"{api}/status": [{"id": "1", "name": "Open", "statusCategory": category, "description": "by Ana"}],
        f"{api}/project/10/versions": [{"id": "20", "name": "1.0", "releaseDate": "2024-05-01", "released": True}],
        f"{api}/resolution": [{"id": "5", "name": "Done", "description": "by Ana"}],
        f"{api}/issueLinkType": {
            "issueLinkTypes": [{"name": "Blocks", "inward": "is blocked by", "outward": "blocks"}]
        },
        f"{api}/field": [{"id": "status", "name": "Status", "custom": False}],
    } | {api + path: answer for path, answer in changes.items()}


def boards_of(by_project):
    """Answers a listing of boards with those of the project asked for."""

    def answer(params):
        found = by_project[params["projectKeyOrId"]]
        return found if isinstance(found, Exception) else {"values": found, "total": len(found), "isLast": True}

    return answer


def fetch(answers, project=PROJECT, flavour="cloud"):
    return fetch_reference(RoutedSession(flavour, answers), [project])


def test_the_named_parts_land_and_nothing_else():
    landed = msgspec.json.encode(fetch(routes()))
    assert b"Ana" not in landed
    assert msgspec.json.decode(landed)["statuses"] == [{"id": "1", "name": "Open", "statusCategory": {"key": "new"}}]


def test_a_version_knows_its_project_and_its_day():
    (version,) = fetch(routes()).versions
    assert (version.id, version.project_id, version.release_date, version.released) == ("20", 10, "2024-05-01", True)


def test_team_managed_projects_are_asked_for_statuses_of_their_own():
    own = [{"id": "1", "name": "Story", "statuses": [{"id": "1", "name": "Open"}, {"id": "99", "name": "Ours"}]}]
    managed = SiteProject("10", "ABC", simplified=True)
    found = fetch(routes(**{"/project/10/statuses": own}), managed)
    assert [(status.id, status.name) for status in found.statuses] == [("1", "Open"), ("99", "Ours")]
    assert found.statuses[0].category.key == "new"


def test_statuses_the_account_may_not_see_are_no_failure():
    managed = SiteProject("10", "ABC", simplified=True)
    assert len(fetch(routes(**{"/project/10/statuses": ForbiddenError("no")}), managed).statuses) == 1


def test_an_overloaded_site_is_a_failure_even_where_a_gap_is_none():
    with pytest.raises(OverloadedError):
        fetch(routes(**{"/issueLinkType": OverloadedError("busy")}))


@pytest.mark.parametrize("location", [{"location": {"projectId": 10}}, {"location": {"userId": 7}}, {}])
def test_boards_of_the_projects_in_scope_come_with_columns_and_limits(location):
    board = {"id": 3, "name": "Ana's board", "type": "kanban"} | location
    column = {"name": "Doing", "statuses": [{"id": "1"}], "max": 4}
    answers = routes() | {
        "/rest/agile/1.0/board": boards_of({"10": [board]}),
        "/rest/agile/1.0/board/3/configuration": {"columnConfig": {"columns": [column]}},
    }
    (found,) = fetch(answers).boards
    assert (found.id, found.columns[0].name, found.columns[0].max) == (3, "Doing", 4)
    assert found.location.project_id == 10
    assert b"Ana" not in msgspec.json.encode(found)


@pytest.mark.parametrize(
    ("location", "project"), [({}, 10), ({"location": {"projectId": 11}}, 11), ({"location": {"projectId": 12}}, 10)]
)
def test_a_board_that_shows_several_projects_is_read_once_and_belongs_where_it_lies(location, project):
    board = {"id": 3, "type": "kanban"} | location
    session = RoutedSession("cloud", routes(**{"/project/11/versions": []}) | {
        "/rest/agile/1.0/board": boards_of({"10": [board], "11": [board]})
    })  # fmt: skip
    (found,) = fetch_reference(session, [PROJECT, SiteProject("11", "XYZ")]).boards
    assert found.location.project_id == project
    assert [path for path, _ in session.asked].count("/rest/agile/1.0/board/3/configuration") == 1


def test_a_project_whose_boards_are_refused_does_not_hide_those_of_others():
    session = RoutedSession("dc", routes("/rest/api/2", **{"/project/11/versions": []}) | {
        "/rest/agile/1.0/board": boards_of({"10": RefusedError("no"), "11": [{"id": 3, "type": "kanban"}]})
    })  # fmt: skip
    (found,) = fetch_reference(session, [PROJECT, SiteProject("11", "XYZ")]).boards
    assert (found.id, found.location.project_id) == (3, 11)


def test_a_site_without_boards_has_none():
    assert fetch(routes()).boards == []


def test_a_board_whose_configuration_is_hidden_has_no_columns():
    board = {"id": 3, "type": "kanban", "location": {"projectId": 10}}
    assert fetch(routes() | {"/rest/agile/1.0/board": {"values": [board]} | {"total": 1}}).boards[0].columns == []


@pytest.mark.parametrize("ending", ["isLast", "total", "empty"])
def test_projects_are_read_to_the_last_page(ending):
    everything = [{"id": str(n), "key": f"P{n}", "name": "x"} for n in range(120, 0, -1)]

    def pages(params):
        start = params["startAt"]
        values = everything[start : start + 50]
        marks = {"isLast": {"isLast": start + 50 >= 120}, "total": {"total": 120}, "empty": {}}
        return {"values": values} | marks[ending]

    session = RoutedSession("cloud", {"/rest/api/3/project/search": pages})
    assert [int(project.id) for project in list_projects(session)] == list(range(1, 121))


@pytest.mark.parametrize("marks", [{"isLast": True}, {}])
def test_projects_behind_an_end_that_comes_before_their_total_are_asked_for(marks):
    everything = [{"id": str(n), "key": f"P{n}"} for n in range(1, 61)]

    def pages(params):
        return {"values": everything[params["startAt"] :][:50], "total": 60} | marks

    assert len(list_projects(RoutedSession("cloud", {"/rest/api/3/project/search": pages}))) == 60


@pytest.mark.parametrize("is_last", [True, False, None])
def test_fewer_projects_than_the_site_counts_stop_the_run(is_last):
    first = [{"id": "1", "key": "A"}, {"id": "2", "key": "B"}]

    def pages(params):
        return {"values": first if params["startAt"] == 0 else [], "total": 60, "isLast": is_last}

    with pytest.raises(AnswerError, match="counts 60 projects and lists 2"):
        list_projects(RoutedSession("cloud", {"/rest/api/3/project/search": pages}))


def test_projects_sent_twice_count_once():
    page = {"values": [{"id": "1", "key": "A"}, {"id": "2", "key": "B"}], "total": 4}
    with pytest.raises(AnswerError, match="counts 4 projects and lists 2"):
        list_projects(RoutedSession("cloud", {"/rest/api/3/project/search": page}))


def test_boards_are_believed_to_be_fewer_than_their_total_as_some_are_private():
    board = {"id": 3, "type": "kanban"}

    def pages(params):
        return {"values": [board] if params["startAt"] == 0 else [], "total": 2, "isLast": True}

    assert [one.id for one in fetch(routes() | {"/rest/agile/1.0/board": pages}).boards] == [3]


def test_a_list_that_never_ends_is_noticed():
    block = [{"id": "1", "key": "P1"}] * (LONGEST_LIST // 10)
    session = RoutedSession("cloud", {"/rest/api/3/project/search": {"values": block, "isLast": False}})
    with pytest.raises(JiraError, match="does not end"):
        list_projects(session)


def test_data_center_lists_its_projects_at_once():
    session = RoutedSession("dc", {"/rest/api/2/project": [{"id": "2", "key": "B"}, {"id": "1", "key": "A"}]})
    assert [project.key for project in list_projects(session)] == ["A", "B"]


def test_field_names_are_read_off_the_snapshot():
    assert fetch(routes()).field_names().link_kind("is blocked by") == "blocked_by"
