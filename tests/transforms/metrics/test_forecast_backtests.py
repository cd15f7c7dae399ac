"""Past forecasts scored: known then and not now, kept as promised when nothing changes, broken by a trend."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tests.builders import BOARD, frames, history
from tests.transforms.metrics.flow_frames import MONDAY, WORKFLOW, delivered_weekly, journeys, redefined_from
from tests.transforms.metrics.metric_frames import checked, core_of
from transforms.core.status_visits import StatusVisits
from transforms.core.work_intervals import WorkIntervals
from transforms.metrics.forecast_backtests import ForecastBacktests, backtest_forecasts
from transforms.metrics.known_then import delivered_stretches, known_counts
from transforms.metrics.weekly_flow import flow_journeys

WEEK_MS = 7 * 86_400_000


def build(counts, workflow=WORKFLOW):
    told = journeys(delivered_weekly(counts, 0.3)).lazy()
    visits, intervals = StatusVisits.empty().lazy(), WorkIntervals.empty().lazy()
    as_of = MONDAY + timedelta(weeks=len(counts))
    return checked(ForecastBacktests, backtest_forecasts(visits, intervals, told, workflow, as_of))


def row(table, horizon):
    [found] = table.filter(horizon_weeks=horizon).to_dicts()
    return found


@pytest.fixture(scope="module")
def steady():
    return build(np.random.default_rng(1).poisson(8, 80))


def test_a_steady_stream_keeps_what_was_promised(steady):
    for horizon in (2, 6):
        found = row(steady, horizon)
        assert found["verdict"] == "yes", found["sentence"]
        assert found["kept_p85_share_low"] < 0.85 < found["kept_p85_share_high"]
        assert found["kept_p50_share"] < found["kept_p95_share"]
    assert "with 85 % certainty was kept" in row(steady, 2)["sentence"]


def test_no_forecast_draws_from_weeks_under_other_definitions():
    """Eight weeks have to pass after the change before anything is said again."""
    changed = redefined_from(date(2025, 1, 6) + timedelta(weeks=40))
    found = row(build(np.random.default_rng(1).poisson(8, 80), changed), 2)
    assert (found["withheld_count"], found["origin_count"]) == (7, 45)


def test_every_week_of_the_last_year_is_an_origin(steady):
    found = row(steady, 6)
    assert (found["origin_count"], found["withheld_count"]) == (52, 0)
    assert found["effective_origins"] == pytest.approx(52 / 6)
    assert found["last_origin_date"] == date(2025, 1, 6) + timedelta(weeks=80 - 6)
    assert found["first_origin_date"] == found["last_origin_date"] - timedelta(weeks=51)


def test_twelve_weeks_ahead_a_year_of_origins_is_too_little_to_tell(steady):
    found = row(steady, 12)
    assert found["verdict"] == "cannot_tell"
    assert "4.3 of the forecasts are independent" in found["note"]


def test_scores_are_in_issues_and_better_than_a_naive_guess_on_noise(steady):
    found = row(steady, 2)
    assert 0 < found["pinball_p5"] < found["pinball_p15"] < found["pinball_p50"]
    assert found["skill"] == pytest.approx(1 - found["crps_mean"] / found["naive_error_mean"])
    assert found["skill"] > 0
    assert found["place_mean"] == pytest.approx(0.5, abs=0.12)


def test_a_trend_breaks_the_promise_and_the_backtest_says_so():
    counts = [np.random.default_rng([5, week]).poisson(60 * 0.97**week) for week in range(60)]
    found = row(build(counts), 6)
    assert found["verdict"] == "no"
    assert found["sentence"].startswith("Forecasts have promised too much")
    assert found["kept_p95_share_high"] < 0.95 and found["place_mean"] < 0.35


def test_too_few_origins_are_withheld():
    found = row(build([6] * 20), 12)
    assert (found["origin_count"], found["kept_p85_share"], found["crps_mean"]) == (1, None, None)
    assert found["verdict"] == "cannot_tell"
    assert "needs 12 past forecasts, there is 1" in found["note"]


def test_weeks_in_which_too_little_was_known_are_counted_as_withheld():
    found = row(build([6] * 30), 2)
    assert (found["origin_count"], found["withheld_count"]) == (21, 7)


def test_past_forecasts_are_the_same_every_time(steady):
    assert build(np.random.default_rng(1).poisson(8, 80)).equals(steady)


def test_what_was_reopened_later_was_known_as_delivered_until_then():
    """Delivered in week 0, reopened in week 2, delivered again in week 3."""
    edges = np.arange(6) * WEEK_MS
    at = pl.Series([1, 3 * WEEK_MS + 1]).cast(pl.Datetime("ms", "UTC")).cast(pl.Datetime("us", "UTC"))
    left = pl.Series([2 * WEEK_MS + 1, None]).cast(pl.Datetime("ms", "UTC")).cast(pl.Datetime("us", "UTC"))
    known = known_counts(pl.DataFrame({"entered_at": at, "left_at": left}), edges)
    assert known.tolist() == [
        [0, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 0],
    ]  # fmt: skip


def stretches(*told):
    as_of = datetime(2026, 6, 1, 12, tzinfo=UTC)
    core = core_of(frames(*told), BOARD.workflow(), as_of)
    found = flow_journeys(core.issue_journeys)
    made = delivered_stretches(found, core.work_intervals, core.status_visits.collect())
    return sorted((row[0].day, row[1] and row[1].day) for row in made.select("entered_at", "left_at").rows())


def begun(key):
    return history(key).created("2026-03-01 09:00").to("In Progress", "2026-03-02 09:00")


def test_every_stretch_in_which_work_stood_as_delivered_counts():
    again = begun("G-1").to("Done", "2026-03-04 09:00").to("Closed", "2026-03-05 09:00")
    again.to("In Progress", "2026-03-09 09:00").to("Done", "2026-03-12 09:00")
    assert stretches(again) == [(4, 9), (12, None)]


def test_a_cancellation_that_was_taken_back_never_was_a_delivery():
    back = begun("G-1").to("Cancelled", "2026-03-04 09:00").to("In Progress", "2026-03-09 09:00")
    assert stretches(back) == []


def test_a_site_without_issues_has_no_backtests():
    assert build([]).is_empty()
