"""The replay against schedules worked out by hand, closed forms of queueing theory, and a plain loop over events."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.constraint.worlds import finishes, replayed_world, told_people, told_stages, told_world
from transforms.constraint import world as w
from transforms.constraint.world import World, rested

# --- by hand


def test_one_person_does_one_after_the_other():
    world = told_world([0.5, 1, 2], [[3], [2], [1]], [[0]])
    assert finishes(world) == [3.5, 5.5, 6.5]


def test_two_people_work_side_by_side():
    world = told_world([0.5, 1, 2], [[3], [2], [1]], [[0], [0]])
    assert finishes(world) == [3.5, 3.0, 4.0]


def test_a_second_stage_waits_for_the_first():
    world = told_world([1, 1.5], [[2, 4], [1, 1]], [[0], [1]])
    assert finishes(world) == [7.0, 8.0]


def test_waits_are_booked_where_they_are_spent():
    done = replayed_world(told_world([1, 1.5], [[2, 4], [1, 1]], [[0], [1]]))
    assert done.stages["waited"].tolist() == pytest.approx([1.5, 3.0])
    assert done.header["presence"][0] == pytest.approx(6.0 + 6.5)


def test_what_is_unfinished_at_the_horizon_counts_up_to_it():
    done = replayed_world(told_world([1, 1.5], [[2, 4], [1, 1]], [[0], [1]], horizon=5))
    assert done.header["delivered"][0] == 0 and done.header["in_progress"][0] == 2
    assert done.header["presence"][0] == pytest.approx(4 + 3.5)
    assert done.stages["waited"].tolist() == pytest.approx([1.5, 1.0])


def test_whoever_is_away_goes_on_with_their_work_afterwards():
    world = told_world([1], [[4]], [[0]], away=[(0, 3, 10)])
    assert finishes(world) == [12.0]


def test_nobody_starts_anything_while_away():
    world = told_world([4], [[1]], [[0]], away=[(0, 3, 10)])
    assert finishes(world) == [11.0]


def test_absences_of_others_do_not_matter():
    world = told_world([1, 1], [[4], [2]], [[0], [0]], away=[(1, 0, 50)])
    assert finishes(world) == [5.0, 7.0]


def test_what_jira_does_not_see_keeps_people_from_the_next_issue_but_not_the_issue_from_leaving():
    world = told_world([1, 1], [[4], [2]], [[0]], absorbed=0.5)
    assert finishes(world) == [5.0, 9.0]


def test_a_finished_issue_waits_where_it_is_until_the_next_stage_has_room():
    work = [[1, 5], [1, 5], [1, 5]]
    world = told_world([1, 1, 1], work, [[0], [1]], limits=[2, 1])
    assert finishes(world) == [7.0, 12.0, 17.0]


def test_people_are_free_while_what_they_finished_cannot_leave_unless_they_stay_with_it():
    work = [[1, 9, 1], [1, 1, 1], [8, 1, 1]]
    freely = told_world([1, 1, 1], work, [[0], [1], [2]], limits=[0, 1, 0])
    staying = told_world([1, 1, 1], work, [[0], [1], [2]], limits=[0, 1, 0], holds_people=True)
    assert finishes(freely) == [12.0, 13.0, 14.0]
    assert finishes(staying) == [12.0, 13.0, 21.0]


def test_from_a_backlog_people_start_whenever_they_are_free():
    world = told_world([], [[2, 1]] * 4, [[0], [1]], is_fed=True, horizon=7)
    done = replayed_world(world)
    assert done.header["started"][0] == 0 and done.header["created"][0] == 0


def test_from_a_backlog_the_next_is_started_when_the_last_is_finished():
    world = told_world([0.5], [[2, 1]] * 5, [[0], [1]], is_fed=True, horizon=7)
    done = replayed_world(world)
    started = done.issues["started"]
    assert started[~np.isnan(started)].tolist() == [0.5, 2.5, 4.5, 6.5]
    assert done.header["delivered"][0] == 2


def test_a_limit_on_all_work_in_progress_holds_starts_back():
    world = told_world([0.5], [[1, 4]] * 6, [[0], [1]], is_fed=True, wip_limit=2, horizon=16)
    started = replayed_world(world).issues["started"]
    assert started[~np.isnan(started)].tolist() == [0.5, 1.5, 5.5, 9.5, 13.5]


def test_relief_shortens_the_work_of_its_stage_alone():
    world = told_world([1, 1.5], [[2, 4], [1, 1]], [[0], [1]])
    world.stages["factor"][1] = 0.5
    assert finishes(world) == [5.0, 5.5]


# --- gates, delays, routes


def gated(arrivals, first, every):
    """A stage of two hours by one person, then a gate."""
    world = told_world(arrivals, [[2, 0]] * len(arrivals), [[0]])
    world.stages["role"][1] = w.GATE
    world.stages["gate_first"][1], world.stages["gate_every"][1] = first, every
    return world


def test_a_gate_lets_everything_through_when_it_opens():
    assert finishes(gated([1, 2, 20], first=6, every=10)) == [6.0, 6.0, 26.0]


def test_a_gate_that_opens_more_often_keeps_less_waiting():
    world = gated([1, 2, 20], first=7, every=10)
    world.stages["factor"][1] = 0.5
    assert finishes(world) == [3.5, 8.5, 23.5]


def test_what_is_blocked_takes_nobodys_time():
    world = told_world([1, 1], [[2], [3]], [[0]])
    world.known["delay"][0] = 10
    assert finishes(world) == [13.0, 4.0]


def test_where_time_passes_nobody_is_needed():
    world = told_world([1, 1], [[2], [3]], [[0]])
    world.stages["role"][0] = w.DELAY
    assert finishes(world) == [3.0, 4.0]


def drawn_world(rng, arrivals, hours, people, back=0.0):
    """One stage whose work is drawn; a share of the visits come back to it."""
    count, size = len(arrivals), len(hours)
    issues = w.no_issues(count)
    issues["arrives"] = issues["started"] = issues["entered"] = arrivals
    issues["heading"] = 0
    stages = told_stages(1)
    stages["work_to"], stages["again_from"], stages["again_to"] = size, 0, size
    header = np.zeros(1, w.HEADER)
    header["horizon"], header["arrivals"], header["delay_factor"] = arrivals[-1], count, 1.0
    header["seed"] = int(rng.integers(1 << 30))
    return World(
        header, stages, told_people(people), issues, np.zeros(0, w.KNOWN), w.no_events(count, people, 1),
        np.array([[back, 1.0, 1.0]] * 2), np.ones((people, 1)), np.asarray(hours, float), np.zeros((0, 2)),
    )  # fmt: skip


def erlang_c_wait(rate, service_rate, people):
    """Mean wait of M/M/c."""
    load = rate / service_rate
    tail = load**people / math.factorial(people) / (1 - load / people)
    share = tail / (sum(load**n / math.factorial(n) for n in range(people)) + tail)
    return share / (people * service_rate - rate)


@pytest.mark.parametrize("people", [1, 2, 4])
def test_waits_of_many_exponential_visits_are_those_of_erlangs_formula(people):
    rate, service = 1.0, 1.0 / (0.75 * people)
    waits = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        world = drawn_world(
            rng, np.cumsum(rng.exponential(1 / rate, 12_000)), rng.exponential(1 / service, 9_000), people
        )
        done = replayed_world(world)
        waits.append(done.stages["waited"][0] / 12_000)
    assert np.mean(waits) == pytest.approx(erlang_c_wait(rate, service, people), rel=0.08)


def test_constant_work_waits_half_as_long_as_exponential_work():
    rate, hours = 1.0, 0.8
    waits = []
    for seed in range(12):
        rng = np.random.default_rng(100 + seed)
        world = drawn_world(rng, np.cumsum(rng.exponential(1 / rate, 12_000)), [hours], 1)
        waits.append(replayed_world(world).stages["waited"][0] / 12_000)
    assert np.mean(waits) == pytest.approx(rate * hours**2 / (2 * (1 - rate * hours)), rel=0.06)


def test_a_share_of_visits_comes_back():
    rng = np.random.default_rng(3)
    world = drawn_world(rng, np.cumsum(rng.exponential(1, 20_000)), [0.1], 1, back=0.3)
    done = replayed_world(world)
    assert done.stages["visits"][0] / done.header["delivered"][0] == pytest.approx(1 / 0.7, rel=0.02)


def test_an_issue_meets_the_same_fate_whatever_is_relieved():
    rng = np.random.default_rng(4)
    world = drawn_world(rng, np.cumsum(rng.exponential(1, 500)), rng.exponential(0.7, 200), 1, back=0.3)
    plain, faster = replayed_world(world), rested(world)
    faster.stages["factor"][0] = 0.5
    faster = replayed_world(faster)
    both = ~np.isnan(plain.issues["cycle"]) & ~np.isnan(faster.issues["cycle"])
    assert (plain.issues["visits"][both] == faster.issues["visits"][both]).all()
    assert (faster.issues["cycle"][both] <= plain.issues["cycle"][both] + 1e-9).mean() > 0.99


def test_a_replay_leaves_its_world_as_it_was():
    world = told_world([1, 2], [[2, 4], [1, 1]], [[0], [1]], away=[(0, 3, 5)])
    before = [array.copy() for array in world[:5]]
    assert finishes(world) == finishes(world)
    assert all((old == new).all() or old.dtype.names for old, new in zip(before, world[:5], strict=True))


# --- a plain loop


def plainly(arrivals, work, people):
    """First come, first served, person by person, hour by event: a line of stages with people of their own."""
    at = list(arrivals)
    for stage in range(len(work[0])):
        free = sorted(0.0 for served in people if stage in served)
        order = sorted(range(len(at)), key=lambda item: (at[item], item))
        for item in order:
            begin = max(at[item], free.pop(0))
            at[item] = begin + work[item][stage]
            free = sorted([*free, at[item]])
    return [round(one, 6) for one in at]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_line_of_stages_is_the_same_as_a_plain_loop_over_issues(data):
    stages, count = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 12))
    hours = st.floats(0.125, 9, width=32)
    gaps = data.draw(st.lists(st.floats(0.0625, 5, width=32), min_size=count, max_size=count))
    arrivals = np.cumsum(gaps).tolist()
    work = data.draw(st.lists(st.lists(hours, min_size=stages, max_size=stages), min_size=count, max_size=count))
    people = [[stage] for stage in range(stages) for _ in range(data.draw(st.integers(1, 3)))]
    world = told_world(arrivals, work, people, horizon=10_000)
    assert finishes(world) == pytest.approx(plainly(arrivals, work, people), abs=1e-4)


# --- what holds in every replay


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_nothing_is_lost_and_hours_add_up(data):
    """Arrivals are delivered or still there; hours in progress are the hours in all stages; limits hold at the end."""
    count, stages = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 3))
    arrivals = sorted(data.draw(st.lists(st.floats(0.1, 40), min_size=count, max_size=count)))
    work = data.draw(st.lists(st.lists(st.floats(0.1, 9), min_size=stages, max_size=stages), min_size=count,
                              max_size=count))  # fmt: skip
    people = [data.draw(st.sets(st.integers(0, stages - 1), min_size=1)) for _ in range(data.draw(st.integers(1, 3)))]
    limits = [0, *data.draw(st.lists(st.integers(0, 3), min_size=stages - 1, max_size=stages - 1))]
    done = replayed_world(told_world(arrivals, work, [sorted(p) for p in people], limits=limits, horizon=60))
    h = done.header[0]
    assert h["started"] == h["delivered"] + h["dropped"] + h["in_progress"] == count
    assert h["presence"] == pytest.approx(done.stages["present"].sum())
    assert (done.stages["waited"] <= done.stages["present"] + 1e-9).all()
    assert all(limit == 0 or inside <= limit for limit, inside in zip(limits, done.stages["inside"], strict=True))
    assert (done.issues["cycle"][~np.isnan(done.issues["cycle"])] > 0).all()
