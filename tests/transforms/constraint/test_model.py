"""From a period to worlds: what is known is replayed as it was, what is drawn anew keeps its rates, limits hold."""

from dataclasses import replace

import numpy as np
import pytest

from tests.transforms.constraint.observations import DONE, GONE, Visit, observed, served_in_turn
from transforms.constraint.intake import filled_share, is_backlog_fed
from transforms.constraint.model import model_of, replayed, resampled
from transforms.constraint.reliefs import Target, halving_factor, relieve, targets_of
from transforms.constraint.replays import BLOCKED, calibrated, replay
from transforms.constraint.world import DELAY, GATE, WORK

RNG = np.random.default_rng(11)
HORIZON = 1040.0


def two_stations(review=3.6, count=330, horizon=HORIZON):
    """Two developers, then one reviewer with nearly too much to do."""
    came = np.sort(RNG.uniform(0, horizon, count))
    first = served_in_turn(came, RNG.exponential(4.0, count), 2, to=1)
    order = np.argsort([v.left for v in first])
    second = served_in_turn([first[n].left for n in order], RNG.exponential(review, count), first_worker=2, station=1)
    second = [v._replace(issue=first[n].issue) for v, n in zip(second, order, strict=True)]
    return [cut for v in (*first, *second) if (cut := _cut(v, horizon)) is not None]


def _cut(visit, horizon):
    if visit.entered >= horizon:
        return None
    taken = visit.taken if visit.taken < horizon else np.nan
    return visit._replace(taken=taken, left=visit.left if visit.left < horizon else np.nan)


@pytest.fixture(scope="module")
def seen():
    return observed(two_stations(), 2, horizon=HORIZON, people=3)


@pytest.fixture(scope="module")
def model(seen):
    return model_of(seen, False, np.zeros(2, np.int64))


def test_what_is_known_is_delivered_when_it_was(seen, model):
    outcome = replay(replayed(model, 1))
    assert outcome.delivered == pytest.approx(seen.delivered_count, abs=2)
    assert outcome.presence == pytest.approx(seen.presence_hours(), rel=0.03)
    begin, end = seen.queue_span()
    waited = np.bincount(seen.station, weights=end - begin)
    assert outcome.waited == pytest.approx(waited, rel=0.1)


def test_resampled_worlds_bring_about_as_much(seen, model):
    delivered = [replay(resampled(model, seed)).delivered for seed in range(30)]
    assert np.mean(delivered) == pytest.approx(seen.delivered_count, rel=0.08)
    assert np.std(delivered) > 3


def test_the_same_seed_makes_the_same_world(model):
    first, second = resampled(model, 5), resampled(model, 5)
    assert all((a == b).all() or a.dtype.names for a, b in zip(first, second, strict=True))
    assert replay(first).presence == replay(second).presence


def test_a_faithful_model_needs_no_calibration(model):
    assert calibrated(model, 1).factor == pytest.approx([1, 1], abs=0.12)


def test_work_that_was_measured_too_long_is_corrected(seen):
    longer = observed(two_stations(), 2, horizon=HORIZON, people=3)
    longer = model_of(longer.__class__(**{**longer.__dict__, "attention": longer.attention * 1.3}), False,
                      np.zeros(2, np.int64))  # fmt: skip
    assert calibrated(longer, 1).factor[1] < 0.9


def test_the_busy_station_helps_most(model):
    reliefs = relieve(model, 12, 3)
    gain = {e.target.stations: np.mean([o.delivered for o in e.outcomes]) for e in reliefs.fifths}
    assert gain[1,] > gain[0,]
    assert reliefs.faster is not None and reliefs.faster.target == Target("stage", (0,))
    assert len(reliefs.base) == 12


def test_the_halving_factor_halves_the_wait(model):
    world, target = replayed(model, 1), Target("stage", (1,))
    factor = halving_factor(world, target)
    before, after = replay(world).waited[1], replay(world, {1: factor}).waited[1]
    assert after == pytest.approx(before / 2, rel=0.05)


def test_what_never_waits_cannot_be_halved():
    visits = served_in_turn(np.arange(1, 40) * 10.0, [1.0] * 39)
    alone = model_of(observed(visits, 1), False, np.zeros(1, np.int64))
    assert halving_factor(replayed(alone, 1), Target("stage", (0,))) is None


def test_a_station_that_empties_at_once_every_week_is_a_gate():
    visits = []
    for week in range(1, 10):
        at = 40.0 * week
        visits += [Visit(10 * week + n, 0, at - 5 * n - 1, np.nan, at, -1, DONE, is_batched=True) for n in range(5)]
    seen = observed(visits, 1, people=1)
    assert seen.role.tolist() == [GATE]
    made = model_of(seen, False, np.zeros(1, np.int64))
    assert made.gate[0] == pytest.approx([40, 40, 0])
    assert targets_of(made) == (Target("gate", (0,)),)
    assert replay(replayed(made, 1)).delivered == pytest.approx(45, abs=2)


