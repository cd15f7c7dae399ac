"""Golden values that have no published column: flow efficiency, shared and logged touch, decision latency."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import polars as pl
import pytest

from tests.builders import issue_id_of
from tests.chain import compute
from tests.golden.adapter import CASES, STATUSES, golden_workflow, story_frames
from transforms.metrics.decision_latency import decision_latency
from transforms.metrics.flow_efficiency import flow_efficiency
from transforms.metrics.touch_estimates import logged_touch, shared_touch

STORIES = {case["id"]: case for case in CASES}
ANSWERS = [(case["id"], key) for case in CASES for key in case["expected"]]
WORKLOGS = pl.Schema({"issue_id": pl.Int64(), "started_at": pl.Datetime("us", "UTC"), "seconds": pl.Int64()})


def answer(story: str, key: str) -> dict:
    return STORIES[story]["expected"][key]


def moment(story: str) -> datetime:
    return datetime.fromisoformat(STORIES[story]["as_of"]).astimezone(UTC)


@cache
def tables(story: str) -> dict[str, pl.DataFrame]:
    return compute(story_frames(STORIES[story]), golden_workflow(STORIES[story]), moment(story))


def efficiency(journeys: pl.DataFrame, key: str, *how) -> float | None:
    value = journeys.filter(issue_key=key).select(flow_efficiency(*how)).item()
    return None if value is None else round(value, 6)


def worklogs(story: str) -> pl.DataFrame:
    rows = [
        (issue_id_of(issue["key"]), datetime.fromisoformat(log["started"]).astimezone(UTC), log["timeSpentSeconds"])
        for issue in STORIES[story]["issues"]
        for log in issue["worklogs"]
    ]
    return pl.DataFrame(rows, schema=WORKLOGS, orient="row")


@pytest.mark.parametrize(("story", "key"), ANSWERS)
@pytest.mark.parametrize("clock", ["elapsed", "working"])
def test_flow_efficiency(story, key, clock):
    expected = answer(story, key)
    if f"fe_{clock}" in expected:
        assert efficiency(tables(story)["issue_journeys"], key, clock) == expected[f"fe_{clock}"]


def test_flow_efficiency_is_a_ratio_of_sums_and_no_mean_of_ratios():
    journeys = pl.concat(tables(story)["issue_journeys"] for story in ("G02", "G05"))
    spent = 27_000 + 381_600, 30_600 + 3_600 + 72_000
    assert journeys.select(flow_efficiency()).item() == pytest.approx((27_000 + 30_600) / sum(spent), abs=1e-12)


def test_g14_status_alone_claims_more():
    case = STORIES["G14"]
    workflow = golden_workflow(case)
    status_only = replace(workflow, streams=(replace(workflow.streams[0], is_assignment_used=False),))
    journeys = compute(story_frames(case), status_only, moment("G14"))["issue_journeys"]
    assert efficiency(journeys, "G-14") == answer("G14", "G-14")["fe_status_only"]


@pytest.mark.parametrize("key", ["G-15A", "G-15B"])
def test_g15_one_person_shares_two_issues(key):
    made = tables("G15")
    shares = shared_touch(made["person_intervals"], golden_workflow(STORIES["G15"]), moment("G15"))
    own = shares.filter(issue_id=issue_id_of(key))["shared_touch_working_ms"].sum()
    assert own == answer("G15", key)["shared_touch_ws"] * 1000
    shared = made["issue_journeys"].join(
        shares.group_by("issue_id").agg(pl.col.shared_touch_working_ms.sum()), on="issue_id"
    )
    assert efficiency(shared, key, "working", pl.col.shared_touch_working_ms) == answer("G15", key)["fe_shared"]


def test_g19_work_logs_are_the_lower_bound():
    made, expected = tables("G19"), answer("G19", "G-19")
    logged = logged_touch(made["person_intervals"], worklogs("G19"), golden_workflow(STORIES["G19"]), moment("G19"))
    assert logged["logged_touch_working_ms"].to_list() == [expected["worklog_touch_ws"] * 1000]
    journeys = made["issue_journeys"].join(logged, on="issue_id")
    assert efficiency(journeys, "G-19", "working", pl.col.logged_touch_working_ms) == expected["fe_low"]
    assert efficiency(journeys, "G-19", "working") == expected["fe_high"]


def test_g18_a_decision_takes_from_arrival_to_exit_of_the_approval():
    approval = int(STATUSES["Awaiting Approval"]["id"])
    decisions = decision_latency(tables("G18")["status_visits"].lazy(), [approval]).collect()
    assert decisions["latency_working_ms"].to_list() == [answer("G18", "G-18")["decision_latency_ws"] * 1000]


def test_every_golden_value_is_judged_somewhere():
    judged_here = {"fe_elapsed", "fe_working", "fe_status_only", "fe_shared", "fe_low", "fe_high"}
    judged_here |= {"shared_touch_ws", "worklog_touch_ws", "decision_latency_ws"}
    kinds = ("queue", "touch", "blocked", "unassigned", "done_gap")
    journey = {f"{kind}_{unit}" for kind in kinds for unit in ("s", "ws")}
    journey |= {"outcome", "started", "finished", "first_finished", "pre_start_s", "cycle_s", "cycle_ws", "lead_s"}
    journey |= {"backward_moves", "reopens", "handoffs", "rework_touch_s", "continuity_breaks", "touch_bounds_s"}
    journey |= {"quality", "visits", "rollup", "union_touch_s", "sum_touch_s", "wait_s"}
    told = {name for case in CASES for expected in case["expected"].values() for name in expected}
    assert told == judged_here | journey
