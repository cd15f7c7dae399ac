"""Landed lines become typed columns: nothing lost, nothing guessed, nothing dropped silently."""

import gc
import gzip
from datetime import UTC, datetime

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.jira import parse
from pipelines.jira.fields import FieldNames
from pipelines.jira.parse import Line, parse_in_batches, parse_lines
from tests.pipelines.jira.rest import CREATED, SITE_NAMES, history, issue, item, move, parsed, scrubbed
from transforms.raw import RawChanges, RawIssues, RawQuarantine
from transforms.schema import check_schema, check_values

RECORDED = ("aerogear", "devlake_merico", "drill", "improvingflow")


def at(minute):
    return f"2024-01-02T10:{minute:02}:00.000+0000"


def changes(*histories, **fields):
    return parsed(issue(10001, *histories, **fields)).changes


def only_change(*items):
    (row,) = changes(history(1, at(0), *items)).to_dicts()
    return row


def test_every_column_of_an_issue_is_filled():
    frames = parsed(
        issue(
            10001, history(1, at(0), move(1, 3)), key="ABC-7", status=3, parent={"id": "9", "key": "ABC-1"},
            resolution={"id": "5", "name": "Done"}, fixVersions=[{"id": "21", "name": "b"}, {"id": "20", "name": "a"}],
            assignee={"accountId": "x"}, customfield_10021=[{"id": "1"}], updated="2024-01-03T00:00:00.000+0100",
        )
    )  # fmt: skip
    (row,) = frames.issues.to_dicts()
    assert row.pop("assignee") >= 0
    assert row == {
        "issue_id": 10001, "issue_key": "ABC-7", "project_id": 10, "project_key": "ABC", "issue_type_id": 1,
        "issue_type": "Story", "hierarchy_level": 0, "parent_id": 9, "parent_key": "ABC-1", "status_id": 3,
        "created_at": datetime(2024, 1, 1, 9, tzinfo=UTC), "updated_at": datetime(2024, 1, 2, 23, tzinfo=UTC),
        "resolution_id": 5, "is_flagged": True, "fix_version_ids": [20, 21], "blocked_by_keys": None,
        "history_total": 1, "history_count": 1, "repair_route": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("issue_type", "level"),
    [
        ({"id": "1", "name": "Initiative", "hierarchyLevel": 2}, 2),
        ({"id": "1", "name": "Unteraufgabe", "subtask": True}, -1),
        ({"id": "1", "name": "Epic"}, 1),
        ({"id": "1", "name": "Epopeya", "untranslatedName": "Epic"}, 1),
        ({"id": "1", "name": "Bug"}, 0),
    ],
)
def test_the_level_comes_from_jira_or_from_what_the_type_is(issue_type, level):
    assert parsed(issue(issuetype=issue_type)).issues["hierarchy_level"].to_list() == [level]


