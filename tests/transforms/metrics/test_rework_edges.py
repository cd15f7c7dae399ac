"""Work that is sent back: literal costs of small histories, and what must add up whatever happens."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from tests.builders import BOARD, frames, history
from tests.strategies import cases
from tests.transforms.metrics.metric_frames import checked, core_of
from transforms.metrics.rework_edges import ReworkEdges, trace_rework_edges

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()


def build(*told, as_of=AS_OF):
    return of_core(core_of(frames(*told), WORKFLOW, as_of), WORKFLOW, as_of)


def of_core(core, workflow, as_of):
    made = trace_rework_edges(core.status_visits, core.work_intervals, core.issue_journeys, workflow, as_of)
    return checked(ReworkEdges, made)


def edge(table, source, target, start=date(2026, 1, 1)):
    [row] = table.filter(from_stage_name=source, to_stage_name=target, period_start_date=start).to_dicts()
    return row


def begun(key):
    return history(key).created("2026-03-02 09:00", status="Selected").to("In Progress", "2026-03-02 10:00")


def straight(key):
    return begun(key).to("In Review", "2026-03-03 09:00").to("In QA", "2026-03-04 09:00").to("Done", "2026-03-05 09:00")


def sent_back(key):
    """From QA on Wednesday 12:00 back to code; through review, and past QA on Friday 12:00: two days."""
    return (
        begun(key)
        .to("In QA", "2026-03-04 09:00")
        .to("In Progress", "2026-03-04 12:00")
        .to("Ready for Review", "2026-03-04 15:00")
        .to("In Review", "2026-03-05 09:00")
        .to("In QA", "2026-03-05 12:00")
        .to("Ready for Release", "2026-03-06 12:00")
        .to("Done", "2026-03-06 16:00")
    )


def test_a_repair_lasts_until_the_issue_is_past_the_stage_that_sent_it_back():
    row = edge(build(sent_back("G-1")), "QA", "Development")
    assert (row["move_count"], row["issue_count"], row["open_count"], row["repaired_count"]) == (1, 1, 0, 1)
    assert row["lost_days_total"] == pytest.approx(2.0)
    assert row["lost_working_days_total"] == pytest.approx(2.0)


def test_touch_lost_is_the_part_of_the_repair_in_which_somebody_worked():
    """All but the eighteen hours in the queue of review: two working hours on Wednesday."""
    row = edge(build(sent_back("G-1")), "QA", "Development")
    assert row["lost_touch_days_total"] == pytest.approx((48 - 18) / 24)
    assert row["lost_touch_working_days_total"] == pytest.approx((16 - 2) / 8)


def test_a_second_move_back_within_a_repair_costs_only_what_the_first_did_not():
    told = (
        begun("G-1")
        .to("In QA", "2026-03-04 09:00")
        .to("In Progress", "2026-03-04 12:00")
        .to("In Review", "2026-03-04 15:00")
        .to("In Progress", "2026-03-05 12:00")
        .to("In Review", "2026-03-05 15:00")
        .to("In QA", "2026-03-06 09:00")
        .to("Done", "2026-03-06 12:00")
    )
    made = build(told)
    assert edge(made, "QA", "Development")["lost_days_total"] == pytest.approx(2.0)
    inner = edge(made, "Review", "Development")
    assert (inner["move_count"], inner["lost_days_total"]) == (1, 0.0)


def test_percentiles_speak_of_whole_repairs_nested_ones_too():
    made = build(*(sent_back(f"G-{n}") for n in range(6)))
    row = edge(made, "QA", "Development")
    assert row["repair_days_p50"] == row["repair_days_p50_low"] == pytest.approx(2.0)
    assert row["repair_working_days_p50"] == pytest.approx(2.0)
    assert row["repair_days_p85"] is None
    assert "p85 needs 23 ended repairs, there are 6" in row["note"]


def test_an_open_repair_lasts_up_to_as_of_and_is_counted():
    as_of = datetime(2026, 3, 6, 16, tzinfo=UTC)
    told = begun("G-1").to("In QA", "2026-03-04 09:00").to("In Progress", "2026-03-04 17:00")
    row = edge(build(told, as_of=as_of), "QA", "Development")
    assert (row["open_count"], row["repaired_count"]) == (1, 0)
    assert row["lost_days_total"] == pytest.approx(2.0)


def test_cancelling_ends_a_repair():
    told = begun("G-1").to("In QA", "2026-03-04 09:00").to("In Progress", "2026-03-04 12:00")
    row = edge(build(told.to("Cancelled", "2026-03-05 12:00")), "QA", "Development")
    assert (row["open_count"], row["lost_days_total"]) == (0, pytest.approx(1.0))


def test_a_detour_over_a_status_outside_the_walk_is_still_a_move_back():
    told = begun("G-1").to("In QA", "2026-03-04 09:00").to("On Hold", "2026-03-04 12:00")
    made = build(told.to("In Progress", "2026-03-05 12:00").to("Done", "2026-03-06 12:00"))
    row = edge(made, "QA", "Development")
    assert (row["move_count"], row["lost_days_total"]) == (1, pytest.approx(1.0))


def test_a_move_back_within_a_stage_is_an_edge_to_itself():
    told = begun("G-1").to("In Review", "2026-03-03 09:00").to("Ready for Review", "2026-03-03 12:00")
    row = edge(build(told.to("In QA", "2026-03-04 12:00")), "Review", "Review")
    assert (row["move_count"], row["lost_days_total"]) == (1, pytest.approx(1.0))


def test_a_reopening_is_no_move_back_and_neither_is_a_second_life():
    told = straight("G-1").to("In Progress", "2026-03-06 09:00").to("Done", "2026-03-07 09:00")
    late = straight("G-2").to("In QA", "2026-05-06 09:00").to("In Progress", "2026-05-07 09:00")
    assert build(told, late).is_empty()


def test_a_move_counts_in_the_period_in_which_it_happens_and_has_a_row_in_every_other():
    made = build(sent_back("G-1"))
    assert edge(made, "QA", "Development")["move_count"] == 1
    later = edge(made, "QA", "Development", date(2026, 4, 1))
    assert (later["move_count"], later["lost_days_total"], later["sent_back_share"]) == (0, 0.0, None)


def test_shares_and_yield_are_of_the_issues_that_left_the_stage():
    made = build(*(straight(f"G-{n}") for n in range(30)), *(sent_back(f"R-{n}") for n in range(10)))
    row = edge(made, "QA", "Development")
    assert (row["passed_count"], row["delivered_count"]) == (40, 40)
    assert row["sent_back_share"] == 0.25
    assert row["sent_back_share_low"] < 0.25 < row["sent_back_share_high"]
    assert row["first_pass_yield_share"] == 0.75


def test_below_thirty_there_is_no_share_and_the_note_says_so():
    row = edge(build(sent_back("G-1")), "QA", "Development")
    assert row["sent_back_share"] is row["first_pass_yield_share"] is None
    assert "sent_back_share needs 30 passing issues, there is 1" in row["note"]
    assert "first_pass_yield_share needs 30 deliveries, there is 1" in row["note"]


def test_without_issues_there_are_no_rows():
    assert build(history("E-1").created("2026-03-02 09:00", issue_type="Epic")).is_empty()


@given(cases())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_moves_add_up_to_those_of_the_journeys_and_no_more_is_lost_than_time_passed(case):
    raw, workflow, *rest = case.frames_and_workflow()
    core = core_of(raw, workflow, *rest)
    made = of_core(core, workflow, case.as_of)
    quarters = made.filter(period_kind="quarter")
    journeys = core.issue_journeys.filter("is_counted").collect()
    assert quarters["move_count"].sum() == journeys["backward_move_count"].sum()
    assert (quarters["move_count"] == quarters["open_count"] + quarters["repaired_count"]).all()
    lived = (pl.lit(case.as_of) - pl.col.created_at).dt.total_milliseconds().sum()
    assert quarters["lost_days_total"].sum() <= (journeys.select(lived).item() or 0) / 86_400_000 + 1e-9
    assert (quarters["lost_touch_days_total"] <= quarters["lost_days_total"] + 1e-9).all()
    assert quarters["lost_touch_days_total"].sum() <= journeys["touch_ms"].sum() / 86_400_000 + 1e-9
