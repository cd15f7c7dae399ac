"""Cycle times: literal answers of small histories, and simulations whose truth is known (METHODS §2.4, §2.5)."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from tests.builders import BOARD, frames, history, versions
from tests.transforms.metrics.metric_frames import Told, checked, core_of, journeys_of
from transforms.core.releases import Releases
from transforms.core.status_visits import StatusVisits
from transforms.metrics.cycle_times import CycleTimes, measure_cycle_times
from transforms.raw import RawIssues

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
Q1, Q2 = date(2026, 1, 1), date(2026, 4, 1)
JANUARY, APRIL = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)
DAY = timedelta(days=1)


def measured(told, as_of=AS_OF, workflow=WORKFLOW):
    """The table of journeys told by their clocks."""
    journeys = journeys_of(told, workflow, as_of)
    empty = (table.empty().lazy() for table in (RawIssues, StatusVisits, Releases))
    raw, visits, releases = empty
    return checked(CycleTimes, measure_cycle_times(raw, visits, journeys.lazy(), releases, workflow, as_of))


def measured_histories(*told, released=None):
    core = core_of(frames(*told), WORKFLOW, AS_OF, released)
    made = measure_cycle_times(core.raw_issues, core.status_visits, core.issue_journeys, core.releases, WORKFLOW, AS_OF)
    return checked(CycleTimes, made)


def row(table, start=Q1, issue_type="All", kind="quarter"):
    [found] = table.filter(period_start_date=start, issue_type=issue_type, period_kind=kind).to_dicts()
    return found


def after(begin, *days):
    """Journeys started at ``begin`` that take so many days."""
    return [Told(begin, begin + DAY * n) for n in days]


def test_percentiles_are_order_statistics_of_what_was_delivered_in_the_period():
    made = row(measured(after(JANUARY, *range(1, 8))))
    assert (made["cycle_days_p50"], made["cycle_days_p50_low"], made["cycle_days_p50_high"]) == (4, 1, 7)
    assert made["cycle_days_p85"] is None
    assert made["note"].startswith("p85 needs 23 deliveries, there are 7; p95 needs 72 deliveries, there are 7")


def test_working_days_are_those_of_the_calendar():
    """From a Friday noon to the next Monday noon: 3 elapsed days, one working day of 8 hours."""
    told = [history(f"G-{n}").created("2026-03-06 12:00", status="In Progress") for n in range(6)]
    made = row(measured_histories(*(t.to("Done", "2026-03-09 12:00") for t in told)))
    assert (made["cycle_days_p50"], made["cycle_working_days_p50"]) == (3, 1)
    assert (made["km_cycle_days_p50"], made["km_cycle_working_days_p50"]) == (3, 1)


def test_without_open_work_both_ways_to_count_agree():
    made = row(measured(after(JANUARY, *np.linspace(1, 60, 80))))
    for percent in (50, 85, 95):
        assert made[f"km_cycle_days_p{percent}"] == pytest.approx(made[f"cycle_days_p{percent}"])
    assert made["open_count"] == 0


def test_open_work_makes_the_curve_slower_than_what_was_delivered():
    told = after(JANUARY, *np.linspace(1, 60, 40)) + [Told(JANUARY)] * 40
    made = row(measured(told))
    assert made["cycle_days_p50"] == pytest.approx(30, abs=1)
    assert made["km_cycle_days_p50"] == pytest.approx(60, abs=1)
    assert (made["observed_count"], made["open_count"]) == (80, 40)
    assert made["km_cycle_days_p85"] is None
    assert "km p85 beyond the ages watched" in made["note"]


def test_the_restricted_mean_stands_in_where_the_tail_is_open():
    made = row(measured(after(JANUARY, *[10] * 20) + [Told(JANUARY)] * 20))
    assert made["restricted_to_days"] == pytest.approx(10)
    assert made["km_cycle_days_restricted_mean"] == pytest.approx(10)


def test_work_under_way_before_the_period_counts_from_the_age_it_had():
    """Ten were 80 days old when April began and say nothing of younger ages; of eleven young ones ten take ten days."""
    old = [Told(APRIL - 80 * DAY, APRIL + DAY * n) for n in range(1, 11)]
    young = [Told(APRIL + DAY * n, APRIL + DAY * (n + 10)) for n in range(1, 11)]
    made = row(measured([*old, *young, Told(APRIL + DAY)]), Q2)
    assert made["km_cycle_days_p50"] == pytest.approx(10)
    assert made["km_cycle_days_p85"] is None
    assert made["observed_count"] == 21


def test_what_finishes_in_the_first_instant_of_a_period_was_at_risk_in_it():
    made = measured([Told(APRIL - n * DAY, APRIL) for n in range(1, 8)])
    assert (row(made, Q1)["delivered_count"], row(made, Q2)["delivered_count"]) == (0, 7)
    assert (row(made, Q1)["open_count"], row(made, Q2)["open_count"]) == (7, 0)
    assert row(made, Q2)["observed_count"] == 7


def test_cancelled_and_never_started_work_are_counted_apart():
    told = [
        *after(JANUARY, 5, 6),
        Told(JANUARY, JANUARY + DAY, outcome="discarded"),
        Told(None, JANUARY + DAY, is_never_started=True),
        Told(None, JANUARY + DAY, outcome="discarded", is_never_started=True),
        Told(None, JANUARY + DAY, outcome="discarded", is_never_started=True),
    ]
    made = row(measured(told))
    names = ("delivered_count", "discarded_count", "never_started_count", "dropped_count", "started_count")
    assert [made[name] for name in names] == [2, 1, 1, 2, 3]
    assert made["observed_count"] == 3


def test_shares_by_an_age_let_cancelling_compete():
    """METHODS §2.5: delivery hazard 1/20 d, cancel hazard 1/30 d: delivered by day 30 is 0.551."""
    rng = np.random.default_rng(8)
    begin = JANUARY - 300 * DAY
    starts = begin + rng.uniform(0, 385, 12_000) * DAY
    delivered, cancelled = rng.exponential(20, 12_000), rng.exponential(30, 12_000)
    told = [
        Told(start, start + min(d, c) * DAY, outcome="delivered" if d < c else "discarded")
        for start, d, c in zip(starts, delivered, cancelled, strict=True)
    ]
    made = row(measured([t if t.finished_at <= AS_OF else Told(t.started_at) for t in told]))
    assert made["delivered_within_30_days_share"] == pytest.approx(0.551, abs=0.03)
    assert made["discarded_within_30_days_share"] == pytest.approx(0.367, abs=0.03)
    assert made["delivered_within_30_days_share_low"] < 0.551 < made["delivered_within_30_days_share_high"]
    assert made["delivered_within_90_days_share"] + made["discarded_within_90_days_share"] <= 1
    assert made["km_cycle_days_p50"] == pytest.approx(20 * np.log(2), rel=0.1)
    assert made["cycle_days_p50"] < 0.75 * made["km_cycle_days_p50"]


@pytest.mark.parametrize(("slowdown", "truth"), [(1, (10.0, 28.2)), (2, (20.0, 56.4))])
def test_a_slow_down_shows_in_the_curve_at_once_and_late_in_what_was_delivered(slowdown, truth):
    """METHODS §2.4: log-normal cycle times; from the first of April on everything takes ``slowdown`` times as long."""
    rng = np.random.default_rng(4)
    starts = rng.uniform(-250, 90, 5000)
    cycles = rng.lognormal(np.log(10), 1, 5000)
    ahead = np.minimum(np.maximum(starts + cycles, 0), cycles)
    cycles = cycles + ahead * (slowdown - 1)
    told = [
        Told(APRIL + s * DAY, APRIL + (s + c) * DAY if APRIL + (s + c) * DAY <= AS_OF else None)
        for s, c in zip(starts, cycles, strict=True)
    ]
    made = row(measured(told), Q2)
    assert made["km_cycle_days_p50"] == pytest.approx(truth[0], rel=0.1)
    assert made["km_cycle_days_p85"] == pytest.approx(truth[1], rel=0.15)
    if slowdown == 2:
        assert made["cycle_days_p85"] < 0.85 * truth[1]
    else:
        assert made["cycle_days_p85"] == pytest.approx(truth[1], rel=0.12)


def test_a_fixed_mix_does_not_move_when_only_the_mix_does():
    """Bugs take about 2 days, stories about 20. Bugs are a fifth of one quarter's work, four fifths of the next's."""
    rng = np.random.default_rng(5)
    told = []
    for begin, bugs in ((JANUARY, 60), (APRIL, 240)):
        for issue_type, count, median in (("Bug", bugs, 2), ("Story", 300 - bugs, 20)):
            starts, cycles = rng.uniform(0, 25, count), rng.lognormal(np.log(median), 0.5, count)
            told += [
                Told(begin + s * DAY, begin + (s + c) * DAY, issue_type) for s, c in zip(starts, cycles, strict=True)
            ]
    made = measured([t for t in told if t.finished_at <= AS_OF])
    first, second = row(made, Q1), row(made, Q2)
    assert second["cycle_days_p85"] < 0.6 * first["cycle_days_p85"]
    assert second["standardised_cycle_days_p85"] == pytest.approx(first["standardised_cycle_days_p85"], rel=0.1)
    assert row(made, Q1, "Bug")["type_share"] == pytest.approx(0.2, abs=0.02)
    assert row(made, Q2, "Bug")["type_share_low"] < 0.8 < row(made, Q2, "Bug")["type_share_high"]
    assert row(made, Q1, "Bug")["standardised_cycle_days_p50"] is None


def test_a_mix_is_withheld_when_a_common_type_is_missing():
    told = [*after(JANUARY, *range(1, 31)), *(Told(APRIL, APRIL + DAY * n, "Bug") for n in range(1, 31))]
    made = row(measured(told))
    assert made["standardised_cycle_days_p50"] is None
    assert "a common type has too few deliveries to standardise" in made["note"]


def test_a_rare_type_is_left_out_of_the_mix():
    made = row(measured([*after(JANUARY, *np.linspace(1, 40, 60)), Told(JANUARY, JANUARY + 80 * DAY, "Spike")]))
    assert made["standardised_cycle_days_p50"] == pytest.approx(made["km_cycle_days_p50"], rel=0.05)


def test_lead_time_and_time_to_commit_begin_with_the_creation():
    told = [Told(JANUARY + 10 * DAY, JANUARY + 15 * DAY, created_at=JANUARY + n * DAY) for n in range(6)]
    made = row(measured(told))
    assert (made["time_to_commit_days_p50"], made["lead_days_p50"]) == (7, 12)
    assert made["started_count"] == 6


def test_done_to_released_runs_to_noon_of_the_release():
    told = [
        history(f"G-{n}").created("2026-03-02 09:00", status="In Progress").to("Done", "2026-03-04 12:00")
        for n in range(6)
    ]
    released = [t.release_in(1, "2026-03-04 12:00") for t in told]
    made = row(measured_histories(*released, released=versions((1, "2026-03-11"))))
    assert (made["done_to_released_days_p50"], made["released_count"]) == (7, 6)


def test_types_stand_beside_all_of_them():
    made = measured([*after(JANUARY, 1, 2), Told(JANUARY, JANUARY + DAY, "Bug")])
    counts = {kind: row(made, Q1, kind)["delivered_count"] for kind in ("All", "Story", "Bug")}
    assert counts == {"All": 3, "Story": 2, "Bug": 1}
    assert row(made, Q1)["type_share"] == 1


def test_a_site_without_issues_has_no_cycle_times():
    assert measured([]).is_empty()


def test_a_type_of_the_site_called_all_stands_beside_all_of_them():
    made = measured([Told(JANUARY, JANUARY + DAY, issue_type=kind) for kind in ("All", "All", "Story")])
    counts = {kind: row(made, issue_type=kind)["delivered_count"] for kind in ("All", "All (issue type)", "Story")}
    assert counts == {"All": 3, "All (issue type)": 2, "Story": 1}


def test_work_that_is_gone_is_neither_delivered_nor_given_up_nor_open():
    made = row(measured([Told(JANUARY, JANUARY + DAY, outcome="gone")]))
    names = ("delivered_count", "discarded_count", "dropped_count", "open_count", "observed_count")
    assert [made[name] for name in names] == [0, 0, 0, 0, 1]


def test_what_was_delivered_before_it_was_brought_here_counts_in_its_quarter():
    made = measured([Told(JANUARY, JANUARY + DAY, created_at=AS_OF - DAY)])
    assert row(made, Q1)["delivered_count"] == 1
