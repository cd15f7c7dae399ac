"""What-ifs for every stage: which there are, what their figures are made of, and that they agree with each other."""

import polars as pl
import pytest

from tests.transforms.metrics.constraint_frames import review_bound_tables, rolling


@pytest.fixture(scope="module")
def estimates():
    return rolling(review_bound_tables().reliefs)


def row_of(estimates, stage, relief):
    [row] = estimates.filter(stage_name=stage, relief=relief).to_dicts()
    return row


def test_every_stage_somebody_works_in_is_relieved_in_both_ways(estimates):
    asked = set(estimates.select("stage_name", "relief").iter_rows())
    assert {("Development", "service_x0.8"), ("Review", "service_x0.8"), ("Review", "wait_halved")} <= asked
    assert ("Development", "coding_40_percent_faster") in asked


def test_the_constraint_brings_more_deliveries_than_anything_else(estimates):
    fifths = estimates.filter(relief="service_x0.8").sort("delivered_per_month_change", descending=True)
    assert fifths["stage_name"][0] == "Review"
    assert fifths["delivered_per_month_change"][0] > 1
    assert fifths["win_share"].sum() == pytest.approx(1)


def test_deliveries_and_their_change_belong_to_the_same_replay(estimates):
    without = estimates.select(base=pl.col.delivered_per_month - pl.col.delivered_per_month_change)["base"]
    assert without.max() == pytest.approx(without.min(), rel=1e-9)


def test_intervals_hold_their_values(estimates):
    for name in ("delivered_per_month_change", "residence_change_ratio", "wip_end_change", "started_per_month_change"):
        held = estimates.filter((pl.col(f"{name}_low") <= pl.col(name)) & (pl.col(name) <= pl.col(f"{name}_high")))
        assert len(held) == len(estimates)


def test_halving_a_wait_takes_less_of_its_work(estimates):
    halved = row_of(estimates, "Review", "wait_halved")
    assert 0.05 <= halved["relief_factor"] < 1
    assert halved["residence_change_ratio"] < 0
    assert halved["win_share"] is None


def test_where_nothing_is_started_more_often_starts_do_not_change(estimates):
    assert estimates["started_per_month_change"].abs().max() < 0.5
