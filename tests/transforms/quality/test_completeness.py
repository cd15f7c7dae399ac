"""Whether every changelog is whole, and what is wrong where it is not."""

import pytest

from tests.builders import BOARD, frames, history
from tests.transforms.told import calculate, checked, with_issue
from transforms.quality.completeness import Completeness, prove_completeness

EIGHT, NINE, TEN, ELEVEN = (f"2026-03-02 {hour}" for hour in ("08:00", "09:00", "10:00", "11:00"))


def issue(key="G-1"):
    return history(key).created(EIGHT)


def proof(*told, as_of="2026-03-06 17:00", **raw_values) -> dict:
    raw = frames(*told)
    if raw_values:
        raw = with_issue(raw, "G-1", **raw_values)
    visits = calculate(raw, as_of).tables["status_visits"]
    rows = checked(Completeness, prove_completeness(raw.issues.lazy(), visits.lazy())).to_dicts()
    return {row["issue_key"]: row for row in rows}["G-1"]


def test_a_whole_chain_is_complete():
    row = proof(issue().to("In Progress", NINE).to("Done", TEN))
    assert (row["is_complete"], row["reason"], row["continuity_break_count"]) == (True, None, 0)


def test_an_issue_that_never_changed_is_complete():
    assert proof(issue())["is_complete"]


@pytest.mark.parametrize(("total", "is_complete"), [(None, True), (2, True), (1, True), (8, False)])
def test_as_many_histories_must_come_as_jira_says_there_are(total, is_complete):
    row = proof(issue().to("In Progress", NINE).to("Done", TEN), history_total=total)
    assert (row["is_complete"], row["history_count"], row["history_total"]) == (is_complete, 2, total)


def test_missing_histories_are_counted_in_words():
    row = proof(issue().flag(NINE).unflag(TEN).edit("summary", ELEVEN, 1, 2), history_total=8)
    assert row["reason"] == "Jira says 8 histories, 3 came"


def test_a_jump_of_the_chain_is_told():
    row = proof(issue().to("In Progress", NINE).to("Done", TEN, claims="In QA"))
    assert (row["is_complete"], row["continuity_break_count"]) == (False, 1)
    assert row["reason"] == "once a change leaves another status than the one before arrived at"


def test_a_chain_that_ends_elsewhere_is_told_with_both_statuses():
    row = proof(issue().to("In Progress", NINE).now_in("Done"))
    assert row["reason"] == f"the changelog ends in status {BOARD['In Progress'].status_id}, Jira shows 10009"
    assert row["continuity_break_count"] == 1


def test_everything_that_is_wrong_is_told():
    story = issue().to("In Progress", NINE).to("In QA", TEN, claims="Ready for QA").now_in("Done")
    row = proof(story, history_total=8)
    assert row["reason"].split("; ") == [
        "Jira says 8 histories, 2 came",
        "once a change leaves another status than the one before arrived at",
        "the changelog ends in status 10005, Jira shows 10009",
    ]
    assert row["continuity_break_count"] == 2


def test_a_jump_that_a_move_explains_is_no_lack():
    assert proof(issue().edit("project", NINE, 1, 2).now_in("Done"))["is_complete"]


def test_changes_of_one_instant_in_the_wrong_order_are_no_lack():
    story = issue().to("In Progress", NINE, history_id=9).to("In QA", NINE, history_id=3).to("Done", TEN)
    assert proof(story)["is_complete"]


def test_one_broken_issue_does_not_spoil_another():
    assert proof(issue("G-1").to("Done", NINE), issue("G-2").to("Done", NINE, claims="In QA"))["is_complete"]


def test_an_issue_created_after_as_of_is_still_listed():
    late = proof(issue().to("Done", NINE), as_of="2026-03-01 08:00", history_total=8)
    assert (late["is_complete"], late["reason"]) == (False, "Jira says 8 histories, 1 came")


def test_every_issue_is_listed_in_order_of_id():
    raw = frames(*(issue(f"G-{n}") for n in range(1, 7)))
    visits = calculate(raw).tables["status_visits"]
    made = checked(Completeness, prove_completeness(raw.issues.lazy(), visits.lazy()))
    assert made["issue_id"].to_list() == sorted(raw.issues["issue_id"])


@pytest.mark.parametrize("route", [None, "again", "single", "expanded"])
def test_how_a_changelog_became_whole_is_told(route):
    assert proof(issue().to("In Progress", NINE), repair_route=route)["repair_route"] == route
