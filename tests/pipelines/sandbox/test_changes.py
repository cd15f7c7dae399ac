"""Changes to a site keep its issues, keys, clock and index consistent."""

from datetime import timedelta

import pytest

from pipelines.sandbox import changes
from pipelines.sandbox.index import SiteIndex
from pipelines.sandbox.instants import jira_timestamp
from tests.pipelines.sandbox.sites import STATUSES, at, issue, small_site

FLAG = {
    "id": "customfield_7", "name": "Markiert", "custom": True, "clauseNames": ["cf[7]", "Flagged"],
    "schema": {"custom": "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"},
}  # fmt: skip
SPRINT = {
    "id": "customfield_8",
    "name": "Sprint",
    "custom": True,
    "schema": {"custom": "com.pyxis.greenhopper.jira:gh-sprint"},
}
BEA = {"accountId": "bea", "displayName": "Bea"}


@pytest.fixture
def site():
    site = small_site()
    site.fields += [FLAG, SPRINT]
    site.resolutions += [{"id": "1", "name": "Fixed"}]
    site.versions = {100: [{"id": "11", "name": "1.0"}, {"id": "12", "name": "2.0"}]}
    return site


def newest(site, issue_id):
    return max(site.issues[issue_id]["changelog"]["histories"], key=lambda history: int(history["id"]))


def told(site, issue_id):
    """Field, from, to of the newest history's items."""
    return [(item["field"], item["from"], item["to"]) for item in newest(site, issue_id)["items"]]


def test_the_clock_goes_on_and_dates_the_change(site):
    began, revision = site.now, site.revision
    history_id = changes.transition(site, "ABC-2", "Doing", after=timedelta(hours=2))
    assert site.now - began == timedelta(hours=2)
    assert site.revision > revision
    changed = site.issues[102]
    assert changed["fields"]["updated"] == newest(site, 102)["created"] == jira_timestamp(site.now)
    assert changed["fields"]["status"]["id"] == "3"
    assert (int(newest(site, 102)["id"]), told(site, 102)) == (history_id, [("status", "1", "3")])


def test_history_ids_ascend_over_the_whole_site(site):
    ids = [changes.transition(site, number, "Done") for number in (101, 105, 121)]
    assert ids == [5, 6, 7]


def test_a_status_can_be_entered_anew(site):
    changes.transition(site, 101, "Done")
    assert told(site, 101) == [("status", "5", "5")]


def test_a_claimed_total_grows_with_the_histories(site):
    site.issues[101]["changelog"]["total"] = 2
    changes.edit(site, 101, summary="New")
    assert site.issues[101]["changelog"]["total"] == len(site.issues[101]["changelog"]["histories"]) == 3


def test_dates_that_follow_from_status_and_resolution_are_kept(site):
    site.issues[105]["fields"] |= {"statuscategorychangedate": at(1), "resolutiondate": None}
    changes.edit(site, 105, labels=["a"])
    assert site.issues[105]["fields"]["statuscategorychangedate"] == at(1)
    changes.edit(site, 105, status="Done", resolution="Fixed")
    fields = site.issues[105]["fields"]
    assert fields["statuscategorychangedate"] == fields["resolutiondate"] == jira_timestamp(site.now)
    assert told(site, 105) == [("status", "3", "5"), ("resolution", None, "1")]
    changes.edit(site, 105, resolution=None)
    assert (site.issues[105]["fields"]["resolutiondate"], told(site, 105)) == (None, [("resolution", "1", None)])


def test_every_field_is_written_as_jira_writes_it(site):
    changes.edit(site, 101, assignee=BEA, flagged=True, fixVersions=["1.0", "2.0"], parent="ABC-2", issuetype="Bug")
    assert told(site, 101) == [
        ("assignee", None, "bea"), ("Markiert", "", "[10019]"), ("Fix Version", None, "11"),
        ("Fix Version", None, "12"), ("IssueParentAssociation", None, "102"), ("issuetype", "10", "11"),
    ]  # fmt: skip
    fields = site.issues[101]["fields"]
    assert (fields["assignee"], fields["customfield_7"][0]["id"], fields["parent"]["key"]) == (BEA, "10019", "ABC-2")
    sprints = [{"id": 4, "name": "S 4"}, {"id": 5, "name": "S 5"}]
    changes.edit(site, 101, assignee=None, flagged=False, fixVersions=["2.0"], sprint=sprints, timeoriginalestimate=60)
    assert told(site, 101) == [
        ("assignee", "bea", None), ("Markiert", "[10019]", ""), ("Fix Version", "11", None), ("Sprint", "", "4, 5"),
        ("timeoriginalestimate", None, "60"),
    ]  # fmt: skip
    changes.edit(site, 101, summary="Short", parent=None, sprint=[])
    texts = [(item["fromString"], item["toString"]) for item in newest(site, 101)["items"]]
    assert texts == [("About ABC-1", "Short"), ("ABC-2", None), ("S 4, S 5", "")]
    assert site.issues[101]["fields"]["customfield_8"] is None


