"""The verdict on a stream whose constraint is known, and on streams of which too little is."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.builders import BOARD, OFFICE_HOURS, history
from tests.transforms.metrics.constraint_frames import END, review_bound, review_bound_tables, rolling, study
from tests.transforms.metrics.flow_frames import MONDAY

WORKFLOW = BOARD.workflow(commitment="In Progress")


@pytest.fixture(scope="module")
def verdict():
    [row] = rolling(review_bound_tables().verdicts).to_dicts()
    return row


def test_a_reviewer_with_too_much_to_do_is_the_constraint(verdict):
    assert (verdict["verdict"], verdict["constraint_name"]) == ("constraint_stage", "Review")
    assert verdict["confidence"] in ("strong", "moderate")
    assert (verdict["regime"], verdict["largest_delay_name"]) == ("throughput", "Review")
    assert verdict["constraint_stage_names"] == "Review"


def test_the_replay_with_nothing_relieved_delivers_what_was_delivered(verdict):
    assert 0.8 <= verdict["fidelity_ratio"] <= 1.25
    assert verdict["fidelity_residence_ratio"] == pytest.approx(1, abs=0.35)


def test_the_sentence_says_what_a_vice_president_can_say(verdict):
    sentence = verdict["sentence"]
    assert sentence.startswith("Work in Golden takes a median of ")
    assert f"The constraint is Review (confidence: {verdict['confidence']})." in sentence
    assert "Halve that wait and the median falls to about " in sentence
    assert "more deliveries a month." in sentence
    assert "Development 40 % faster would add none" in sentence


def test_halving_the_wait_helps_and_faster_coding_does_not(verdict):
    assert verdict["halved_cycle_working_days_p50"] < verdict["cycle_working_days_p50"]
    assert verdict["halved_delivered_per_month_change_low"] > 0
    assert verdict["faster_stage_name"] == "Development"
    assert verdict["faster_delivered_per_month_change"] == pytest.approx(0, abs=0.7)


def test_waiting_is_a_part_of_the_median_and_the_constraints_a_part_of_the_waiting(verdict):
    parts = [verdict[name] for name in ("constraint_wait_of_cycle_working_days", "wait_of_cycle_working_days",
                                        "cycle_working_days_p50")]  # fmt: skip
    assert parts == sorted(parts)
    assert parts[0] > 0


def test_a_few_weeks_are_too_little():
    told = review_bound()[:40]
    made = study(told, WORKFLOW, END - timedelta(weeks=22))
    for row in made.verdicts.to_dicts():
        assert (row["verdict"], row["confidence"]) == ("insufficient_data", "none")
        assert row["constraint_name"] is None and row["largest_delay_name"] is None
        assert "a verdict needs " in row["reasons"]
        assert row["reasons"] in row["sentence"]
    assert made.reliefs.is_empty()


@pytest.fixture(scope="module")
def young():
    """A stream whose first work began some six weeks before the end of the 26."""
    idea = history("C-0").created("2024-12-05 08:00", status="Backlog")
    return study([idea, *review_bound(review_hours=3.9)[200:]], WORKFLOW, END)


def test_weeks_before_a_streams_first_work_are_none_of_its_weeks(young):
    [row] = rolling(young.verdicts).to_dicts()
    assert (row["verdict"], row["week_count"]) == ("insufficient_data", 6)
    assert row["delivered_count"] >= 30
    assert row["reasons"] == "a verdict needs 8 complete weeks, there are 6"


def test_a_quarter_before_the_first_work_has_no_weeks_and_nothing_in_it(young):
    winter = {"period_kind": "quarter", "period_start_date": date(2025, 1, 1)}
    [row] = young.verdicts.filter(**winter).to_dicts()
    assert (row["week_count"], row["delivered_count"]) == (0, 0)
    assert set(young.evidence.filter(**winter)["arrivals_per_week"]) == {0}


def test_rates_of_a_young_stream_are_those_since_its_first_work(young):
    [row] = rolling(young.evidence).filter(stage_name="Development").to_dicts()
    assert row["arrivals_per_week"] == pytest.approx(10, abs=1.5)
    assert row["net_flow_per_week_low"] <= row["net_flow_per_week"] <= row["net_flow_per_week_high"]


def test_every_period_with_a_stream_at_work_has_one_verdict():
    verdicts = review_bound_tables().verdicts
    kinds = verdicts["period_kind"].to_list()
    assert kinds.count("rolling_26_weeks") == 1
    assert kinds.count("quarter") == 3


def test_the_same_data_get_the_same_verdict(verdict):
    again = study(review_bound(), WORKFLOW, END)
    assert rolling(again.verdicts).to_dicts() == [verdict]
    assert again.reliefs.equals(review_bound_tables().reliefs)


def test_over_a_change_of_definitions_nothing_is_said():
    """Other hours from the tenth week on: in the period of 26 weeks, and in one of the quarters."""
    day = (MONDAY + timedelta(weeks=10)).date()
    hours = replace(OFFICE_HOURS, earlier=((day, OFFICE_HOURS.openings),))
    rows = study(review_bound(), BOARD.workflow(commitment="In Progress", calendar=hours), END).verdicts.to_dicts()
    said = f"a verdict needs one definition, another holds from {day} on"
    over = [row for row in rows if row["period_start_date"] < day <= row["period_end_date"]]
    assert {row["period_kind"] for row in over} == {"quarter", "rolling_26_weeks"}
    assert all(row["verdict"] == "insufficient_data" and said in row["reasons"] for row in over)
    assert not any(said in (row["reasons"] or "") for row in rows if row not in over)


def test_where_nobody_is_known_to_work_nothing_is_named():
    told = [
        history(f"N-{n}").created("2024-12-05 08:00", assignee=None)
        .to("In Progress", MONDAY + timedelta(days=2 * n), by=None)
        .to("Done", MONDAY + timedelta(days=2 * n + 3), by=None)
        for n in range(80)
    ]  # fmt: skip
    [row] = rolling(study(told, WORKFLOW, END).verdicts).to_dicts()
    assert (row["verdict"], row["delivered_count"]) == ("insufficient_data", 80)
    assert row["reasons"] == "a verdict needs a stage with 20 departures of which it is known who works in it"
