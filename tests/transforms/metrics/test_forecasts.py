"""What may be delivered by when: steady streams by hand, short histories withheld, unsteady ones labelled."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tests.transforms.metrics.flow_frames import MONDAY, WORKFLOW, delivered_weekly, journeys
from tests.transforms.metrics.metric_frames import Told, checked, journeys_of
from transforms.metrics.current_regimes import find_current_regimes
from transforms.metrics.forecast_backtests import ForecastBacktests
from transforms.metrics.forecasts import Forecasts, forecast
from transforms.metrics.open_work import days_until_all_left
from transforms.metrics.recalibration import CERTAINTIES, conformal_place
from transforms.metrics.weekly_flow import flow_journeys

NO_BACKTESTS = ForecastBacktests.empty().lazy()


def build(rows, weeks, backtests=NO_BACKTESTS):
    return made_of(journeys(rows), weeks, backtests)


def made_of(told, weeks, backtests=NO_BACKTESTS):
    told, as_of = told.lazy(), MONDAY + timedelta(weeks=weeks)
    regimes = find_current_regimes(told, WORKFLOW, as_of)
    return checked(Forecasts, forecast(told, regimes, backtests, WORKFLOW, as_of))


def answers(table, question, target, column):
    return table.filter(question=question, target_count=target).sort("certainty_share")[column].to_list()


@pytest.fixture(scope="module")
def steady():
    """Five a week, always."""
    return build(delivered_weekly([5] * 20, 0.3), 20)


def test_a_stream_that_never_varies_is_forecast_without_doubt(steady):
    assert answers(steady, "how_many", 6, "delivered_count") == [30] * 4
    assert answers(steady, "when_items", 25, "week_count") == [5] * 4
    assert answers(steady, "when_items", 25, "by_date") == [date(2025, 5, 26) + timedelta(days=34)] * 4


def test_it_is_said_what_it_was_drawn_from(steady):
    row = steady.to_dicts()[0]
    assert (row["history_start_date"], row["origin_date"]) == (date(2025, 1, 6), date(2025, 5, 26))
    assert (row["history_week_count"], row["history_delivered_count"]) == (20, 100)
    assert row["is_stable"] and row["note"] is None


def test_nothing_open_has_left_already(steady):
    assert answers(steady, "when_open_work", 0, "week_count") == [0] * 4


def test_weeks_of_open_work_end_on_the_local_day_that_holds_their_last_instant():
    """Half past midnight of 27 May in Berlin: a week from then on ends on 3 June, not on the day before."""
    as_of = datetime(2025, 5, 26, 22, 30, tzinfo=UTC)
    begun = [MONDAY + timedelta(days=n) for n in range(120)]
    told = journeys_of([Told(at, at + timedelta(days=6)) for at in begun], WORKFLOW, as_of)
    still = journeys_of([Told(as_of - timedelta(hours=1))], WORKFLOW, as_of).with_columns(pl.col.issue_id + 1000)
    both = pl.concat([told, still]).lazy()
    regimes = find_current_regimes(both, WORKFLOW, as_of)
    made = checked(Forecasts, forecast(both, regimes, NO_BACKTESTS, WORKFLOW, as_of))
    assert answers(made, "when_open_work", 1, "week_count") == [1] * 4
    assert answers(made, "when_open_work", 1, "by_date") == [date(2025, 6, 3)] * 4
    assert set(made.filter(question="when_open_work")["origin_date"]) == {date(2025, 5, 27)}


def test_the_surer_the_fewer_and_the_later():
    made = build(delivered_weekly(np.random.default_rng(1).poisson(6, 30), 0.3), 30)
    for horizon in (2, 6, 12):
        found = answers(made, "how_many", horizon, "delivered_count")
        assert found == sorted(found, reverse=True) and found[0] > found[-1]
    weeks = answers(made, "when_items", 50, "week_count")
    assert weeks == sorted(weeks) and weeks[0] < weeks[-1]
    assert sorted(made["certainty_share"].unique()) == list(CERTAINTIES)


def test_a_short_history_is_withheld_and_says_so():
    made = build(delivered_weekly([5] * 7, 0.3), 7).filter(question="how_many")
    assert made["delivered_count"].null_count() == len(made)
    assert all("a forecast needs 8 steady weeks and 10 deliveries" in note for note in made["note"])
    assert not made["is_stable"].any()


def test_only_weeks_since_the_last_change_count():
    rng = np.random.default_rng(2)
    made = build(delivered_weekly([*rng.poisson(20, 30), *rng.poisson(5, 20)], 0.3), 50)
    row = made.filter(question="how_many", target_count=12, certainty_share=0.5).to_dicts()[0]
    assert row["delivered_count"] == pytest.approx(60, abs=8)
    assert row["history_week_count"] == pytest.approx(20, abs=2)


def test_a_falling_stream_is_forecast_with_a_warning():
    counts = [np.random.default_rng([3, week]).poisson(30 * 0.97**week) for week in range(30)]
    made = build(delivered_weekly(counts, 0.3), 30)
    last = made.to_dicts()[0]
    assert not last["is_stable"] or last["history_week_count"] < 30
    notes = made.filter(~made["is_stable"])["note"]
    assert all(note.startswith("not stable: ") for note in notes)


def test_forecasts_are_the_same_every_time(steady):
    assert build(delivered_weekly([5] * 20, 0.3), 20).equals(steady)


def test_a_site_without_issues_has_no_forecasts():
    told = journeys([]).lazy()
    as_of = datetime(2026, 1, 1, tzinfo=UTC)
    regimes = find_current_regimes(told, WORKFLOW, as_of)
    assert forecast(told, regimes, NO_BACKTESTS, WORKFLOW, as_of).collect().is_empty()


def backtested(horizon, **found):
    """A backtest of one horizon that says what is given, and nothing else."""
    blank = {name: None for name, column in ForecastBacktests.columns.items() if column.nullable}
    said = {"value_stream": "Golden", "horizon_weeks": horizon, "origin_count": 52, "effective_origins": 26.0,
            "withheld_count": 0, "verdict": "no", "sentence": "", "definition_version": ""}  # fmt: skip
    return pl.DataFrame([blank | said | found], schema=ForecastBacktests.polars_schema()).lazy()


VARIED = delivered_weekly(np.random.default_rng(1).poisson(6, 30), 0.3)


def test_where_past_forecasts_promised_too_much_a_widened_answer_stands_beside():
    made = build(VARIED, 30, backtested(6, kept_p85_share_high=0.7, place_p15=0.02))
    [row] = made.filter(question="how_many", target_count=6, certainty_share=0.85).to_dicts()
    assert row["widened_delivered_count"] < row["delivered_count"]
    assert made["widened_delivered_count"].count() == 1


def test_forecasts_that_were_kept_are_not_widened_and_none_is_ever_narrowed():
    kept = backtested(6, kept_p85_share_high=0.9, place_p15=0.02)
    assert build(VARIED, 30, kept)["widened_delivered_count"].count() == 0
    timid = build(VARIED, 30, backtested(6, kept_p85_share_high=0.8, place_p15=0.4))
    [row] = timid.filter(question="how_many", target_count=6, certainty_share=0.85).to_dicts()
    assert row["widened_delivered_count"] == row["delivered_count"]


def test_the_conformal_place_counts_the_answer_to_come():
    places = np.linspace(0.01, 0.99, 99)
    assert conformal_place(places, 0.85) == pytest.approx(places[14])
    assert conformal_place(places[:12], 0.95) is None
    assert conformal_place(np.array([0.5]), 0.5) == 0.5


def test_widened_answers_are_kept_as_often_as_promised_where_plain_ones_are_not():
    """Known truth: weeks twice as wild as what is drawn from, so that plain 85 % answers are kept far too rarely."""
    rng, kept = np.random.default_rng(5), []
    for _ in range(300):
        drawn, past, ahead = rng.normal(100, 10, 500), rng.normal(100, 30, 60), rng.normal(100, 30, 200)
        level = conformal_place(np.array([np.mean(drawn <= actual) for actual in past]), 0.85)
        answers = (np.quantile(drawn, place, method="inverted_cdf") for place in (0.15, level))
        kept.append([np.mean(ahead >= answer) for answer in answers])
    plain, widened = np.mean(kept, axis=0)
    assert plain < 0.7
    assert widened == pytest.approx(0.85, abs=0.03)


def epic(begun, children, weeks=20):
    """Journeys of epic 1000, begun in week ``begun`` and open, and of its children (created in, finished in week)."""
    told = journeys(
        (MONDAY + timedelta(weeks=made, hours=1), None if done is None else MONDAY + timedelta(weeks=done, hours=5),
         "in_progress" if done is None else "delivered")
        for made, done in children
    )  # fmt: skip
    told = told.with_columns(parent_id=pl.lit(1000, pl.Int64))
    parent = journeys([(MONDAY + timedelta(weeks=begun), None, "in_progress")]).with_columns(
        issue_id=pl.lit(1000, pl.Int64), hierarchy_level=pl.lit(1, pl.Int8), is_rolled_up=pl.lit(True)
    )
    return pl.concat([told, parent])


ENDED = [(week, week) for week in range(20) for _ in range(3)]
"""Three children begin and end in each of twenty weeks."""


def test_epics_that_do_not_grow_end_when_their_open_issues_have():
    """Three end a week and, after the epic began in week 19, nothing is added: 6 open take 2 weeks."""
    made = made_of(epic(19.9, [*ENDED, *[(19.5, None)] * 6]), 20)
    assert answers(made, "when_open_epics", 6, "week_count") == [2] * 4


def test_scope_that_grows_as_fast_as_it_ends_is_not_in_sight():
    """The epic had begun before them all: three gained and three ended every week."""
    made = made_of(epic(-1, [*ENDED, *[(19.5, None)] * 6]), 20).filter(question="when_open_epics")
    assert made["week_count"].null_count() == 4
    assert all("an end in sight" in note for note in made["note"])


def test_growth_makes_epics_end_later():
    """Three end a week and, but for the first one, two are gained: 6 open take 5 or 6 weeks, not 2."""
    early, later = [(0, week) for week in range(20)], [(week, week) for week in range(20) for _ in range(2)]
    made = made_of(epic(0.05, [*early, *later, *[(0, None)] * 6]), 20)
    assert set(answers(made, "when_open_epics", 6, "week_count")) <= {4, 5, 6}


def test_a_stream_without_epics_is_not_asked_about_them(steady):
    assert steady.filter(question="when_open_epics").is_empty()


def open_work(rows, ages, trials=4000, weeks=40):
    """Days until issues of these ages have left, when others have taken what ``rows`` say."""
    as_of = MONDAY + timedelta(weeks=weeks)
    rows = [*rows, *((as_of - timedelta(days=age), None, "in_progress") for age in ages)]
    told = flow_journeys(journeys(rows).lazy())
    return days_until_all_left(told, MONDAY, as_of, trials, np.random.default_rng(1))


def test_open_work_lives_on_as_work_of_its_age_has():
    """Half of all work takes 2 days, half 10: what is 5 days old has exactly 5 to go."""
    rows = delivered_weekly([4] * 30, 2.0) + delivered_weekly([4] * 30, 10.0)
    assert set(np.round(open_work(rows, [5.0]), 6)) == {5.0}
    fresh = open_work(rows, [0.0])
    assert np.mean(np.isclose(fresh, 2.0)) == pytest.approx(0.5, abs=0.04)


def test_the_last_of_many_takes_longer_than_one():
    rows = delivered_weekly([4] * 30, 2.0) + delivered_weekly([4] * 30, 10.0)
    assert np.mean(np.isclose(open_work(rows, [0.0] * 5), 10)) == pytest.approx(1 - 0.5**5, abs=0.03)


def test_what_is_older_than_anything_that_ever_left_is_not_in_sight():
    assert np.isinf(open_work(delivered_weekly([4] * 30, 2.0), [90.0])).all()


def test_without_six_that_left_nothing_is_in_sight():
    assert np.isinf(open_work(delivered_weekly([5], 2.0), [1.0])).all()
