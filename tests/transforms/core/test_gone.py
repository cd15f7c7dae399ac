"""Issues that no search finds any more: their time ends when a run missed them, and nothing is delivered by going."""

import pytest
from hypothesis import given

from tests.builders import history, versions
from tests.strategies import gone_cases
from tests.transforms.core.against_brute_force import check_stretches, journeys, many
from tests.transforms.told import HOUR, tell

H = [f"2026-03-02 {hour:02}:00" for hour in range(24)]


def started(key="G-1", **how):
    """In progress from nine on."""
    return history(key).created(H[8], **how).to("In Progress", H[9])


def journey(*told, key="G-1", at=H[11], **how):
    return tell(*told, gone=((key, at),), **how).journey(key)


def test_open_work_that_is_gone_ends_when_it_was_missed():
    row = journey(started())
    assert (row["outcome"], row["finished_at"], row["first_finished_at"]) == ("gone", H[11], None)
    assert (row["span_ms"], row["span_working_ms"], row["touch_ms"]) == (2 * HOUR, 2 * HOUR, 2 * HOUR)


def test_what_is_gone_has_no_cycle():
    row = journey(started())
    assert (row["cycle_ms"], row["lead_ms"], row["is_never_started"]) == (None, None, False)


def test_its_last_visit_and_interval_end_when_it_was_missed():
    told = tell(started(), gone=(("G-1", H[11]),))
    for table in ("status_visits", "work_intervals"):
        assert told.rows(table, "G-1")[-1]["left_at"] == told.rows("issue_journeys", "G-1")[0]["finished_at"]
        assert told.rows(table, "G-1")[-1]["elapsed_ms"] == 2 * HOUR


def test_what_was_delivered_before_it_was_gone_stays_delivered():
    row = journey(started().to("Done", H[10]))
    assert (row["outcome"], row["finished_at"], row["cycle_ms"]) == ("delivered", H[10], HOUR)


def test_an_idea_that_is_gone_was_never_started():
    row = journey(history("G-1").created(H[8]))
    assert (row["outcome"], row["started_at"], row["span_ms"], row["is_never_started"]) == ("gone", None, 0, True)


def test_who_reads_before_an_issue_was_missed_finds_it_open():
    assert journey(started(), as_of=H[10])["outcome"] == "in_progress"


def test_what_the_newest_run_missed_is_gone_just_before():
    told = tell(started(), gone=(("G-1", H[11]),), as_of=H[11])
    assert told.rows("work_intervals", "G-1")[-1]["elapsed_ms"] == 2 * HOUR - 1


def test_a_release_after_it_was_gone_delivers_nothing():
    told = started().release_in(7, H[9]).to("Done", H[10])
    row = journey(told, delivery="release", versions=versions((7, "2026-03-04")))
    assert (row["outcome"], row["finished_at"], row["wait_ms"]) == ("gone", H[11], HOUR)


def test_a_second_life_that_is_gone_leaves_the_first_delivered():
    told = started().to("Done", H[10]).to("In Progress", "2026-04-20 10:00")
    assert journey(told, at="2026-04-21 10:00", as_of="2026-04-30 17:00")["outcome"] == "delivered"


@pytest.mark.parametrize(
    ("first", "outcome"), [(("Done", H[10]), "delivered"), (("Cancelled", H[10]), "gone"), (None, "gone")]
)
def test_a_parent_whose_open_children_are_gone_has_ended_with_them(first, outcome):
    other = started("G-2", parent="G-9")
    other = other.to(*first) if first else other
    epic = history("G-9").created(H[8], issue_type="Epic")
    gone = (("G-1", H[11]), ("G-2", H[11]))
    row = tell(epic, started("G-1", parent="G-9"), other, gone=gone).journey("G-9")
    assert (row["outcome"], row["finished_at"], row["span_ms"]) == (outcome, H[11], 2 * HOUR)


@given(gone_cases())
@many
def test_what_is_gone_has_the_stretches_of_the_brute_force(case):
    check_stretches(case)


@given(gone_cases())
@many
def test_what_is_gone_has_the_journey_of_the_brute_force(case):
    for found, expected in journeys(case):
        assert found == expected
