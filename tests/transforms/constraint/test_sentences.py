"""The words: every verdict has a sentence, and none says more than its figures."""

from datetime import date

import pytest

from transforms.constraint.sentences import moved, sentence

ROW = {
    "verdict": "constraint_stage", "constraint_name": "Review", "constraint_stage_names": "Review",
    "largest_delay_name": "Review", "confidence": "strong", "reasons": None, "candidate_name": "Review",
    "runner_up_name": "QA", "cycle_working_days_p50": 19.2, "wait_of_cycle_working_days": 14.1,
    "constraint_wait_of_cycle_working_days": 10.3, "halved_cycle_working_days_p50": 14.0,
    "halved_cycle_working_days_p50_low": 12.2, "halved_cycle_working_days_p50_high": 15.4,
    "halved_delivered_per_month_change": 6.2, "faster_stage_name": "Development",
    "faster_delivered_per_month_change": 0.2, "faster_wip_change": 120.4, "period_start_date": date(2025, 8, 4),
}  # fmt: skip


def said(**changed):
    return sentence(ROW | changed, "Payments")


def test_the_sentence_of_the_essay():
    assert said() == (
        "Work in Payments takes a median of 19 working days, 14 of them waiting, 10 before Review. The constraint is"
        " Review (confidence: strong). Halve that wait and the median falls to about 14 [12–15], with 6 more"
        " deliveries a month. Development 40 % faster would add none and put 120 more issues in progress."
    )


def test_shared_people_are_named_by_their_stages():
    text = said(verdict="constraint_pool", constraint_name="Development+Review",
                constraint_stage_names="Development, Review")  # fmt: skip
    assert "The constraint is the people who share Development and Review (confidence: strong)." in text
    assert "10 before Development + Review." in text


def test_a_gate_is_a_date():
    assert "not work but a date: Release opens by the calendar" in said(
        verdict="policy_gate", constraint_name="Release"
    )


def test_waiting_for_others_has_no_stage_before_which_it_waits():
    text = said(verdict="external_block", constraint_name="Blocked", constraint_stage_names=None,
                constraint_wait_of_cycle_working_days=None)  # fmt: skip
    assert "issues blocked by something outside" in text
    assert "before Blocked" not in text


def test_a_wait_that_no_column_shows_is_not_told_as_one_that_was_told_before():
    text = said(wait_of_cycle_working_days=0.0, constraint_wait_of_cycle_working_days=None)
    assert "takes a median of 19 working days, 0.0 of them waiting where a column shows it. The constraint" in text
    assert "Halve the wait before Review, which no column shows, and the median falls to about 14" in text


def test_a_stage_called_blocked_is_waited_for_like_any_other():
    text = said(constraint_name="Blocked", constraint_stage_names="Blocked")
    assert "14 of them waiting, 10 before Blocked." in text


def test_where_intake_limits_the_largest_delay_is_named():
    text = said(verdict="intake_limited", constraint_name=None)
    assert "Nothing inside limits how much comes out" in text and "The largest delay is Review" in text


def test_an_undecided_verdict_names_both_and_promises_nothing():
    text = said(verdict="not_separable", constraint_name=None, confidence="weak", reasons="the lead is small",
                constraint_wait_of_cycle_working_days=None)  # fmt: skip
    assert text.endswith("The data cannot separate Review from QA: the lead is small.")
    assert "Halve" not in text and "faster" not in text


def test_too_little_is_said_with_what_is_missing():
    text = said(verdict="insufficient_data", confidence="none", reasons="a verdict needs 30 deliveries, there are 3",
                cycle_working_days_p50=None)  # fmt: skip
    assert text == "Too little is known to name a constraint: a verdict needs 30 deliveries, there are 3."


@pytest.mark.parametrize(("after", "words"), [(12.0, "falls to"), (19.3, "stays at"), (40.0, "rises to")])
def test_the_median_falls_stays_or_rises(after, words):
    assert f"the median {words} about" in said(halved_cycle_working_days_p50=after)


def test_speeding_the_constraint_up_is_no_anti_benefit():
    assert "40 % faster" not in said(faster_stage_name="Review")


def test_no_more_deliveries_are_called_none():
    assert "with no more deliveries" in said(halved_delivered_per_month_change=0.3)
    assert "with 2 fewer deliveries a month" in said(halved_delivered_per_month_change=-2.0)


def test_one_delivery_and_one_issue_are_no_plural():
    assert "with 1 more delivery a month." in said(halved_delivered_per_month_change=1.2)
    assert "with 1 fewer delivery a month." in said(halved_delivered_per_month_change=-0.8)
    assert said(faster_wip_change=1.2).endswith("would add none and put 1 more issue in progress.")


@pytest.mark.parametrize(("more", "words"), [(9.6, "would add 10 a month"), (-2.2, "would take away 2 a month")])
def test_what_coding_faster_adds_or_takes_away(more, words):
    assert words in said(faster_delivered_per_month_change=more)


def test_a_constraint_that_moved_is_told_with_its_week():
    assert moved(ROW, ROW | {"constraint_name": "QA"}) == "The constraint moved from Review to QA in week 32 of 2025."


@pytest.mark.parametrize("change", [{"confidence": "weak"}, {"constraint_name": None}, {}])
def test_nothing_moved_unless_both_are_sure_and_differ(change):
    other = {"constraint_name": "QA"} if change else {}
    assert moved(ROW, ROW | other | change) is None
    assert moved(ROW | other | change, ROW) is None
