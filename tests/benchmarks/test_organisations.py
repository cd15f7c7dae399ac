"""The simulated organisations of the constraint bench: small ones by hand, queues by theory, truths by family."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.organisations.families import FAMILIES, SEEDS, make_organisation
from benchmarks.organisations.model import (
    BEGIN_OF_PERIOD,
    END,
    HALF,
    VISITS,
    Blocking,
    Chances,
    Organisation,
    Person,
    Relief,
    Stage,
    draw_chances,
)
from benchmarks.organisations.simulation import simulate
from benchmarks.organisations.situation import BLOCKED, DELIVERED, ENTERED, FREED, NEVER, TAKEN
from benchmarks.organisations.truth import EXTERNAL, Effect, Truth, find_truth, pool_name, reliefs


def organisation(stages, people, arrivals_per_week=10.0, **habits):
    return Organisation("toy", 0, 1, tuple(stages), tuple(people), arrivals_per_week, **habits)


def chances(arrivals, stage_count, people, *, sent_back=(), blocked=(), classes=None, toggles=()):
    """Chances by hand: all work is of mean length, and nothing happens but what is named."""
    count = len(arrivals)
    back = np.ones((count, stage_count, VISITS))
    for issue, stage, visit in sent_back:
        back[issue, stage, visit] = 0
    block = np.ones((count, VISITS, 3))
    for issue in blocked:
        block[issue, 0] = 0, 0.5, 1
    hours, who = zip(*toggles, strict=True) if toggles else ((), ())
    return Chances(
        np.array(arrivals, float), np.ones((count, stage_count, VISITS)), back, block,
        np.zeros(count, np.int64) if classes is None else np.array(classes), np.arange(count) / count,
        np.zeros((4, 2)), np.array(hours, float), np.array(who, np.int64), np.ones(people, bool),
    )  # fmt: skip


def finished(made, drawn, relief=None):
    return simulate(made, drawn, *([relief] if relief else [])).finished.tolist()


ONE = organisation([Stage("A", 2.0)], [Person((0,))])


def test_one_person_works_in_order_of_arrival():
    assert finished(ONE, chances([0, 1, 8], 1, 1)) == [2, 4, 10]


def test_two_people_work_side_by_side():
    two = replace(ONE, people=(Person((0,)), Person((0,))))
    assert finished(two, chances([0, 1, 1.5], 1, 2)) == [2, 3, 4]


def test_work_passes_from_stage_to_stage():
    line = organisation([Stage("A", 1.0), Stage("B", 3.0)], [Person((0,)), Person((1,))])
    assert finished(line, chances([0, 0], 2, 2)) == [4, 7]


def test_several_at_once_share_a_persons_time():
    both = replace(ONE, people=(Person((0,), slots=2),))
    assert finished(both, chances([0, 1], 1, 1)) == [3, 4]


def test_who_is_away_keeps_what_they_hold_and_goes_on_later():
    assert finished(ONE, chances([0, 3], 1, 1, toggles=[(1.0, 0), (5.0, 0)])) == [6, 8]


def test_who_leaves_ends_what_they_have_and_takes_nothing_new():
    gone = replace(ONE, people=(Person((0,), leaves=1.0),))
    assert finished(gone, chances([0, 0.5], 1, 1)) == [2, NEVER]


def test_a_train_takes_everything_there_is():
    train = organisation([Stage("A", 1.0), Stage("Gate", 0.0, gate_hours=10.0)], [Person((0,))])
    assert finished(train, chances([0, 5, 9.5], 2, 1)) == [10, 10, 20]


def test_trains_are_relieved_by_leaving_more_often():
    train = organisation([Stage("A", 1.0), Stage("Gate", 0.0, gate_hours=10.0)], [Person((0,))])
    assert finished(train, chances([11], 2, 1), Relief(stages=(1,), since=0.0)) == [18]


def test_a_full_stage_keeps_finished_work_where_it_is():
    """B holds one; the second of A waits there, finished, until the first has left B."""
    line = organisation([Stage("A", 1.0, wip_limit=1), Stage("B", 4.0, wip_limit=1)], [Person((0,)), Person((1,))], 0.0)
    run = simulate(line, chances([0, 0, 0, 0], 2, 2), keeps_log=True)
    assert run.started.tolist()[:3] == [0, 1, 5]
    assert run.finished.tolist()[:3] == [5, 9, 13]
    entries = [row for row in run.log.tolist() if row[1:4] == [1, ENTERED, 1]]
    assert [row[0] for row in entries] == [5]


def test_work_that_is_sent_back_is_done_again():
    line = organisation([Stage("A", 1.0), Stage("B", 2.0, rework_share=0.5)], [Person((0,)), Person((1,))])
    assert finished(line, chances([0], 2, 2, sent_back=[(0, 1, 0)])) == [6]


def test_a_blocked_issue_lets_its_person_do_something_else_and_comes_first_again():
    made = replace(ONE, blocking=Blocking(0, 0.5, 3.0))
    run = simulate(made, chances([0, 0, 0], 1, 1, blocked=[0]), keeps_log=True)
    assert run.finished.tolist() == [6, 3, 5]
    kinds = [int(kind) for _, issue, kind, *_ in run.log if issue == 0]
    assert kinds == [ENTERED, TAKEN, BLOCKED, FREED, TAKEN, DELIVERED]


def test_an_answer_from_outside_can_come_sooner():
    made = replace(ONE, blocking=Blocking(0, 0.5, 10.0))
    assert finished(made, chances([0], 1, 1, blocked=[0]), Relief(is_external=True, since=0.0)) == [10]


def test_only_a_specialist_takes_special_work():
    made = organisation([Stage("A", 2.0)], [Person((0,), skills=1), Person((0,), skills=2)], class_shares=(0.5, 0.5))
    assert finished(made, chances([0, 0, 0], 1, 2, classes=[1, 1, 0])) == [2, 4, 2]


@pytest.mark.parametrize(("order", "expected"), [((0, 1), [3, 4]), ((1, 0), [2, 4])])
def test_shared_people_take_from_the_stage_they_prefer(order, expected):
    made = organisation([Stage("A", 1.0), Stage("B", 1.0)], [Person(order)])
    assert finished(made, chances([0, 0], 2, 1)) == expected


def test_a_pool_is_relieved_by_its_people_not_by_its_stages():
    people = [Person((0, 1)), Person((1,))]
    relief = Relief(pool=(0, 1))
    assert [relief.covers(person, 1) for person in people] == [True, False]


def test_relief_begins_when_it_begins():
    assert finished(ONE, chances([0, 10], 1, 1), Relief(stages=(0,), factor=0.5, since=5.0)) == [2, 11]


def test_the_work_changes_when_the_constraint_moves():
    made = replace(ONE, stages=(Stage("A", 2.0, later_hours=4.0),), shift_at=5.0)
    assert finished(made, chances([0, 10], 1, 1)) == [2, 14]


@pytest.mark.parametrize(("load", "cv"), [(0.7, 0.5), (0.8, 1.0)])
def test_waits_are_as_long_as_kingman_says(load, cv):
    """G/G/1: mean wait ≈ (c_a² + c_s²) / 2 · ρ / (1 − ρ) · mean work; the arrivals' c_a² is a half."""
    made = organisation([Stage("A", load * 0.4, cv)], [Person((0,))], 100.0)
    cycle = np.concatenate(
        [simulate(made, draw_chances(made, n)).measure(BEGIN_OF_PERIOD, END).cycle_hours for n in range(12)]
    )
    wait = (0.5 + cv**2) / 2 * load / (1 - load) * load * 0.4
    assert cycle.mean() - load * 0.4 == pytest.approx(wait, rel=0.15)


