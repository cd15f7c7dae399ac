import pytest

from pipelines.sandbox.index import DC_RESOLUTION_MS, SiteIndex, split_key
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.sites import issue, ms, small_site


def test_issues_lie_in_ascending_order_of_id_whatever_their_order_in_the_site():
    site = small_site()
    site.issues = dict(reversed(site.issues.items()))
    index = SiteIndex(site)
    assert index.id.tolist() == [101, 102, 105, 110, 120, 121]
    assert index.created.tolist() == [ms(hours) for hours in (0, 2, 0.5, 3, 24, 48)]


def test_an_issue_never_updated_counts_as_updated_when_created():
    lone = issue(1, "ABC-1", created=7)
    del lone["fields"]["updated"]
    assert SiteIndex(site_from_issues([lone])).updated.tolist() == [ms(7)]


def test_data_centers_index_knows_seconds_only():
    exact = issue(1, "ABC-1")
    exact["fields"]["updated"] = "2026-03-02T08:00:00.999+0000"
    site = site_from_issues([exact])
    assert SiteIndex(site).updated.tolist() == [ms(0) + 999]
    assert SiteIndex(site, DC_RESOLUTION_MS).updated.tolist() == [ms(0)]


@pytest.mark.parametrize(("name", "issue_id"), [("101", 101), ("ABC-3", 110), ("abc-3", 110), ("XYZ-9", 110)])
def test_an_issue_is_found_by_id_key_and_former_key(name, issue_id):
    assert SiteIndex(small_site()).resolve(name) == issue_id


@pytest.mark.parametrize("name", ["1", "999", "ABC-99", "nonsense", ""])
def test_unknown_issues_are_not_found(name):
    assert SiteIndex(small_site()).resolve(name) is None


def test_one_name_may_belong_to_several_types():
    site = site_from_issues(
        [issue(1, "ABC-1"), issue(2, "XYZ-1", issuetype={"id": "99", "name": "story", "subtask": False})]
    )
    assert SiteIndex(site).issue_types["story"] == {10, 99}


def test_projects_go_by_key_name_and_id():
    projects = SiteIndex(small_site()).projects
    assert projects["abc"] == projects["project abc"] == projects["100"] == {100}


def test_an_issue_without_project_or_type_is_in_none():
    bare = {"id": "1", "key": "G-1", "fields": {"created": "2026-03-02T08:00:00.000+0000"}}
    index = SiteIndex(site_from_issues([bare]))
    assert index.project.tolist() == [-1]
    assert index.resolve("G-1") == 1


@pytest.mark.parametrize(("key", "parts"), [("ABC-12", ("ABC", 12)), ("a-b-3", ("A-B", 3)), ("oops", ("OOPS", 0))])
def test_a_key_splits_into_project_and_number(key, parts):
    assert split_key(key) == parts
