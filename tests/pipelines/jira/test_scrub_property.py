"""Whatever people write anywhere in an issue: none of it lands."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipelines.jira.rest import CREATED, history, issue, item, move, scrubbed

KEPT_NAMES = {"name", "fromString", "toString"}
"""Keys under which configuration names may stay; planted there only where the object is not configuration."""

secrets = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=12, max_size=20).map(
    lambda text: f"ZQ{text}QZ"
)


def rich_issue():
    person = {"accountId": "p", "displayName": "p", "emailAddress": "p", "self": "p", "avatarUrls": {"48x48": "p"}}
    return issue(
        10001,
        history(
            1, CREATED, move(1, 3), item("assignee", "p", "p", "p", "p"), item("summary", None, None, "p", "p"),
            item("description", "p", "p", "p", "p"), item("Link", "p", "p", "p", "p"),
            item("labels", "p", "p", "p", "p"),
            item("Comment", "p", "p", "p", "p"), item("Parent", "p", "p", "p", "p"), item("Key", "p", "p", "p", "p"),
            item("Sprint", "p", "p", "p", "p", fieldtype="custom", fieldId="customfield_10020"),
            item("Flagged", "p", "p", "p", "p", fieldtype="custom", fieldId="customfield_10021"),
            item("Story Points", "p", "p", "p", "p", fieldtype="custom", fieldId="customfield_10036"),
            item("Notes", "p", "p", "p", "p", fieldtype="custom", fieldId="customfield_10099"), author=person,
        ),
        assignee=person, reporter=person, creator=person, summary="p", description="p", environment="p",
        comment={"comments": [{"author": person, "body": "p"}]}, labels=["p"], customfield_10014="p",
        customfield_10021=[{"value": "p"}], customfield_10099={"any": ["p"]}, parent={"id": "p", "key": "p"},
        issuelinks=[{"type": {"inward": "p", "outward": "p"}, "inwardIssue": {"key": "p", "fields": {"summary": "p"}}}],
    )  # fmt: skip


def planted(value, secret, as_email):
    """The same issue with ``secret`` in place of every planted value, alone, inside a text, or as an e-mail address."""
    if isinstance(value, dict):
        return {key: planted(part, secret, as_email) for key, part in value.items()}
    if isinstance(value, list):
        return [planted(part, secret, as_email) for part in value]
    return (f"{secret}@example.com" if as_email else f"Talk to {secret} ABC-1") if value == "p" else value


@settings(max_examples=50, deadline=None)
@given(secrets, st.booleans())
def test_no_planted_name_address_or_text_reaches_a_landed_byte(secret, as_email):
    lines = scrubbed(planted(rich_issue(), secret, as_email))
    assert secret.encode() not in b"".join(lines)
    assert b"unreadable" not in lines[0], "the issue itself must land, or the test shows nothing"


@settings(max_examples=50, deadline=None)
@given(secrets, st.sampled_from(["id", "key", "created", "self", "expand"]))
def test_not_even_where_an_id_should_be(secret, place):
    lines = scrubbed(rich_issue() | {place: secret})
    assert secret.encode() not in b"".join(lines)


def test_the_planted_issue_still_lands_with_its_status():
    (line,) = scrubbed(planted(rich_issue(), "ZQsecretQZ", as_email=False))
    kept = msgspec.json.decode(line)["changelog"]["histories"][0]["items"]
    assert [one["field"] for one in kept if one["field"] == "status"] == ["status"]
