"""Changes are found where they were made, seldom where none was, and the same way every time."""

import numpy as np
import pytest

from transforms.statistics.change_points import (
    SHORTEST_SEGMENT,
    Search,
    _shuffles,
    counts,
    mean_gain,
    poisson_gain,
)


def items(weeks):
    """Rows for ``mean_gain``: how many, and their sum."""
    return np.array([(len(week), sum(week)) for week in weeks], dtype=float)


def test_a_rate_that_doubles_is_found_where_it_did():
    rng = np.random.default_rng(1)
    weeks = np.concatenate([rng.poisson(8, 30), rng.poisson(16, 20)])
    [change] = Search(poisson_gain, 1).all_of(counts(weeks))
    assert abs(change.place - 30) <= 1
    assert change.p_value < 0.01


def test_every_change_of_several_is_found_and_the_last_of_them_alone_too():
    rng = np.random.default_rng(2)
    weeks = np.concatenate([rng.poisson(mean, 26) for mean in (6, 14, 5)])
    found = Search(poisson_gain, 1).all_of(counts(weeks))
    assert [round(change.place / 26) for change in found] == [1, 2]
    assert Search(poisson_gain, 1).last_of(counts(weeks)) == found[-1]


def test_the_split_is_the_one_a_search_over_all_of_them_finds():
    rng = np.random.default_rng(3)
    weeks = np.concatenate([rng.poisson(5, 12), rng.poisson(12, 14)])

    def likelihood(part):
        return part.sum() * np.log(part.mean())

    splits = range(SHORTEST_SEGMENT, len(weeks) - SHORTEST_SEGMENT + 1)
    best = max(splits, key=lambda place: likelihood(weeks[:place]) + likelihood(weeks[place:]))
    assert [change.place for change in Search(poisson_gain, 1).all_of(counts(weeks))] == [best]


def test_items_that_take_longer_are_found_though_as_many_are_delivered():
    rng = np.random.default_rng(4)
    weeks = items([rng.normal(mean, 1, rng.integers(0, 9)) for mean in [2.0] * 20 + [3.0] * 20])
    [change] = Search(mean_gain, 1).all_of(weeks)
    assert abs(change.place - 20) <= 1


@pytest.mark.parametrize("spread", [1, 3])
def test_a_steady_stream_has_a_change_about_once_in_a_hundred(spread):
    """Also when weeks vary three times as much as chance would have it: weeks are exchanged, nothing is assumed."""
    rng = np.random.default_rng(5)
    draw = (lambda: rng.poisson(9, 52)) if spread == 1 else (lambda: rng.negative_binomial(4.5, 1 / 3, 52))
    found = sum(bool(Search(poisson_gain, n).all_of(counts(draw()))) for n in range(200))
    assert found <= 6


def test_no_regime_is_shorter_than_six_weeks():
    rng = np.random.default_rng(6)
    weeks = np.concatenate([rng.poisson(20, 40), rng.poisson(1, 5)])
    places = [change.place for change in Search(poisson_gain, 1).all_of(counts(weeks))]
    assert all(SHORTEST_SEGMENT <= place <= len(weeks) - SHORTEST_SEGMENT for place in places)


@pytest.mark.parametrize("weeks", [np.zeros(0), np.full(11, 3), np.zeros(40), np.full(40, 7)])
def test_short_empty_and_constant_series_have_none(weeks):
    assert Search(poisson_gain, 1).all_of(counts(weeks)) == []
    assert Search(poisson_gain, 1).last_of(counts(weeks)) is None


def test_weeks_without_items_say_nothing_of_how_long_items_take():
    assert Search(mean_gain, 1).all_of(items([[]] * 30)) == []


def test_the_same_series_has_the_same_changes_every_time():
    rng = np.random.default_rng(7)
    weeks = counts(np.concatenate([rng.poisson(6, 20), rng.poisson(9, 20)]))
    assert Search(poisson_gain, 3).all_of(weeks) == Search(poisson_gain, 3).all_of(weeks)


def test_weeks_that_echo_each_other_are_permuted_together_or_they_look_like_changes():
    rng = np.random.default_rng(8)
    single = together = 0
    for n in range(30):
        level = np.zeros(60)
        for week in range(1, 60):
            level[week] = 0.6 * level[week - 1] + rng.normal(0, 0.3)
        weeks = items([rng.normal(mean, 1, 9) for mean in level])
        single += bool(Search(mean_gain, n).all_of(weeks))
        together += bool(Search(mean_gain, n, block=6).all_of(weeks))
    assert together < single / 2


@pytest.mark.parametrize("length", [12, 13, 17, 18])
def test_a_shuffle_holds_every_week_once(length):
    orders = _shuffles(length, 6, 50, np.random.default_rng(9))
    assert (np.sort(orders, axis=1) == np.arange(length)).all()
