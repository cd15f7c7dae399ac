"""Which item is which field, on Cloud and on Data Center."""

import pytest

from pipelines.jira.fields import (
    CHECKBOXES,
    NUMBER,
    FieldNames,
    FieldSchema,
    SiteField,
    SiteLinkType,
    find_field_names,
)
from pipelines.jira.shapes import Item


def recognise(names=None, **item):
    return (names or FieldNames()).recognise(Item(**item))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("status", "status"), ("assignee", "assignee"), ("resolution", "resolution"), ("issuetype", "issue_type"),
        ("project", "project"), ("Key", "key"), ("Fix Version", "fix_version"), ("Link", "link"), ("Parent", "parent"),
        ("summary", "summary"), ("description", "description"), ("timeoriginalestimate", "estimate"),
        ("timeestimate", "estimate"), ("IssueParentAssociation", "parent"), ("Rank", None), ("labels", None),
    ],
)  # fmt: skip
def test_data_center_items_are_recognised_by_their_untranslated_name(field, expected):
    assert recognise(field=field, fieldtype="jira") == expected


def test_a_cloud_item_is_recognised_by_its_field_id_whatever_it_is_called():
    assert recognise(field="Estado", fieldtype="jira", field_id="status") == "status"


def test_a_custom_field_called_status_is_not_the_status():
    assert recognise(field="status", fieldtype="custom") is None
    assert recognise(field="Status", fieldtype="custom", field_id="customfield_10050") is None


def test_a_custom_field_with_a_well_known_name_but_another_id_is_not_taken_for_it():
    names = FieldNames(
        custom_ids=(("customfield_1", "flagged"),), listed_ids=frozenset({"customfield_1", "customfield_2"})
    )
    assert recognise(names, field="Flagged", fieldtype="custom", field_id="customfield_2") is None
    assert recognise(names, field="Flagged", fieldtype="custom", field_id="customfield_1") == "flagged"


def test_a_localised_flag_is_found_by_schema_and_untranslated_name():
    flag = SiteField("customfield_7", "Markiert", "Flagged", custom=True, schema=FieldSchema(CHECKBOXES))
    names = find_field_names([flag], [])
    assert names.ids_of("flagged") == ("customfield_7",)
    assert recognise(names, field="Markiert", fieldtype="custom") == "flagged"


@pytest.mark.parametrize("clause", ["Flagged", "Flagged[Checkboxes]"])
def test_a_localised_flag_is_found_by_what_jql_calls_it(clause):
    flag = SiteField(
        "customfield_7", "Markiert", custom=True, schema=FieldSchema(CHECKBOXES), clause_names=["cf[7]", clause]
    )
    names = find_field_names([flag], [])
    assert names.ids_of("flagged") == ("customfield_7",)
    assert recognise(names, field="Markiert", fieldtype="custom") == "flagged"


def test_other_checkboxes_are_no_flag():
    other = SiteField("customfield_8", "Platforms", None, custom=True, schema=FieldSchema(CHECKBOXES))
    assert find_field_names([other], []).ids_of("flagged") == ()


def test_sprint_and_epic_link_are_found_by_schema_alone():
    prefix = "com.pyxis.greenhopper.jira:"
    fields = [
        SiteField("customfield_1", "Iteración", None, custom=True, schema=FieldSchema(prefix + "gh-sprint")),
        SiteField("customfield_2", "Épica", None, custom=True, schema=FieldSchema(prefix + "gh-epic-link")),
        SiteField("customfield_3", "Puntos", None, custom=True, schema=FieldSchema(prefix + "jsw-story-points")),
        SiteField("customfield_4", "Story Points", None, custom=True, schema=FieldSchema(NUMBER)),
    ]
    names = find_field_names(fields, [])
    assert names.ids_of("sprint") == ("customfield_1",)
    assert names.ids_of("parent") == ("customfield_2",)
    assert names.ids_of("estimate") == ("customfield_3", "customfield_4")


def test_link_phrases_are_read_from_the_sites_link_types():
    types = [
        SiteLinkType("Blocks", "wird blockiert von", "blockiert"),
        SiteLinkType("Relates", "relates to", "relates to"),
    ]
    names = find_field_names([], types)
    assert names.link_kind("wird blockiert von") == "blocked_by"
    assert names.link_kind("blockiert") == "blocks"
    assert names.link_kind("Relates To") == "other"
    assert names.knows_phrase("relates to")
    assert not names.knows_phrase("was shouted at by")


def test_the_english_phrases_hold_where_a_site_lists_no_link_types():
    names = find_field_names([], [])
    assert (names.link_kind("is blocked by"), names.link_kind("blocks")) == ("blocked_by", "blocks")
