"""The rule of the verdict: regime, votes, margin, confidence, and the reasons not to speak."""

from datetime import date

import numpy as np
import pytest

from transforms.constraint.judgement import Ground, insufficient, judge
from transforms.constraint.reliefs import Effect, Reliefs, Target
from transforms.constraint.replays import BLOCKED, Outcome

STAGE_A, STAGE_B = Target("stage", (0,)), Target("stage", (1,))


def outcome(delivered, residence, started=100):
    return Outcome(delivered, started, residence * started, 0, np.zeros(2), np.zeros(2), 1.0)


def reliefs(gains, targets=(STAGE_A, STAGE_B), base=100, residence=50.0, known=None, falls=None):
    """Outcomes of ten worlds: gains per target and world in issues, falls of residence in hours."""
    worlds = len(gains[0])
    falls = falls or [[gain / 2 for gain in row] for row in gains]
    effects = tuple(
        Effect(target, "service_x0.8", 0.8,
               tuple(outcome(base + g, residence - f) for g, f in zip(row, fall, strict=True)))
        for target, row, fall in zip(targets, gains, falls, strict=True)
    )  # fmt: skip
    return Reliefs(known or outcome(base, residence), (outcome(base, residence),) * worlds, effects, (), None)


def judged(gains, supports=(True, True), **more):
    doubts, fullness = more.pop("doubts", ()), more.pop("fullness", None)
    return judge(reliefs(gains, **more), 100, 50.0, supports, doubts, fullness)


def test_what_always_brings_most_is_the_constraint():
    found = judged([[10] * 10, [1] * 10])
    assert (found.verdict, found.confidence, found.candidate) == ("constraint_stage", "strong", STAGE_A)
    assert (found.regime, found.vote, found.margin) == ("throughput", 1.0, pytest.approx(0.9))
    assert found.reasons == ()


def test_without_any_cheap_sign_for_it_the_verdict_is_moderate():
    assert judged([[10] * 10, [1] * 10], supports=(False, True)).confidence == "moderate"


def test_eight_of_ten_replays_are_moderate():
    assert judged([[10] * 8 + [1] * 2, [2] * 10]).confidence == "moderate"


def test_two_that_win_in_turn_cannot_be_separated():
    found = judged([[10, 4] * 5, [4, 9] * 5])
    assert (found.verdict, found.confidence) == ("not_separable", "weak")
    assert (found.candidate, found.runner_up) == (STAGE_A, STAGE_B)
    assert "leads in 50% of the replays" in found.reasons[0]


def test_a_small_margin_cannot_be_separated_however_often_it_wins():
    assert judged([[100] * 10, [95] * 10]).verdict == "not_separable"


def test_where_nothing_brings_more_deliveries_intake_limits_and_the_delay_is_named():
    found = judged([[1] * 10, [0] * 10], falls=[[2] * 10, [9] * 10])
    assert (found.verdict, found.regime, found.delay) == ("intake_limited", "delay", STAGE_B)
    assert not found.is_named


def test_one_in_a_hundred_more_is_not_yet_a_limit():
    assert judged([[1] * 10, [0] * 10]).regime == "delay"
    assert judged([[3] * 10, [0] * 10]).regime == "throughput"


@pytest.mark.parametrize(
    ("target", "verdict"),
    [(Target("pool", (0, 1)), "constraint_pool"), (Target("gate", (0,)), "policy_gate"),
     (Target("external", (BLOCKED,)), "external_block")],
)  # fmt: skip
def test_the_verdict_says_what_kind_of_thing_limits(target, verdict):
    found = judged([[10] * 10, [1] * 10], targets=(target, Target("stage", (2,))))
    assert found.verdict == verdict


def test_a_stage_of_a_pool_does_not_stand_against_its_pool():
    pool = Target("pool", (0, 1))
    found = judged([[9] * 10, [1] * 10, [10] * 10], targets=(STAGE_A, STAGE_B, pool), supports=(True,) * 3)
    assert (found.verdict, found.candidate, found.runner_up) == ("constraint_pool", pool, None)


@pytest.mark.parametrize("known", [outcome(70, 50), outcome(130, 50), outcome(100, 30), outcome(100, 80)])
def test_a_replay_that_is_not_faithful_names_nothing(known):
    found = judged([[10] * 10, [1] * 10], known=known)
    assert (found.verdict, found.confidence, found.delay) == ("not_separable", "none", None)
    assert "replay" in found.reasons[0]


def test_a_doubt_leaves_a_verdict_weak():
    found = judged([[10] * 10, [1] * 10], doubts=("moves are entered late",))
    assert (found.verdict, found.confidence) == ("not_separable", "weak")
    assert found.reasons == ("moves are entered late",)


def test_what_is_missing_is_said():
    assert insufficient(Ground(26, 30)) is None
    found = insufficient(Ground(7, 29))
    assert found.verdict == "insufficient_data"
    assert found.reasons == (
        "a verdict needs 8 complete weeks, there are 7", "a verdict needs 30 deliveries, there are 29",
    )  # fmt: skip


def test_where_stages_have_limits_the_fullest_decides_what_the_replays_leave_open():
    found = judged([[10, 4] * 5, [4, 9] * 5], fullness=[0.1, 0.9])
    assert (found.candidate, found.runner_up, found.verdict) == (STAGE_B, STAGE_A, "not_separable")


def test_what_the_replays_decide_fullness_does_not_change():
    assert judged([[10] * 10, [1] * 10], fullness=[0.1, 0.9]).candidate == STAGE_A


def test_a_log_with_holes_or_with_two_definitions_carries_no_verdict():
    assert insufficient(Ground(26, 60, quality=0.6)) is None
    found = insufficient(Ground(26, 60, quality=0.59, redefined_on=date(2025, 3, 1)))
    assert found.verdict == "insufficient_data"
    assert found.reasons == (
        "a verdict needs a log of quality 0.6, it is 0.59",
        "a verdict needs one definition, another holds from 2025-03-01 on",
    )


def test_between_two_that_win_in_turn_a_fuller_third_does_not_decide():
    third = Target("stage", (2,))
    gains = [[10, 4] * 5, [4, 9] * 5, [0, 0] * 5]
    found = judged(gains, targets=(STAGE_A, STAGE_B, third), supports=(True,) * 3, fullness=[0.2, 0.4, 0.9])
    assert found.candidate == STAGE_B


def test_where_the_replay_fails_only_the_evidence_is_left():
    found = judged([[10] * 10, [1] * 10], known=outcome(60, 50.0), fullness=[0.1, 0.9])
    assert (found.candidate, found.confidence) == (STAGE_B, "none")
