"""Failure demand: bugs traced to what was delivered, reopened work, and the share of deliveries that come back."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from tests.builders import BOARD, Frames, frames, history
from tests.strategies import cases
from tests.transforms.metrics.metric_frames import checked, core_of
from transforms.core.return_passes import find_return_passes
from transforms.metrics.failure_demand import FailureDemand, measure_failure_demand

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
Q1, Q2 = date(2026, 1, 1), date(2026, 4, 1)
JANUARY = datetime(2026, 1, 12, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def measure(raw, workflow=WORKFLOW, as_of=AS_OF):
    core = core_of(raw, workflow, as_of)
    made = measure_failure_demand(
        core.raw_issues, core.raw_changes, core.status_visits, core.issue_journeys,
        find_return_passes(core.work_intervals), workflow, as_of,
    )  # fmt: skip
    return checked(FailureDemand, made)


def demand(*told, bugs=(), as_of=AS_OF, start=Q1):
    raw = frames(*told)
    is_bug = pl.when(pl.col.issue_key.is_in(list(bugs))).then(pl.lit("Bug")).otherwise("issue_type")
    raw = Frames(raw.issues.with_columns(issue_type=is_bug), raw.changes)
    [row] = measure(raw, as_of=as_of).filter(period_start_date=start).to_dicts()
    return row


def delivered(key, at=JANUARY, **how):
    told = history(key).created(at - 5 * DAY, status="Selected", **how).to("In Progress", at - 4 * DAY)
    return told.to("Done", at)


def bug(key, at, of=None, **how):
    told = history(key).created(at, **how)
    return told.edit("link", at, to_key=of, link_kind="other") if of else told


@pytest.mark.parametrize(("days", "count"), [(-1, 0), (1, 1), (89, 1), (91, 0)])
def test_a_bug_leads_back_to_linked_work_delivered_in_the_ninety_days_before(days, count):
    at = JANUARY + DAY * days
    row = demand(delivered("G-1"), bug("B-1", at, "G-1"), bugs=["B-1"], start=Q1 if at.month < 4 else Q2)
    assert (row["bug_count"], row["traced_count"]) == (1, count)


def test_a_bug_in_one_epic_with_delivered_work_leads_back_to_it():
    told = [delivered("G-1", parent="E-1"), bug("B-1", JANUARY + DAY, parent="E-1"), bug("B-2", JANUARY + DAY)]
    epic = history("E-1").created(JANUARY - 9 * DAY, issue_type="Epic")
    row = demand(epic, *told, bugs=["B-1", "B-2"])
    assert (row["created_count"], row["bug_count"], row["traced_count"]) == (3, 2, 1)


def test_a_story_linked_to_delivered_work_is_no_failure():
    assert demand(delivered("G-1"), bug("B-1", JANUARY + DAY, "G-1"))["traced_count"] == 0


def reopened(key, after=5, at=JANUARY):
    return delivered(key, at).to("In Progress", at + DAY * after).to("Done", at + DAY * (after + 1))


def test_shares_lie_between_what_is_traced_and_all_bugs():
    told = [delivered(f"G-{n}") for n in range(32)] + [reopened(f"R-{n}", 5 + n) for n in range(4)]
    told += [
        bug("B-0", JANUARY + DAY, "G-0"),
        bug("B-1", JANUARY + DAY),
        bug("B-2", JANUARY + DAY),
        bug("B-3", JANUARY),
    ]
    row = demand(*told, bugs=[f"B-{n}" for n in range(4)])
    assert (row["created_count"], row["reopened_count"]) == (40, 4)
    assert row["failure_demand_share"] == pytest.approx(5 / 44)
    assert row["failure_demand_upper_share"] == pytest.approx(8 / 44)
    assert row["failure_demand_share_low"] < 5 / 44 < row["failure_demand_share_high"]


def test_the_reopen_rate_is_of_deliveries_followed_for_thirty_days():
    told = [delivered(f"G-{n}") for n in range(36)] + [reopened(f"R-{n}", 5 + n) for n in range(4)]
    row = demand(*told, delivered("Y-1", JANUARY + 60 * DAY), as_of=JANUARY + 80 * DAY)
    assert (row["delivered_count"], row["followed_count"], row["reopened_30_days_count"]) == (41, 40, 4)
    assert row["reopened_30_days_share"] == pytest.approx(0.1)
    assert row["km_reopened_30_days_share"] == pytest.approx(4 / 41)


def test_the_curve_uses_young_deliveries_only_for_as_long_as_they_were_watched():
    """Two of forty come back on day ten; forty more are watched for five days and cannot say."""
    old = [delivered(f"G-{n}") for n in range(38)] + [reopened(f"R-{n}", 10 + n / 10) for n in range(2)]
    young = [delivered(f"Y-{n}", JANUARY + 45 * DAY) for n in range(40)]
    row = demand(*old, *young, as_of=JANUARY + 50 * DAY)
    assert row["delivered_count"] == 80
    assert row["km_reopened_30_days_share"] == pytest.approx(1 - 39 / 40 * 38 / 39)
    assert row["km_reopened_90_days_share"] is None
    assert "km_reopened_90_days_share: too few deliveries were watched so long" in row["note"]


def test_where_nothing_came_back_the_share_is_zero_with_an_upper_end():
    row = demand(*(delivered(f"G-{n}") for n in range(40)))
    assert (row["km_reopened_30_days_share"], row["km_reopened_30_days_share_low"]) == (0.0, 0.0)
    assert 0 < row["km_reopened_30_days_share_high"] < 0.1


def test_a_reopening_after_the_horizon_is_a_reopening_and_a_second_life():
    told = delivered("G-1").to("In Progress", JANUARY + 42 * DAY).to("Done", JANUARY + 43 * DAY)
    row = demand(told)
    assert (row["reopened_count"], row["returned_count"], row["reopened_30_days_count"]) == (1, 1, 0)
    assert row["returned_touch_working_days"] == pytest.approx(1.0)


def test_work_reopened_by_the_bulk_is_no_reopening():
    told = [delivered(f"G-{n}").to("In Progress", JANUARY + 5 * DAY + timedelta(seconds=n)) for n in range(3)]
    row = demand(*told)
    assert (row["reopened_count"], row["reopened_30_days_count"]) == (0, 0)
    assert demand(*told[:2])["reopened_count"] == 2


def test_a_reopening_among_other_moves_of_a_burst_is_one():
    others = [history(f"O-{n}").created(JANUARY).to("Selected", JANUARY + 5 * DAY) for n in range(3)]
    assert demand(delivered("G-1").to("In Progress", JANUARY + 5 * DAY), *others)["reopened_count"] == 1


def test_moving_on_from_done_to_closed_or_leaving_cancelled_is_no_reopening():
    closed = delivered("G-1").to("Closed", JANUARY + DAY)
    cancelled = history("C-1").created(JANUARY).to("Cancelled", JANUARY + DAY).to("Backlog", JANUARY + 2 * DAY)
    assert demand(closed, cancelled)["reopened_count"] == 0


def test_below_thirty_there_are_no_shares_and_the_note_says_so():
    row = demand(delivered("G-1"))
    assert row["failure_demand_share"] is row["reopened_30_days_share"] is row["km_reopened_30_days_share"] is None
    assert "failure_demand_share needs 30 arrivals, there is 1" in row["note"]
    assert "reopened_30_days_share needs 30 deliveries followed for 30 days, there is 1" in row["note"]


@given(cases())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_everything_counts_once(case):
    raw, workflow, as_of = case.frames_and_workflow()
    made = measure(raw, workflow, as_of).filter(period_kind="quarter")
    journeys = core_of(raw, workflow, as_of).issue_journeys.collect()
    counted = journeys.filter((pl.col.hierarchy_level == workflow.flow_level) & ~pl.col.is_rolled_up)
    assert made["created_count"].sum() == counted.filter(pl.col.created_at < as_of).height
    assert (made["traced_count"] <= made["bug_count"]).all()
    assert (made["reopened_30_days_count"] <= made["followed_count"]).all()
    assert (made["followed_count"] <= made["delivered_count"]).all()
