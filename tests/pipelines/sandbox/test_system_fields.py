import pytest

from pipelines.sandbox.system_fields import CHANGELOG_FIELD_IDS, KNOWN_CUSTOM_SCHEMAS, LINK_TYPES, SYSTEM_FIELDS

BY_ID = {field["id"]: field for field in SYSTEM_FIELDS}


def test_every_field_is_listed_once():
    assert len(BY_ID) == len(SYSTEM_FIELDS)


@pytest.mark.parametrize("field_id", list(BY_ID))
def test_a_system_field_is_described_as_jira_describes_it(field_id):
    field = BY_ID[field_id]
    assert field["key"] == field["id"]
    assert field["custom"] is False
    assert field["name"]
    assert field_id == "issuekey" or field["schema"]["system"] == field_id


def test_lists_say_what_they_are_lists_of():
    for field in SYSTEM_FIELDS:
        schema = field.get("schema", {})
        assert (schema.get("type") == "array") == ("items" in schema)


def test_changelog_names_lead_to_fields_that_are_listed():
    assert set(CHANGELOG_FIELD_IDS.values()) <= set(BY_ID)


def test_the_flag_is_recognised_by_its_schema():
    flag = KNOWN_CUSTOM_SCHEMAS["Flagged"]
    assert (flag["type"], flag["items"]) == ("array", "option")
    assert flag["custom"].endswith(":multicheckboxes")


def test_blocking_reads_differently_from_either_side():
    blocks = next(kind for kind in LINK_TYPES if kind["name"] == "Blocks")
    assert (blocks["inward"], blocks["outward"]) == ("is blocked by", "blocks")
    assert len({kind["id"] for kind in LINK_TYPES}) == len(LINK_TYPES)
