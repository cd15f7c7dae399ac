"""The sandbox is a Jira site to the ``jira`` package, as it is without any help from this project."""

import pytest
from jira import JIRA, JIRAError

from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.sites import history, issue, moved, small_site


@pytest.fixture
def many():
    return site_from_issues(
        [issue(n, f"ABC-{n}", history(n, n, moved("To Do", "Doing")), status="Doing") for n in range(1, 252)]
    )


@pytest.fixture
def cloud(many):
    with start(many, "cloud") as sandbox:
        jira = JIRA(sandbox.url, basic_auth=("sandbox@example.com", "sandbox-token"), max_retries=0, timeout=10)
        yield jira
        jira.close()


@pytest.fixture
def datacenter(many):
    with start(many, "dc") as sandbox:
        jira = JIRA(sandbox.url, token_auth="sandbox-token", max_retries=0, timeout=10)
        yield jira
        jira.close()


def test_the_package_recognises_cloud(cloud):
    assert cloud.deploymentType == "Cloud"
    assert cloud.server_info()["versionNumbers"] == [1001, 0, 0]
    assert cloud.myself()["accountId"] == "sandbox-user"


def test_the_package_pages_through_cloud_by_token(cloud):
    found = cloud.enhanced_search_issues("project = ABC ORDER BY id", maxResults=False, fields=["status"])
    assert [int(each.id) for each in found] == list(range(1, 252))
    assert found[0].fields.status.name == "Doing"


def test_the_package_counts_on_cloud(cloud):
    assert cloud.approximate_issue_count("project = ABC AND id > 200") == 51


def test_the_package_reads_one_issue_with_its_changelog_on_cloud(cloud):
    found = cloud.issue("ABC-7", expand="changelog")
    assert found.changelog.histories[0].items[0].toString == "Doing"


def test_the_package_posts_a_search_to_cloud(cloud):
    page = cloud.enhanced_search_issues("project = ABC ORDER BY id", maxResults=2, json_result=True, use_post=True)
    assert [found["id"] for found in page["issues"]] == ["1", "2"]


def test_the_package_recognises_data_center(datacenter):
    assert datacenter.deploymentType == "Server"
    assert datacenter.myself()["name"] == "sandbox"


def test_the_package_pages_through_data_center_by_position(datacenter):
    found = datacenter.search_issues("project = ABC ORDER BY id", maxResults=False, expand="changelog", fields="status")
    assert [int(each.id) for each in found] == list(range(1, 252))
    assert found[250].changelog.histories[0].items[0].fromString == "To Do"


@pytest.mark.parametrize("flavour", ["cloud", "datacenter"])
def test_the_package_reads_reference_data(request, flavour):
    jira = request.getfixturevalue(flavour)
    assert [project.key for project in jira.projects()] == ["ABC"]
    assert [status.name for status in jira.statuses()] == ["Doing"]
    assert "customfield" not in {field["id"] for field in jira.fields()}
    assert {kind.inward for kind in jira.issue_link_types()} >= {"is blocked by"}
    assert [kind.name for kind in jira.issue_types()] == ["Story"]
    assert jira.project_versions("ABC") == []
    assert jira.resolutions() == []
    assert list(jira.boards()) == []


@pytest.mark.parametrize("flavour", ["cloud", "datacenter"])
def test_the_package_reports_a_query_the_site_refuses(request, flavour):
    with pytest.raises(JIRAError, match="The value 'NOPE' does not exist for the field 'project'"):
        request.getfixturevalue(flavour).search_issues("project = NOPE")


def test_wrong_credentials_are_an_error_of_the_package():
    with start(small_site(), "cloud") as sandbox, pytest.raises(JIRAError) as refused:
        JIRA(sandbox.url, basic_auth=("sandbox@example.com", "wrong"), max_retries=0, timeout=10)
    assert refused.value.status_code == 401
