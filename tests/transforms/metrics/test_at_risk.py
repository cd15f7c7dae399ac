"""Journeys as a period sees them: ages at entry and leave by both clocks, and how they left."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from tests.builders import BOARD
from tests.transforms.metrics.metric_frames import Told, journeys_of
from transforms.metrics.at_risk import ALL_TYPES, DELIVERED, DISCARDED, STAYED, at_risk, groups_of, with_all_types
from transforms.metrics.periods import periods
from transforms.schema import LABEL

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
JANUARY, APRIL = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)
Q1, Q2 = date(2026, 1, 1), date(2026, 4, 1)
DAY = timedelta(days=1)
MS = 1 / 86_400_000


def seen(*told):
    journeys = journeys_of(told, WORKFLOW, AS_OF).with_columns(pl.col.issue_type.cast(LABEL))
    return at_risk(journeys, periods(WORKFLOW, JANUARY, AS_OF), WORKFLOW, AS_OF).filter(period_kind="quarter")


def in_period(rows, start):
    [row] = rows.filter(period_start_date=start).to_dicts()
    return row


def test_work_within_a_period_is_watched_from_its_start_to_its_finish():
    row = in_period(seen(Told(JANUARY + DAY, JANUARY + 4 * DAY)), Q1)
    assert (row["entry_days"], row["leave_days"], row["cause"]) == (0, 3, DELIVERED)


def test_work_over_the_edge_is_watched_in_both_periods():
    rows = seen(Told(APRIL - 10 * DAY, APRIL + 5 * DAY))
    first, second = in_period(rows, Q1), in_period(rows, Q2)
    assert (first["entry_days"], first["leave_days"], first["cause"]) == (0, 10, STAYED)
    assert (second["leave_days"], second["cause"]) == (15, DELIVERED)
    assert second["entry_days"] == pytest.approx(10 - MS, abs=1e-12)


def test_open_work_is_watched_to_as_of():
    row = in_period(seen(Told(AS_OF - 3 * DAY)), Q2)
    assert (row["leave_days"], row["cause"]) == (3, STAYED)


def test_cancelled_work_leaves_by_the_other_ending():
    row = in_period(seen(Told(JANUARY, JANUARY + DAY, outcome="discarded")), Q1)
    assert row["cause"] == DISCARDED


def test_working_ages_pass_in_working_hours_only():
    """From Friday 27 March noon to Wednesday 1 April noon in Berlin: 5 + 8 + 8 hours before April, 3 in it."""
    friday, wednesday = datetime(2026, 3, 27, 11, tzinfo=UTC), datetime(2026, 4, 1, 10, tzinfo=UTC)
    rows = seen(Told(friday, wednesday))
    hours = 5 + 8 + 8
    assert in_period(rows, Q1)["leave_working_days"] == pytest.approx(hours / 8)
    assert in_period(rows, Q2)["entry_working_days"] == pytest.approx(hours / 8, abs=1e-6)
    assert in_period(rows, Q2)["leave_working_days"] == pytest.approx((hours + 3) / 8)


def test_what_finishes_before_the_first_working_hour_of_a_period_was_at_risk():
    rows = seen(Told(APRIL - 2 * DAY, APRIL + timedelta(hours=3)))
    second = in_period(rows, Q2)
    assert second["entry_working_days"] < second["leave_working_days"]
    assert second["cause"] == DELIVERED


def test_a_finish_on_the_edge_belongs_to_the_period_that_begins():
    rows = seen(Told(APRIL - DAY, APRIL))
    assert [in_period(rows, start)["cause"] for start in (Q1, Q2)] == [STAYED, DELIVERED]


def test_work_of_no_length_was_at_risk_for_a_moment():
    row = in_period(seen(Told(JANUARY + DAY, JANUARY + DAY)), Q1)
    assert (row["entry_days"], row["leave_days"], row["cause"]) == (0, 0, DELIVERED)


def test_never_started_work_was_never_at_risk():
    assert seen(Told(None, JANUARY + DAY, is_never_started=True)).is_empty()


def test_every_finish_is_one_event_of_one_period():
    told = [Told(JANUARY + DAY * n, JANUARY + DAY * 3 * n) for n in range(1, 50)]
    rows = seen(*told)
    assert rows.filter(pl.col.cause == DELIVERED)["issue_id"].is_unique().all()
    assert (rows["cause"] == DELIVERED).sum() == 49
    assert (rows["leave_days"] > rows["entry_days"]).all()


def test_groups_hold_each_type_and_all_of_them():
    rows = with_all_types(seen(Told(JANUARY, JANUARY + DAY), Told(JANUARY, JANUARY + 2 * DAY, "Bug")))
    groups = {key[0]: group for key, group in groups_of(rows, ("issue_type",))}
    assert {kind: sorted(group.leave) for kind, group in groups.items()} == {
        "Story": [1], "Bug": [2], ALL_TYPES: [1, 2],
    }  # fmt: skip
    assert groups[ALL_TYPES].delivered.all()


def test_work_that_is_gone_was_watched_until_then_and_did_not_end():
    row = in_period(seen(Told(JANUARY, JANUARY + DAY, outcome="gone")), Q1)
    assert (row["leave_days"], row["cause"], row["is_gone"]) == (1, STAYED, True)
