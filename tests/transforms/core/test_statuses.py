"""What every status means, who says so, and how much time depends on it."""

from dataclasses import replace

import polars as pl
import pytest

from tests.builders import BOARD, history
from tests.transforms.core.statuses_told import raw_statuses
from tests.transforms.told import checked, tell
from transforms.core.statuses import DECISION_WORDS, Statuses, explain_statuses
from transforms.workflow import DECISIONS

H = [f"2026-03-02 {hour:02}:00" for hour in range(24)]


def issue(key="G-1"):
    return history(key).created(H[8])


def explained(*told, statuses=None, as_of=H[16], workflow=None) -> dict[str, dict]:
    found = tell(*told, as_of=as_of)
    raw = raw_statuses() if statuses is None else statuses
    made = explain_statuses(raw.lazy(), found.tables["status_visits"].lazy(), workflow or found.workflow)
    rows = checked(Statuses, made).to_dicts()
    names = {status.status_id: name for name, status in BOARD.statuses.items()}
    return {names[row["status_id"]]: row for row in rows}


def test_every_status_of_the_model_is_listed_used_or_not():
    rows = explained(issue())
    assert set(rows) == set(BOARD.statuses)
    assert rows["In QA"]["visit_count"] == rows["In QA"]["elapsed_hours"] == 0


def test_visits_issues_and_hours_are_counted():
    story = issue("G-1").to("In Progress", H[9]).to("In QA", H[10]).to("In Progress", H[12])
    rows = explained(story, issue("G-2").to("In Progress", H[14]))
    row = rows["In Progress"]
    assert (row["visit_count"], row["issue_count"]) == (3, 2)
    assert row["elapsed_hours"] == pytest.approx(1 + 4 + 2)
    assert rows["Backlog"]["elapsed_hours"] == pytest.approx(1 + 6)
    assert rows["Backlog"]["working_hours"] == pytest.approx(5)


def test_terminal_statuses_count_their_hours_too():
    assert explained(issue().to("Done", H[10]))["Done"]["elapsed_hours"] == 6


def test_a_status_says_its_place_and_kind():
    row = explained(issue())["In Review"]
    assert (row["stage_name"], row["status_order"], row["work_kind"]) == ("Review", 4, "active")
    assert (row["value_stream"], row["category"], row["is_listed"]) == ("Golden", "indeterminate", True)


def test_an_unmapped_status_stands_there_with_its_hours_and_counts_as_wait():
    row = explained(issue().to("Strange", H[10]))["Strange"]
    assert (row["is_unmapped"], row["elapsed_hours"], row["status_order"]) == (True, 6, None)
    assert row["decision"] == "no rule covers it, so it counts as wait"
    assert not explained(issue())["In QA"]["is_unmapped"]


@pytest.mark.parametrize("decision", DECISIONS)
def test_every_decision_is_told_in_words(decision):
    workflow = BOARD.workflow()
    decided = replace(workflow, statuses=workflow.statuses.with_columns(decided_by=pl.lit(decision)))
    row = explained(issue(), workflow=decided)["Done"]
    assert (row["decided_by"], row["decision"]) == (decision, DECISION_WORDS[decision])


def test_a_status_no_longer_listed_has_no_category():
    row = explained(issue(), statuses=raw_statuses("In QA"))["In QA"]
    assert (row["category"], row["is_listed"], row["status_name"]) == (None, False, "In QA")


def test_a_status_nobody_ever_named_has_no_name():
    row = explained(issue(), statuses=raw_statuses().filter(pl.col.status_name != "In QA"))["In QA"]
    assert (row["status_name"], row["is_listed"]) == (None, False)


def test_statuses_come_in_the_order_of_the_walk_those_outside_it_last_in_their_stage():
    found = tell(issue())
    made = explain_statuses(raw_statuses().lazy(), found.tables["status_visits"].lazy(), found.workflow).collect()
    names = made["status_name"].to_list()
    assert names[:5] == ["Backlog", "Selected", "In Progress", "On Hold", "Ready for Review"]
    assert names[-3:] == ["Done", "Closed", "Cancelled"]


def test_without_any_visit_every_status_has_no_hours():
    found = tell(issue())
    none = found.tables["status_visits"].clear()
    made = checked(Statuses, explain_statuses(raw_statuses().lazy(), none.lazy(), found.workflow))
    assert made["elapsed_hours"].sum() == 0
