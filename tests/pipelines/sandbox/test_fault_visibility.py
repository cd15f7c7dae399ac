"""Lost permissions, anonymity and a late index, over HTTP."""

from datetime import timedelta

import pytest

from pipelines.sandbox import changes
from pipelines.sandbox.faults.mutations import CreateIssue, DeleteIssue, EditIssue
from pipelines.sandbox.faults.script import FaultScriptError
from pipelines.sandbox.faults.visibility import Anonymous, FrozenIndex, IndexLag, IssueGone, ProjectGone
from tests.pipelines.sandbox.sites import small_site
from tests.pipelines.sandbox.troubled import troubled

ALL = [101, 102, 105, 110, 120, 121]


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_a_project_disappears_at_some_point_and_comes_back(flavour):
    route = "search" if flavour == "dc" else "search/jql"
    faults = (ProjectGone("XYZ").on(route, nth=2), ProjectGone("XYZ", is_back=True).on(route, nth=4))
    with troubled(*faults, flavour=flavour) as client:
        assert client.ids() == ALL
        assert client.ids() == [101, 102, 110, 120]
        assert client.get("issue/105").status_code == 404
        assert client.get("project/XYZ").status_code == 404
        assert [project["key"] for project in client.get("project").json()] == ["ABC"]
        refused = client.post(route, jql="project = XYZ")
        assert (refused.status_code, "does not exist for the field 'project'" in refused.text) == (400, True)
        assert client.ids() == ALL
        assert client.get("issue/105").status_code == 200


def test_bulk_routes_and_the_project_roster_know_a_lost_project_no_more():
    with troubled(ProjectGone("200").on("myself")) as client:
        client.get("myself")
        answer = client.issues(*ALL).json()
        assert [one["id"] for one in answer["issueErrors"]] == ["105", "121"]
        assert [log["issueId"] for log in client.changelogs(*ALL).json()["issueChangeLogs"]] == ["101", "110"]
        assert [project["key"] for project in client.get("project/search").json()["values"]] == ["ABC"]


def test_one_issue_is_hidden_and_shown_again():
    with troubled(IssueGone(110).on("myself"), IssueGone(110, is_back=True).on("field")) as client:
        client.get("myself")
        assert client.ids() == [101, 102, 105, 120, 121]
        assert client.get("issue/ABC-3").status_code == 404
        client.get("field")
        assert client.ids() == ALL


def test_an_anonymous_caller_finds_nothing_and_is_told_who_it_is():
    with troubled(Anonymous().on(after=1), flavour="dc") as client:
        assert client.get("serverInfo").headers.get("x-ausername") == "sandbox"
        answer = client.post("search", jql="project = ABC AND nonsense ~ 5", maxResults=100)
        assert (answer.status_code, answer.headers["x-ausername"]) == (200, "anonymous")
        assert answer.json() == {"startAt": 0, "maxResults": 100, "total": 0, "issues": []}
        assert client.get("project").json() == []
        assert client.get("serverInfo").json()["deploymentType"] == "Server"
        assert client.get("myself").status_code == 401


def test_a_frozen_index_finds_what_was_while_the_store_is_fresh():
    faults = (FrozenIndex().on("myself"), FrozenIndex(is_thawed=True).on("field"))
    with troubled(*faults, CreateIssue().on("status"), DeleteIssue(issue=101).on("status")) as client:
        client.get("myself")
        client.get("status")
        assert client.ids() == ALL
        assert [one["id"] for one in client.search(fields=["status"])["issues"]] == [str(n) for n in ALL[1:]]
        assert client.get("issue/101").status_code == 404
        assert client.get("issue/122").status_code == 200
        assert [one["id"] for one in client.issues(122).json()["issues"]] == ["122"]
        client.get("field")
        assert client.ids() == [*ALL[1:], 122]


def test_a_late_index_misses_what_is_new_and_finds_the_changed_by_their_old_time():
    site = small_site()
    began = site.now
    changes.create(site, "ABC", after=timedelta(minutes=5))
    changes.edit(site, 101, summary="New", after=timedelta(minutes=5))
    since = f"updated >= {int(began.timestamp() * 1000)} ORDER BY id"
    with troubled(IndexLag(630).on("search/jql", times=2), site=site) as client:
        assert client.ids() == ALL
        assert client.ids(since) == []
        assert client.ids(since) == [101, 122]
        assert client.get("issue/101").json()["fields"]["summary"] == "New"


def test_a_late_index_knows_what_is_old_enough():
    site = small_site()
    changes.edit(site, 101, summary="New", after=timedelta(minutes=1))
    edited = int(site.now.timestamp() * 1000)
    site.now += timedelta(minutes=10)
    with troubled(IndexLag(300), IndexLag(900).on(after=1), site=site) as client:
        assert client.ids(f"updated >= {edited}") == [101]
        assert client.ids(f"updated >= {edited}") == []


def test_the_store_is_fresh_while_the_index_lags():
    with troubled(IndexLag(30), EditIssue(issue=102).on("search/jql", nth=1)) as client:
        assert client.ids("updated >= 1772611260000") == []
        assert client.get("issue/102").json()["fields"]["summary"] == "Edited meanwhile"


def test_a_project_the_site_does_not_have_is_said_at_the_start():
    with (
        pytest.raises(FaultScriptError, match=r"Fault 2 \(project_gone\): the site has no 'NOPE'"),
        troubled(Anonymous(), ProjectGone("NOPE")),
    ):
        pass
