from pipelines.sandbox import recorded
from tests.pipelines.sandbox.sites import STATUSES, TYPES, history, issue, item, moved

DONE_CATEGORY = STATUSES["Done"]["statusCategory"]


def test_statuses_are_the_current_ones_and_those_only_in_changelogs_count_as_deleted():
    issues = [issue(1, "ABC-1", history(1, 1, moved("To Do", "Doing")), status="Doing")]
    assert [status["name"] for status in recorded.statuses(issues)] == ["Doing"]


def test_a_status_without_category_takes_it_from_the_same_id_then_from_the_same_name():
    bare = {"id": "5", "name": "Fertig"}
    namesake = {"id": "77", "name": "done"}
    issues = [issue(1, "ABC-1", status="Done"), issue(2, "ABC-2"), issue(3, "ABC-3")]
    issues[1]["fields"]["status"] = bare
    issues[2]["fields"]["status"] = namesake
    assert [status.get("statusCategory") for status in recorded.statuses(issues)] == [DONE_CATEGORY, DONE_CATEGORY]


def test_a_status_whose_category_nobody_knows_is_listed_without_one():
    lone = issue(1, "ABC-1")
    lone["fields"]["status"] = {"id": "9", "name": "Elsewhere"}
    assert recorded.statuses([lone]) == [{"id": "9", "name": "Elsewhere"}]


def test_custom_fields_are_listed_by_the_id_their_changes_carry():
    change = item("Flagged", None, "[1]", fieldtype="custom", fieldId="customfield_10021", toString="Impediment")
    listed = {field["id"]: field for field in recorded.fields([issue(1, "ABC-1", history(1, 1, change))])}
    flag = listed["customfield_10021"]
    assert flag["name"] == "Flagged"
    assert flag["schema"]["custom"] == "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"
    assert flag["schema"]["customId"] == 10021


def test_custom_fields_known_by_name_only_get_ids_of_their_own():
    changes = [item(name, None, "x", fieldtype="custom") for name in ("Team", "Flagged")]
    listed = recorded.fields([issue(1, "ABC-1", history(1, 1, *changes))])
    assert {field["name"]: field["id"] for field in listed if field["custom"]} == {
        "Flagged": "customfield_90001",
        "Team": "customfield_90002",
    }


def test_a_custom_field_that_only_has_a_value_is_listed_too():
    listed = recorded.fields([issue(1, "ABC-1", customfield_10036=3)])
    assert [field["id"] for field in listed if field["custom"]] == ["customfield_10036"]


def test_system_fields_are_always_listed():
    ids = {field["id"] for field in recorded.fields([])}
    assert {"status", "resolution", "fixVersions", "issuelinks", "issuekey", "parent"} <= ids


def test_versions_are_the_fix_versions_of_a_projects_issues():
    version = {"id": "9", "name": "1.0", "released": True, "releaseDate": "2026-03-01"}
    issues = [issue(1, "ABC-1", fixVersions=[version]), issue(2, "ABC-2", fixVersions=[version]), issue(3, "XYZ-1")]
    assert recorded.versions(issues) == {100: [{"archived": False, "projectId": 100} | version]}


def test_a_resolution_has_its_present_name_even_where_a_changelog_has_an_older_one():
    change = item("resolution", None, "7", toString="Old name")
    only_there = item("resolution", None, "8", toString="Gone by")
    issues = [issue(1, "ABC-1", history(1, 1, change, only_there), resolution={"id": "7", "name": "New name"})]
    assert recorded.resolutions(issues) == [{"id": "7", "name": "New name"}, {"id": "8", "name": "Gone by"}]


def test_issue_types_are_listed_once_without_what_the_list_has_not():
    kind = TYPES["Story"] | {"hierarchyLevel": 0, "iconUrl": "http://elsewhere"}
    issues = [issue(1, "ABC-1", issuetype=kind), issue(2, "ABC-2", issuetype=kind)]
    assert recorded.issue_types(issues) == [TYPES["Story"] | {"hierarchyLevel": 0}]


def test_link_types_are_jiras_own_and_those_in_use():
    ours = {"id": "55", "name": "Gantt", "inward": "has to wait for", "outward": "has to come before"}
    listed = recorded.issue_link_types([issue(1, "ABC-1", issuelinks=[{"type": ours}])])
    assert ours in listed
    assert ("is blocked by", "blocks") in {(kind["inward"], kind["outward"]) for kind in listed}


def test_a_moved_issue_is_known_by_its_former_keys():
    hops = [item("Key", None, None, fromString=old, toString="ABC-1") for old in ("XYZ-1", "XYZ-7")]
    assert recorded.old_keys([issue(1, "ABC-1", history(1, 1, *hops))]) == {"XYZ-1": 1, "XYZ-7": 1}


def test_a_former_key_that_is_in_use_again_belongs_to_its_user():
    hop = item("Key", None, None, fromString="XYZ-1", toString="ABC-1")
    assert recorded.old_keys([issue(1, "ABC-1", history(1, 1, hop)), issue(2, "XYZ-1")]) == {}
