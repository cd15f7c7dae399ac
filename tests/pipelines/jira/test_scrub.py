"""What lands of an issue, and what does not."""

import hashlib
import hmac

import msgspec
import pytest

from pipelines.jira.fields import FieldNames
from pipelines.jira.scrub import Scrubber
from tests.pipelines.jira.rest import CREATED, KEY, history, issue, item, move, scrubbed

ANA = {
    "accountId": "5b10:ana",
    "displayName": "Ana Example",
    "emailAddress": "ana@example.com",
    "accountType": "atlassian",
}


def land(*args, **kwargs):
    (line,) = scrubbed(issue(*args, **kwargs))
    return msgspec.json.decode(line)


def landed_item(*items):
    (kept,) = land(10001, history(1, CREATED, *items))["changelog"]["histories"][0]["items"]
    return kept


def hash_of(account):
    return int.from_bytes(hmac.new(KEY, account.encode(), hashlib.sha256).digest()[:8], "big") >> 1


def test_a_person_becomes_the_first_63_bits_of_a_keyed_hash():
    landed = land(10001, history(1, CREATED, move(1, 3), author=ANA), assignee=ANA)
    assert landed["fields"]["assignee"] == hash_of("5b10:ana")
    assert landed["changelog"]["histories"][0]["author"] == hash_of("5b10:ana")


@pytest.mark.parametrize(
    ("person", "account"),
    [({"accountId": "a", "key": "k", "name": "n"}, "a"), ({"key": "k", "name": "n"}, "k"), ({"name": "n"}, "n")],
)
def test_the_first_identifier_present_names_the_account(person, account):
    assert land(assignee=person)["fields"]["assignee"] == hash_of(account)


def test_another_key_gives_another_hash():
    one, other = (scrubbed(issue(assignee=ANA), key=key)[0] for key in (b"one", b"other"))
    assert one != other


def test_an_assignment_keeps_who_only_as_hash():
    kept = landed_item(item("assignee", "5b10:ana", None, "Ana Example", None, fieldId="assignee"))
    assert kept == {"field": "assignee", "from": hash_of("5b10:ana")}


@pytest.mark.parametrize("field", ["summary", "description"])
def test_an_edited_text_keeps_its_lengths(field):
    assert landed_item(item(field, None, None, "old text", "new")) == {"field": field, "from": 8, "to": 3}


def test_a_text_that_was_none_has_no_length():
    assert landed_item(item("description", None, None, None, "new")) == {"field": "description", "to": 3}


@pytest.mark.parametrize(
    ("old", "old_text", "new", "new_text", "expected"),
    [
        (None, None, "[10019]", "Impediment", (0, 1)),
        ("[10019]", "Impediment", None, None, (1, 0)),
        ("[10019]", "Impediment", "", "", (1, 0)),
        (None, None, None, "Impediment", (0, 1)),
        ("[10019]", "Impediment", "[]", "", (1, 0)),
        ("[10019]", "Impediment", "[10019]", "Impediment", (1, 1)),
    ],
)
def test_a_flag_is_open_while_anything_is_ticked(old, old_text, new, new_text, expected):
    kept = landed_item(item("Flagged", old, new, old_text, new_text, fieldtype="custom", fieldId="customfield_10021"))
    assert (kept["from"], kept["to"]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", "7"), ("7, 12", "7, 12"), ("", None), (None, None),
        ("com.atlassian.greenhopper.service.sprint.Sprint@1f[id=7,rapidViewId=3,name=Ana's sprint]", "7"),
        ("x.Sprint@1[id=7,name=a], x.Sprint@2[id=9,name=b]", "7, 9"),
    ],
)  # fmt: skip
def test_a_sprint_list_keeps_its_ids_only(text, expected):
    kept = landed_item(
        item("Sprint", None, text, None, "Ana's sprint", fieldtype="custom", fieldId="customfield_10020")
    )
    assert kept.get("to") == expected
    assert "toString" not in kept


def test_a_link_keeps_the_key_and_the_sites_own_words():
    kept = landed_item(item("Link", None, "XYZ-7", None, "This issue is blocked by XYZ-7"))
    assert kept == {"field": "link", "to": "XYZ-7", "toString": "is blocked by"}


