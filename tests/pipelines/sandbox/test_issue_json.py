import pytest

from pipelines.sandbox.issue_json import (
    chosen_fields,
    claimed_total,
    cloud_history,
    dc_history,
    field_ids_of,
    histories,
    issue_json,
)
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.sites import history, issue, item, moved, served, small_site

VALUES = {"summary": "s", "status": "t", "comment": "c"}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["*all"], {"summary", "status", "comment"}),
        (["*navigable"], {"summary", "status"}),
        ([], {"summary", "status"}),
        (["status"], {"status"}),
        (["status", "nonsense"], {"status"}),
        (["*all", "-status"], {"summary", "comment"}),
        (["-status"], {"summary"}),
        (["*navigable", "comment"], {"summary", "status", "comment"}),
        (["id"], set()),
    ],
)
def test_fields_are_chosen_as_asked(wanted, names):
    assert set(chosen_fields(VALUES, wanted)) == names


def test_an_issue_of_which_only_the_key_is_asked_has_no_fields():
    site = served(small_site())
    written = issue_json(site, site.site.issues[101], ["key"], "3")
    assert written["self"] == "http://sandbox/rest/api/3/issue/101"
    assert "fields" not in written
    assert set(issue_json(site, site.site.issues[101], ["key", "status"], "3")["fields"]) == {"status"}


def test_histories_come_oldest_first_and_by_id_within_an_instant():
    shuffled = issue(
        1, "ABC-1", *(history(n, hours, moved("To Do", "Doing")) for n, hours in ((9, 5), (10, 1), (2, 1)))
    )
    assert [recorded["id"] for _, recorded in histories(shuffled)] == ["2", "10", "9"]


def test_the_total_is_what_the_recording_claims():
    short = issue(1, "ABC-1", history(1, 1, moved("To Do", "Doing")))
    assert claimed_total(short) == 1
    short["changelog"]["total"] = 8
    assert claimed_total(short) == 8
    assert claimed_total({"id": "1"}) == 0


@pytest.mark.parametrize(
    ("field", "field_id"),
    [
        ("status", "status"), ("assignee", "assignee"), ("resolution", "resolution"), ("issuetype", "issuetype"),
        ("project", "project"), ("Fix Version", "fixVersions"), ("Link", "issuelinks"), ("Parent", "parent"),
        ("Key", "issuekey"), ("timeoriginalestimate", "timeoriginalestimate"), ("summary", "summary"),
    ],
)  # fmt: skip
def test_cloud_names_the_field_of_a_system_item(field, field_id):
    written = cloud_history(history(1, 1, item(field, None, "x")), field_ids_of(served(small_site())))
    assert written["items"][0]["fieldId"] == field_id


def test_cloud_names_no_field_where_there_is_none():
    written = cloud_history(history(1, 1, item("Workflow", "1", "2")), field_ids_of(served(small_site())))
    assert "fieldId" not in written["items"][0]


def test_a_custom_field_called_status_is_not_the_status():
    change = item("status", None, "x", fieldtype="custom")
    site = site_from_issues([issue(1, "ABC-1", history(1, 1, change))])
    written = cloud_history(history(1, 1, change, moved("To Do", "Done")), field_ids_of(served(site)))
    assert [part["fieldId"] for part in written["items"]] == ["customfield_90001", "status"]


def test_a_recorded_field_id_stays():
    change = item("Flagged", None, "x", fieldtype="custom", fieldId="customfield_10021")
    written = cloud_history(history(1, 1, change), field_ids_of(served(small_site())))
    assert written["items"][0]["fieldId"] == "customfield_10021"


def test_an_unknown_author_is_left_out_on_cloud():
    anonymous = history(1, 1, moved("To Do", "Done")) | {"author": None}
    assert "author" not in cloud_history(anonymous, field_ids_of(served(small_site())))


def test_data_center_gives_no_field_ids_and_the_recording_keeps_its_own():
    change = moved("To Do", "Done") | {"fieldId": "status"}
    recorded = history(1, 1, change)
    assert "fieldId" not in dc_history(recorded)["items"][0]
    assert recorded["items"][0]["fieldId"] == "status"