def test_blockers_are_the_issues_that_block_this_one_now():
    blocks = {"name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
    links = [{"type": blocks, "inwardIssue": {"key": "X-2"}}, {"type": blocks, "outwardIssue": {"key": "X-1"}}]
    frames = parsed(issue(1, issuelinks=links), issue(2, issuelinks=[]), issue(3))
    assert frames.issues["blocked_by_keys"].to_list() == [["X-2"], [], None]


def test_newest_first_histories_come_out_oldest_first():
    rows = changes(history(3, at(9), move(2, 3)), history(2, at(5), move(1, 2)))
    assert rows["history_id"].to_list() == [2, 3]


def test_within_one_instant_rows_are_in_the_order_of_history_and_item():
    rows = changes(history(12, at(5), move(2, 3)), history(11, at(5), move(1, 2), item("project", "1", "2")))
    assert rows.select("history_id", "item_index", "field").rows() == [
        (11, 0, "status"),
        (11, 1, "project"),
        (12, 0, "status"),
    ]


def test_issues_stay_in_the_order_received():
    frames = parsed(issue(7, history(1, at(0), move(1, 3))), issue(5, history(2, at(0), move(1, 3))))
    assert frames.issues["issue_id"].to_list() == frames.changes["issue_id"].to_list() == [7, 5]


def test_two_status_items_of_one_history_are_both_kept():
    rows = changes(history(1, at(0), move(1, 2), move(2, 3)))
    assert rows.select("item_index", "from_id", "to_id").rows() == [(0, 1, 2), (1, 2, 3)]


def test_a_self_transition_is_kept():
    assert changes(history(1, at(0), move(3, 3))).height == 1


def test_epoch_milliseconds_and_text_give_the_same_instant():
    rows = changes(history(1, 1704189600000, move(1, 2)), history(2, "2024-01-02T10:00:00.000+0000", move(2, 3)))
    assert rows["changed_at"].n_unique() == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (item("resolution", None, "5", None, "Done"), (None, 5, None, None)),
        (item("issuetype", "3", "5", "Task", "Sub-task"), (3, 5, None, None)),
        (item("project", "10", "11"), (10, 11, None, None)),
        (item("Fix Version", "20", None, "1.0", None), (20, None, None, None)),
        (item("Parent", None, "12458788", None, "AEROGEAR-120"), (None, 12458788, None, None)),
        (item("Key", None, None, "OLD-1", "NEW-2"), (None, None, "OLD-1", "NEW-2")),
        (item("Link", None, "X-1", None, "This issue blocks X-1"), (None, None, None, "X-1")),
        (item("Link", "X-1", None, "This issue relates to X-1", None), (None, None, "X-1", None)),
        (item("summary", None, None, "four", "seventy"), (4, 7, None, None)),
        (item("timeoriginalestimate", "3600", "7200"), (3600, 7200, None, None)),
        (item("Sprint", "", "7, 12", fieldtype="custom", fieldId="customfield_10020"), (None, 12, None, None)),
        (item("Sprint", "7, 12", "", fieldtype="custom", fieldId="customfield_10020"), (7, None, None, None)),
        (item("Flagged", None, "[1]", fieldtype="custom", fieldId="customfield_10021"), (0, 1, None, None)),
    ],
)
def test_values_land_in_the_columns_of_their_kind(change, expected):
    row = only_change(change)
    assert (row["from_id"], row["to_id"], row["from_key"], row["to_key"]) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("This issue is blocked by X-1", "blocked_by"), ("This issue blocks X-1", "blocks"),
        ("This issue relates to X-1", "other"), ("This issue hates X-1", "other"),
    ],
)  # fmt: skip
def test_the_phrase_of_a_link_says_which_way_it_points(text, kind):
    assert only_change(item("Link", None, "X-1", None, text))["link_kind"] == kind
    assert only_change(item("Link", "X-1", None, text, None))["link_kind"] == kind


def test_only_links_have_a_link_kind():
    assert only_change(move(1, 3))["link_kind"] is None


def test_an_assignee_and_an_author_are_the_same_hash():
    row = only_change_by("u_1", item("assignee", None, "u_1"))
    assert row["to_id"] == row["author"]


def only_change_by(name, *items):
    (row,) = changes(history(1, at(0), *items, author={"name": name})).to_dicts()
    return row


def test_a_history_without_author_has_none():
    assert only_change(move(1, 3))["author"] is None


def test_duplicated_histories_count_once():
    frames = parsed(issue(1, history(1, at(0), move(1, 3)), history(1, at(0), move(1, 3))))
    assert frames.changes.height == 1
    assert frames.issues["history_count"].to_list() == [1]


def test_duplicates_in_a_landed_line_are_joined_too():
    landed = msgspec.json.decode(scrubbed(issue(1, history(1, at(0), move(1, 3))))[0])
    landed["changelog"]["histories"] *= 2
    assert parse_lines([msgspec.json.encode(landed)]).changes.height == 1


