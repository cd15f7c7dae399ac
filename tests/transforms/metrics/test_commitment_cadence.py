"""How work is committed: the wait for it, and batches told from one-by-one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tests.builders import BOARD
from tests.transforms.metrics.metric_frames import Told, checked, journeys_of
from transforms.metrics.commitment_cadence import CommitmentCadence, measure_commitment_cadence

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
Q1, ROLLING = date(2026, 1, 1), date(2025, 12, 29)
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def cadence(told):
    journeys = journeys_of(told, WORKFLOW, AS_OF).lazy()
    return checked(CommitmentCadence, measure_commitment_cadence(journeys, WORKFLOW, AS_OF))


def row(table, start=Q1):
    [found] = table.filter(period_start_date=start).to_dicts()
    return found


def taken(at, waited=10.0):
    return Told(at, created_at=at - timedelta(days=waited))


def fortnightly(count=6, size=10):
    """``size`` issues are taken every second Monday."""
    return [taken(MONDAY + 14 * DAY * n, 1 + k) for n in range(count) for k in range(size)]


def test_time_to_commit_runs_from_creation_to_start():
    made = row(cadence(fortnightly()))
    assert made["committed_count"] == 60
    assert made["time_to_commit_days_p50"] == pytest.approx(5.0)
    assert made["time_to_commit_days_p85"] == pytest.approx(9.0)
    assert made["time_to_commit_days_p50_low"] < 5 < made["time_to_commit_days_p50_high"]


def test_working_days_leave_out_the_weekend():
    """Created on Friday at the same hour: three days, of which one was worked."""
    made = row(cadence([taken(MONDAY, 3.0)] * 6))
    assert made["time_to_commit_days_p50"] == pytest.approx(3.0)
    assert made["time_to_commit_working_days_p50"] == pytest.approx(1.0)


def test_work_created_in_a_committed_status_waited_for_nothing():
    made = row(cadence([Told(MONDAY, created_at=MONDAY + DAY)] * 6))
    assert made["time_to_commit_days_p50"] == 0.0


def test_a_regular_planning_makes_an_idea_wait_half_its_interval():
    made = row(cadence(fortnightly()))
    assert (made["commitment_day_count"], made["planning_day_count"]) == (6, 5)
    assert made["planning_interval_days"] == pytest.approx(14.0)
    assert made["cadence_wait_days"] == pytest.approx(7.0)


def test_an_irregular_planning_makes_it_wait_longer_than_half():
    at = [0, 2, 30, 32, 60]
    made = row(cadence([taken(MONDAY + day * DAY) for day in at for _ in range(10)]))
    assert made["planning_day_count"] == 4
    assert made["planning_interval_days"] == pytest.approx(32 / 3)
    assert made["cadence_wait_days"] == pytest.approx((2**2 + 28**2 + 2**2) / (2 * 32))


def test_single_commitments_between_plannings_are_no_planning():
    between = [taken(MONDAY + DAY * day) for day in (3, 9, 17, 24)]
    made = row(cadence([*fortnightly(5), *between]))
    assert (made["commitment_day_count"], made["planning_day_count"]) == (9, 5)
    assert made["cadence_wait_days"] == pytest.approx(7.0)


def test_batches_disperse_the_weeks_and_a_steady_pull_does_not():
    batched = row(cadence(fortnightly()))
    pulled = row(cadence([taken(MONDAY + DAY * n) for n in range(91)]))
    assert batched["dispersion_index_low"] > 1
    assert pulled["dispersion_index"] == 0
    assert (batched["week_count"], pulled["week_count"]) == (13, 13)


def test_commitments_at_random_have_an_index_of_one_within_its_interval():
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(60):
        at = [taken(MONDAY - 7 * DAY + DAY * float(day)) for day in rng.uniform(0, 182, rng.poisson(260))]
        made = row(cadence(at), ROLLING)
        covered += made["dispersion_index_low"] < 1 < made["dispersion_index_high"]
    assert covered >= 52


def test_too_little_is_withheld_and_said():
    made = row(cadence([taken(MONDAY), taken(MONDAY + DAY)]))
    assert made["time_to_commit_days_p50"] is made["dispersion_index"] is made["cadence_wait_days"] is None
    assert made["note"].split("; ")[0] == "p50 needs 6 commitments, there are 2"
    assert "the interval needs 3 planning days, there are 2" in made["note"]


def test_work_that_was_never_really_started_is_left_out():
    told = [*fortnightly(), Told(None, MONDAY, is_never_started=True)]
    assert row(cadence(told))["committed_count"] == 60


def test_every_commitment_counts_in_one_quarter():
    made = cadence([taken(MONDAY - 400 * DAY + 5 * DAY * n) for n in range(100)]).filter(period_kind="quarter")
    assert made["committed_count"].sum() == 100
    assert (made["planning_day_count"] <= made["commitment_day_count"]).all()


def test_weeks_before_a_stream_had_any_work_do_not_disperse_its_commitments():
    one, two = (replace(WORKFLOW.streams[0], name=name) for name in ("Old", "Young"))
    both = replace(WORKFLOW, streams=(one, two))
    old = journeys_of([taken(MONDAY - 300 * DAY)], replace(WORKFLOW, streams=(one,)), AS_OF)
    steady = [taken(MONDAY + DAY * (105 + 7 * week + day), 0.1) for week in range(10) for day in range(5)]
    young = journeys_of(steady, replace(WORKFLOW, streams=(two,)), AS_OF).with_columns(pl.col.issue_id + 1000)
    made = measure_commitment_cadence(pl.concat([old, young]).lazy(), both, AS_OF).collect()
    found = row(made.filter(pl.col.value_stream.cast(pl.String) == "Young"), ROLLING)
    assert (found["week_count"], found["dispersion_index"]) == (10, 0)
