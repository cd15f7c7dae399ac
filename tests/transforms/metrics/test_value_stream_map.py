"""The map from idea to user: literal times of small histories, and what must hold whatever happens."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from tests.builders import BOARD, frames, history, versions
from tests.strategies import cases
from tests.transforms.metrics.metric_frames import checked, core_of
from transforms.metrics.periods import periods
from transforms.metrics.value_stream_map import AWAITING_RELEASE, ValueStreamMap, map_value_streams

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
Q1 = {"period_kind": "quarter", "period_start_date": datetime(2026, 1, 1).date()}


def straight(key, *, review_at="2026-03-04 15:00"):
    """Idea Monday, committed Tuesday 9:00, coded from 13:00, waits for review from Wednesday 9:00, done Thursday."""
    return (
        history(key)
        .created("2026-03-02 09:00")
        .to("Selected", "2026-03-03 09:00")
        .to("In Progress", "2026-03-03 13:00")
        .to("Ready for Review", "2026-03-04 09:00")
        .to("In Review", review_at)
        .to("Done", "2026-03-05 16:00")
    )


def sent_back(key):
    """The same, but review sends it back for two hours on Thursday; it waits an hour for its second review."""
    return (
        history(key)
        .created("2026-03-02 09:00")
        .to("Selected", "2026-03-03 09:00")
        .to("In Progress", "2026-03-03 13:00")
        .to("Ready for Review", "2026-03-04 09:00")
        .to("In Review", "2026-03-04 15:00")
        .to("In Progress", "2026-03-05 09:00")
        .to("Ready for Review", "2026-03-05 11:00")
        .to("In Review", "2026-03-05 12:00")
        .to("Done", "2026-03-05 16:00")
    )


def build(raw, workflow=WORKFLOW, as_of=AS_OF, released=None):
    core = core_of(raw, workflow, as_of, released)
    made = map_value_streams(
        core.raw_issues, core.status_visits, core.work_intervals, core.issue_journeys, core.stages, core.releases,
        workflow, as_of,
    )  # fmt: skip
    return checked(ValueStreamMap, made)


def step(table, stage, **when):
    [row] = table.filter(stage_name=stage, **(when or Q1)).to_dicts()
    return row


@pytest.fixture(scope="module")
def mapped():
    """Thirty issues walk straight through, ten are sent back by review."""
    told = [straight(f"G-{n}") for n in range(30)] + [sent_back(f"R-{n}") for n in range(10)]
    return build(frames(*told))


@pytest.mark.parametrize(
    ("stage", "kind", "order"),
    [("Backlog", "upstream", 0), ("Selected", "flow", 1), ("Development", "flow", 2), ("Review", "flow", 3)],
)
def test_every_step_from_idea_on_stands_in_order(mapped, stage, kind, order):
    row = step(mapped, stage)
    assert (row["step_kind"], row["stage_order"]) == (kind, order)


def test_terminal_stages_are_no_steps(mapped):
    assert "Done" not in mapped["stage_name"].to_list()


def test_time_before_the_commitment_is_a_step_by_the_kind_of_its_status(mapped):
    backlog = step(mapped, "Backlog")
    assert backlog["wait_days_per_delivered"] == pytest.approx(1.0)
    assert backlog["cycle_share"] == 0
    assert backlog["idea_to_user_share"] == pytest.approx(24 / 79)


def test_touch_wait_and_gap_of_a_step_are_those_of_the_story(mapped):
    review = step(mapped, "Review")
    assert review["wait_days_p50"] == pytest.approx(6 / 24)
    assert review["touch_days_p50"] == pytest.approx(25 / 24)
    assert review["touch_days_p85"] == pytest.approx(25 / 24)
    assert review["wait_days_p85"] == pytest.approx(7 / 24)
    assert review["gap_working_days_p50"] == pytest.approx(6 / 8)
    assert review["wait_days_total"] == pytest.approx((30 * 6 + 10 * 7) / 24)
    assert review["wait_working_days_per_delivered"] == pytest.approx((30 * 6 + 10 * 7) / 40 / 8)


def test_the_wait_after_the_first_touch_of_a_stay_is_no_gap():
    told = [straight(f"G-{n}", review_at="2026-03-04 12:00").flag("2026-03-06 10:00") for n in range(6)]
    parked = [
        history(f"P-{n}")
        .created("2026-03-02 09:00", status="Selected")
        .to("In Review", "2026-03-03 09:00")
        .to("Ready for Review", "2026-03-03 10:00")
        .to("Done", "2026-03-03 13:00")
        for n in range(6)
    ]
    review = step(build(frames(*told, *parked)), "Review")
    assert review["gap_days_per_delivered"] == pytest.approx(3 * 6 / 12 / 24)
    assert review["wait_days_per_delivered"] == pytest.approx((3 * 6 + 3 * 6) / 12 / 24)


def test_the_shares_of_all_steps_add_up(mapped):
    rows = mapped.filter(**Q1)
    assert rows["cycle_share"].sum() == pytest.approx(1)
    assert rows["cycle_working_share"].sum() == pytest.approx(1)
    assert rows["idea_to_user_share"].sum() == pytest.approx(1)
    assert step(mapped, "Review")["cycle_share"] == pytest.approx((30 * 31 + 10 * 29) / (40 * 55))


def test_the_interval_of_a_share_holds_it(mapped):
    review = step(mapped, "Review")
    assert review["cycle_share_low"] < review["cycle_share"] < review["cycle_share_high"] < 1


def test_first_pass_yield_counts_what_came_back_and_what_was_sent_back(mapped):
    for stage, first_pass, returned in (("Development", 0.75, 0), ("Review", 0.75, 0.25), ("Selected", 1, 0)):
        row = step(mapped, stage)
        assert (row["first_pass_yield_share"], row["sent_back_share"]) == (first_pass, returned)
    assert step(mapped, "Review")["sent_back_share_low"] == pytest.approx(0.1419, abs=1e-3)


def test_being_put_on_hold_is_no_return():
    told = [
        history(f"H-{n}")
        .created("2026-03-02 09:00", status="Selected")
        .to("In Review", "2026-03-03 09:00")
        .to("On Hold", "2026-03-03 10:00")
        .to("In Review", "2026-03-03 13:00")
        .to("Done", "2026-03-03 16:00")
        for n in range(30)
    ]
    assert step(build(frames(*told)), "Review")["first_pass_yield_share"] == 1


def test_a_reopened_issue_spoils_the_first_pass_of_the_stages_it_returns_to():
    told = [straight(f"G-{n}") for n in range(29)]
    again = straight("G-29").to("In Progress", "2026-03-06 09:00").to("Done", "2026-03-06 12:00")
    made = build(frames(*told, again))
    assert step(made, "Development")["first_pass_yield_share"] == pytest.approx(29 / 30)
    assert step(made, "Review")["first_pass_yield_share"] == 1
    assert step(made, "Review")["sent_back_share"] == 0


def test_arrivals_departures_and_wip_follow_the_stays(mapped):
    review = step(mapped, "Review")
    assert (review["arrival_count"], review["departure_count"]) == (50, 50)
    assert (review["visit_count"], review["issue_count"], review["passed_count"]) == (50, 40, 40)
    assert review["wip_mean"] == pytest.approx((30 * 31 + 10 * 29) / (90 * 24 - 1), rel=1e-6)


def test_work_that_stays_over_the_edge_of_a_period_is_in_both():
    told = history("G-1").created("2026-03-02 09:00").to("In Progress", "2026-03-03 09:00")
    made = build(frames(told))
    first = step(made, "Development")
    second = step(made, "Development", period_kind="quarter", period_start_date=datetime(2026, 4, 1).date())
    assert (first["wip_start"], first["wip_end"], second["wip_start"], second["wip_end"]) == (0, 1, 1, 1)
    assert (second["arrival_count"], second["visit_count"], second["wip_mean"]) == (0, 1, 1.0)
    assert not second["is_complete_period"]


def test_finished_work_waits_for_the_release_that_holds_it():
    told = [straight(f"G-{n}").release_in(1, "2026-03-05 16:00") for n in range(6)]
    waiting = straight("W-1").release_in(2, "2026-03-05 16:00")
    made = build(frames(*told, waiting), released=versions((1, "2026-03-10"), (2, None)))
    after = step(made, AWAITING_RELEASE)
    assert after["step_kind"] == "downstream"
    assert after["stage_order"] == made.filter(**Q1)["stage_order"].max()
    assert after["gap_days_p50"] == pytest.approx(4 + 20 / 24)
    assert (after["passed_count"], after["arrival_count"], after["departure_count"], after["wip_end"]) == (6, 7, 6, 1)


def test_a_release_before_the_work_was_done_leaves_no_wait():
    told = [straight(f"G-{n}").release_in(1, "2026-03-05 16:00") for n in range(6)]
    after = step(build(frames(*told), released=versions((1, "2026-03-05"))), AWAITING_RELEASE)
    assert (after["wait_days_p50"], after["arrival_count"], after["departure_count"]) == (0, 6, 6)


def test_delivery_by_release_keeps_the_wait_in_the_flow():
    told = [straight(f"G-{n}").release_in(1, "2026-03-05 16:00") for n in range(6)]
    made = build(frames(*told), BOARD.workflow(delivery="release"), released=versions((1, "2026-03-10")))
    assert AWAITING_RELEASE not in made["stage_name"].to_list()
    assert step(made, "Release")["wait_days_p50"] == pytest.approx(4 + 20 / 24)


def test_small_samples_are_withheld_and_say_so():
    row = step(build(frames(straight("G-1"))), "Review")
    for column in ("wait_days_p50", "wait_days_per_delivered", "cycle_share", "first_pass_yield_share"):
        assert row[column] is None
    assert "p50 needs 6 passing issues, there is 1" in row["note"]
    assert "shares need 20 deliveries, there is 1" in row["note"]
    assert row["wait_days_total"] == pytest.approx(6 / 24)


def test_a_stage_without_a_queue_has_no_gap(mapped):
    development = step(mapped, "Development")
    assert development["has_active"] and not development["has_queue"]
    assert development["gap_days_total"] is None and development["gap_days_p50"] is None


def test_time_is_told_from_the_start_of_the_work_on_wherever_it_is_spent():
    told = [
        history(f"G-{n}")
        .created("2026-03-02 09:00")
        .to("On Hold", "2026-03-02 10:00")
        .to("In Progress", "2026-03-04 10:00")
        .to("Backlog", "2026-03-05 10:00")
        .to("In Progress", "2026-03-09 10:00")
        .to("Done", "2026-03-10 10:00")
        .to("In Progress", "2026-03-13 10:00")
        .to("Done", "2026-03-13 22:00")
        for n in range(6)
    ]
    made = build(frames(*told))
    backlog, development = step(made, "Backlog"), step(made, "Development")
    assert (backlog["cycle_wait_days_per_delivered"], backlog["cycle_touch_days_per_delivered"]) == (4, 0)
    assert (development["cycle_days_per_delivered"], development["done_gap_days_per_delivered"]) == (2.5, 3)
    before = made.filter(**Q1).select(pl.col.stage_days_per_delivered.sum() - pl.col.cycle_days_per_delivered.sum())
    assert before.item() == pytest.approx(2 + 1 / 24)
    assert made.filter(**Q1)["cycle_blocked_days_per_delivered"].sum() == 0


def test_cancelled_work_counts_in_the_flow_and_not_in_what_was_delivered():
    told = history("C-1").created("2026-03-02 09:00").to("In Progress", "2026-03-03 09:00")
    row = step(build(frames(told.to("Cancelled", "2026-03-04 09:00"))), "Development")
    assert (row["arrival_count"], row["departure_count"], row["delivered_count"], row["passed_count"]) == (1, 1, 0, 0)
    assert row["touch_days_total"] == pytest.approx(1)


def test_parents_and_their_children_are_not_counted_together():
    epic = history("E-1").created("2026-03-02 09:00", issue_type="Epic")
    child = history("S-1").created("2026-03-02 09:00", parent="E-1").to("In Progress", "2026-03-03 09:00")
    part = history("T-1").created("2026-03-02 09:00", issue_type="Sub-task", parent="S-1")
    assert step(build(frames(epic, child, part)), "Backlog")["issue_count"] == 1


def test_a_site_without_issues_has_an_empty_map():
    assert build(frames()).is_empty()


@given(cases())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_wip_changes_by_arrivals_less_departures_and_time_is_wip_times_length(case):
    made = build(*case.frames_and_workflow())
    assert (made["wip_end"] - made["wip_start"] == made["arrival_count"] - made["departure_count"]).all()
    born = case.frames.issues["created_at"].min()
    lengths = periods(case.workflow, born, case.as_of).select(
        "period_kind", "period_start_date", days=(pl.col.ends_at - pl.col.starts_at) / timedelta(days=1)
    )
    joined = made.join(lengths, on=["period_kind", "period_start_date"])
    assert joined["stage_days_total"].to_list() == pytest.approx((joined["wip_mean"] * joined["days"]).to_list())
    parts = sum(made[f"{kind}_days_total"] for kind in ("touch", "wait", "blocked", "unassigned"))
    assert parts.to_list() == pytest.approx(made["stage_days_total"].to_list())


@given(cases())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_quarters_hold_all_time_spent_on_the_way(case):
    """Σ over quarters and steps = Σ over issues of the time before done, terminal statuses left out."""
    core = core_of(*case.frames_and_workflow())
    made = build(*case.frames_and_workflow()).filter(period_kind="quarter")
    ids = core.issue_journeys.filter(hierarchy_level=0).select("issue_id")
    kinds = ("not_started", "touch", "wait", "blocked", "unassigned")
    whole = core.work_intervals.join(ids, on="issue_id").filter(pl.col.kind.is_in(kinds)).collect()
    assert made["stage_days_total"].sum() == pytest.approx(whole["elapsed_ms"].sum() / 86_400_000)


@given(cases())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_time_of_all_steps_from_the_start_on_makes_up_the_cycle(case):
    frames_and_workflow = case.frames_and_workflow()
    made = build(*frames_and_workflow).filter(pl.col.cycle_days_per_delivered.is_not_null(), period_kind="quarter")
    core = core_of(*frames_and_workflow)
    cycles = core.issue_journeys.filter("is_counted").select(pl.col.cycle_ms.sum()).collect().item()
    kinds = sum(made[f"cycle_{kind}_days_per_delivered"] for kind in ("touch", "wait", "blocked", "unassigned"))
    assert kinds.to_list() == pytest.approx(made["cycle_days_per_delivered"].to_list())
    periods_told = made.group_by("value_stream", "period_start_date").agg(
        whole=(pl.col.cycle_days_per_delivered.sum() + pl.col.done_gap_days_per_delivered.first())
        * pl.col.delivered_count.first()
    )
    assert periods_told["whole"].sum() <= cycles / 86_400_000 + 1e-6
