"""The promise, and how it was kept: every issue judged once, open work older than the promise counted as broken."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from tests.builders import BOARD
from tests.transforms.metrics.metric_frames import Told, checked, journeys_of
from transforms.metrics.service_levels import ServiceLevels, keep_service_levels

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
Q1, Q2, ROLLING = date(2026, 1, 1), date(2026, 4, 1), date(2025, 12, 29)
JANUARY, APRIL = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)
DAY = timedelta(days=1)


def levels(told):
    return checked(ServiceLevels, keep_service_levels(journeys_of(told, WORKFLOW, AS_OF).lazy(), WORKFLOW, AS_OF))


def row(table, start=ROLLING, issue_type="All"):
    [found] = table.filter(period_start_date=start, issue_type=issue_type).to_dicts()
    return found


def hundred(begin=JANUARY):
    """A hundred that take 1, 1.5, 2, … days: 85 of them at most 43."""
    return [Told(begin, begin + DAY * (1 + n / 2)) for n in range(100)]


def test_the_promise_is_the_age_by_which_85_percent_are_delivered():
    made = row(levels(hundred()))
    assert made["expectation_days"] == pytest.approx(43)
    assert made["expectation_days_low"] < 43 < made["expectation_days_high"]
    assert (made["expected_share"], made["expectation_count"]) == (0.85, 100)
    assert (made["kept_count"], made["broken_count"], made["attained_share"]) == (85, 15, 0.85)
    assert made["km_attained_share"] == pytest.approx(0.85)


def test_open_work_makes_the_promise_longer_and_has_broken_it_once_it_is_older():
    made = row(levels([*hundred(), *[Told(JANUARY)] * 10]))
    assert made["expectation_days"] == pytest.approx(47.5)
    assert (made["kept_count"], made["broken_count"], made["overdue_open_count"]) == (94, 16, 10)
    assert made["attained_share"] == pytest.approx(94 / 110)


def test_an_issue_is_judged_once_on_the_day_it_is_delivered_or_grows_too_old():
    """Started ten days before April: broken in May, when it passes the promise, though it is delivered in June."""
    made = levels([*hundred(), Told(APRIL - 10 * DAY, APRIL + 80 * DAY)])
    judged = [(row(made, start)["kept_count"], row(made, start)["broken_count"]) for start in (Q1, Q2)]
    assert judged == [(86, 14), (0, 1)]
    judged = made.filter(period_kind="quarter", issue_type="All")
    assert judged["kept_count"].sum() + judged["broken_count"].sum() == 101


def test_open_work_younger_than_the_promise_is_not_judged_yet():
    made = row(levels([*hundred(), Told(AS_OF - 5 * DAY)]), Q2)
    assert (made["kept_count"], made["broken_count"], made["overdue_open_count"]) == (0, 0, 0)
    assert made["attained_share"] is None
    assert "attained needs 6 judged, there are 0" in made["note"]


def test_cancelled_work_is_judged_only_if_it_was_too_old_by_then():
    early, late = (Told(JANUARY, JANUARY + DAY * days, outcome="discarded") for days in (5, 80))
    made = row(levels([*hundred(), early, late]), Q1)
    assert (made["kept_count"], made["broken_count"]) == (86, 14 + 1)


def test_every_type_has_a_promise_of_its_own_if_it_has_enough():
    told = [*hundred(), *(Told(JANUARY, JANUARY + DAY * (1 + n / 10), "Bug") for n in range(40))]
    told += [Told(JANUARY, JANUARY + DAY, "Spike")] * 3
    made = levels(told)
    assert row(made, issue_type="Bug")["expectation_days"] == pytest.approx(4.3)
    spike = row(made, issue_type="Spike")
    assert spike["expectation_days"] is None
    assert spike["note"] == "no promise: it needs 23 deliveries in 26 weeks, there are 3"


def test_a_promise_beyond_the_ages_watched_is_not_made():
    told = [*(Told(APRIL, APRIL + DAY * (1 + n / 10)) for n in range(30)), *[Told(APRIL)] * 30]
    made = row(levels(told))
    assert made["expectation_days"] is None
    assert made["note"] == "no promise: it lies beyond the ages watched"


def test_the_promise_holds_for_the_future_while_nothing_changes():
    """Log-normal cycle times, steady: of new work, about 85 % keep the promise made from the past 26 weeks."""
    rng = np.random.default_rng(11)
    starts, cycles = rng.uniform(0, 460, 3000), rng.lognormal(np.log(10), 0.8, 3000)
    begin = AS_OF - 460 * DAY
    told = [
        Told(begin + s * DAY, begin + (s + c) * DAY if s + c <= 460 else None)
        for s, c in zip(starts, cycles, strict=True)
    ]
    made = row(levels(told))
    future = rng.lognormal(np.log(10), 0.8, 100_000)
    assert (future <= made["expectation_days"]).mean() == pytest.approx(0.85, abs=0.02)
    assert made["attained_share_low"] < 0.85 < made["attained_share_high"]


def test_a_slow_quarter_attains_less_by_both_counts():
    """The same work takes twice as long from April on."""
    rng = np.random.default_rng(12)
    told = []
    for begin, factor in ((JANUARY, 1), (APRIL, 2)):
        starts, cycles = rng.uniform(0, 60, 300), factor * rng.lognormal(np.log(6), 0.6, 300)
        told += [Told(begin + s * DAY, begin + (s + c) * DAY) for s, c in zip(starts, cycles, strict=True)]
    made = levels([t if t.finished_at <= AS_OF else Told(t.started_at) for t in told])
    fast, slow = row(made, Q1), row(made, Q2)
    assert fast["attained_share_low"] > slow["attained_share_high"]
    assert fast["km_attained_share_low"] > slow["km_attained_share_high"]


def test_a_site_without_issues_promises_nothing():
    assert levels([]).is_empty()


def test_work_that_is_gone_is_overdue_no_longer():
    late = Told(JANUARY, JANUARY + DAY * 80, outcome="gone")
    made = row(levels([*hundred(), late]), Q1)
    assert (made["broken_count"], made["overdue_open_count"]) == (14 + 1, 0)
