"""The essay as an experiment, and the planted constraints of the simulated company, through the whole product.

The truth is what the simulation itself does when one thing is made faster (``interventions``).
"""

from statistics import mean

import duckdb
import pytest

from pipelines.sandbox.company.build import SEED, company_span, hire_company
from pipelines.sandbox.company.clocks import WEEK
from pipelines.sandbox.company.engine import Simulation
from pipelines.sandbox.company.measures import measure_flow
from pipelines.sandbox.company.scenes import set_scene
from tests.short_company import WEEKS, published_short_company

PLANTED = {
    "Payments": "Review", "Mobile Apps": "Testing", "Core Services": "Development+Review",
    "Data Platform": "Security Review", "Growth Lab": "In Review", "Storefront": "Release",
}  # fmt: skip
"""What truly limits or delays each stream most, under the name the inferred workflow gives it."""

ALIASES = {"Testing": {"Testing", "QA"}, "Security Review": {"Security Review", "Approval"},
           "In Review": {"In Review", "Review"}}  # fmt: skip

RELIEF_WEEKS = 26

REPLICATIONS = 4


def query(data, text):
    with duckdb.connect(str(data / "flow.duckdb"), read_only=True) as connection:
        return connection.sql(text).pl().to_dicts()


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    return published_short_company(tmp_path_factory)


@pytest.fixture(scope="module")
def verdicts(company):
    rows = query(company, "FROM metrics.constraint_verdicts WHERE period_kind = 'rolling_26_weeks'")
    return {row["value_stream"]: row for row in rows}


@pytest.fixture(scope="module")
def payments(company):
    """What-ifs of the essay's stream by stage and relief."""
    rows = query(
        company, "FROM metrics.relief_estimates WHERE period_kind = 'rolling_26_weeks' AND value_stream = 'Payments'"
    )
    return {(row["stage_name"], row["relief"]): row for row in rows}


@pytest.fixture(scope="module")
def truth():
    """Flow of the essay's stream as it is, and with review or coding faster, in several runs of chance."""
    span = company_span(WEEKS)
    team = next(team for team in hire_company(SEED, span)[0] if team.spec.key == "PAY")
    since = span.end - RELIEF_WEEKS * WEEK

    def flows(relief):
        scenes = (set_scene(team, span, f"{SEED + n}", relief=relief, relief_from=since) for n in range(REPLICATIONS))
        return [measure_flow(Simulation(scene).run(), since, span.end) for scene in scenes]

    return {"as is": flows({}), "review": flows({"Review": 0.8}), "coding": flows({"Development": 1 / 1.4})}


def change(truth, name, figure):
    return mean(getattr(flow, figure) for flow in truth[name]) - mean(getattr(flow, figure) for flow in truth["as is"])


def test_the_essays_stream_is_limited_by_review(verdicts):
    row = verdicts["Payments"]
    assert (row["verdict"], row["constraint_name"]) == ("constraint_stage", "Review")
    assert row["confidence"] in ("strong", "moderate")
    assert row["is_backlog_fed"]
    assert "The constraint is Review" in row["sentence"] and "Development 40 % faster would add" in row["sentence"]


def test_faster_coding_ships_nothing_and_starts_more(payments, truth):
    row = payments["Development", "coding_40_percent_faster"]
    assert row["delivered_per_month_change"] == pytest.approx(0, abs=1.5)
    assert row["started_per_month_change_low"] > 0
    assert row["wip_end_change_low"] > 0
    assert row["cycle_working_days_p50_change"] > -0.5
    assert change(truth, "coding", "finished_per_month") == pytest.approx(0, abs=1.5)
    assert change(truth, "coding", "wip") > 0


def test_faster_review_brings_what_it_truly_brings(payments, truth):
    row = payments["Review", "service_x0.8"]
    gain = change(truth, "review", "finished_per_month")
    assert row["delivered_per_month_change_low"] - 1 <= gain <= row["delivered_per_month_change_high"] + 1
    assert row["delivered_per_month_change"] > 1


def test_the_replay_of_every_stream_delivers_what_was_delivered(verdicts):
    known = {name: row["fidelity_ratio"] for name, row in verdicts.items() if row["fidelity_ratio"] is not None}
    assert len(known) >= 5
    for name, ratio in known.items():
        assert 0.8 <= ratio <= 1.25, name


@pytest.mark.parametrize("stream", list(PLANTED))
def test_the_planted_constraint_is_found_or_nothing_is_claimed(verdicts, stream):
    row, planted = verdicts[stream], PLANTED[stream]
    names = ALIASES.get(planted, {planted})
    if row["confidence"] in ("strong", "moderate"):
        assert (row["constraint_name"] or row["largest_delay_name"]) in names, row["sentence"]
    else:
        assert row["reasons"]


def test_most_streams_are_named(verdicts):
    sure = [row for row in verdicts.values() if row["confidence"] in ("strong", "moderate")]
    assert len(sure) >= 4


@pytest.fixture(scope="module")
def aerogear(recordings):
    return query(recordings("dc"), "FROM metrics.constraint_verdicts")


def test_on_real_issues_too_few_for_it_the_product_says_so(aerogear):
    assert aerogear
    for row in aerogear:
        assert row["verdict"] in ("insufficient_data", "not_separable", "intake_limited") or row["confidence"] != "none"
        if row["verdict"] == "insufficient_data":
            assert (row["confidence"], row["constraint_name"]) == ("none", None)
            assert "a verdict needs" in row["reasons"] and row["reasons"] in row["sentence"]
    assert any(row["verdict"] == "insufficient_data" for row in aerogear)