@pytest.mark.parametrize("values", [{"status": "Nope"}, {"colour": 1}, {"fixVersions": ["9"]}, {"parent": "NO-1"}])
def test_what_the_site_does_not_know_changes_nothing(site, values):
    before, revision = site.issues[101], site.revision
    with pytest.raises(KeyError):
        changes.edit(site, 101, **values)
    assert (site.issues[101], site.revision) == (before, revision)


def test_a_silent_save_leaves_updated_as_it_was(site):
    before = site.issues[101]["fields"]["updated"]
    changes.edit(site, 101, summary="New", is_silent=True)
    assert site.issues[101]["fields"]["updated"] == before
    assert newest(site, 101)["created"] == jira_timestamp(site.now)


def test_a_comment_moves_updated_and_writes_no_history(site):
    changes.comment(site, 101)
    fields = site.issues[101]["fields"]
    assert (fields["updated"], fields["comment"]["total"]) == (jira_timestamp(site.now), 1)
    assert len(site.issues[101]["changelog"]["histories"]) == 2
    changes.comment(site, 101)
    assert len(site.issues[101]["fields"]["comment"]["comments"]) == 2


def test_a_moved_issue_keeps_its_id_history_and_former_key(site):
    assert changes.move(site, "ABC-1", "XYZ", status="Doing") == "XYZ-10"
    assert told(site, 101) == [("Key", None, None), ("project", "100", "200"), ("status", "5", "3")]
    assert site.old_keys["ABC-1"] == 101
    assert SiteIndex(site).resolve("ABC-1") == SiteIndex(site).resolve("XYZ-10") == 101
    assert changes.move(site, 101, "100") == "ABC-11"
    assert (site.old_keys["XYZ-10"], len(site.issues[101]["changelog"]["histories"])) == (101, 4)


def test_a_created_issue_has_the_next_id_and_key_and_no_history(site):
    number = changes.create(site, "ABC", status="Doing", summary="New")
    made = site.issues[number]
    assert (number, made["key"], made["fields"]["status"]) == (122, "ABC-11", STATUSES["Doing"])
    assert made["fields"]["created"] == made["fields"]["updated"] == jira_timestamp(site.now)
    assert made["changelog"]["histories"] == []
    assert changes.create(site, "ABC") == 123


def test_a_deleted_issue_takes_its_keys_along(site):
    assert changes.delete(site, "ABC-3") == 110
    assert 110 not in site.issues
    assert site.old_keys == {}
    with pytest.raises(KeyError):
        changes.find_issue(site, "ABC-3")
    with pytest.raises(KeyError):
        changes.find_issue(site, 110)


def test_an_archived_project_or_issue_leaves_the_index_and_comes_back(site):
    changes.archive_project(site, "XYZ")
    changes.archive_issue(site, 101)
    assert SiteIndex(site).id.tolist() == [102, 110, 120]
    changes.archive_project(site, "XYZ", is_archived=False)
    changes.archive_issue(site, 101, is_archived=False)
    assert SiteIndex(site).id.tolist() == [101, 102, 105, 110, 120, 121]


def test_issues_that_others_hold_stay_as_they_were(site):
    held = site.issues[101]
    changes.edit(site, 101, summary="New")
    changes.move(site, 101, "XYZ")
    assert (held["key"], held["fields"]["summary"], len(held["changelog"]["histories"])) == ("ABC-1", "About ABC-1", 2)


def test_an_unknown_project_is_a_key_error(site):
    with pytest.raises(KeyError, match="NOPE"):
        changes.create(site, "NOPE")
    assert issue(1, "ABC-1")["key"] == "ABC-1"