def test_a_link_with_unknown_words_keeps_the_key_alone():
    assert landed_item(item("Link", "XYZ-7", None, "This issue annoys Ana because of XYZ-7", None)) == {
        "field": "link",
        "from": "XYZ-7",
    }


def test_a_link_out_of_jira_does_not_land():
    web = item("Link", None, "10042", None, 'This issue links to "Ana\'s page (Web Link)"')
    assert land(10001, history(1, CREATED, web))["changelog"] == {"total": 1, "received": 1}


def test_story_points_are_rounded_and_read_from_their_text():
    kept = landed_item(item("Story Points", None, None, "3.0", "5.4", fieldtype="custom", fieldId="customfield_10036"))
    assert (kept["from"], kept["to"]) == (3, 5)


def test_what_is_not_a_number_is_no_estimate():
    assert landed_item(item("timeestimate", "[redacted]", "3600")) == {"field": "estimate", "to": 3600}


def test_a_move_keeps_both_keys():
    kept = landed_item(item("Key", None, None, "OLD-1", "NEW-2"))
    assert kept == {"field": "key", "fromString": "OLD-1", "toString": "NEW-2"}


def test_names_of_statuses_are_configuration_and_stay():
    assert landed_item(move(1, 3)) == {
        "field": "status", "from": "1", "to": "3", "fromString": "Status 1", "toString": "Status 3",
    }  # fmt: skip


def test_items_of_unknown_fields_are_dropped_but_their_histories_are_counted():
    landed = land(10001, history(1, CREATED, item("labels", None, None, "", "secret")), history(2, CREATED, move(1, 3)))
    assert [one["id"] for one in landed["changelog"]["histories"]] == ["2"]
    assert landed["changelog"]["received"] == 2


def test_a_custom_field_called_status_does_not_land():
    fake = item("Status", "1", "2", "secret", "secret", fieldtype="custom", fieldId="customfield_10099")
    assert land(10001, history(1, CREATED, fake))["changelog"].get("histories") is None


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ({"accountId": "x", "accountType": "app"}, True),
        ({"accountId": "x", "accountType": "atlassian"}, False),
        ({"name": "addon_com.codebarrel.addons.automation"}, True),
        ({"name": "automation"}, True),
        (None, False),
    ],
)
def test_apps_and_automation_users_are_told_from_people(author, expected):
    landed = land(10001, history(1, CREATED, move(1, 3), author=author))
    assert landed["changelog"]["histories"][0].get("isAutomation", False) is expected


def test_the_epic_link_field_is_the_parent_where_there_is_no_other():
    assert land(customfield_10014="ABC-5")["fields"]["parent"] == {"key": "ABC-5"}


def test_the_flag_field_says_whether_an_issue_is_flagged_now():
    assert land(customfield_10021=[{"id": "10019", "value": "Impediment"}])["fields"]["flagged"] is True
    assert "flagged" not in land(customfield_10021=None)["fields"]


def test_current_links_are_read_from_this_end():
    links = [
        {"type": {"name": "Blocks", "inward": "is blocked by", "outward": "blocks"}, "inwardIssue": {"key": "X-1"}},
        {"type": {"name": "Blocks", "inward": "is blocked by", "outward": "blocks"}, "outwardIssue": {"key": "X-2"}},
        {"type": {"name": "Odd", "inward": "secret of Ana", "outward": "secret"}, "inwardIssue": {"key": "X-3"}},
    ]
    assert land(issuelinks=links)["fields"]["issuelinks"] == [
        {"phrase": "is blocked by", "key": "X-1"},
        {"phrase": "blocks", "key": "X-2"},
    ]


@pytest.mark.parametrize(
    "change",
    [{"created": "Ana was here"}, {"project": {"id": "x", "key": "ABC"}}, {"status": None}, {"updated": "2024-01"}],
)
def test_an_issue_of_unknown_form_lands_as_a_notice_without_its_values(change):
    landed = land(10001, **change)
    assert landed["id"] == "10001"
    assert set(landed) == {"id", "unreadable"}
    assert "Ana" not in landed["unreadable"]


def test_a_line_that_is_no_json_lands_as_a_notice():
    landed = msgspec.json.decode(Scrubber(FieldNames(), KEY).scrub_line(b'{"id": "1", "summary": "Ana'))
    assert set(landed) == {"unreadable"}
    assert "Ana" not in landed["unreadable"]
