"""The judge is judged first: the brute force gives every hand-computed golden answer, without any implementation."""

from datetime import date, datetime, time

import pytest

from tests.golden.adapter import CASES, golden_workflow, story_frames
from tests.golden.expected import expected_journey, expected_rollup, expected_visits
from tests.oracle import Site
from tests.oracle_events import Move, chained, ms, working_ms
from transforms.calendar import WorkingCalendar

ANSWERS = [(case, key) for case in CASES for key in case["expected"]]


@pytest.mark.parametrize(("case", "key"), ANSWERS, ids=[key for _, key in ANSWERS])
def test_the_oracle_gives_the_golden_answers(case, key):
    site = Site(*story_frames(case), golden_workflow(case), datetime.fromisoformat(case["as_of"]))
    answer = case["expected"][key]
    if answer.get("rollup"):
        found, expected = site.rollup(key), expected_rollup(answer)
    else:
        found, expected = site.lives[key].journey(), expected_journey(answer)
        assert _visits(site, key) == expected_visits(answer)
    assert {name: found[name] for name in expected} == expected


def _visits(site: Site, key: str) -> dict[int, int]:
    statuses = [visit.status_id for visit in site.lives[key].visits]
    return {status: statuses.count(status) for status in statuses}


def test_the_oracle_counts_both_passes_of_a_repeated_hour():
    sunday_night = WorkingCalendar.weekdays("Europe/Berlin", time(2), time(3), days=(6,))
    midnight = ms(datetime.fromisoformat("2026-10-25T00:00+02:00"))
    assert working_ms(sunday_night, midnight, midnight + 6 * 3_600_000) == 2 * 3_600_000


def test_the_oracle_counts_nothing_of_a_skipped_hour():
    sunday_night = WorkingCalendar.weekdays("Europe/Berlin", time(2), time(3), days=(6,))
    midnight = ms(datetime.fromisoformat("2026-03-29T00:00+01:00"))
    assert working_ms(sunday_night, midnight, midnight + 6 * 3_600_000) == 0


def test_the_oracle_knows_holidays_and_cuts_minutes():
    calendar = WorkingCalendar.weekdays("Europe/Berlin", holidays=frozenset({date(2026, 5, 1)}))
    thursday = ms(datetime.fromisoformat("2026-04-30T16:59:30.250+02:00"))
    monday = ms(datetime.fromisoformat("2026-05-04T09:00:10+02:00"))
    assert working_ms(calendar, thursday, monday) == 29_750 + 10_000


def test_the_oracle_chains_changes_of_one_instant_and_falls_back_to_ids():
    three_steps = [Move(5, 2, 3, 7, 0), Move(5, 1, 2, 8, 0), Move(5, 3, 4, 6, 0)]
    assert [move.target for move in chained(three_steps, 4)] == [2, 3, 4]
    unrelated = [Move(5, 1, 2, 8, 0), Move(5, 3, 4, 7, 0)]
    assert [move.history_id for move in chained(unrelated, 9)] == [7, 8]
