"""What people do to a site while it is being read, over HTTP."""

import pytest

from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.faults.mutations import (
    ArchiveIssue,
    ArchiveProject,
    CommentIssue,
    CreateIssue,
    DeleteIssue,
    EditIssue,
    MoveIssue,
    TransitionIssue,
)
from pipelines.sandbox.faults.script import FaultScriptError
from tests.pipelines.sandbox.troubled import troubled

ALL = [101, 102, 105, 110, 120, 121]


def fields(client, issue, **query):
    return client.get(f"issue/{issue}", **query).json()["fields"]


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_an_issue_is_deleted_before_a_certain_request(flavour):
    with troubled(DeleteIssue(issue=102).on("myself", nth=2), flavour=flavour) as client:
        client.get("myself")
        assert client.get("issue/102").status_code == 200
        client.get("myself")
        assert client.get("issue/102").status_code == 404
        assert client.ids() == [101, 105, 110, 120, 121]


def test_a_chain_under_way_goes_on_as_it_began():
    with troubled(DeleteIssue(issue=101).on("search/jql", nth=2), caps=PageCaps(search_ids=3)) as client:
        first = client.search()
        second = client.search(nextPageToken=first["nextPageToken"])
        assert [one["id"] for one in second["issues"]] == ["110", "120", "121"]
        assert client.ids() == [102, 105, 110]


def test_an_issue_moves_and_is_known_by_both_keys():
    with troubled(MoveIssue(issue=101, project="XYZ", status="Doing").on("myself")) as client:
        client.get("myself")
        moved = client.get("issue/ABC-1").json()
        assert (moved["key"], moved["fields"]["project"]["key"], moved["fields"]["status"]["name"]) == (
            "XYZ-10", "XYZ", "Doing",
        )  # fmt: skip
        assert client.ids("project = XYZ ORDER BY id") == [101, 105, 121]
        items = client.get("issue/101/changelog").json()["values"][-1]["items"]
        assert [item["field"] for item in items] == ["Key", "project", "status"]


def test_an_issue_changes_status_is_edited_and_commented_on():
    faults = (TransitionIssue(issue=102, status="Done"), EditIssue(issue=105), CommentIssue(issue=110))
    with troubled(*(fault.on("myself") for fault in faults), seconds_per_request=10) as client:
        before = fields(client, 110)["updated"]
        client.get("myself")
        assert fields(client, 102)["status"]["name"] == "Done"
        assert fields(client, 105)["summary"] == "Edited meanwhile"
        assert fields(client, 110)["updated"] > before
        assert client.get("issue/110/changelog").json()["total"] == 1
        assert client.get("issue/102/changelog").json()["total"] == 1
        assert client.ids("updated >= 1772611260000 ORDER BY id") == [102, 105, 110]


def test_a_silent_edit_does_not_show_in_updated():
    with troubled(EditIssue(issue=101, is_silent=True).on("myself")) as client:
        before = fields(client, 101)["updated"]
        client.get("myself")
        assert fields(client, 101)["updated"] == before
        assert client.get("issue/101/changelog").json()["total"] == 3


def test_an_issue_is_created_and_found():
    with troubled(CreateIssue(project="XYZ").on("myself")) as client:
        client.get("myself")
        assert client.ids() == [*ALL, 122]
        assert client.get("issue/122").json()["key"] == "XYZ-10"


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_an_archived_project_leaves_the_search_and_answers_by_id(flavour):
    with troubled(ArchiveProject("ABC").on("myself"), flavour=flavour) as client:
        client.get("myself")
        assert client.ids() == [105, 121]
        assert client.get("issue/101").status_code == 200
        assert [project["key"] for project in client.get("project").json()] == ["XYZ"]
        if flavour == "cloud":
            archived = client.get("project/search", status="archived").json()["values"]
            assert [project["key"] for project in archived] == ["ABC"]


def test_an_archived_issue_leaves_the_search_and_answers_by_id():
    with troubled(ArchiveIssue(issue=110).on("myself")) as client:
        client.get("myself")
        assert client.ids() == [101, 102, 105, 120, 121]
        assert client.get("issue/110").status_code == 200


def test_the_dice_choose_an_issue_each_time_alike_for_a_seed():
    def survivors(seed):
        with troubled(DeleteIssue().on("myself"), seed=seed) as client:
            for _ in range(3):
                client.get("myself")
            return tuple(client.ids())

    assert len(survivors(1)) == 3
    assert survivors(1) == survivors(1)
    assert len({survivors(seed) for seed in range(4)}) > 1


def test_what_is_gone_is_left_alone_and_an_empty_site_too():
    with troubled(DeleteIssue(issue=101), DeleteIssue(), TransitionIssue(), MoveIssue()) as client:
        for _ in range(9):
            assert client.get("myself").status_code == 200
        assert client.ids() == []


@pytest.mark.parametrize(
    "fault", [MoveIssue(project="NOPE"), TransitionIssue(status="Nope"), CreateIssue("NOPE"), ArchiveProject("NOPE")]
)
def test_what_the_site_does_not_have_is_said_at_the_start(fault):
    with pytest.raises(FaultScriptError, match=r"the site has no '(NOPE|Nope)'"), troubled(fault):
        pass