def test_where_nobody_knows_who_works_time_just_passes():
    visits = [v._replace(worker=-1) for v in served_in_turn(np.arange(40) * 5.0, [2.0] * 40)]
    assert observed(visits, 1, people=1).role.tolist() == [DELAY]
    assert observed(served_in_turn(np.arange(40) * 5.0, [2.0] * 40), 1).role.tolist() == [WORK]


def test_waiting_for_others_can_be_relieved_where_there_is_any():
    visits = [
        v._replace(blocked=0.5, entered=v.entered - 1) for v in served_in_turn(np.arange(1, 40) * 5.0, [2.0] * 39)
    ]
    made = model_of(observed(visits, 1), False, np.zeros(1, np.int64))
    assert Target("external", (BLOCKED,)) in targets_of(made)


def rare_second(worker):
    """Every fifth issue goes on to a second stage, to ``worker``."""
    first = served_in_turn(np.arange(1, 91) * 4.0, [2.0] * 90)
    sent = [visit for visit in first if visit.issue % 5 == 0]
    first = [visit._replace(to=1) if visit.issue % 5 == 0 else visit for visit in first]
    return observed([*first, *(Visit(v.issue, 1, v.left, v.left, v.left + 1.5, worker) for v in sent)], 2)


def test_a_stage_that_few_left_is_no_candidate_of_its_own():
    made = model_of(rare_second(worker=1), False, np.zeros(2, np.int64))
    assert targets_of(made) == (Target("stage", (0,)),)


def test_a_stage_that_few_left_belongs_to_its_neighbour_of_the_same_people():
    seen = rare_second(worker=0)
    assert (seen.is_over & (seen.station == 1)).sum() < 20
    made = model_of(seen, False, np.zeros(2, np.int64))
    assert Target("pool", (0, 1)) in targets_of(made)


def test_hidden_work_is_drawn_as_long_as_it_was(seen):
    """Nine of ten visits are only known to have taken no longer than until there was room."""
    rng = np.random.default_rng(2)
    room = rng.exponential(9.0, len(seen.attention))
    held = replace(seen, attention=np.maximum(seen.attention, room), is_known=seen.attention >= room)
    made = model_of(held, False, np.zeros(2, np.int64))
    for k in range(2):
        here = seen.is_over & (seen.station == k)
        assert made.work[k].mean() == pytest.approx(seen.attention[here].mean(), rel=0.2)
        assert held.attention[here & held.is_known].mean() > 1.5 * seen.attention[here].mean()


def test_nothing_is_calibrated_by_waits_where_nothing_waits():
    seen = observed(fed(), 1)
    limited = model_of(seen, True, np.array([3]))
    assert calibrated(limited, 1).factor.tolist() == [1.0]


def test_cancelled_work_leaves_undelivered():
    visits = [
        v._replace(to=GONE if v.issue % 4 == 0 else DONE) for v in served_in_turn(np.arange(60) * 5.0, [2.0] * 60)
    ]
    outcome = replay(replayed(model_of(observed(visits, 1), False, np.zeros(1, np.int64)), 1))
    assert outcome.delivered == 45


# --- intake


def fed(count=120):
    """One person who starts the next issue the moment the last is done."""
    ends = np.cumsum(np.random.default_rng(5).exponential(3.0, count))
    begins = np.concatenate([[0.0], ends[:-1]])
    return [Visit(n, 0, b, b, e, 0) for n, (b, e) in enumerate(zip(begins, ends, strict=True)) if e < 400]


FULL = (np.array([-100.0]), np.array([np.nan]))


def test_whoever_starts_the_next_when_the_last_is_done_feeds_on_a_backlog():
    assert is_backlog_fed(observed(fed(), 1), FULL)


def test_a_backlog_that_runs_empty_feeds_nobody():
    assert not is_backlog_fed(observed(fed(), 1), (np.array([0.0, 200.0]), np.array([150.0, 400.0])))
    assert filled_share((np.array([0.0, 200.0]), np.array([150.0, 400.0])), 400) == pytest.approx(350 / 400)


def test_work_that_comes_when_it_comes_is_not_taken_from_a_backlog():
    visits = served_in_turn(np.sort(RNG.uniform(0, 390, 60)), RNG.exponential(2.0, 60))
    assert not is_backlog_fed(observed([v for v in visits if v.left < 400], 1), FULL)


def test_faster_work_from_a_backlog_means_more_of_it():
    model = model_of(observed(fed(), 1), True, np.zeros(1, np.int64))
    world = replayed(model, 1)
    assert replay(world, {0: 0.5}).started > 1.7 * replay(world).started