def test_a_stage_delivers_what_its_people_can_do():
    made = organisation([Stage("A", 5.0, 1.0), Stage("B", 8.0, 1.0)], [Person((0,))] * 2 + [Person((1,))] * 2, 0.0)
    outcomes = [simulate(made, draw_chances(made, n)).measure(BEGIN_OF_PERIOD, END) for n in range(8)]
    assert np.mean([o.deliveries for o in outcomes]) == pytest.approx((END - BEGIN_OF_PERIOD) * 2 / 8, rel=0.05)


def test_invisible_work_takes_its_share_of_the_time():
    made = organisation([Stage("A", 5.0, 0.5)], [Person((0,), invisible_share=0.4)], 0.0)
    outcomes = [simulate(made, draw_chances(made, n)).measure(BEGIN_OF_PERIOD, END) for n in range(8)]
    assert np.mean([o.deliveries for o in outcomes]) == pytest.approx((END - BEGIN_OF_PERIOD) * 0.6 / 5, rel=0.06)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_family_logs_is_whole(family):
    """Every issue enters, is taken and leaves in turn; nobody holds more than their slots; columns hold their limit."""
    made = make_organisation(family, 4, "tuning")
    log = simulate(made, draw_chances(made, 0), keeps_log=True).log
    assert (np.diff(log[:, 0]) >= 0).all()
    after = {ENTERED: {TAKEN}, TAKEN: {ENTERED, BLOCKED, DELIVERED}, BLOCKED: {FREED}, FREED: {TAKEN}, DELIVERED: set()}
    gates = {n for n, stage in enumerate(made.stages) if stage.is_gate}
    for issue in np.unique(log[:, 1])[:80]:
        for (*_, kind, stage, _person), (*_, following, _stage, _other) in pairwise(log[log[:, 1] == issue].tolist()):
            assert following in ({ENTERED, DELIVERED} if stage in gates else after[int(kind)])
    assert all(most <= limit for most, limit in zip(fullest(log, made), limits(made), strict=True))