def test_histories_missing_from_a_changelog_stay_visible():
    short = issue(1, history(1, at(0), move(1, 3)))
    short["changelog"]["total"] = 8
    assert parsed(short).issues.select("history_total", "history_count").rows() == [(8, 1)]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (issue(10001, history(1, "2024-01-02T10:00:00.000", move(1, 3))), "no offset"),
        (issue(10001, created="2024-01-02T10:00:00"), "no offset"),
        (issue(10001, created="now"), "instant"),
        (issue(10001, status=None) | {"fields": {}}, "required field"),
    ],
)
def test_an_issue_that_cannot_be_parsed_is_quarantined_with_its_reason(broken, reason):
    frames = parsed(issue(1, history(5, at(0), move(1, 3))), broken, issue(2, history(6, at(0), move(1, 3))))
    (row,) = frames.quarantine.to_dicts()
    assert (row["reference"], row["issue_id"]) == ("line:2", 10001)
    assert reason in row["reason"]
    assert frames.issues["issue_id"].to_list() == frames.changes["issue_id"].to_list() == [1, 2]


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"null", b'{"id": "x", "key": "A-1"}', b"\xff\xfe"])
def test_a_line_that_is_no_issue_is_quarantined(line):
    frames = parse_lines([line], source="batch")
    assert frames.quarantine["reference"].to_list() == ["batch:1"]
    assert frames.quarantine["reason"].str.len_chars().min() > 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one["changelog"]["histories"][0]["items"].append({"field": "status", "from": "x"}),
        lambda one: one["changelog"]["histories"][0]["items"].append({"field": "nonsense"}),
        lambda one: one["changelog"]["histories"][1].update(author=2**63),
        lambda one: one["changelog"]["histories"][1].update(created="never"),
    ],
)
def test_an_issue_enters_wholly_or_not_at_all(spoil):
    good, bad = (issue(n, history(n, at(0), move(1, 2)), history(n + 1, at(1), move(2, 3))) for n in (10, 20))
    landed = msgspec.json.decode(scrubbed(bad)[0])
    spoil(landed)
    lines = [msgspec.json.encode(landed), *scrubbed(good)]
    frames = parse_lines(lines)
    assert frames.quarantine["issue_id"].to_list() == [20]
    assert frames.changes.equals(parse_lines(scrubbed(good)).changes)


@settings(deadline=None, max_examples=40)
@given(st.sets(st.integers(1, 24)), st.integers(1, 8))
def test_bad_lines_refuse_only_themselves_wherever_they_lie(bad, at_once):
    lines = [landed_line(n, spoilt=n in bad) for n in range(1, 25)]
    good = [line for n, line in enumerate(lines, 1) if n not in bad]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parse, "LINES_AT_ONCE", at_once)
        frames = parse_lines(lines)
    assert frames.quarantine["reference"].to_list() == [f"line:{n}" for n in sorted(bad)]
    assert frames.issues.equals(parse_lines(good).issues)
    assert frames.changes.equals(parse_lines(good).changes)
    assert frames.names.equals(parse_lines(good).names)


def landed_line(number, *, spoilt):
    """An issue with a status of its own; a spoilt one has everything but a last instant."""
    moves = history(number, at(number), move(1, number)), history(number + 99, at(number + 1), move(number, 1))
    landed = msgspec.json.decode(scrubbed(issue(number, *moves, status=number))[0])
    if spoilt:
        landed["changelog"]["histories"][1]["created"] = "2024-02-30T10:00:00.000+0000"
    return msgspec.json.encode(landed)


def test_the_reason_names_the_place_in_the_line():
    landed = msgspec.json.decode(scrubbed(issue(1, history(1, at(0), move(1, 2))))[0])
    landed["changelog"]["histories"][0]["items"].append({"field": 5})
    reason = parse_lines([msgspec.json.encode(landed)]).quarantine["reason"].item()
    assert reason == "Expected `str`, got `int` - at `$.changelog.histories[0].items[1].field`"


