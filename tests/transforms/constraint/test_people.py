"""Who serves what, when they were away, what else takes their time, and what they choose."""

from dataclasses import replace

import numpy as np
import pytest

from tests.transforms.constraint.observations import Visit, observed, served_in_turn
from transforms.constraint.people import absorbed, habits, pools, served, with_absences

RNG = np.random.default_rng(7)
BUSY = (np.cumsum(RNG.exponential(3.0, 120)), RNG.exponential(3.2, 120))
"""Arrivals and work of a station in which something nearly always waits."""


def within(visits, horizon):
    return [v for v in visits if v.left < horizon]


def test_somebody_without_a_trace_for_weeks_though_work_waits_is_away():
    seen = with_absences(observed(within(served_in_turn(*BUSY, away=[(0, 100, 220)]), 400), 1))
    [gap] = seen.away[0]
    assert gap[1] - gap[0] == pytest.approx(120, abs=12)
    assert gap[0] == pytest.approx(100, abs=8)


def test_somebody_who_is_always_there_is_never_away():
    seen = with_absences(observed(within(served_in_turn(*BUSY), 400), 1))
    assert len(seen.away[0]) == 0


def test_somebody_with_nothing_to_do_is_not_away():
    visits = served_in_turn([1, 3, 5, 200, 203, 207], [1.0] * 6)
    assert len(with_absences(observed(visits, 1)).away[0]) == 0


def test_what_lay_in_the_hands_of_somebody_away_did_not_have_their_attention():
    visits = within(served_in_turn(*BUSY), 400)
    held = next(n for n, v in enumerate(visits) if v.taken > 100)
    later = [v._replace(taken=v.taken + 150, left=v.left + 150) for v in visits[held + 1 :]]
    kept = [*visits[:held], visits[held]._replace(left=visits[held].left + 150), *later]
    seen = observed(within(kept, 400), 1)
    freed = with_absences(seen)
    place = int(np.argmax(seen.left - seen.taken))
    assert seen.attention[place] > 140
    assert freed.attention[place] < 20


def test_back_to_back_work_absorbs_nothing():
    seen = observed(within(served_in_turn(*BUSY), 400), 1)
    assert absorbed(seen, served(seen), False)[0] == pytest.approx(0, abs=0.02)


def test_time_between_two_visits_while_something_waits_is_absorbed():
    seen = observed(within(served_in_turn(*BUSY, pause=1.6), 400), 1)
    assert absorbed(seen, served(seen), False)[0] == pytest.approx(1.6 / np.mean(BUSY[1]), rel=0.15)


def test_a_slow_reaction_to_what_comes_is_no_lost_time():
    visits = [Visit(n, 0, 20.0 * n, 20.0 * n + 1.5, 20.0 * n + 4, 0) for n in range(15)]
    seen = observed(visits, 1)
    assert absorbed(seen, served(seen), False)[0] == 0


def test_visits_that_took_no_time_show_nobody_at_work():
    visits = served_in_turn(*BUSY) + [Visit(1000 + n, 0, 5.0 * n, 5.0 * n + 1, 5.0 * n + 1, 1) for n in range(20)]
    seen = observed(within(visits, 400), 1)
    assert (served(seen)[:, 0] > 0).tolist() == [True, False]


def test_an_occasional_visit_does_not_make_somebody_serve_a_station():
    visits = [*served_in_turn(*BUSY), Visit(900, 1, 10, 11, 12, 0)]
    assert (served(observed(within(visits, 400), 2)) > 0).tolist() == [[True, False]]


def test_people_who_finish_most_of_two_stations_are_a_pool():
    assert pools(np.array([[9, 8, 0], [7, 9, 0], [0, 0, 12]])) == ((0, 1),)
    assert pools(np.array([[9, 0, 0], [0, 9, 1], [0, 0, 12]])) == ()
    assert pools(np.array([[9, 8, 0, 0], [0, 0, 5, 6]])) == ((0, 1), (2, 3))


def test_habits_are_how_often_a_station_was_chosen_when_there_was_a_choice():
    visits = []
    for n in range(40):
        at = 10.0 * n
        picked, left_over = (0, 1) if n % 4 else (1, 0)
        visits.append(Visit(2 * n, picked, at, at + 1, at + 3, 0))
        visits.append(Visit(2 * n + 1, left_over, at, at + 3, at + 5, 0))
    seen = observed(visits, 2)
    weights = habits(seen, served(seen), False)[0]
    assert weights[0] / weights.sum() == pytest.approx(0.75, abs=0.06)


def test_at_a_backlog_there_is_always_a_choice():
    seen = observed([Visit(n, 0, 5.0 * n, 5.0 * n, 5.0 * n + 3, 0) for n in range(30)], 2)
    serves = np.array([[30.0, 10.0]])
    weights = habits(replace(seen, role=np.zeros(2, np.int64)), serves, True)
    assert weights[0, 0] > 0 and weights[0, 1] > 0


def test_long_work_of_somebody_whose_work_varies_is_no_absence():
    rng = np.random.default_rng(1)
    arrivals, work = np.cumsum(rng.exponential(6.0, 70)), rng.lognormal(0.8, 1.1, 70)
    work[20] = 40.0
    seen = with_absences(observed(within(served_in_turn(arrivals, work), 400), 1))
    assert len(seen.away[0]) == 0
    assert seen.attention.max() == pytest.approx(40.0)


def test_nobody_can_start_anything_while_the_first_station_is_full():
    """Two places: the worker is done after an hour each time, but their issues stay for ten."""
    visits, at = [], 0.0
    for n in range(80):
        visits.append(Visit(n, 0, at, at, at + 10, 0))
        at += 1 if n % 2 == 0 else 9
    seen = observed(within(visits, 400), 1)
    seen = replace(seen, done=seen.taken + 1, attention=np.ones(len(seen.taken)))
    counts = served(seen)
    assert absorbed(seen, counts, True)[0] > 2
    assert absorbed(seen, counts, True, (2, 0))[0] < 0.15
    assert absorbed(seen, counts, True, (0, 2))[0] < 0.15


def test_what_is_blocked_waits_for_nobody():
    visits = [Visit(n, 0, 10.0 * n, 10.0 * n + 8, 10.0 * n + 9, 0, blocked=8.0) for n in range(30)]
    seen = observed(visits, 1)
    assert absorbed(seen, served(seen), False)[0] == 0
    begin, end = seen.queue_span()
    assert (end - begin).sum() == 0