def fullest(log, made):
    """Most issues that were in each stage at once, rework aside."""
    where, inside, most = {}, np.zeros(len(made.stages)), np.zeros(len(made.stages))
    for _, issue, kind, stage, _person in log.tolist():
        before = where.get(issue)
        after = None if kind == DELIVERED else int(stage)
        if before != after:
            if before is not None:
                inside[before] -= 1
            if after is not None:
                inside[after] += 1
            where[issue] = after
            most = np.maximum(most, inside)
    return most


def limits(made):
    return [stage.wip_limit or np.inf for stage in made.stages]


@pytest.mark.parametrize("family", FAMILIES)
def test_an_organisation_depends_on_its_name_alone(family):
    first, again = (make_organisation(family, 7, "tuning") for _ in range(2))
    assert first == again
    assert first != make_organisation(family, 8, "tuning")
    assert first.stages != make_organisation(family, 7, "reported").stages
    assert all(np.array_equal(a, b) for a, b in zip(draw_chances(first, 3), draw_chances(again, 3), strict=True))


def test_tuning_and_reported_seeds_are_different():
    assert len(set(SEEDS.values())) == len(SEEDS) == 2


def test_relief_meets_the_same_chances():
    """Speeding up a stage that limits nothing changes nothing but its own hours."""
    made = organisation([Stage("A", 6.0), Stage("B", 0.1)], [Person((0,)), Person((1,))], 0.0)
    drawn = draw_chances(made, 1)
    before, after = (simulate(made, drawn, relief).measure(HALF, END) for relief in (Relief(), Relief(stages=(1,))))
    assert before.deliveries == after.deliveries


@pytest.mark.parametrize("family", ["single", "priority", "multitask", "multiserver"])
def test_where_people_do_not_share_the_busiest_stage_is_the_constraint(family):
    for number in range(3):
        made = make_organisation(family, number, "tuning")
        load = [stage.hours / sum(n in p.serves for p in made.people) for n, stage in enumerate(made.stages)]
        assert find_truth(made).name == made.stages[int(np.argmax(load))].name


def test_in_a_light_system_nothing_limits_but_intake():
    assert not any(find_truth(make_organisation("light", number, "tuning")).is_throughput for number in range(3))


@pytest.mark.parametrize("family", ["shared", "pools"])
def test_where_people_are_shared_they_are_the_constraint(family):
    made = make_organisation(family, 1, "tuning")
    assert find_truth(made).name in {pool_name(made, pool) for pool in made.pools()}


def test_with_room_for_few_the_answers_from_outside_limit():
    truth = find_truth(make_organisation("external", 4, "tuning"))
    assert (truth.name, truth.is_throughput, truth.is_separable) == (EXTERNAL, True, True)


def test_when_the_constraint_moves_each_half_has_its_own():
    made = make_organisation("shift", 2, "tuning")
    halves = [find_truth(made, BEGIN_OF_PERIOD, HALF), find_truth(made, HALF, END)]
    assert halves[0].name != halves[1].name
    assert all(half.is_separable for half in halves)


def test_the_realised_truth_is_the_recorded_period_run_again():
    made = make_organisation("single", 1, "tuning")
    name = find_truth(made).name
    stage = [each.name for each in made.stages].index(name)
    before, after = (
        simulate(made, draw_chances(made, 0), relief).measure(BEGIN_OF_PERIOD, END)
        for relief in (Relief(), Relief(stages=(stage,)))
    )
    assert find_truth(made).realised[name].deliveries == pytest.approx(after.deliveries / before.deliveries - 1)


def test_everything_that_can_be_relieved_is():
    assert set(reliefs(make_organisation("shared", 0, "tuning"), 0.0)) >= {
        "Development",
        "Review",
        "Development+Review",
    }
    assert EXTERNAL in reliefs(make_organisation("external", 0, "tuning"), 0.0)


@pytest.mark.parametrize(
    ("first", "second", "name", "margin"),
    [
        (Effect(0.10, 0.1), Effect(0.05, 0.4), "A", 0.5),
        (Effect(0.01, 0.1), Effect(0.02, 0.4), "B", 0.75),
        (Effect(0.0, 0.0), Effect(0.0, 0.0), "A", 0.0),
    ],
)
def test_deliveries_decide_unless_none_changes_by_more_than_two_percent(first, second, name, margin):
    truth = Truth({"A": first, "B": second})
    assert truth.name == name
    assert truth.margin == pytest.approx(margin)
    assert truth.is_separable == (margin > 0.25)