def test_the_newest_name_of_a_status_is_the_one_seen_last():
    renamed = item("status", "1", "3", "Open", "Doing"), item("status", "3", "1", "In Work", "Open")
    names = parsed(issue(1, history(2, at(9), renamed[1]), history(1, at(1), renamed[0]), status=1)).names
    assert dict(names.filter(pl.col("field") == "status").select("id", "name").rows())[3] == "In Work"


def test_a_status_without_any_name_goes_by_its_id():
    names = parsed(issue(1, history(1, at(1), item("status", "77", "3")), status=3)).names
    assert dict(names.select("id", "name").rows())[77] == "77"


def test_the_current_status_of_an_issue_is_named_even_without_changelog():
    assert parsed(issue(1, status=42)).names.select("field", "id", "name").rows() == [("status", 42, "Status 42")]


def test_batches_laid_together_equal_one_parse():
    lines = scrubbed(*(issue(n, history(n, at(n), move(1, 3), move(3, 1))) for n in range(1, 12)))
    whole = parse_lines(lines, SITE_NAMES)
    parts = list(parse_in_batches((Line("x", line) for line in lines), SITE_NAMES, batch_size=4))
    assert [part.issues.height for part in parts] == [4, 4, 3]
    assert pl.concat([part.issues for part in parts]).equals(whole.issues)
    assert pl.concat([part.changes for part in parts]).equals(whole.changes)


def test_nothing_parsed_gives_empty_tables_of_the_right_schema():
    frames = parse_lines([])
    check_schema(RawIssues, frames.issues)
    check_schema(RawChanges, frames.changes)
    check_schema(RawQuarantine, frames.quarantine)
    assert list(parse_in_batches([], FieldNames())) == []


def test_garbage_collection_is_as_before_after_a_parse():
    assert gc.isenabled()
    parse_lines([b"{"])
    assert gc.isenabled()


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_issue_is_parsed_with_every_item_flow_depends_on(shared_data, name):
    with gzip.open(shared_data / "real" / f"{name}.jsonl.gz") as file:
        issues = [msgspec.json.decode(line) for line in file]
    frames = parsed(*issues)
    check_values(RawIssues, frames.issues)
    check_values(RawChanges, frames.changes)
    check_schema(RawIssues, frames.issues)
    check_schema(RawChanges, frames.changes)
    assert frames.quarantine.height == 0
    assert frames.issues["issue_id"].to_list() == [int(one["id"]) for one in issues]
    assert frames.issues["history_count"].to_list() == [len(one["changelog"]["histories"]) for one in issues]
    moves = [
        (int(one["id"]), int(step["id"]), int(change["from"]), int(change["to"]))
        for one in issues
        for step in one["changelog"]["histories"]
        for change in step["items"]
        if change["field"] == "status" and change["fieldtype"] == "jira"
    ]
    status = frames.changes.filter(pl.col("field") == "status")
    assert sorted(status.select("issue_id", "history_id", "from_id", "to_id").rows()) == sorted(moves)


def test_the_truncated_changelog_of_drill_138_shows(shared_data):
    with gzip.open(shared_data / "real" / "drill.jsonl.gz") as file:
        frames = parsed(*(msgspec.json.decode(line) for line in file))
    short = frames.issues.filter(pl.col("history_total") != pl.col("history_count"))
    assert short.select("issue_key", "history_total", "history_count").rows() == [("DRILL-138", 8, 3)]


def test_recorded_links_and_flags_keep_their_meaning(shared_data):
    with gzip.open(shared_data / "real" / "improvingflow.jsonl.gz") as file:
        rows = parsed(*(msgspec.json.decode(line) for line in file)).changes
    links = rows.filter(pl.col("field") == "link")
    assert set(links["link_kind"].cast(pl.String())) == {"blocked_by", "blocks", "other"}
    assert set(rows.filter(pl.col("field") == "flagged").select("from_id", "to_id").rows()) == {(0, 1), (1, 0)}


def test_created_is_the_issues_own_instant():
    assert parsed(issue(1)).issues["created_at"].to_list() == [datetime.fromisoformat(CREATED)]
