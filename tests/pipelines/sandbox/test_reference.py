import pytest

from pipelines.sandbox import reference
from pipelines.sandbox.exchange import PageCaps, RefusedError
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.sites import at, get, history, issue, item, moved, served, small_site

BOARD = {
    "id": 7,
    "name": "ABC board",
    "type": "kanban",
    "location": {"projectId": 100, "projectKey": "ABC"},
    "configuration": {"columnConfig": {"columns": [{"name": "Doing", "statuses": [{"id": "3"}]}]}},
}
SPRINTS = [{"id": n, "name": f"Sprint {n}", "state": "closed"} for n in range(1, 4)]


def site_with_boards():
    site = small_site()
    site.boards = [BOARD, {"id": 8, "name": "XYZ board", "type": "scrum", "sprints": SPRINTS}]
    return served(site)


def refused(status, call):
    with pytest.raises(RefusedError) as error:
        call()
    assert error.value.status == status
    return str(error.value)


def test_lists_are_the_sites_own():
    site = served(small_site())
    assert reference.get_fields(site, get()) == site.site.fields
    assert reference.get_statuses(site, get()) is site.site.statuses
    assert reference.get_resolutions(site, get()) is site.site.resolutions
    assert reference.get_issue_types(site, get()) == site.site.issue_types
    assert reference.get_issue_link_types(site, get()) == {"issueLinkTypes": site.site.issue_link_types}


def test_the_list_of_types_leaves_out_what_only_issues_tell():
    site = small_site()
    site.issue_types = [{"id": "1", "name": "Epopeya", "untranslatedName": "Epic", "hierarchyLevel": 1}]
    assert reference.get_issue_types(served(site), get()) == [{"id": "1", "name": "Epopeya", "hierarchyLevel": 1}]


def test_the_list_of_fields_leaves_out_what_a_localised_one_is_called_untranslated():
    site = small_site()
    site.fields = [
        {"id": "customfield_7", "name": "Markiert", "untranslatedName": "Flagged", "clauseNames": ["Flagged"]}
    ]
    listed = {"id": "customfield_7", "name": "Markiert", "clauseNames": ["Flagged"]}
    assert reference.get_fields(served(site), get()) == [listed]


def test_projects_come_by_key_in_pages():
    site = served(small_site(), PageCaps(listing=1))
    first = reference.search_projects(site, get())
    assert ([found["key"] for found in first["values"]], first["isLast"], first["total"]) == (["ABC"], False, 2)
    last = reference.search_projects(site, get("startAt=1&maxResults=100"))
    assert ([found["key"] for found in last["values"]], last["isLast"]) == (["XYZ"], True)


@pytest.mark.parametrize("query", ["keys=XYZ", "id=200", "keys=XYZ,NOPE"])
def test_projects_can_be_asked_for_by_name(query):
    assert [found["key"] for found in reference.search_projects(served(small_site()), get(query))["values"]] == ["XYZ"]


def test_archived_projects_are_listed_only_if_asked():
    site = small_site()
    site.projects[0]["archived"] = True
    assert [found["key"] for found in reference.search_projects(served(site), get())["values"]] == ["XYZ"]
    assert [found["key"] for found in reference.get_projects(served(site), get())] == ["XYZ"]
    both = reference.search_projects(served(site), get("status=live&status=archived"))
    assert [found["key"] for found in both["values"]] == ["ABC", "XYZ"]


def test_insight_counts_a_projects_issues_and_finds_its_newest_update():
    site = small_site()
    site.projects.append({"id": "300", "key": "NEW", "name": "Empty"})
    values = reference.search_projects(served(site), get("expand=insight"))["values"]
    assert [found["insight"] for found in values] == [
        {"totalIssueCount": 4, "lastIssueUpdateTime": at(30)},
        {"totalIssueCount": 0},
        {"totalIssueCount": 2, "lastIssueUpdateTime": at(48)},
    ]
    assert "insight" not in site.projects[0]


def test_one_project_is_found_or_404():
    assert reference.get_project(served(small_site()), get(project="XYZ"))["id"] == "200"
    refused(404, lambda: reference.get_project(served(small_site()), get(project="NOPE")))


def test_versions_come_whole_and_in_pages():
    site = small_site()
    site.versions[100] = [{"id": str(n), "name": f"1.{n}"} for n in range(3)]
    assert len(reference.get_versions(served(site), get(project="ABC"))) == 3
    cut = reference.page_versions(served(site), get("maxResults=2", project="100"))
    assert ([found["id"] for found in cut["values"]], cut["total"], cut["isLast"]) == (["0", "1"], 3, False)
    assert reference.get_versions(served(site), get(project="XYZ")) == []


def test_a_projects_statuses_are_listed_by_type_of_issue():
    gone = item("status", "77", "1", fromString="Gone", toString="To Do")
    site = site_from_issues(
        [
            issue(1, "ABC-1", history(1, 1, gone), history(2, 2, moved("To Do", "Doing")), status="Doing"),
            issue(2, "XYZ-1", status="Done"),
            issue(3, "XYZ-2"),
        ]
    )
    (story,) = reference.get_project_statuses(served(site), get(project="ABC"))
    assert (story["name"], story["subtask"]) == ("Story", False)
    assert {status["name"] for status in story["statuses"]} == {"To Do", "Doing"}


def test_boards_are_listed_without_their_configuration():
    listed = reference.page_boards(site_with_boards(), get())
    assert [(board["id"], "configuration" in board, "sprints" in board) for board in listed["values"]] == [
        (7, False, False),
        (8, False, False),
    ]
    assert listed["isLast"]


@pytest.mark.parametrize("project", ["ABC", "100"])
def test_boards_can_be_asked_for_by_project(project):
    listed = reference.page_boards(site_with_boards(), get(f"projectKeyOrId={project}"))
    assert [board["id"] for board in listed["values"]] == [7]


def test_a_boards_columns_name_their_statuses():
    site = site_with_boards()
    configuration = reference.get_board_configuration(site, get(board="7"))
    assert configuration["columnConfig"]["columns"][0]["statuses"] == [{"id": "3"}]
    assert (configuration["id"], configuration["type"]) == (7, "kanban")
    assert reference.get_board(site, get(board="7"))["name"] == "ABC board"


def test_sprints_come_in_pages_and_a_board_without_them_says_so():
    site = site_with_boards()
    cut = reference.page_sprints(site, get("maxResults=2", board="8"))
    assert ([sprint["id"] for sprint in cut["values"]], cut["isLast"]) == ([1, 2], False)
    assert refused(400, lambda: reference.page_sprints(site, get(board="7"))) == "The board does not support sprints"


def test_an_unknown_board_is_404():
    refused(404, lambda: reference.get_board_configuration(site_with_boards(), get(board="99")))
