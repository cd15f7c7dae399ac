"""The evidence beside the verdict: what comes, goes and waits, and how busy people were, where it may be said."""

import pytest

from tests.transforms.metrics.constraint_frames import review_bound_tables, rolling
from transforms.metrics.constraint_evidence import OF_PERSONS


@pytest.fixture(scope="module")
def stages():
    return {row["stage_name"]: row for row in rolling(review_bound_tables().evidence).to_dicts()}


def test_every_stage_of_committed_work_has_a_row(stages):
    assert {"Development", "Review"} <= set(stages)
    assert stages["Development"]["stage_order"] < stages["Review"]["stage_order"]
    assert {stages[name]["role"] for name in ("Development", "Review")} == {"work"}


def test_what_waits_lies_before_the_constraint(stages):
    review, development = stages["Review"], stages["Development"]
    assert review["queue_mean"] > 5 * development["queue_mean"]
    assert review["saturation_share"] > 0.5 > development["saturation_share"]
    assert review["full_empty_score"] == pytest.approx(review["saturation_share"], abs=0.05)
    assert review["momentary_share"] > 0.5


def test_arrivals_less_departures_are_the_net_flow(stages):
    for row in stages.values():
        flow = row["arrivals_per_week"] - row["departures_per_week"]
        assert row["net_flow_per_week"] == pytest.approx(flow, abs=0.3)
        assert row["net_flow_per_week_low"] <= row["net_flow_per_week"] <= row["net_flow_per_week_high"]


def test_capacity_is_what_leaves_while_something_waits(stages):
    review = stages["Review"]
    assert review["capacity_per_week_saturated"] == pytest.approx(40 / 4.8, rel=0.2)
    assert review["capacity_per_week_saturated_low"] < 8.3 < review["capacity_per_week_saturated_high"]
    assert review["load_ratio"] > 1


def test_work_is_measured_where_there_is_no_column_to_wait_in(stages):
    assert stages["Development"]["is_service_start_inferred"]
    assert not stages["Review"]["is_service_start_inferred"]
    assert stages["Development"]["service_working_hours_mean"] == pytest.approx(6, rel=0.2)
    assert stages["Review"]["service_working_hours_mean"] == pytest.approx(4.8, rel=0.2)


def test_nothing_is_told_of_the_people_of_a_small_team(stages):
    for row in stages.values():
        assert all(row[name] is None for name in OF_PERSONS)
        assert "withheld: fewer than 5 people" in row["note"]


def test_waits_are_shares_of_the_cycle(stages):
    shares = [row["wait_of_cycle_share"] or 0 for row in stages.values()]
    assert 0 < sum(shares) < 1
    assert stages["Review"]["wait_of_cycle_share"] == max(shares)
